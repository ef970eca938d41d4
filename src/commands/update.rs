//! `ultrawave update`: a value piped through a command.

use std::ffi::OsString;
use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::edit::there;
use super::failure::{Exit, Failure};
use super::local::Guest;
use super::member::Member;
use crate::document::{self, Method, Path, Value};

/// How often it is tried; somebody gets through each time, so this is about fairness.
const TRIES: usize = 1_000;

/// Where the value is.
pub(super) enum Place<'a> {
    /// In the room, as this process sees it as a member.
    Here(&'a Member),
    /// In the room, as a peer that runs already sees it.
    There(&'a mut Guest),
}

impl Place<'_> {
    async fn read(&mut self, path: &str) -> Result<Value, Failure> {
        match self {
            Self::Here(member) => read(member, path),
            Self::There(guest) => guest.read(path).await,
        }
    }

    async fn replace(&mut self, path: &str, old: Value, new: Value) -> Result<bool, Failure> {
        match self {
            Self::Here(member) => replace(member, path, &old, new, || ()).await,
            Self::There(guest) => guest.replace(path, old, new).await,
        }
    }
}

/// Pipes the value at a path through a command until what comes out was written over what went in.
pub(super) async fn update(mut place: Place<'_>, path: &str, command: &[OsString]) -> Result<Exit, Failure> {
    for _ in 0..TRIES {
        let old = place.read(path).await?;
        let new = run(command, &old).await?;
        if old == new || place.replace(path, old, new).await? {
            return Ok(Exit::Done);
        }
    }
    Err(Failure::new(Exit::Failed, format!("others were faster {TRIES} times; nothing is done")))
}

/// The value at a path.
pub(super) fn read(member: &Member, path: &str) -> Result<Value, Failure> {
    let snapshot = member.room().snapshot();
    let path = Path::read(path, &snapshot.value)?;
    there(member.room(), &snapshot, &path).cloned()
}

/// Replaces a value by another, unless it has become, or turns out to have become, something else
/// meanwhile. Whether it is done. Once it is made, or is not going to be, `made` is told.
pub(super) async fn replace(
    member: &Member, path: &str, old: &Value, new: Value, made: impl FnOnce(),
) -> Result<bool, Failure> {
    let (snapshot, only) = member.look().await;
    let path = Path::read(path, &snapshot.value)?;
    if snapshot.value.at(&path) != Some(old) {
        return Ok(false);
    }
    let change = member.room().edit(Some(&snapshot.clock), 0, path.clone(), Method::Set(new))?;
    drop(only);
    made();
    let is_done = member.prevail(change.id(), &path).await?.is_none();
    if !is_done {
        member.settle().await;
    }
    Ok(is_done)
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
