//! The log: nowhere unless asked for.

use std::fs::OpenOptions;
use std::path::Path as FilePath;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use super::failure::Failure;

/// Starts the log: in `file` if one is named; else, if `RUST_LOG` asks for one and no editor is on
/// the screen, on standard error.
pub(super) fn start(file: Option<&FilePath>, is_editor: bool) -> Result<(), Failure> {
    let wanted = std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty());
    match (file, wanted) {
        (Some(path), wanted) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = file
                .map_err(|error| Failure::io(&format!("cannot write the log {}", path.display()), &error))?;
            let filter = EnvFilter::new(wanted.as_deref().unwrap_or("info"));
            tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_ansi(false)
                .with_writer(Mutex::new(file))
                .init();
        }
        (None, Some(wanted)) if !is_editor => {
            let filter = EnvFilter::new(wanted);
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
        }
        (None, _) => {}
    }
    Ok(())
}
