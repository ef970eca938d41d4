//! The verbs that change something: `set`, `delete`, `merge`, `splice`.

use std::time::Duration;

use super::failure::{Exit, Failure};
use crate::document::{Method, Path, Value, diff};
use crate::room::{Room, RoomError};
use crate::sync::{ChangeId, Snapshot, VectorClock};

/// How long another member may take to acknowledge the edit.
const KEPT_WITHIN: Duration = Duration::from_secs(10);

/// The edits of one command are one group.
const GROUP: u64 = 1;

/// Makes an edit and waits until somebody else has it.
pub(super) async fn edit(room: &Room, path: &str, method: Method) -> Result<Exit, Failure> {
    let snapshot = room.snapshot();
    let path = Path::read(path, &snapshot.value)?;
    // To the engine this is an edit without effect; whoever gives a command wants to know.
    if method == Method::Delete && snapshot.value.at(&path).is_none() {
        return Err(Failure::new(Exit::NoPath, format!("there is nothing at {path} in {}", room.name())));
    }
    room.edit(Some(&snapshot.clock), 0, path, method)?;
    kept(room).await
}

/// Makes an edit if the value there is the one `expected`, and waits until it is known that no
/// other change of the place came first.
pub(super) async fn edit_if(
    room: &Room, path: &str, method: Method, expected: &Value,
) -> Result<Exit, Failure> {
    let snapshot = room.snapshot();
    let path = Path::read(path, &snapshot.value)?;
    let found = there(room, &snapshot, &path)?;
    if !diff(found, expected).is_empty() {
        let message = format!("{path} in {} is {found}; nothing is done", room.name());
        return Err(Failure::new(Exit::Failed, message));
    }
    match compare_and_set(room, &snapshot, &path, method).await? {
        None => Ok(Exit::Done),
        Some(other) => {
            let who = room.people().into_iter().find(|person| person.author == other.author);
            let who = who.map_or_else(|| format!("author {}", other.author), |person| person.presence.name);
            let message =
                format!("{path} in {} was changed by {who} at the same time, and that counts", room.name());
            Err(Failure::new(Exit::Failed, message))
        }
    }
}

/// The value at a path.
///
/// # Errors
/// There is nothing there.
pub(super) fn there<'a>(room: &Room, snapshot: &'a Snapshot, path: &Path) -> Result<&'a Value, Failure> {
    let nothing = || Failure::new(Exit::NoPath, format!("there is nothing at {path} in {}", room.name()));
    snapshot.value.at(path).ok_or_else(nothing)
}

/// Makes an edit on what was seen, and takes it back if another change of the place turns out to
/// have come first. That change.
pub(super) async fn compare_and_set(
    room: &Room, seen: &Snapshot, path: &Path, method: Method,
) -> Result<Option<ChangeId>, Failure> {
    let change = room.edit(Some(&seen.clock), 0, path.clone(), method)?;
    let is_seen = room.seen_by_all(KEPT_WITHIN).await;
    let beaten_by = room.beaten_by(change.id());
    if beaten_by.is_some() {
        room.undo();
    }
    kept(room).await?;
    if beaten_by.is_none() && !is_seen {
        let message = format!(
            "the edit is made, but not all members of {} have confirmed it within {} s: another change of {path} may still come first",
            room.name(),
            KEPT_WITHIN.as_secs()
        );
        return Err(Failure::new(Exit::Failed, message));
    }
    Ok(beaten_by)
}

/// Makes edits, one after the other, on what was seen, to be undone together.
pub(super) fn edit_all(room: &Room, base: &VectorClock, edits: Vec<(Path, Method)>) -> Result<(), RoomError> {
    for (path, method) in edits {
        room.edit(Some(base), GROUP, path, method)?;
    }
    Ok(())
}

/// Waits until somebody else has the edits.
pub(super) async fn kept(room: &Room) -> Result<Exit, Failure> {
    if room.kept_elsewhere(KEPT_WITHIN).await { Ok(Exit::Done) } else { Err(not_kept(room)) }
}

fn not_kept(room: &Room) -> Failure {
    let name = room.name();
    let message = match room.status().live {
        0 => format!(
            "the edit is lost: nobody else is there to keep it; `ultrawave serve {name}` holds a room open"
        ),
        others => format!(
            "none of the {others} others has confirmed the edit within {} s; see with `ultrawave get {name}` whether it is there",
            KEPT_WITHIN.as_secs()
        ),
    };
    Failure::new(Exit::Failed, message)
}
