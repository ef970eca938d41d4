//! Being a member of a room for as long as a verb takes, or for the verbs of others.

use std::path::Path as FilePath;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex, MutexGuard};

use super::failure::{Exit, Failure};
use super::{input, signals};
use crate::document::Path;
use crate::room::{Keep, Room, RoomError, RoomOptions};
use crate::session::{Event, Link, Person};
use crate::sync::{ChangeId, Snapshot};

/// How long a verb waits to hear what every other member has.
const SETTLE_WITHIN: Duration = Duration::from_secs(1);

/// How long another member may take to acknowledge an edit.
pub(super) const KEPT_WITHIN: Duration = Duration::from_secs(10);

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

/// The options of a member that leaves soon: what it has done is for others to keep.
pub(super) fn passing(options: RoomOptions) -> RoomOptions {
    RoomOptions { keep: None, passing: true, ..options }
}

/// The member that does the work of verbs.
pub(super) struct Member {
    room: Room,
    /// How others see it.
    name: String,
    /// The member of this very process that it works for. It goes on when the verb has ended, so
    /// what it has is kept.
    host: Option<Room>,
    /// From looking at the document to the last edit on what was seen there, one verb at a time:
    /// the edits of one member have seen each other, so two verbs of one that looked before
    /// either had written could not tell.
    edits: Mutex<()>,
}

impl Member {
    /// A member that is there for one verb.
    pub(super) fn new(room: Room, name: &str) -> Self {
        Self { room, name: name.to_owned(), host: None, edits: Mutex::default() }
    }

    /// The room as this member sees it.
    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    /// How others see it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The document, which no other verb of this member edits before the second is dropped.
    pub(super) async fn look(&self) -> (Snapshot, MutexGuard<'_, ()>) {
        let only = self.edits.lock().await;
        (self.room.snapshot(), only)
    }

    /// Waits a moment until what is known elsewhere is known here.
    pub(super) async fn settle(&self) {
        match &self.host {
            // What the person at the host has seen was there when they gave the command.
            Some(host) => {
                let seen = host.snapshot().clock;
                let mut changed = self.room.changed();
                let caught_up = changed.wait_for(|snapshot| snapshot.clock.covers(&seen));
                let _ = tokio::time::timeout(SETTLE_WITHIN, caught_up).await;
            }
            None => settle(&self.room, |link| matches!(link, Link::Connecting | Link::Live)).await,
        }
    }

    /// Waits until somebody else has every edit of this member.
    ///
    /// # Errors
    /// Nobody is there, or nobody has confirmed it in time.
    pub(super) async fn kept(&self) -> Result<(), Failure> {
        let is_kept = match &self.host {
            Some(host) => {
                let (author, last) = (self.room.author(), self.room.snapshot().clock.get(self.room.author()));
                let mut changed = host.changed();
                let is_there = changed.wait_for(|snapshot| snapshot.clock.get(author) >= last);
                let is_there = matches!(tokio::time::timeout(KEPT_WITHIN, is_there).await, Ok(Ok(_)));
                is_there && host.stored(KEPT_WITHIN).await
            }
            None => self.room.kept_elsewhere(KEPT_WITHIN).await,
        };
        if is_kept { Ok(()) } else { Err(self.not_kept()) }
    }

    /// Waits until it is known whether an own edit is the one that counts where it was made, and
    /// takes it back if it is not. The change that counts instead.
    ///
    /// # Errors
    /// Nobody is there to keep it, or it cannot be known.
    pub(super) async fn prevail(&self, own: ChangeId, path: &Path) -> Result<Option<ChangeId>, Failure> {
        let is_seen = self.room.seen_by_all(KEPT_WITHIN).await;
        let beaten_by = self.room.beaten_by(own);
        if beaten_by.is_some() {
            self.room.take_back(own);
        }
        self.kept().await?;
        if beaten_by.is_none() && !is_seen {
            let message = format!(
                "the edit is made, but not all members of {} have confirmed it within {} s: another change of {path} may still come first",
                self.room.name(),
                KEPT_WITHIN.as_secs()
            );
            return Err(Failure::new(Exit::Failed, message));
        }
        Ok(beaten_by)
    }

