//! The verbs that change something: `set`, `delete`, `merge`, `splice`.

use super::failure::{Exit, Failure};
use super::member::Member;
use crate::document::{Method, Path, Value, diff};
use crate::room::{Room, RoomError};
use crate::sync::{Snapshot, VectorClock};

/// The edits of one command are one group.
const GROUP: u64 = 1;

/// Makes an edit and waits until somebody else has it.
pub(super) async fn edit(member: &Member, path: &str, method: Method) -> Result<(), Failure> {
    let (snapshot, only) = member.look().await;
    let path = Path::read(path, &snapshot.value)?;
    // To the engine this is an edit without effect; whoever gives a command wants to know.
    if method == Method::Delete {
        there(member.room(), &snapshot, &path)?;
    }
    member.room().edit(Some(&snapshot.clock), 0, path, method)?;
    drop(only);
    member.kept().await
}

/// Makes an edit if the value there is the one `expected`, and waits until it is known that no
/// other change of the place came first.
pub(super) async fn edit_if(
    member: &Member, path: &str, method: Method, expected: &Value,
) -> Result<(), Failure> {
    let room = member.room();
    let (snapshot, only) = member.look().await;
    let path = Path::read(path, &snapshot.value)?;
    let found = there(room, &snapshot, &path)?;
    if !diff(found, expected).is_empty() {
        let message = format!("{path} in {} is {found}; nothing is done", room.name());
        return Err(Failure::new(Exit::Failed, message));
    }
    let change = room.edit(Some(&snapshot.clock), 0, path.clone(), method)?;
    drop(only);
    let Some(other) = member.prevail(change.id(), &path).await? else { return Ok(()) };
    let who = room.people().into_iter().find(|person| person.author == other.author);
    let who = who.map_or_else(|| format!("author {}", other.author), |person| person.presence.name);
    let message = format!("{path} in {} was changed by {who} at the same time, and that counts", room.name());
    Err(Failure::new(Exit::Failed, message))
}

/// The value at a path.
///
/// # Errors
/// There is nothing there.
pub(super) fn there<'a>(room: &Room, snapshot: &'a Snapshot, path: &Path) -> Result<&'a Value, Failure> {
    let nothing = || Failure::new(Exit::NoPath, format!("there is nothing at {path} in {}", room.name()));
    snapshot.value.at(path).ok_or_else(nothing)
}

/// Makes edits, one after the other, on what was seen, to be undone together.
pub(super) fn edit_all(room: &Room, base: &VectorClock, edits: Vec<(Path, Method)>) -> Result<(), RoomError> {
    for (path, method) in edits {
        room.edit(Some(base), GROUP, path, method)?;
    }
    Ok(())
}
