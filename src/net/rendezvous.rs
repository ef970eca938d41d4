//! Meeting by a passphrase through the signaling server: somebody in the room attends under its name,
//! who wants to join knocks. What they say is [`crate::trust::passphrase`]'s affair.

use std::time::Duration;

use rand::RngExt as _;
use tokio::time::{sleep, timeout};
use ultrawave_signal::protocol::{AnswerKnock, Attend, Body, Code, Knock, Request, Response};

use super::signaling::{Broken, ConnectError, Socket};
use super::{random_bytes, signal_url};
use crate::room::RoomError;
use crate::trust::Secret;
use crate::trust::passphrase::{Asking, Desk, Next, Said};

/// How long the other side may take to answer: a person is waiting, and nobody thinks about it.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What to wait before the server is looked for again, at first.
const FIRST_DELAY: Duration = Duration::from_millis(500);

/// The longest such wait.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// Asks whoever attends under a room's name for a ticket.
pub(crate) async fn ask(signal: &str, room: &str, passphrase: &str) -> Result<String, RoomError> {
    let url = signal_url(signal)?;
    let (mut socket, _) = Socket::connect(&url).await.map_err(|error| unreachable(signal, error))?;
    let (mut asking, mut said) = Asking::new(room, passphrase, &Secret::new(random_bytes()));
    let broken = |reason: String| RoomError::NoServer { url: signal.to_owned(), reason };
    let ticket = loop {
        let body = body(&said);
        let knock = Request::Knock(Knock { room: room.to_owned(), body });
        socket.send(&knock).await.map_err(|error| broken(error.to_string()))?;
        let Ok(answer) = timeout(ANSWER_WITHIN, answer(&mut socket, room)).await else {
            return Err(RoomError::Refused(format!("nobody answers under the name {room}; try again later")));
        };
        let answer = answer.map_err(|error| broken(error.to_string()))??;
        match asking.hear(&answer)? {
            Next::Say(next) => said = next,
            Next::Ticket(ticket) => break ticket,
        }
    };
    socket.close().await;
    Ok(ticket)
}

/// What is answered to a knock.
async fn answer(socket: &mut Socket, room: &str) -> Result<Result<Said, RoomError>, Broken> {
    loop {
        match socket.next().await? {
            Ok(Response::KnockAnswered(knock)) if knock.room == room => {
                return Ok(Ok(knock.body.read().unwrap_or(Said::Nonsense)));
            }
            Ok(Response::KnockFailed(failed)) if failed.code == Code::NoRoom => {
                return Ok(Err(RoomError::NobodyAttends(room.to_owned())));
            }
            Ok(Response::KnockFailed(failed)) => return Ok(Err(RoomError::Refused(failed.reason))),
            Ok(Response::Error(failure)) => return Ok(Err(RoomError::Refused(failure.reason))),
            other => tracing::debug!(?other, "from the signaling server"),
        }
    }
}

/// Attends under a room's name.
///
/// # Errors
/// The server is not there, or somebody else attends under that name.
pub(crate) async fn attend(
    signal: &str, room: &str, passphrase: &str, ticket: &str,
) -> Result<Attending, RoomError> {
    let url = signal_url(signal)?;
    let (mut socket, _) = Socket::connect(&url).await.map_err(|error| unreachable(signal, error))?;
    begin(&mut socket, room).await?;
    let desk = Desk::new(room, passphrase, ticket);
    Ok(Attending { room: room.to_owned(), url, desk, socket: Some(socket) })
}

/// Somebody who attends; ends when this is dropped.
pub(crate) struct Attending {
    room: String,
    url: url::Url,
    desk: Desk,
    /// Nothing while the server is away.
    socket: Option<Socket>,
}

impl Attending {
    /// Answers whoever knocks, also when the server comes back after it was away. Tells how that
    /// ended, each time, until the passphrase is spent; and goes on, to say so to the late.
    pub(crate) async fn run(mut self, told: impl Fn(Outcome) + Send + Sync) {
        let mut delay = FIRST_DELAY;
        loop {
            match self.socket.take() {
                Some(mut socket) => {
                    delay = FIRST_DELAY;
                    let Err(broken) = self.serve(&mut socket, &told).await;
                    tracing::info!(reason = %broken, "the signaling server is gone for those with a passphrase");
                }
                None => delay = (delay * 2).min(LONGEST_DELAY),
            }
            let pause = delay.mul_f64(rand::rng().random_range(0.75..1.25));
            sleep(pause).await;
            if let Ok((mut socket, _)) = Socket::connect(&self.url).await
                && begin(&mut socket, &self.room).await.is_ok()
            {
                self.socket = Some(socket);
            }
        }
    }

    async fn serve(
        &mut self, socket: &mut Socket, told: &(impl Fn(Outcome) + Send + Sync),
    ) -> Result<std::convert::Infallible, Broken> {
        loop {
            let Ok(Response::Knocked(AnswerKnock { room, guest, body })) = socket.next().await? else {
                continue;
            };
            let said = body.read().unwrap_or(Said::Nonsense);
            let was_spent = self.desk.is_spent();
            let answer = self.desk.hear(guest, &said, &Secret::new(random_bytes()));
            match &answer {
                Said::Ticket(_) => told(Outcome::LetIn),
                Said::Wrong(left) => told(Outcome::Wrong { left: *left }),
                Said::Spent if !was_spent => told(Outcome::Spent),
                Said::Spent | Said::Message(_) | Said::Confirmation(_) | Said::Nonsense => {}
            }
            let body = self::body(&answer);
            socket.send(&Request::AnswerKnock(AnswerKnock { room, guest, body })).await?;
        }
    }
}

/// How a try with a passphrase ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was right: somebody has a ticket.
    LetIn,
    /// It was another one.
    Wrong {
        /// Wrong tries that are left.
        left: u32,
    },
    /// It was another one, and one too many.
    Spent,
}

/// Says under which name this one attends.
async fn begin(socket: &mut Socket, room: &str) -> Result<(), RoomError> {
    let broken = |error: Broken| RoomError::Refused(error.to_string());
    socket.send(&Request::Attend(Attend { room: room.to_owned() })).await.map_err(broken)?;
    let answered = async {
        loop {
            match socket.next().await.map_err(broken)? {
                Ok(Response::Attending(_)) => return Ok(()),
                Ok(Response::AttendFailed(failed)) => return Err(RoomError::Refused(failed.reason)),
                Ok(Response::Error(failure)) => return Err(RoomError::Refused(failure.reason)),
                other => tracing::debug!(?other, "from the signaling server"),
            }
        }
    };
    let late = |_| RoomError::Refused("it does not answer; it may be of an older version".to_owned());
    timeout(ANSWER_WITHIN, answered).await.map_err(late)?
}

fn body(said: &Said) -> Body {
    Body::new(said).expect("letters and numbers can always be written")
}

fn unreachable(url: &str, error: ConnectError) -> RoomError {
    let url = url.to_owned();
    match error {
        ConnectError::Unreachable(error) => RoomError::NoServer { url, reason: error.to_string() },
        ConnectError::NotAServer(reason) => RoomError::NotAServer { url, reason },
    }
}
