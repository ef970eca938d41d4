//! The terminal editor.
