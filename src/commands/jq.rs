//! A jq filter in a process of its own, for the editor's jq view.

use std::io::{Read as _, Write as _};

use super::failure::{Exit, Failure};
use crate::tui::run_jq;

/// Memory that work beside the editor may take, bytes.
#[cfg(unix)]
const MEMORY: u64 = 4 << 30;

/// Runs a filter over the document on standard input; every output is a line.
pub(super) fn jq(filter: &str) -> Result<Exit, Failure> {
    bound_memory();
    let mut json = String::new();
    std::io::stdin()
        .lock()
        .read_to_string(&mut json)
        .map_err(|error| Failure::io("cannot read the document", &error))?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    // Whoever reads closes the pipe when it has enough.
    let ran = run_jq(filter, &json, |output| writeln!(out, "{output}").is_ok());
    let _ = out.flush();
    ran.map(|()| Exit::Done).map_err(|reason| Failure::new(Exit::Failed, reason))
}

/// Lets this process take no more memory than that, so that it ends before the machine suffers.
pub(super) fn bound_memory() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::As, Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) });
    }
}
