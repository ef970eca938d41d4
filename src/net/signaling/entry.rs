//! Getting into a room: create, join, or whichever of the two is possible.

use std::io;
use std::time::Duration;

use tokio::time::Instant;
use ultrawave_signal::protocol::{
    self, Code, Create, Failed, Join, Joined, Reclaim, Request, Response, Resume, Start,
};

use super::embedded::EmbeddedServer;
use super::socket::{ConnectError, Socket, quoted};
use super::{Membership, Pass, SignalingOptions};
use crate::room::RoomError;
use crate::sync::Author;

/// How often `open` changes its mind between joining and creating, before it gives up.
const OPEN_TRIES: usize = 20;

/// How often to try to connect or to embed a server, when others do the same at once.
const CONNECT_TRIES: usize = 20;

/// What to wait between two such tries.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// How long the server may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How long members may take at most to come back to a server that was started anew, whatever it
/// says.
const SETTLES_WITHIN: Duration = Duration::from_secs(12);

/// What to wait before asking for a room again that is not there yet.
const JOIN_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// How to get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The room must not be there yet.
    Create,
    /// The room must be there.
    Join,
    /// Either.
    Open,
}

/// A place in a room.
#[derive(Debug)]
pub(in crate::net) struct Entered {
    /// Nothing while the server is not to be reached.
    pub(super) socket: Option<Socket>,
    pub(super) start: Start,
    pub(super) embedded: Option<EmbeddedServer>,
    pub(super) membership: Membership,
    /// Whether the room was opened by this.
    pub(in crate::net) is_creator: bool,
    /// Whether it was in the room before.
    pub(in crate::net) has_come_back: bool,
    /// What counts as the last number given out if the room has to be opened again.
    pub(super) opens_after: Option<Author>,
}

/// Connects to the server, or starts one where that is allowed, and enters the room.
/// Who has a pass comes back, to a room that has to be opened again if need be; and waits outside
/// while the server is not there.
pub(in crate::net) async fn enter(
    options: &SignalingOptions, entry: Entry, pass: Option<&Pass>,
) -> Result<Entered, RoomError> {
    let opens_after = pass.map(Pass::leap);
    let (mut socket, mut start, embedded) = match (connect(options, entry).await, pass) {
        (Ok(connected), _) => connected,
        (Err(RoomError::NoServer { .. }), Some(pass)) => return Ok(wait_outside(pass)),
        (Err(error), _) => return Err(error),
    };
    let (membership, is_creator) = match (pass, entry) {
        (Some(pass), _) => {
            let Some(again) = come_back(&mut socket, &mut start, options, pass, opens_after).await? else {
                return Err(RoomError::OtherRoom(options.called.clone()));
            };
            (again, false)
        }
        (None, Entry::Create) => (create(&mut socket, options).await?, true),
        (None, Entry::Join) => (join_settling(&mut socket, settled_at(&start), options).await?, false),
        (None, Entry::Open) => open(&mut socket, settled_at(&start), options).await?,
    };
    let has_come_back = pass.is_some();
    Ok(Entered { socket: Some(socket), start, embedded, membership, is_creator, has_come_back, opens_after })
}

/// In no room yet, but somebody already: who it was, or a number of its own choice.
fn wait_outside(pass: &Pass) -> Entered {
    let author = pass.author.unwrap_or_else(|| pass.leap());
    let incarnation = pass.incarnation.clone();
    let membership = Membership { author, members: Vec::new(), incarnation, last_author: None };
    let start = pass.start.clone();
    Entered {
        socket: None,
        start,
        embedded: None,
        membership,
        is_creator: false,
        has_come_back: true,
        opens_after: Some(pass.leap()),
    }
}

