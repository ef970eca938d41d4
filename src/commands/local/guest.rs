//! The side of a process with a verb: it asks the running peer, if there is one.

use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::super::failure::{Exit, Failure};
use super::super::verb::Verb;
use super::super::{output, signals};
use super::line::Lines;
use super::place::Place;
use super::wire::{Greeting, Reply, Request, VERSION};
use crate::document::Value;
use crate::limits;
use crate::room::RoomOptions;
use crate::trust::{Access, Role};

/// How long the running peer may take to greet. One that was stopped does not, and is left alone.
const GREETED_WITHIN: Duration = Duration::from_secs(3);

/// Who wants something done.
pub(in super::super) struct Caller {
    /// How this process would be in the room.
    pub(in super::super) options: RoomOptions,
    /// The name that was asked for, if any was.
    pub(in super::super) given_name: Option<String>,
    /// Whether a flag names the signaling server.
    pub(in super::super) is_signal_given: bool,
}

/// A connection to a peer of this user that runs on this machine.
pub(in super::super) struct Guest {
    room: String,
    lines: Lines<BufReader<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
}

impl Guest {
    /// Connects to a peer that is in the room already and does what this process would do. Nothing
    /// when there is none, or when it speaks another version or goes by another name than was given.
    pub(in super::super) async fn find(room: &str, caller: &Caller) -> Option<Self> {
        for place in Place::all(&caller.options.signal, room, caller.options.access.as_ref()) {
            if let Some(stream) = place.connect().await {
                return timeout(GREETED_WITHIN, Self::greeted(stream, room, caller)).await.ok().flatten();
            }
        }
        None
    }

    async fn greeted(stream: UnixStream, room: &str, caller: &Caller) -> Option<Self> {
        let (reader, writer) = stream.into_split();
        let mut lines = Lines::new(BufReader::new(reader), limits::LOCAL_LINE_BYTES);
        let greeting = Greeting::decode(&lines.next().await.ok()??)?;
        let access = caller.options.access.as_ref();
        // A locked room is told by its id, wherever its members meet.
        let is_anywhere = access.is_some() && !caller.is_signal_given;
        let wanted = Greeting {
            version: VERSION,
            signal: if is_anywhere { greeting.signal.clone() } else { caller.options.signal.clone() },
            room: if access.is_some() { greeting.room.clone() } else { room.to_owned() },
            id: access.map(Access::lasting_id),
            may_write: access.is_none_or(|access| access.role() > Role::Reader),
            name: caller.given_name.clone().unwrap_or_else(|| greeting.name.clone()),
        };
        (greeting == wanted).then(|| Self { room: room.to_owned(), lines, writer })
    }

    /// The value at a path, and the turn to replace it.
    pub(in super::super) async fn read(&mut self, path: &str) -> Result<Value, Failure> {
        self.send(&Request::Read(path.to_owned())).await?;
        let reply = self.reply().await?;
        if let Reply::Value(value) = reply { Ok(value) } else { Err(self.failed(reply)) }
    }

    /// Replaces a value by another, unless it has become something else meanwhile. Whether it is
    /// done.
    pub(in super::super) async fn replace(
        &mut self, path: &str, old: Value, new: Value,
    ) -> Result<bool, Failure> {
        self.send(&Request::Replace { path: path.to_owned(), old, new }).await?;
        match self.reply().await? {
            Reply::Again => Ok(false),
            Reply::End(Exit::Done, _) => Ok(true),
            other @ (Reply::End(..) | Reply::Value(_) | Reply::Print(_) | Reply::Say(_) | Reply::Leaving) => {
                Err(self.failed(other))
            }
        }
    }

    /// How the peer itself stands with the others. Nothing from one that does not say.
    pub(in super::super) async fn status(&mut self) -> Option<Value> {
        self.send(&Request::Status).await.ok()?;
        let reply = timeout(GREETED_WITHIN, self.reply()).await.ok()?.ok()?;
        if let Reply::Value(status) = reply { Some(status) } else { None }
    }

    /// Has a verb done, or says what is left of it to do as a member.
    async fn perform(&mut self, verb: Verb) -> Result<Asked, Failure> {
        self.send(&Request::Verb(verb.clone())).await?;
        loop {
            match self.reply().await {
                Ok(Reply::Print(data)) => output::print(&data)?,
                Ok(Reply::Say(message)) => output::say(&message),
                Ok(Reply::End(exit, message)) if message.is_empty() => return Ok(Asked::Done(exit)),
                Ok(Reply::Leaving) => return Ok(Asked::Join(verb.interrupted())),
                Ok(other @ (Reply::End(..) | Reply::Value(_) | Reply::Again)) => {
                    return Err(self.failed(other));
                }
                Err(_) if verb.only_looks() => return Ok(Asked::Join(verb.interrupted())),
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn send(&mut self, request: &Request) -> Result<(), Failure> {
        let mut line = request.encode();
        line.push('\n');
        self.writer.write_all(line.as_bytes()).await.map_err(|_gone| self.gone())
    }

    async fn reply(&mut self) -> Result<Reply, Failure> {
        let line = self.lines.next().await.ok().flatten();
        line.and_then(|line| Reply::decode(&line)).ok_or_else(|| self.gone())
    }

    fn gone(&self) -> Failure {
        let room = &self.room;
        let message = format!(
            "the peer on this machine that was asked has gone before it answered; see with `ultrawave get {room}` whether the edit is there"
        );
        Failure::new(Exit::Failed, message)
    }

    fn failed(&self, reply: Reply) -> Failure {
        match reply {
            Reply::End(exit, message) => Failure::new(exit, message),
            Reply::Print(_) | Reply::Say(_) | Reply::Value(_) | Reply::Again | Reply::Leaving => self.gone(),
        }
    }
}

/// What came of asking.
pub(in super::super) enum Asked {
    /// It is done.
    Done(Exit),
    /// This is to be done by this process as a member.
    Join(Verb),
}

/// Has a verb done by a peer that runs already, if there is one.
pub(in super::super) async fn ask(room: &str, verb: Verb, caller: &Caller) -> Result<Asked, Failure> {
    let is_watch = matches!(verb, Verb::Watch { .. });
    let done = async {
        match Guest::find(room, caller).await {
            Some(mut guest) => guest.perform(verb).await,
            None => Ok(Asked::Join(verb)),
        }
    };
    tokio::select! {
        done = done => done,
        exit = signals::ended() => Ok(Asked::Done(exit)),
        () = output::closed(), if is_watch => Ok(Asked::Done(Exit::Done)),
    }
}
