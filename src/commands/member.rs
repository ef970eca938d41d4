//! Being a member of a room for as long as a verb takes.

use std::path::Path as FilePath;
use std::time::Duration;

use super::failure::{Exit, Failure};
use super::{input, signals};
use crate::room::{Keep, Room, RoomOptions};
use crate::session::{Link, Person};

/// How long a verb waits to hear what every other member has.
const SETTLE_WITHIN: Duration = Duration::from_secs(1);

/// The options of a session that is kept on this machine, with the file that it is about.
pub(super) fn kept(options: &RoomOptions, file: Option<&FilePath>) -> RoomOptions {
    let file = file.filter(|file| !input::is_stdin(file));
    let file = file.map(|file| std::path::absolute(file).unwrap_or_else(|_| file.to_owned()));
    let keep = options.keep.clone().map(|keep| Keep { file, ..keep });
    RoomOptions { keep, ..options.clone() }
}

/// The options of who may open a room: with a signaling server inside, should there be none.
pub(super) fn hosting(options: &RoomOptions) -> RoomOptions {
    RoomOptions { embed_signal: true, ..options.clone() }
}

/// Joins a room, does the work there and leaves, whatever came of it. A signal ends the work.
pub(super) async fn in_room<W>(room: &str, options: RoomOptions, work: W) -> Result<Exit, Failure>
where
    W: AsyncFnOnce(&Room) -> Result<Exit, Failure>,
{
    let room = tokio::select! {
        room = Room::join(room, options) => room?,
        exit = signals::ended() => return Ok(exit),
    };
    let result = tokio::select! {
        result = async {
            settle(&room).await;
            work(&room).await
        } => result,
        exit = signals::ended() => Ok(exit),
    };
    room.leave().await;
    result
}

/// Waits a moment until everyone has been heard. The document came from the first who answered;
/// another may hold a newer change, such as the one that the command before this one made.
pub(super) async fn settle(room: &Room) {
    let (mut events, mut changed) = (room.events(), room.changed());
    let is_behind = |person: &Person| match person.link {
        Link::Connecting => true,
        Link::Live => !room.snapshot().clock.covers(&person.clock),
        Link::Away | Link::Lost => false,
    };
    let settled = async {
        while room.people().iter().any(is_behind) {
            tokio::select! {
                event = events.recv() => if event.is_err() { return },
                change = changed.changed() => if change.is_err() { return },
            }
        }
    };
    // Who cannot be reached in that time is done without.
    let _ = tokio::time::timeout(SETTLE_WITHIN, settled).await;
}
