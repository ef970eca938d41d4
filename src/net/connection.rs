//! One connection to one peer, from the first description to its end, on a task of its own.
//!
//! The driver holds the [`Connection`], which never makes it wait, and hears of what happens
//! through one queue for all peers. Dropping the handle closes the connection.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use ultrawave_signal::server::pace::Pace;
use webrtc::data_channel::DataChannel;
use webrtc::peer_connection::{
    PeerConnection, RTCIceCandidateInit, RTCPeerConnectionState, RTCSessionDescription,
};

use super::channel::{Codec, Incoming, Outgoing, Queue, Sender, Stalled, receive};
use super::runtime::WrapSocket;
use super::statistics::Measured;
use super::transport::{self, Channels, IceOptions, Note};
use crate::limits;
use crate::session::{Channel, Message};
use crate::sync::Author;

/// How long a connection may take to open. No other timer notices when no pair of addresses
/// works.
const OPEN_WITHIN: Duration = Duration::from_secs(15);

/// Descriptions and candidates from the other side that wait to be taken in.
const OTHERS_SIGNALS: usize = 128;

/// How often a connection measures itself.
const MEASURE_EVERY: Duration = Duration::from_secs(5);

/// Messages received on one connection and not handed on yet.
const INCOMING: usize = 64;

/// Candidates from the other side kept until its description is here.
const EARLY_CANDIDATES: usize = 64;

/// What one side tells the other through the signaling server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// The offerer's description.
    Offer(String),
    /// The answerer's description.
    Answer(String),
    /// An address to try, as JSON text.
    Candidate(String),
    /// A sealed packet of a detour.
    Frame(Vec<u8>),
}

/// What the driver wants of a connection.
enum Command {
    /// Take in what the other side said.
    Take(Signal),
    /// Look for another way, with the channels kept.
    Restart,
}

/// What happens on a connection.
#[derive(Debug)]
pub(super) enum ConnectionEvent {
    /// To be passed to the other side.
    Signal(Signal),
    /// Its channels are open.
    Open,
    /// Silence; it may heal.
    Interrupted,
    /// It has healed.
    Resumed,
    /// The peer said something.
    Message(Message),
    /// The peer said something that is no message, and why.
    Garbage(String),
    /// What the connection knows of itself.
    Measured(Measured),
    /// It is over, and why. Nothing comes after this.
    Closed(String),
}

/// Whose connection, and the how-manieth: what comes late from an earlier one is recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConnectionId {
    pub(super) author: Author,
    pub(super) number: u64,
}

/// The queue in which the driver hears of all connections.
pub(super) type Events = mpsc::Sender<(ConnectionId, ConnectionEvent)>;

/// Who describes the connection first.
pub(super) enum Role {
    Offerer,
    /// With the offer.
    Answerer(String),
}

/// A connection, as the driver holds it.
pub(super) struct Connection {
    commands: mpsc::Sender<Command>,
    ops: Queue,
    sync: Queue,
    presence: Queue,
    life: JoinHandle<()>,
}

/// What every connection of a driver needs.
#[derive(Clone)]
pub(super) struct ConnectionOptions {
    pub(super) ice: IceOptions,
    pub(super) codec: Codec,
    pub(super) wrap_socket: WrapSocket,
}

impl Connection {
    /// Begins a connection. Needs a tokio runtime.
    pub(super) fn start(id: ConnectionId, role: Role, options: ConnectionOptions, events: Events) -> Self {
        let (commands, commanded) = mpsc::channel(OTHERS_SIGNALS);
        let (ops, queued_ops) = Queue::new();
        let (sync, queued_sync) = Queue::new();
        let (presence, queued_presence) = Queue::new();
        let queued = [queued_ops, queued_sync, queued_presence];
        let life = tokio::spawn(async move {
            let reason = Box::pin(run(id, role, options, &events, commanded, queued)).await;
            // The handle is gone if the driver ended it, and the driver may be gone too.
            let _ = events.send((id, ConnectionEvent::Closed(reason))).await;
        });
        Self { commands, ops, sync, presence, life }
    }

