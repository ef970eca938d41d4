//! The task that stays in a room.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, timeout_at};
use ultrawave_signal::protocol::{self, Ice, Leave, Reclaim, Request, RequestIce, Response, Resume, Start};

use super::embedded::EmbeddedServer;
use super::socket::{Broken, Socket};
use super::{Entered, Membership, SignalingEvent, SignalingOptions, leap};
use crate::sync::Author;

/// What to wait before the second try; it doubles from there.
const FIRST_DELAY: Duration = Duration::from_millis(200);

/// The longest wait between two tries: newcomers find nobody at a server that is back until then.
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// How long the server may take to let this member in again.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How long leaving may take.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);

/// How long credentials for a TURN server are taken to be good at least, and at most: what the
/// server says is not to make this member ask all the time, nor to overflow anything.
const ICE_VALID_LEAST: Duration = Duration::from_secs(20);
const ICE_VALID_MOST: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The driver does not want to stay any more.
struct Unwanted;

/// What the driver moves the task with.
pub(super) struct Driven {
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) events: mpsc::Sender<SignalingEvent>,
    pub(super) last_author: Arc<AtomicU32>,
    pub(super) doubted: Arc<Notify>,
    pub(super) room: watch::Receiver<String>,
}

struct Stay {
    options: SignalingOptions,
    requests: mpsc::Receiver<Request>,
    events: mpsc::Sender<SignalingEvent>,
    last_author: Arc<AtomicU32>,
    doubted: Arc<Notify>,
    /// In which room to stay, by the server's name for it.
    room: watch::Receiver<String>,
    start: Start,
    membership: Membership,
    /// What counts as the last number given out if the room has to be opened again by somebody
    /// who was not there before.
    opens_after: Option<Author>,
    /// Why the server does not let this member in again, if it said so.
    refused: Option<String>,
    embedded: Option<EmbeddedServer>,
    /// When to ask for STUN and TURN servers anew: halfway to the end of their credentials.
    renew_ice_at: Option<Instant>,
}

/// Stays in the room until `requests` is closed, then leaves it.
pub(super) async fn stay(options: SignalingOptions, entered: Entered, driven: Driven) {
    let Driven { requests, events, last_author, doubted, room } = driven;
    let Entered { socket, start, embedded, membership, opens_after, .. } = entered;
    let renew_ice_at = renew_at(start.ice.as_ref());
    let mut stay = Stay {
        options,
        requests,
        events,
        last_author,
        doubted,
        room,
        start,
        membership,
        opens_after,
        refused: None,
        embedded,
        renew_ice_at,
    };
    let Some(mut socket) = stay.begin(socket).await else {
        stay.stop_embedded().await;
        return;
    };
    while let Ok(broken) = stay.serve(&mut socket).await {
        tracing::info!(%broken, "the connection to the signaling server");
        let Ok(again) = stay.come_back().await else {
            stay.stop_embedded().await;
            return;
        };
        socket = again;
    }
    let leave = Request::Leave(Leave { room: stay.options.room.clone() });
    let _ = tokio::time::timeout(LEAVE_WITHIN, async {
        let _ = socket.send(&leave).await;
        socket.close().await;
    })
    .await;
    stay.stop_embedded().await;
}

impl Stay {
    /// The connection there is, or the first one to be had.
    async fn begin(&mut self, socket: Option<Socket>) -> Option<Socket> {
        match socket {
            Some(socket) => {
                self.opens_after = None;
                Some(socket)
            }
            None => self.come_back().await.ok(),
        }
    }