/// Back into a room: as who one was, else as somebody new. Nothing if the room is another one.
async fn come_back(
    socket: &mut Socket, start: &mut Start, options: &SignalingOptions, pass: &Pass,
    opens_after: Option<Author>,
) -> Result<Option<Membership>, RoomError> {
    if let Some(author) = pass.author {
        if let Some(joined) = reclaim(socket, start, options, pass).await? {
            return Ok(Some(joined.into()));
        }
        match resume(socket, options, pass, (author, opens_after)).await? {
            Ok(joined) => return Ok(Some(joined.into())),
            Err(failed) if failed.code == Code::OtherRoom => return Ok(None),
            // Somebody else goes by this number, for the server at least.
            Err(failed) if failed.code == Code::Held => {}
            Err(failed) => return Err(options.refusal(failed)),
        }
    }
    match join(socket, options).await {
        Ok(membership) => Ok((membership.incarnation == pass.incarnation).then_some(membership)),
        Err(RoomError::NoRoom(_) | RoomError::Closed(_)) => {
            let author = pass.leap();
            match resume(socket, options, pass, (author, opens_after)).await? {
                Ok(joined) => Ok(Some(joined.into())),
                Err(failed) if failed.code == Code::OtherRoom => Ok(None),
                Err(failed) => Err(options.refusal(failed)),
            }
        }
        Err(error) => Err(error),
    }
}

