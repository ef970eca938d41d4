//! The verbs, as what is to be done in a room, whoever is asked to do it: this process as a
//! member of its own, or a peer that runs already ([`local`](super::local)).

use tokio::sync::mpsc;

use super::apply::Patch;
use super::failure::{Exit, Failure};
use super::local::Reply;
use super::member::Member;
use super::{apply, edit, output, read, revoke, watch};
use crate::document::{Method, Value};

/// What is to be done in a room.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verb {
    /// Print a value.
    Get {
        /// Where, as it was given.
        path: String,
        /// On one line.
        compact: bool,
    },
    /// Make an edit.
    Change {
        /// Where, as it was given.
        path: String,
        /// What.
        method: Method,
        /// Only if this is there.
        expected: Option<Value>,
    },
    /// Apply a patch.
    Apply(Patch),
    /// Print the recent changes.
    Log {
        /// As JSON lines.
        json: bool,
    },
    /// Print who is there.
    Peers {
        /// As JSON lines.
        json: bool,
    },
    /// Remove members and change the room's keys.
    Revoke {
        /// Author numbers and names.
        who: Vec<String>,
    },
    /// Print every change.
    Watch {
        /// Only what touches this place.
        path: Option<String>,
        /// Whether some may have been missed already.
        is_resumed: bool,
    },
}

impl Verb {
    /// Whether it leaves the document as it is, and any member's view of the room will do.
    pub(super) fn only_looks(&self) -> bool {
        match self {
            Self::Get { .. } | Self::Log { .. } | Self::Watch { .. } => true,
            // Who does the work is not among those it lists.
            Self::Peers { .. } | Self::Change { .. } | Self::Apply(_) | Self::Revoke { .. } => false,
        }
    }

    /// What is left of it to do when whoever did it has gone.
    pub(super) fn interrupted(self) -> Self {
        match self {
            Self::Watch { path, .. } => Self::Watch { path, is_resumed: true },
            Self::Get { .. }
            | Self::Change { .. }
            | Self::Apply(_)
            | Self::Log { .. }
            | Self::Peers { .. }
            | Self::Revoke { .. } => self,
        }
    }
}

/// Does it.
pub(super) async fn perform(member: &Member, verb: Verb, out: &Out) -> Result<Exit, Failure> {
    let room = member.room();
    match verb {
        Verb::Get { path, compact } => out.print(read::get(room, &path, compact)?).await?,
        Verb::Change { path, method, expected: Some(expected) } => {
            edit::edit_if(member, &path, method, &expected).await?;
        }
        Verb::Change { path, method, expected: None } => edit::edit(member, &path, method).await?,
        Verb::Apply(patch) => apply::apply(member, &patch).await?,
        Verb::Log { json } => out.print(read::log(room, member.name(), json)).await?,
        Verb::Peers { json } => out.print(read::peers(room, json).await).await?,
        Verb::Revoke { who } => revoke::revoke(room, &who, out).await?,
        Verb::Watch { path, is_resumed } => {
            return watch::watch(room, path.as_deref(), is_resumed, out).await;
        }
    }
    Ok(Exit::Done)
}

/// Where to what a verb says goes.
pub(super) enum Out {
    /// This process's own standard output and standard error.
    Standard,
    /// To the process that asked for it.
    Asker(mpsc::Sender<Reply>),
}

impl Out {
    /// Data.
    ///
    /// # Errors
    /// Nobody takes it any more, or it cannot be written.
    pub(super) async fn print(&self, data: String) -> Result<(), Failure> {
        match self {
            // A reader that is slow to read must not keep this thread from hearing a signal.
            Self::Standard => tokio::task::spawn_blocking(move || output::print(&data))
                .await
                .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?,
            Self::Asker(replies) => {
                replies.send(Reply::Print(data)).await.map_err(|_gone| Failure::unheard())
            }
        }
    }

    /// A message.
    pub(super) async fn say(&self, message: String) {
        match self {
            Self::Standard => output::say(&message),
            Self::Asker(replies) => {
                // Who has gone needs no messages.
                let _ = replies.send(Reply::Say(message)).await;
            }
        }
    }

    /// Waits until nobody takes what is said any more.
    pub(super) async fn closed(&self) {
        match self {
            Self::Standard => output::closed().await,
            Self::Asker(replies) => replies.closed().await,
        }
    }
}