    /// Takes in what the other side said through the signaling server. False if too much of
    /// that waits already.
    pub(super) fn signal(&self, signal: Signal) -> bool {
        self.commands.try_send(Command::Take(signal)).is_ok()
    }

    /// Looks for another way to the peer, in place of one that fell silent. For the offerer; what
    /// was said on the channels goes on there.
    pub(super) fn restart(&self) {
        // One that has so much to take in is alive, or is given up soon.
        let _ = self.commands.try_send(Command::Restart);
    }

    /// Queues a message. What does not fit on a lossy channel is lost.
    ///
    /// # Errors
    /// The peer takes nothing in on the reliable channel; the connection is of no use.
    pub(super) fn send(&self, channel: Channel, message: Message) -> Result<(), Stalled> {
        let (queue, lossy) = match channel {
            Channel::Ops => (&self.ops, true),
            Channel::Presence => (&self.presence, true),
            Channel::Sync => (&self.sync, false),
        };
        if queue.send(message) || lossy { Ok(()) } else { Err(Stalled) }
    }

    /// Resolves when the peer has acknowledged all that was queued, or never will.
    pub(super) fn flush(&self) -> impl Future<Output = ()> + Send + 'static {
        let flushed = [self.ops.flush(), self.sync.flush()];
        async move {
            for flushed in flushed {
                let _ = flushed.await;
            }
        }
    }

    /// Closes the connection, and tells the peer.
    pub(super) async fn close(self) {
        drop(self.commands);
        let _ = self.life.await;
    }
}

/// The life of a connection; why it ended.
async fn run(
    id: ConnectionId, role: Role, options: ConnectionOptions, events: &Events,
    commands: mpsc::Receiver<Command>, queued: [mpsc::Receiver<Outgoing>; Channels::COUNT],
) -> String {
    let (notes_to, notes) = mpsc::unbounded_channel();
    let connection = match Box::pin(transport::connection(&options.ice, options.wrap_socket, notes_to)).await
    {
        Ok(connection) => connection,
        Err(error) => return format!("no socket could be had: {error}"),
    };
    let (incoming_to, incoming) = mpsc::channel(INCOMING);
    let mut life = Life {
        id,
        connection: &*connection,
        codec: options.codec,
        events,
        early: Vec::new(),
        described: false,
        is_offerer: matches!(role, Role::Offerer),
        incoming: incoming_to,
        tasks: JoinSet::new(),
        to_open: 2 * Channels::COUNT,
        reading: 0,
        held: Vec::new(),
        pace: Pace::new(Instant::now(), limits::MESSAGES_PER_SECOND, limits::MESSAGE_BURST),
    };
    let reason = match life.begin(role, queued).await {
        Ok(()) => life.run(notes, commands, incoming).await,
        Err(error) => format!("the descriptions do not match: {error}"),
    };
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "closing a connection");
    }
    reason
}

/// A connection at work.
struct Life<'a> {
    id: ConnectionId,
    connection: &'a dyn PeerConnection,
    codec: Codec,
    events: &'a Events,
    /// Candidates that came before the other side's description.
    early: Vec<RTCIceCandidateInit>,
    described: bool,
    is_offerer: bool,
    /// Where the tasks that receive put what comes.
    incoming: mpsc::Sender<Incoming>,
    tasks: JoinSet<()>,
    /// Channels of both sides that are not open yet.
    to_open: usize,
    /// Channels that are read.
    reading: usize,
    /// What came before all of them were open.
    held: Vec<Incoming>,
    /// How fast the peer is listened to.
    pace: Pace,
}