/// The place that the server has kept, if it has.
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else the server says is as unexpected")]
async fn reclaim(
    socket: &mut Socket, start: &mut Start, options: &SignalingOptions, pass: &Pass,
) -> Result<Option<Joined>, RoomError> {
    let Start { id, secret, .. } = pass.start.clone();
    match ask(socket, options, &Request::Reclaim(Reclaim { id, secret })).await? {
        Response::Reclaimed(reclaimed) => {
            *start = pass.start.clone();
            let mut rooms = reclaimed.rooms.into_iter();
            Ok(rooms.find(|joined| joined.room == options.room && joined.incarnation == pass.incarnation))
        }
        Response::ReclaimFailed(_) => Ok(None),
        other => Err(options.unexpected(&other)),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else the server says is as unexpected")]
async fn resume(
    socket: &mut Socket, options: &SignalingOptions, pass: &Pass,
    (author, opens_after): (Author, Option<Author>),
) -> Result<Result<Joined, Failed>, RoomError> {
    let request = Resume {
        room: options.room.clone(),
        incarnation: pass.incarnation.clone(),
        author: protocol::Author(author.0),
        last_author: protocol::Author(pass.highest.0.max(author.0)),
        opens_after: opens_after.map(|after| protocol::Author(after.0)),
        max_members: u32::try_from(options.max_members).ok(),
    };
    match ask(socket, options, &Request::Resume(request)).await? {
        Response::Resumed(joined) => Ok(Ok(joined)),
        Response::ResumeFailed(failed) => Ok(Err(failed)),
        other => Err(options.unexpected(&other)),
    }
}

async fn connect(
    options: &SignalingOptions, entry: Entry,
) -> Result<(Socket, Start, Option<EmbeddedServer>), RoomError> {
    let may_embed = options.may_embed && entry != Entry::Join;
    let mut embedded = None;
    for _ in 0..CONNECT_TRIES {
        let error = match Socket::connect(&options.url).await {
            Ok((socket, start)) => return Ok((socket, start, embedded)),
            Err(error) => error,
        };
        if !(may_embed && error.is_refused() && embedded.is_none()) {
            return Err(options.connect_error(error));
        }
        match EmbeddedServer::start(&options.url).await {
            Ok(server) => embedded = Some(server),
            // Somebody else was faster.
            Err(taken) if taken.kind() == io::ErrorKind::AddrInUse => {
                tokio::time::sleep(TRY_AGAIN_AFTER).await;
            }
            Err(other) => return Err(options.connect_error(other.into())),
        }
    }
    Err(options.connect_error(io::Error::from(io::ErrorKind::AddrInUse).into()))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else the server says is as unexpected")]
async fn create(socket: &mut Socket, options: &SignalingOptions) -> Result<Membership, RoomError> {
    let max_members = u32::try_from(options.max_members).ok();
    let request = Request::Create(Create { room: options.room.clone(), max_members });
    match ask(socket, options, &request).await? {
        Response::Created(created) => Ok(Membership {
            author: Author(created.author.0),
            members: Vec::new(),
            incarnation: created.incarnation,
            last_author: Some(Author(created.author.0)),
        }),
        Response::CreateFailed(failed) => Err(options.refusal(failed)),
        other => Err(options.unexpected(&other)),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else the server says is as unexpected")]
async fn join(socket: &mut Socket, options: &SignalingOptions) -> Result<Membership, RoomError> {
    match ask(socket, options, &Request::Join(Join { room: options.room.clone() })).await? {
        Response::Joined(joined) => Ok(joined.into()),
        Response::JoinFailed(failed) => Err(options.refusal(failed)),
        other => Err(options.unexpected(&other)),
    }
}

/// Until when members may be on their way back to a server that was started anew.
fn settled_at(start: &Start) -> Instant {
    Instant::now() + Duration::from_millis(start.settles_in_ms.unwrap_or(0)).min(SETTLES_WITHIN)
}

/// Joins a room; until then one that is not there is waited for.
async fn join_settling(
    socket: &mut Socket, settled_at: Instant, options: &SignalingOptions,
) -> Result<Membership, RoomError> {
    loop {
        match join(socket, options).await {
            Err(RoomError::NoRoom(_) | RoomError::Closed(_)) if Instant::now() < settled_at => {
                tokio::time::sleep(JOIN_AGAIN_AFTER).await;
            }
            joined => return joined,
        }
    }
}

/// The server decides who creates: of two who try at once, one is told that the room exists.
async fn open(
    socket: &mut Socket, settled_at: Instant, options: &SignalingOptions,
) -> Result<(Membership, bool), RoomError> {
    for _ in 0..OPEN_TRIES {
        match join_settling(socket, settled_at, options).await {
            Err(RoomError::NoRoom(_) | RoomError::Closed(_)) => {}
            joined => return Ok((joined?, false)),
        }
        match create(socket, options).await {
            Err(RoomError::Exists(_)) => {}
            created => return Ok((created?, true)),
        }
    }
    Err(RoomError::Refused(format!("the room {} comes and goes too fast to be entered", options.called)))
}

/// The answer to a request that enters a room.
async fn ask(
    socket: &mut Socket, options: &SignalingOptions, request: &Request,
) -> Result<Response, RoomError> {
    let broken = |reason: String| RoomError::NoServer { url: options.url.to_string(), reason };
    socket.send(request).await.map_err(|error| broken(error.to_string()))?;
    let deadline = Instant::now() + ANSWER_WITHIN;
    loop {
        match tokio::time::timeout_at(deadline, socket.next()).await {
            Ok(Ok(Ok(Response::Error(failure)))) => return Err(RoomError::Refused(failure.reason)),
            Ok(Ok(Ok(answer))) => return Ok(answer),
            // A message of a later version is none of ours.
            Ok(Ok(Err(error))) => tracing::debug!(%error, "from the signaling server"),
            Ok(Err(error)) => return Err(broken(error.to_string())),
            Err(_) => return Err(broken(format!("it does not answer within {} s", ANSWER_WITHIN.as_secs()))),
        }
    }
}

impl SignalingOptions {
    fn connect_error(&self, error: ConnectError) -> RoomError {
        let url = self.url.to_string();
        match error {
            ConnectError::Unreachable(error) => RoomError::NoServer { url, reason: error.to_string() },
            ConnectError::NotAServer(reason) => RoomError::NotAServer { url, reason },
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the sentence that comes with a code says the rest")]
    fn refusal(&self, failed: Failed) -> RoomError {
        match failed.code {
            Code::Exists => RoomError::Exists(self.called.clone()),
            Code::NoRoom if self.called != self.room => RoomError::Closed(self.called.clone()),
            Code::NoRoom => RoomError::NoRoom(self.called.clone()),
            Code::Full => RoomError::Full(self.called.clone()),
            Code::OtherRoom => RoomError::OtherRoom(self.called.clone()),
            _ => RoomError::Refused(failed.reason),
        }
    }

    fn unexpected(&self, response: &Response) -> RoomError {
        let reason = format!("it answers with {}", quoted(&response.encode()));
        RoomError::NotAServer { url: self.url.to_string(), reason }
    }
}
