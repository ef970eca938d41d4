//! Writing a value as JSON text.

use std::fmt::{self, Write};

use super::style::Layout;
use super::{Event, Scanner, Style, Text, Value, deep};
use crate::limits;

/// Bytes of indentation beyond which new values are written on one line: nobody reads further out
/// there, and a few kilobytes nested thousands of levels deep would make hundreds of megabytes.
const DEEPEST_INDENT: usize = 512;

impl Value {
    /// The value as the text of a whole file in this style: final newline and byte order mark
    /// too, if the style has them.
    pub fn pretty(&self, style: &Style) -> String {
        let layout = Layout::new(style.clone());
        let mut out = String::new();
        if style.byte_order_mark {
            out.push('\u{feff}');
        }
        self.write_new(&layout, false, &mut String::new(), &mut out);
        if style.final_newline {
            out.push_str(style.newline);
        }
        out
    }

    /// Writes the value in the layout of a file, on a line that is indented by `indent`; on one
    /// line if `inline` or if that is the habit of the file.
    pub(super) fn write_new(&self, layout: &Layout, inline: bool, indent: &mut String, out: &mut String) {
        let unit = layout.style.indent.as_ref();
        let spread = unit.filter(|_| !inline && indent.len() <= DEEPEST_INDENT && !self.is_line(layout));
        let Some(unit) = spread else { return self.write_inline(layout, out) };
        let outer = indent.len();
        indent.push_str(unit);
        let [open, close] = self.brackets();
        let mut separator = open;
        for (key, value) in self.children() {
            out.push_str(separator);
            out.push_str(layout.style.newline);
            out.push_str(indent);
            write_key(key, layout, out);
            deep(|| value.write_new(layout, false, indent, out));
            separator = ",";
        }
        indent.truncate(outer);
        out.push_str(layout.style.newline);
        out.push_str(indent);
        out.push_str(close);
    }

    /// About how many bytes its text takes: of what stands in a text as it is, as many as there, white
    /// space included.
    pub fn text_bytes(&self) -> usize {
        if let Some(text) = self.plain_text() {
            return text.len();
        }
        let (mut bytes, mut at) = (2, 0);
        while at < self.len() {
            if let Some((count, text)) = self.unread_run(at) {
                (bytes, at) = (bytes + text.len(), at + count);
                continue;
            }
            let (key, child) = match self.entry(at) {
                Some((key, child)) => (key.raw().len() + 3, Some(child)),
                None => (0, self.index(at)),
            };
            bytes += key + 1 + child.map_or(0, |child| deep(|| child.text_bytes()));
            at += 1;
        }
        let text = self.as_text().map(|text| text.raw().len());
        bytes + text.or_else(|| self.scalar_text().map(str::len)).unwrap_or(0)
    }

    /// Whether this is written on one line even in a file of many.
    fn is_line(&self, layout: &Layout) -> bool {
        self.is_empty()
            || (layout.inline_arrays && self.is_array() && !self.elements().any(Self::is_container))
    }

    fn write_inline(&self, layout: &Layout, out: &mut String) {
        if self.is_empty() {
            let _ = self.write(out);
            return;
        }
        let [open, close] = self.brackets();
        let padding = if self.is_array() { "" } else { &layout.padding };
        out.push_str(open);
        out.push_str(padding);
        let mut separator = "";
        for (key, value) in self.children() {
            out.push_str(separator);
            write_key(key, layout, out);
            deep(|| value.write_inline(layout, out));
            separator = &layout.comma;
        }
        out.push_str(padding);
        out.push_str(close);
    }

    /// Writes compact JSON.
    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        if let Some(text) = self.scalar_text() {
            return out.write_str(text);
        }
        if let Some(text) = self.as_text() {
            return write_text(text, out);
        }
        if let Some(text) = self.plain_text() {
            return write_compact(text, out);
        }
        let [open, close] = self.brackets();
        out.write_str(open)?;
        let mut separator = "";
        for (key, value) in self.children() {
            out.write_str(separator)?;
            if let Some(key) = key {
                write_text(key, out)?;
                out.write_str(":")?;
            }
            deep(|| value.write(out))?;
            separator = ",";
        }
        out.write_str(close)
    }

    fn brackets(&self) -> [&'static str; 2] {
        if self.is_array() { ["[", "]"] } else { ["{", "}"] }
    }

    /// The children of an array or a map, the latter with their keys.
    pub(super) fn children(&self) -> impl Iterator<Item = (Option<&Text>, &Self)> {
        let elements = self.elements().map(|value| (None, value));
        elements.chain(self.entries().map(|(key, value)| (Some(key), value)))
    }
}

/// Writes a JSON text that has been checked, without its white space.
fn write_compact(text: &str, out: &mut dyn Write) -> fmt::Result {
    let mut scanner = Scanner::new(text, limits::DEPTH);
    let mut follows = false;
    while let Ok(Some(event)) = scanner.next() {
        if follows && event != Event::End {
            out.write_str(",")?;
        }
        match event {
            Event::Key(raw) => write!(out, "\"{raw}\":")?,
            Event::BeginArray => out.write_str("[")?,
            Event::BeginObject => out.write_str("{")?,
            Event::End | Event::Null | Event::Bool(_) | Event::Number(_) | Event::String(_) => {
                out.write_str(text.get(scanner.start()..scanner.end()).unwrap_or_default())?;
            }
        }
        follows = !matches!(event, Event::Key(_) | Event::BeginArray | Event::BeginObject);
    }
    Ok(())
}

fn write_key(key: Option<&Text>, layout: &Layout, out: &mut String) {
    if let Some(key) = key {
        let _ = write_text(key, out);
        out.push_str(&layout.colon);
    }
}

fn write_text(text: &Text, out: &mut dyn Write) -> fmt::Result {
    out.write_str("\"")?;
    out.write_str(text.raw())?;
    out.write_str("\"")
}

/// Compact JSON: no white space, texts as they were written.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(formatter)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(formatter)
    }
}
