//! JSON with a mark before the value under the cursor: `{"a": §1, "b": [2, 3]}`.

use ultrawave::document::{Kind, Path, Step, Value, parse};

const MARK: char = '§';

/// Reads a marked document.
pub fn read(text: &str) -> (Value, Path) {
    let at = text.find(MARK).unwrap_or_else(|| panic!("no mark in {text}"));
    let plain = text.replacen(MARK, "", 1);
    let value = parse(&plain).unwrap_or_else(|error| panic!("{plain}: {error}"));
    let path = Scan { text: plain.as_bytes(), at: 0, wanted: at }.value(&Path::ROOT);
    (value, path.unwrap_or_else(|| panic!("the mark is before no value in {text}")))
}

/// Writes a document on one line, marked.
pub fn write(value: &Value, cursor: &Path) -> String {
    let mut text = String::new();
    push(&mut text, value, &Path::ROOT, cursor);
    text
}

fn push(text: &mut String, value: &Value, here: &Path, cursor: &Path) {
    if here == cursor {
        text.push(MARK);
    }
    match value.kind() {
        Kind::Array => {
            text.push('[');
            for (at, element) in value.elements().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                push(text, element, &here.index(at), cursor);
            }
            text.push(']');
        }
        Kind::Object => {
            text.push('{');
            for (at, (key, child)) in value.entries().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                text.extend([key.to_string(), ": ".to_owned()]);
                push(text, child, &here.child(Step::Key(key.clone())), cursor);
            }
            text.push('}');
        }
        _ => text.push_str(&value.to_string()),
    }
}

/// Looks for the value that begins at a byte.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    wanted: usize,
}

impl Scan<'_> {
    fn blanks(&mut self) {
        while self.text.get(self.at).is_some_and(|byte| byte.is_ascii_whitespace() || b",:".contains(byte)) {
            self.at += 1;
        }
    }

    fn string(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        while self.text[self.at] != b'"' {
            self.at += if self.text[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        let quoted = String::from_utf8(self.text[start..self.at].to_vec()).unwrap();
        parse(&quoted).unwrap().as_text().unwrap().plain().into_owned()
    }

    fn value(&mut self, here: &Path) -> Option<Path> {
        self.blanks();
        if self.at == self.wanted {
            return Some(here.clone());
        }
        match self.text[self.at] {
            b'"' => _ = self.string(),
            open @ (b'{' | b'[') => {
                self.at += 1;
                self.blanks();
                for at in 0.. {
                    self.blanks();
                    if b"}]".contains(&self.text[self.at]) {
                        break;
                    }
                    let step = if open == b'[' { Step::from(at) } else { Step::from(self.string().as_str()) };
                    if let Some(found) = self.value(&here.child(step)) {
                        return Some(found);
                    }
                }
                self.at += 1;
            }
            _ => {
                while self.text.get(self.at).is_some_and(|byte| !b",]} \n".contains(byte)) {
                    self.at += 1;
                }
            }
        }
        None
    }
}
