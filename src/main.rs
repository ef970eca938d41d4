//! The `ultrawave` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ultrawave::commands::main()
}
