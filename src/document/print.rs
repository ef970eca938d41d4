//! Writing a value as JSON text.

use std::fmt::{self, Write};

use super::{Text, Value};

impl Value {
    /// Writes compact JSON.
    pub(crate) fn write(&self, out: &mut dyn Write) -> fmt::Result {
        if let Some(text) = self.scalar_text() {
            return out.write_str(text);
        }
        if let Some(text) = self.as_text() {
            return write_text(text, out);
        }
        let brackets = if self.is_array() { ["[", "]"] } else { ["{", "}"] };
        let mut separator = brackets[0];
        for element in self.elements() {
            out.write_str(separator)?;
            element.write(out)?;
            separator = ",";
        }
        for (key, value) in self.entries() {
            out.write_str(separator)?;
            write_text(key, out)?;
            out.write_str(":")?;
            value.write(out)?;
            separator = ",";
        }
        if self.is_empty() {
            out.write_str(brackets[0])?;
        }
        out.write_str(brackets[1])
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
