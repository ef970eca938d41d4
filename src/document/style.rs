//! How a JSON file is laid out.

use super::{Event, Scanner};
use crate::limits;

/// Bytes at the start of a text in which its habits are looked for.
const DETECTED_BYTES: usize = 1 << 20;

/// How a file is written: indentation, newline, final newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// One level of indentation, or nothing when the file is on one line.
    pub indent: Option<String>,
    /// `\n` or `\r\n`.
    pub newline: &'static str,
    /// Whether the text ends in a newline.
    pub final_newline: bool,
    /// Whether the text starts with a byte order mark.
    pub byte_order_mark: bool,
}

/// The style of a new file: two spaces, `\n`, a final newline.
impl Default for Style {
    fn default() -> Self {
        Self { indent: Some("  ".to_owned()), newline: "\n", final_newline: true, byte_order_mark: false }
    }
}

impl Style {
    /// The style of a JSON text. What the text has no example of is as in a new file.
    pub fn detect(text: &str) -> Self {
        Layout::detect(text).style
    }
}

/// A style, with the habits that no single container shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) style: Style,
    /// What stands between a key and its value: `: `
    pub(super) colon: String,
    /// What stands between two elements on one line: `, `
    pub(super) comma: String,
    /// What stands inside the braces of a map on one line.
    pub(super) padding: String,
    /// Whether arrays of scalars are written on one line in a file that is not.
    pub(super) inline_arrays: bool,
}

impl Layout {
    /// A file in this style without habits of its own.
    pub(super) fn new(style: Style) -> Self {
        let spread = style.indent.is_some();
        let (colon, comma) = if spread { (": ", ", ") } else { (":", ",") };
        Self {
            style,
            colon: colon.to_owned(),
            comma: comma.to_owned(),
            padding: String::new(),
            inline_arrays: false,
        }
    }

    /// The same for a file whose elements are lines: everything new stays on its line.
    pub(super) fn in_lines(self) -> Self {
        Self { style: Style { indent: None, ..self.style }, ..self }
    }

    /// The layout of a JSON text, as far as it can be read.
    pub(super) fn detect(text: &str) -> Self {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        if body.trim().is_empty() {
            let byte_order_mark = body.len() < text.len();
            return Self::new(Style { byte_order_mark, ..Style::default() });
        }
        let mut detector = Detector::new(text);
        let mut scanner = Scanner::new(text, limits::DEPTH);
        while scanner.end() < DETECTED_BYTES
            && let (Ok(Some(event)), false) = (scanner.next(), detector.is_done())
        {
            detector.take(event, scanner.start(), scanner.end());
        }
        let newline =
            if text.find('\n').is_some_and(|at| text.get(..at).is_some_and(|line| line.ends_with('\r'))) {
                "\r\n"
            } else {
                "\n"
            };
        let layout = Self::new(Style {
            indent: match detector.indent.or(detector.flush) {
                Some(indent) => Some(indent.to_owned()),
                None if detector.has_children => None,
                None => Style::default().indent,
            },
            newline,
            final_newline: text.ends_with('\n'),
            byte_order_mark: body.len() < text.len(),
        });
        Self {
            colon: detector.colon.map_or(layout.colon, str::to_owned),
            comma: detector.comma.map_or(layout.comma, str::to_owned),
            padding: detector.padding.map_or(layout.padding, str::to_owned),
            inline_arrays: detector.inline_arrays.unwrap_or(layout.inline_arrays),
            ..layout
        }
    }
}

/// A container being read.
struct Open<'a> {
    is_array: bool,
    children: usize,
    /// Whether one of its children is a container.
    is_nested: bool,
    /// Whether one of its children stands on another line than it begins on.
    is_spread: bool,
    /// The indentation of the line it begins on.
    indent: &'a str,
}

/// Picks up the first sign of each habit.
struct Detector<'a> {
    text: &'a str,
    /// The end of the last event.
    last: usize,
    /// The indentation of the line being read.
    line_indent: &'a str,
    open: Vec<Open<'a>>,
    after_key: Option<usize>,
    /// Whether anything stands inside anything.
    has_children: bool,
    indent: Option<&'a str>,
    /// An indentation of nothing: children on their own lines, at the margin.
    flush: Option<&'a str>,
    colon: Option<&'a str>,
    comma: Option<&'a str>,
    padding: Option<&'a str>,
    inline_arrays: Option<bool>,
}

impl<'a> Detector<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            last: 0,
            line_indent: "",
            open: Vec::new(),
            after_key: None,
            has_children: false,
            indent: None,
            flush: None,
            colon: None,
            comma: None,
            padding: None,
            inline_arrays: None,
        }
    }

    fn is_done(&self) -> bool {
        let habits = [self.indent, self.colon, self.comma, self.padding];
        habits.iter().all(Option::is_some) && self.inline_arrays.is_some()
    }

    fn take(&mut self, event: Event<'a>, start: usize, end: usize) {
        if let Some(key_end) = self.after_key.take() {
            let colon = self.text.get(key_end..start).filter(|colon| is_tidy(colon));
            self.colon = self.colon.or(colon);
        } else if event == Event::End {
            self.close();
        } else {
            self.child(self.text.get(self.last..start).unwrap_or_default());
        }
        let is_container = matches!(event, Event::BeginArray | Event::BeginObject);
        if let (true, Some(parent)) = (is_container, self.open.last_mut()) {
            parent.is_nested = true;
        }
        if is_container {
            self.open.push(Open {
                is_array: event == Event::BeginArray,
                children: 0,
                is_nested: false,
                is_spread: false,
                indent: self.line_indent,
            });
        }
        if let Event::Key(raw) = event {
            self.after_key = Some(start + raw.len() + 2);
        }
        self.last = end;
    }

    /// A child begins after `gap`: white space, and a comma unless it is the first.
    fn child(&mut self, gap: &'a str) {
        let line_start = gap.rfind('\n').and_then(|at| gap.get(at + 1..));
        if let Some(line) = line_start {
            self.line_indent = leading_space(line);
        }
        let Some(parent) = self.open.last_mut() else { return };
        let is_first = parent.children == 0;
        parent.children += 1;
        self.has_children = true;
        if line_start.is_some() {
            parent.is_spread = true;
            match self.line_indent.strip_prefix(parent.indent) {
                Some("") | None => self.flush = self.flush.or(Some("")),
                unit => self.indent = self.indent.or(unit),
            }
        } else if !is_first && is_tidy(gap) {
            self.comma = self.comma.or(Some(gap));
        } else if is_first && !parent.is_array && is_tidy(gap) {
            self.padding = self.padding.or(Some(gap));
        }
    }

    fn close(&mut self) {
        let Some(closed) = self.open.pop() else { return };
        if closed.is_array && closed.children > 0 && !closed.is_nested {
            self.inline_arrays = self.inline_arrays.or(Some(!closed.is_spread));
        }
    }
}

/// Whether a separator is one that somebody would use throughout: no line break, no alignment.
fn is_tidy(separator: &str) -> bool {
    separator.len() <= 3 && !separator.contains(['\n', '\r', '\t']) && !separator.contains("  ")
}

/// The white space that a line begins with.
pub(super) fn leading_space(line: &str) -> &str {
    let length = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    line.get(..length).unwrap_or_default()
}
