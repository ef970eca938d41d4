//! `ultrawave watch`: every change, one JSON line each.

use std::os::fd::AsFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::sync::Arc;

use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;
use tokio::sync::mpsc;

use super::failure::{Exit, Failure};
use super::{output, read};
use crate::document::{Path, Value};
use crate::room::Room;
use crate::sync::{Change, Snapshot, VectorClock};

/// Batches of changes that wait to be printed; beyond that the room's own queue holds them.
const WAITING: usize = 16;

/// What is watched, and what has been told.
struct Watch {
    path: Option<Path>,
    /// What was at `path` when last looked at.
    value: Option<Value>,
    told: VectorClock,
}

/// Prints changes until the pipe is closed; a signal ends it from outside.
pub(super) async fn watch(room: &Room, path: Option<&str>) -> Result<Exit, Failure> {
    let (tell, mut told) = mpsc::channel(WAITING);
    room.on_change(move |snapshot, changes| tell.blocking_send((snapshot.clone(), changes.to_vec())));
    let start = room.snapshot();
    let path = path.map(|path| Path::read(path, &start.value)).transpose()?;
    let value = path.as_ref().and_then(|path| start.value.at(path)).cloned();
    let mut watch = Watch { path, value, told: start.clock };
    output::say(&format!("watching {} as author {}", room.name(), room.author()));
    loop {
        let (snapshot, changes) = tokio::select! {
            batch = told.recv() => batch.ok_or_else(|| Failure::new(Exit::Failed, "the room has been left"))?,
            () = closed_pipe() => return Ok(Exit::Done),
        };
        let lines = watch.lines(room, &snapshot, changes);
        if !lines.is_empty() {
            // A reader that is slow to read must not keep this thread from hearing a signal.
            let written = tokio::task::spawn_blocking(move || output::print(&lines)).await;
            written.map_err(|error| Failure::new(Exit::Failed, error.to_string()))??;
        }
    }
}

impl Watch {
    /// The lines about those changes that have not been told yet.
    fn lines(&mut self, room: &Room, snapshot: &Snapshot, changes: Vec<Arc<Change>>) -> String {
        let value = self.path.as_ref().and_then(|path| snapshot.value.at(path)).cloned();
        let differs = value != self.value;
        self.value = value;
        // Too slow for the notices, some were dropped: the history still has what they were about.
        let skips = changes.iter().any(|change| change.tick() > self.told.get(change.author) + 1);
        let mut new = if skips { room.history() } else { changes };
        new.retain(|change| !self.told.saw(change.id()));
        for change in &new {
            self.told.set(change.author, change.tick());
        }
        if !self.told.covers(&snapshot.clock) {
            // This peer was so far behind that it was given the whole document.
            self.told.join(&snapshot.clock);
            return self.replaced(differs);
        }
        if let Some(path) = &self.path {
            // A path says where its author saw the place. Where others have moved it, no path
            // names it, but the value differs.
            let touches = |change: &Arc<Change>| path.contains(&change.path) || change.path.contains(path);
            let named = new.iter().any(touches);
            new.retain(|change| touches(change) || (differs && !named));
        }
        new.iter().map(|change| line(change, self.value.as_ref())).collect()
    }

    fn replaced(&self, differs: bool) -> String {
        match &self.path {
            Some(_) if !differs => String::new(),
            _ => format!("{{\"replaced\":true{}}}\n", value_member(self.value.as_ref())),
        }
    }
}

fn line(change: &Change, value: Option<&Value>) -> String {
    format!(
        "{{\"author\":{},\"tick\":{},\"method\":\"{}\",\"path\":{},\"args\":{}{}}}\n",
        change.author,
        change.tick(),
        change.method.name(),
        Value::string(&change.path.to_pointer()),
        Value::array(read::arguments(&change.method)),
        value_member(value),
    )
}

fn value_member(value: Option<&Value>) -> String {
    value.map(|value| format!(",\"value\":{value}")).unwrap_or_default()
}

/// Waits until whoever reads standard output has closed the pipe; for ever if it is no pipe.
async fn closed_pipe() {
    let pipe = std::io::stdout().as_fd().try_clone_to_owned().ok().map(std::fs::File::from);
    let is_pipe = |file: &std::fs::File| file.metadata().is_ok_and(|about| about.file_type().is_fifo());
    let sender = pipe.filter(is_pipe).and_then(|pipe| Sender::from_file_unchecked(pipe).ok());
    match sender {
        Some(sender) if sender.ready(Interest::ERROR).await.is_ok() => {}
        _ => std::future::pending().await,
    }
}