    /// Carries messages both ways until the connection breaks.
    async fn serve(&mut self, socket: &mut Socket) -> Result<Broken, Unwanted> {
        loop {
            let event = tokio::select! {
                request = self.requests.recv() => {
                    let request = request.ok_or(Unwanted)?;
                    match socket.send(&request).await {
                        Ok(()) => continue,
                        Err(broken) => return Ok(broken),
                    }
                }
                () = self.doubted.notified() => match socket.probe().await {
                    Ok(()) => continue,
                    Err(broken) => return Ok(broken),
                },
                Ok(()) = self.room.changed() => match self.move_over(socket).await {
                    Ok(moved) => moved,
                    Err(reason) => return Ok(Broken::because(reason)),
                },
                () = at(self.renew_ice_at) => {
                    self.renew_ice_at = None;
                    match socket.send(&Request::RequestIce(RequestIce {})).await {
                        Ok(()) => continue,
                        Err(broken) => return Ok(broken),
                    }
                }
                said = socket.next() => match said {
                    Ok(Ok(response)) => SignalingEvent::Response(response),
                    Ok(Err(error)) => {
                        tracing::debug!(%error, "from the signaling server");
                        continue;
                    }
                    Err(broken) => return Ok(broken),
                },
            };
            self.note(&event);
            self.tell(event).await?;
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is for the driver alone")]
    fn note(&mut self, event: &SignalingEvent) {
        match event {
            SignalingEvent::Response(Response::RequestOffer(member) | Response::Present(member)) => {
                self.last_author.fetch_max(member.author.0, Ordering::Relaxed);
            }
            SignalingEvent::Response(Response::Ice(ice)) => self.renew_ice_at = renew_at(Some(ice)),
            _ => {}
        }
    }

    async fn tell(&self, event: SignalingEvent) -> Result<(), Unwanted> {
        if self.events.send(event).await.is_ok() { Ok(()) } else { Err(Unwanted) }
    }

    /// Tries until this member is in the room again.
    async fn come_back(&mut self) -> Result<Socket, Unwanted> {
        let mut delay = Duration::ZERO;
        loop {
            // All members lose the server at once; they should not all come back at once.
            let jitter = rand::rng().random_range(0.5..1.5);
            let pause = delay.mul_f64(jitter);
            let refused = self.refused.take();
            self.tell(refused.map_or(SignalingEvent::Down(pause), SignalingEvent::Refused)).await?;
            self.pause(pause).await?;
            delay = (delay * 2).clamp(FIRST_DELAY, LONGEST_DELAY);
            match self.try_once().await {
                Ok(socket) => {
                    // What was said to the server while it was away is stale by now.
                    while self.requests.try_recv().is_ok() {}
                    let members = self.membership.members.clone();
                    let is_embedded = self.embedded.is_some();
                    let last_author = self.membership.last_author;
                    self.tell(SignalingEvent::Up { members, last_author, is_embedded }).await?;
                    return Ok(socket);
                }
                Err(reason) => tracing::info!(%reason, "the signaling server is not to be had"),
            }
        }
    }

    /// Waits, and notices meanwhile when the driver goes.
    async fn pause(&mut self, pause: Duration) -> Result<(), Unwanted> {
        let until = Instant::now() + pause;
        loop {
            match timeout_at(until, self.requests.recv()).await {
                Ok(Some(_)) => {}
                Ok(None) => return Err(Unwanted),
                Err(_) => return Ok(()),
            }
        }
    }

    async fn try_once(&mut self) -> Result<Socket, String> {
        self.options.room.clone_from(&self.room.borrow_and_update());
        let (mut socket, start) = match Socket::connect(&self.options.url).await {
            Ok(connected) => connected,
            Err(error) if error.is_refused() && self.options.may_embed => {
                self.embed().await?;
                Socket::connect(&self.options.url).await.map_err(|error| error.to_string())?
            }
            Err(error) => return Err(error.to_string()),
        };
        if let Some(ice) = &start.ice {
            self.renew_ice_at = renew_at(Some(ice));
            // An end of the driver is noticed by whoever tells it next.
            let _ = self.events.send(SignalingEvent::Response(Response::Ice(ice.clone()))).await;
        }
        let deadline = Instant::now() + ANSWER_WITHIN;
        let entered = timeout_at(deadline, self.enter_again(&mut socket, start));
        self.membership = entered.await.map_err(|late| format!("it does not answer: {late}"))??;
        Ok(socket)
    }

    async fn embed(&mut self) -> Result<(), String> {
        match EmbeddedServer::start(&self.options.url).await {
            Ok(server) => self.embedded = Some(server),
            // Another member was faster, and is as good.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }

    /// Becomes who this was, by the server's memory or by its own.
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else the server says is as unexpected")]
    async fn enter_again(&mut self, socket: &mut Socket, start: Start) -> Result<Membership, String> {
        let reclaim = Reclaim { id: self.start.id.clone(), secret: self.start.secret.clone() };
        match ask(socket, Request::Reclaim(reclaim)).await? {
            Response::Reclaimed(reclaimed) => {
                let mut found = None;
                for joined in reclaimed.rooms {
                    if joined.room == self.options.room {
                        found = Some(joined);
                    } else {
                        // The room has gone on under another name.
                        let leave = Request::Leave(Leave { room: joined.room });
                        socket.send(&leave).await.map_err(|broken| broken.to_string())?;
                    }
                }
                if let Some(joined) = found {
                    return Ok(joined.into());
                }
            }
            Response::ReclaimFailed(_) => self.start = start,
            other => return Err(format!("it answers with {}", other.encode())),
        }
        self.resume(socket).await
    }

    /// Leaves the room, and goes on in the one that the driver has named.
    async fn move_over(&mut self, socket: &mut Socket) -> Result<SignalingEvent, String> {
        let room = self.room.borrow_and_update().clone();
        let left = std::mem::replace(&mut self.options.room, room);
        let leave = Request::Leave(Leave { room: left });
        socket.send(&leave).await.map_err(|broken| broken.to_string())?;
        let entered = timeout_at(Instant::now() + ANSWER_WITHIN, self.resume(socket)).await;
        self.membership = entered.map_err(|late| format!("it does not answer: {late}"))??;
        let members = self.membership.members.clone();
        let last_author = self.membership.last_author;
        Ok(SignalingEvent::Up { members, last_author, is_embedded: self.embedded.is_some() })
    }

    /// Enters the room under the number that this member has.
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else the server says is as unexpected")]
    async fn resume(&mut self, socket: &mut Socket) -> Result<Membership, String> {
        let last_author = Author(self.last_author.load(Ordering::Relaxed));
        // Whoever opens the room again may have been out of reach when others came: a number that
        // was given to one of them must not be given out a second time.
        let opens_after = self.opens_after.unwrap_or_else(|| leap(last_author));
        let resume = Resume {
            room: self.options.room.clone(),
            incarnation: self.membership.incarnation.clone(),
            author: protocol::Author(self.membership.author.0),
            last_author: protocol::Author(last_author.0),
            opens_after: Some(protocol::Author(opens_after.0)),
            max_members: u32::try_from(self.options.max_members).ok(),
        };
        match ask(socket, Request::Resume(resume)).await? {
            Response::Resumed(joined) => {
                self.opens_after = None;
                Ok(joined.into())
            }
            Response::ResumeFailed(failed) => {
                self.refused = Some(failed.reason.clone());
                Err(failed.reason)
            }
            other => Err(format!("it answers with {}", other.encode())),
        }
    }

    async fn stop_embedded(&mut self) {
        if let Some(server) = self.embedded.take() {
            server.stop().await;
        }
    }
}

/// When to ask for STUN and TURN servers anew.
fn renew_at(ice: Option<&Ice>) -> Option<Instant> {
    let valid = Duration::from_secs(ice?.valid_s?).clamp(ICE_VALID_LEAST, ICE_VALID_MOST);
    Some(Instant::now() + valid / 2)
}

/// Resolves at a moment, or never.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// The answer to a request that comes back; what else is said before it is stale.
async fn ask(socket: &mut Socket, request: Request) -> Result<Response, String> {
    socket.send(&request).await.map_err(|broken| broken.to_string())?;
    loop {
        match socket.next().await.map_err(|broken| broken.to_string())? {
            Ok(Response::Error(failure)) => return Err(failure.reason),
            Ok(
                Response::RequestOffer(_) | Response::Present(_) | Response::Left(_) | Response::Relayed(..),
            ) => {}
            Ok(answer) => return Ok(answer),
            Err(error) => tracing::debug!(%error, "from the signaling server"),
        }
    }
}
