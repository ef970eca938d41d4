//! `ultrawave watch`: every change, one JSON line each.

use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;

use super::failure::{Exit, Failure};
use super::{output, read};
use crate::document::{Path, Value};
use crate::room::Room;
use crate::session::Event;
use crate::sync::{Change, VectorClock};

/// What is watched, and what has been told.
struct Watch {
    path: Option<Path>,
    /// What was at `path` when last looked at.
    value: Option<Value>,
    told: VectorClock,
}

/// Prints changes until the pipe is closed; a signal ends it from outside.
pub(super) async fn watch(room: &Room, path: Option<&str>) -> Result<Exit, Failure> {
    let mut events = room.events();
    let snapshot = room.snapshot();
    let path = path.map(|path| Path::read(path, &snapshot.value)).transpose()?;
    let value = path.as_ref().and_then(|path| snapshot.value.at(path)).cloned();
    let mut watch = Watch { path, value, told: snapshot.clock };
    output::say(&format!("watching {} as author {}", room.name(), room.author()));
    loop {
        let changes = tokio::select! {
            event = events.recv() => match event {
                Ok(Event::Changed(changes)) => changes,
                Ok(_) => continue,
                // Too slow for the notices: the history still has what they were about.
                Err(RecvError::Lagged(_)) => room.history(),
                Err(RecvError::Closed) => return Err(Failure::new(Exit::Failed, "the room has been left")),
            },
            () = closed_pipe() => return Ok(Exit::Done),
        };
        let lines = watch.lines(&changes, &room.snapshot().value);
        if !lines.is_empty() {
            // A reader that is slow to read must not keep this thread from hearing a signal.
            let written = tokio::task::spawn_blocking(move || output::print(&lines)).await;
            written.map_err(|error| Failure::new(Exit::Failed, error.to_string()))??;
        }
    }
}

impl Watch {
    /// The lines about those changes that have not been told yet.
    fn lines(&mut self, changes: &[Arc<Change>], document: &Value) -> String {
        let new: Vec<&Arc<Change>> = changes.iter().filter(|change| !self.told.saw(change.id())).collect();
        for change in &new {
            self.told.set(change.author, change.tick());
        }
        let Some(path) = &self.path else {
            return new.into_iter().map(|change| line(change, None)).collect();
        };
        let value = document.at(path).cloned();
        // A path says where its author saw the place. Where others have moved it, no path names
        // it, but the value differs.
        let touches = |change: &&Arc<Change>| path.contains(&change.path) || change.path.contains(path);
        let mut touching: Vec<_> = new.iter().copied().filter(touches).collect();
        if touching.is_empty() && value != self.value {
            touching = new;
        }
        self.value = value;
        touching.into_iter().map(|change| line(change, self.value.as_ref())).collect()
    }
}

fn line(change: &Change, value: Option<&Value>) -> String {
    let value = value.map(|value| format!(",\"value\":{value}")).unwrap_or_default();
    format!(
        "{{\"author\":{},\"tick\":{},\"method\":\"{}\",\"path\":{},\"args\":{}{value}}}\n",
        change.author,
        change.tick(),
        change.method.name(),
        Value::string(&change.path.to_pointer()),
        Value::array(read::arguments(&change.method)),
    )
}

/// Waits until whoever reads standard output has closed the pipe; for ever if it is no pipe.
#[cfg(unix)]
async fn closed_pipe() {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::FileTypeExt as _;
    use tokio::io::Interest;
    use tokio::net::unix::pipe::Sender;

    let pipe = std::io::stdout().as_fd().try_clone_to_owned().ok().map(std::fs::File::from);
    let is_pipe = |file: &std::fs::File| file.metadata().is_ok_and(|about| about.file_type().is_fifo());
    let sender = pipe.filter(is_pipe).and_then(|pipe| Sender::from_file_unchecked(pipe).ok());
    match sender {
        Some(sender) if sender.ready(Interest::ERROR).await.is_ok() => {}
        _ => std::future::pending().await,
    }
}

/// Waits until whoever reads standard output has closed the pipe; for ever if it is no pipe.
#[cfg(not(unix))]
async fn closed_pipe() {
    std::future::pending().await
}
