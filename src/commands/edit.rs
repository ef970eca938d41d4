//! The verbs that change something: `set`, `delete`, `merge`, `splice`.

use std::time::Duration;

use super::failure::{Exit, Failure};
use crate::document::{Method, Path};
use crate::room::{Room, RoomError};
use crate::sync::VectorClock;

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

/// Makes edits, one after the other, on what was seen, to be undone together.
pub(super) fn edit_all(
    room: &Room, base: &VectorClock, edits: Vec<(Path, Method)>,
) -> Result<(), RoomError> {
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
