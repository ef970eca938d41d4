//! `ultrawave update`: a value piped through a command.

use std::ffi::OsString;
use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::edit::{compare_and_set, there};
use super::failure::{Exit, Failure};
use super::member::settle;
use crate::document::{self, Method, Path, Value};
use crate::room::Room;

/// How often it is tried; somebody gets through each time, so this is about fairness.
const TRIES: usize = 1_000;

/// Pipes the value at a path through a command until what comes out was written over what went in.
pub(super) async fn update(room: &Room, path: &str, command: &[OsString]) -> Result<Exit, Failure> {
    for _ in 0..TRIES {
        let snapshot = room.snapshot();
        let path = Path::read(path, &snapshot.value)?;
        let old = there(room, &snapshot, &path)?;
        let new = run(command, old).await?;
        if *old == new {
            return Ok(Exit::Done);
        }
        // Somebody else was faster while the command ran: no need to make an edit to know.
        if room.snapshot().value.at(&path) != Some(old) {
            continue;
        }
        if compare_and_set(room, &snapshot, &path, Method::Set(new)).await?.is_none() {
            return Ok(Exit::Done);
        }
        settle(room).await;
    }
    Err(Failure::new(Exit::Failed, format!("others were faster {TRIES} times; nothing is done")))
}

async fn run(command: &[OsString], value: &Value) -> Result<Value, Failure> {
    let (program, arguments) =
        command.split_first().ok_or_else(|| Failure::new(Exit::Usage, "no command"))?;
    let name = program.to_string_lossy();
    let failed = |error: &std::io::Error| Failure::io(&format!("cannot run {name}"), error);
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(&error))?;
    let stdin = child.stdin.take();
    let text = format!("{value}\n");
    // A command may answer before it has read all, or without reading at all.
    let feed = async move {
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(text.as_bytes()).await;
        }
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    let Output { status, stdout, .. } = output.map_err(|error| failed(&error))?;
    if !status.success() {
        return Err(Failure::new(Exit::Failed, format!("{name} ended with {status}; nothing is done")));
    }
    let source = format!("the output of {name}");
    let text = String::from_utf8(stdout)
        .map_err(|error| Failure::new(Exit::BadJson, format!("{source} is not UTF-8 text: {error}")))?;
    document::parse(&text).map_err(|error| Failure::new(Exit::BadJson, error.render(&source, &text)))
}
