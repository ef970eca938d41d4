//! The program `ultrawave-signal`.
fn main() {}
