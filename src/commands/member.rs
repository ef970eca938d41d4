//! Being a member of a room for as long as a verb takes.

use super::failure::{Exit, Failure};
use super::signals;
use crate::room::{Room, RoomOptions};

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
        result = work(&room) => result,
        exit = signals::ended() => Ok(exit),
    };
    room.leave().await;
    result
}
