//! `ultrawave watch`: every change, one JSON line each.

use std::sync::Arc;

use super::failure::{Exit, Failure};
use super::read;
use super::verb::Out;
use crate::document::{Path, Value};
use crate::room::Room;
use crate::sync::{Change, Snapshot, VectorClock};

/// What is watched, and what has been told.
struct Watch {
    path: Option<Path>,
    /// What was at `path` when last looked at.
    value: Option<Value>,
    told: VectorClock,
}

/// Prints changes until nobody reads them; a signal ends it from outside. Who resumes may have
/// missed some, and is told as if the whole document had been replaced.
pub(super) async fn watch(
    room: &Room, path: Option<&str>, is_resumed: bool, out: &Out,
) -> Result<Exit, Failure> {
    let (start, mut feed) = room.feed();
    let path = path.map(|path| Path::read(path, &start.value)).transpose()?;
    let value = path.as_ref().and_then(|path| start.value.at(path)).cloned();
    let mut watch = Watch { path, value, told: start.clock };
    out.say(format!("watching {} as author {}", room.name(), room.author())).await;
    if is_resumed {
        out.print(watch.replaced(true)).await?;
    }
    loop {
        let (snapshot, changes) = tokio::select! {
            batch = feed.next() => batch.ok_or_else(|| Failure::new(Exit::Failed, "the room has been left"))?,
            () = out.closed() => return Ok(Exit::Done),
        };
        let lines = watch.lines(room, &snapshot, changes);
        if !lines.is_empty() {
            out.print(lines).await?;
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
        let mut new = if skips { room.changes_since(&self.told) } else { changes };
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