impl Life<'_> {
    async fn begin(
        &mut self, role: Role, queued: [mpsc::Receiver<Outgoing>; Channels::COUNT],
    ) -> webrtc::error::Result<()> {
        let channels = Channels::make(self.connection).await?;
        self.start(channels, queued);
        match role {
            Role::Offerer => self.offer().await,
            Role::Answerer(offer) => self.answer(offer).await,
        }
    }

    /// Starts the tasks that send.
    fn start(&mut self, channels: Channels, queued: [mpsc::Receiver<Outgoing>; Channels::COUNT]) {
        let ids = Arc::new(AtomicU32::new(0));
        let kinds = [
            (Channel::Ops, channels.ops),
            (Channel::Sync, channels.sync.clone()),
            (Channel::Presence, channels.presence),
        ];
        for ((kind, channel), queue) in kinds.into_iter().zip(queued) {
            let (reliable, ids, codec) = (channels.sync.clone(), ids.clone(), self.codec);
            self.tasks.spawn(Sender { kind, queue, channel: channel.clone(), reliable, ids, codec }.run());
            self.receive(kind, channel);
        }
    }

    /// Starts a task that receives. Nothing is said on a channel to who made it, but what opens
    /// and closes is told there.
    fn receive(&mut self, kind: Channel, channel: Arc<dyn DataChannel>) {
        self.reading += 1;
        self.tasks.spawn(receive(kind, channel, self.codec, self.incoming.clone()));
    }

    async fn run(
        &mut self, mut notes: mpsc::UnboundedReceiver<Note>, mut commands: mpsc::Receiver<Command>,
        mut incoming: mpsc::Receiver<Incoming>,
    ) -> String {
        let deadline = tokio::time::sleep(OPEN_WITHIN);
        tokio::pin!(deadline);
        let mut measuring = interval(MEASURE_EVERY);
        measuring.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let ready_at = self.pace.ready_at();
            let heard = async {
                sleep_until(ready_at).await;
                incoming.recv().await
            };
            let done = tokio::select! {
                Some(note) = notes.recv() => self.note(note).await,
                command = commands.recv() => match command {
                    Some(Command::Take(signal)) => self.signal(signal).await,
                    Some(Command::Restart) => {
                        let restarted = self.restart().await;
                        restarted.map_err(|error| format!("no other way can be looked for: {error}"))
                    }
                    None => Err("it was given up".to_owned()),
                },
                _ = measuring.tick(), if self.to_open == 0 => self.measure().await,
                Some(said) = heard => self.incoming(said).await,
                () = &mut deadline, if self.to_open > 0 => {
                    Err(format!("no way to the peer was found within {} s", OPEN_WITHIN.as_secs()))
                }
            };
            if let Err(reason) = done {
                return reason;
            }
        }
    }

    async fn tell(&self, event: ConnectionEvent) -> Result<(), String> {
        self.events.send((self.id, event)).await.map_err(|error| error.to_string())
    }

    async fn note(&mut self, note: Note) -> Result<(), String> {
        match note {
            Note::Candidate(text) => self.tell(ConnectionEvent::Signal(Signal::Candidate(text))).await,
            Note::State(RTCPeerConnectionState::Failed) => {
                Err("the peer cannot be reached any more".to_owned())
            }
            Note::State(RTCPeerConnectionState::Closed) => Err("the peer has closed it".to_owned()),
            Note::State(RTCPeerConnectionState::Disconnected) if self.to_open == 0 => {
                self.tell(ConnectionEvent::Interrupted).await
            }
            Note::State(RTCPeerConnectionState::Connected) if self.to_open == 0 => {
                self.tell(ConnectionEvent::Resumed).await?;
                self.measure().await
            }
            Note::State(_) => Ok(()),
            Note::Channel(channel) => {
                if let Some(kind) = Channels::kind(&*channel).await {
                    self.receive(kind, channel);
                }
                Ok(())
            }
        }
    }

    async fn incoming(&mut self, said: Incoming) -> Result<(), String> {
        let units = match &said {
            Incoming::Garbage(_) => limits::GARBAGE_COUNTS_FOR,
            Incoming::Message(message) => message.weight(),
            Incoming::Open | Incoming::Closed => 1,
        };
        self.pace.take(Instant::now(), units);
        match said {
            Incoming::Open => {
                self.to_open = self.to_open.saturating_sub(1);
                if self.to_open > 0 {
                    return Ok(());
                }
                self.tell(ConnectionEvent::Open).await?;
                self.measure().await?;
                for said in std::mem::take(&mut self.held) {
                    self.said(said).await?;
                }
                Ok(())
            }
            Incoming::Closed => {
                self.reading = self.reading.saturating_sub(1);
                // What came before is in the queues of the others still.
                if self.reading == 0 { Err("its channels were closed".to_owned()) } else { Ok(()) }
            }
            said if self.to_open == 0 => self.said(said).await,
            said if self.held.len() < INCOMING => {
                self.held.push(said);
                Ok(())
            }
            Incoming::Message(_) | Incoming::Garbage(_) => {
                Err("too much came before its channels were open".to_owned())
            }
        }
    }

    /// Tells what is known of the connection.
    async fn measure(&self) -> Result<(), String> {
        match transport::measure(self.connection).await {
            Some(measured) => self.tell(ConnectionEvent::Measured(measured)).await,
            None => Ok(()),
        }
    }

    async fn said(&self, said: Incoming) -> Result<(), String> {
        match said {
            Incoming::Open | Incoming::Closed => Ok(()),
            Incoming::Message(message) => self.tell(ConnectionEvent::Message(message)).await,
            Incoming::Garbage(reason) => self.tell(ConnectionEvent::Garbage(reason)).await,
        }
    }

    /// What cannot be taken in is refused and told; the connection goes on with what it has.
    async fn signal(&mut self, signal: Signal) -> Result<(), String> {
        let taken = match signal {
            Signal::Frame(_) => Err("a sealed frame".to_owned()),
            Signal::Offer(_) if self.is_offerer => Err("an offer for one's own connection".to_owned()),
            Signal::Offer(offer) => self.answer(offer).await.map_err(|error| format!("a bad offer: {error}")),
            Signal::Answer(_) if self.described => Err("a second answer to one offer".to_owned()),
            Signal::Answer(answer) => {
                self.describe(answer).await.map_err(|error| format!("a bad answer: {error}"))
            }
            Signal::Candidate(text) => self.candidate(&text).await,
        };
        match taken {
            Ok(()) => Ok(()),
            Err(reason) => self.tell(ConnectionEvent::Garbage(reason)).await,
        }
    }

    /// Offers again, with other addresses and credentials on both sides.
    async fn restart(&mut self) -> webrtc::error::Result<()> {
        self.connection.restart_ice().await?;
        self.described = false;
        self.early.clear();
        self.offer().await
    }

    async fn offer(&self) -> webrtc::error::Result<()> {
        let offer = self.connection.create_offer(None).await?;
        self.connection.set_local_description(offer.clone()).await?;
        // The driver may be gone; the next one to tell it something notices.
        let _ = self.tell(ConnectionEvent::Signal(Signal::Offer(offer.sdp))).await;
        Ok(())
    }

    async fn answer(&mut self, offer: String) -> webrtc::error::Result<()> {
        self.connection.set_remote_description(RTCSessionDescription::offer(offer)?).await?;
        self.described = true;
        let answer = self.connection.create_answer(None).await?;
        self.connection.set_local_description(answer.clone()).await?;
        let _ = self.tell(ConnectionEvent::Signal(Signal::Answer(answer.sdp))).await;
        Ok(())
    }

    async fn describe(&mut self, answer: String) -> webrtc::error::Result<()> {
        let answer = RTCSessionDescription::answer(answer)?;
        self.connection.set_remote_description(answer).await?;
        self.described = true;
        for candidate in std::mem::take(&mut self.early) {
            self.connection.add_ice_candidate(candidate).await?;
        }
        Ok(())
    }

    async fn candidate(&mut self, text: &str) -> Result<(), String> {
        let candidate: RTCIceCandidateInit =
            serde_json::from_str(text).map_err(|error| format!("a bad candidate: {error}"))?;
        if self.described {
            let added = self.connection.add_ice_candidate(candidate).await;
            return added.map_err(|error| format!("a bad candidate: {error}"));
        }
        if self.early.len() == EARLY_CANDIDATES {
            return Err(format!("more than {EARLY_CANDIDATES} candidates before the answer"));
        }
        self.early.push(candidate);
        Ok(())
    }
}