    fn not_kept(&self) -> Failure {
        let name = self.room.name();
        let people = self.room.people();
        let there = people.iter().filter(|person| matches!(person.link, Link::Live | Link::Away));
        let (passing, staying): (Vec<_>, Vec<_>) = there.partition(|person| person.passing);
        let message = match (staying.len(), passing.len()) {
            (0, 0) => format!(
                "the edit is lost: nobody else is there to keep it; `ultrawave serve {name}` holds a room open"
            ),
            (0, _) => format!(
                "the edit may be lost: nobody is there to keep it but other commands, which end soon; `ultrawave serve {name}` holds a room open"
            ),
            (others, _) => format!(
                "none of the {others} others has confirmed the edit within {} s; see with `ultrawave get {name}` whether it is there",
                KEPT_WITHIN.as_secs()
            ),
        };
        Failure::new(Exit::Failed, message)
    }
}

/// Does the same as whoever keeps the room on this machine: as the session that is kept, if it is.
pub(super) async fn as_keeper<W>(room: &str, options: &RoomOptions, work: W) -> Result<Exit, Failure>
where
    W: AsyncFnOnce(&Member) -> Result<Exit, Failure>,
{
    stay_for(room, hosting(options), work).await
}

/// Joins a room, does the work there and leaves, whatever came of it. A signal ends the work.
pub(super) async fn in_room<W>(room: &str, options: RoomOptions, work: W) -> Result<Exit, Failure>
where
    W: AsyncFnOnce(&Member) -> Result<Exit, Failure>,
{
    stay_for(room, passing(options), work).await
}

async fn stay_for<W>(room: &str, options: RoomOptions, work: W) -> Result<Exit, Failure>
where
    W: AsyncFnOnce(&Member) -> Result<Exit, Failure>,
{
    let name = options.name.clone();
    let member = tokio::select! {
        room = Room::join(room, options) => Member::new(room?, &name),
        exit = signals::ended() => return Ok(exit),
    };
    let result = tokio::select! {
        result = async {
            member.settle().await;
            work(&member).await
        } => result,
        exit = signals::ended() => Ok(exit),
        failure = removed(&member.room) => Err(failure),
    };
    member.room.leave().await;
    result
}

/// Waits until this member is removed from the room.
pub(super) async fn removed(room: &Room) -> Failure {
    let mut events = room.events();
    loop {
        match events.recv().await {
            Ok(Event::Removed) => {
                let message =
                    format!("the owner of {} has removed this member and changed its keys", room.name());
                return Failure::new(Exit::NotPermitted, message);
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// A member that works for another one of this process: it has joined the same room.
///
/// # Errors
/// It cannot join.
pub(super) async fn lend(host: &Room, options: &RoomOptions) -> Result<Member, RoomError> {
    let options = passing(options.clone());
    let options = RoomOptions { embed_signal: false, access: host.access(), ..options };
    let name = options.name.clone();
    // What the host has in memory need not be sent through it.
    let room = Room::join_knowing(host.name(), host.snapshot().source, options).await?;
    settle(&room, |link| matches!(link, Link::Connecting | Link::Live)).await;
    Ok(Member { host: Some(host.clone()), ..Member::new(room, &name) })
}

/// Waits a moment until all that is known to exist is here: what a live member has, such as the
/// edit of the command before this one. A newcomer also waits for those it is being connected to.
pub(super) async fn settle(room: &Room, is_awaited: impl Fn(Link) -> bool) {
    let (mut events, mut changed) = (room.events(), room.changed());
    let is_behind = |person: &Person| {
        is_awaited(person.link)
            && match person.link {
                Link::Connecting => true,
                Link::Live => !room.snapshot().clock.covers(&person.clock),
                Link::Away | Link::Lost => false,
            }
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
