//! A connection that goes through the signaling server, sealed: for two members that find no other
//! way to each other.
//!
//! What it carries is cut into frames like a data channel's, live changes before the rest. Every
//! packet says how many bytes its sender has taken in, and no more than a window of them are on
//! their way: the server's queues stay short, and a receiver that is slow slows its peer. It is
//! reliable and in order as long as it lives; a packet that goes missing ends it.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::channel::{Codec, Incoming, Outgoing, Queue, Stalled, gather};
use super::connection::{ConnectionEvent, ConnectionId, Events, Signal};
use super::frame::{Reassembly, frame_at, frames_of};
use super::sealed::Keys;
use super::statistics::{Measured, Route};
use crate::limits;
use crate::session::{Channel, Message};

/// How long to be silent at most.
const KEEPALIVE: Duration = Duration::from_millis(1_500);

/// Silence of the other side after which it is over.
const BROKEN_AFTER: Duration = Duration::from_secs(5);

/// Bytes on their way, each packet counted with its overhead.
const WINDOW: u64 = 128 << 10;

/// Bytes taken in after which the other side is told so at once.
const TELL_AFTER: u64 = WINDOW / 4;

/// Bytes that a packet counts for beside its frame.
const OVERHEAD: u64 = 64;

/// Packets from the other side that wait to be taken in: more than a window of the smallest.
const PACKETS: usize = (WINDOW / OVERHEAD) as usize + 64;

/// Bytes before the frame in a packet: how many bytes of frames were taken in.
const TAKEN_BYTES: usize = 8;

/// A detour, as the mesh holds it. Dropping it ends it.
pub(super) struct Detour {
    ops: Queue,
    sync: Queue,
    presence: Queue,
    packets: mpsc::Sender<Vec<u8>>,
    life: JoinHandle<()>,
}

impl Drop for Detour {
    fn drop(&mut self) {
        self.life.abort();
    }
}

impl Detour {
    /// Begins one. Needs a tokio runtime.
    pub(super) fn start(id: ConnectionId, keys: Keys, codec: Codec, events: Events) -> Self {
        let (packets_to, packets) = mpsc::channel(PACKETS);
        let (ops, queued_ops) = Queue::new();
        let (sync, queued_sync) = Queue::new();
        let (presence, queued_presence) = Queue::new();
        let life = tokio::spawn(async move {
            let now = Instant::now();
            let life = Life {
                id,
                keys,
                codec,
                events: events.clone(),
                packets,
                live: [queued_ops, queued_presence],
                sync: queued_sync,
                message: None,
                behind: VecDeque::new(),
                next_id: 0,
                sent: 0,
                acknowledged: 0,
                taken: 0,
                told: 0,
                flushes: Vec::new(),
                reassembly: Reassembly::new(limits::FRAMED_BYTES),
                is_open: false,
                heard_at: now,
                said_at: now,
            };
            let Err(reason) = life.run().await;
            let _ = events.send((id, ConnectionEvent::Closed(reason))).await;
        });
        Self { ops, sync, presence, packets: packets_to, life }
    }

    /// Takes in what came from the other side. False if too much of that waits already.
    pub(super) fn packet(&self, sealed: Vec<u8>) -> bool {
        self.packets.try_send(sealed).is_ok()
    }

    /// Queues a message. What does not fit on a lossy channel is lost.
    ///
    /// # Errors
    /// The peer takes nothing in on the reliable channel; the detour is of no use.
    pub(super) fn send(&self, channel: Channel, message: Message) -> Result<(), Stalled> {
        let (queue, is_lossy) = match channel {
            Channel::Ops => (&self.ops, true),
            Channel::Presence => (&self.presence, true),
            Channel::Sync => (&self.sync, false),
        };
        if queue.send(message) || is_lossy { Ok(()) } else { Err(Stalled) }
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
}

/// A long message under way: its number, its text, and which frame is next.
struct Long {
    id: u32,
    text: Vec<u8>,
    next: usize,
}

struct Life {
    id: ConnectionId,
    keys: Keys,
    codec: Codec,
    events: Events,
    packets: mpsc::Receiver<Vec<u8>>,
    /// Live changes, then presence.
    live: [mpsc::Receiver<Outgoing>; 2],
    sync: mpsc::Receiver<Outgoing>,
    /// What is being sent of the reliable channel.
    message: Option<Long>,
    /// What was taken out of a queue and is not sent yet.
    behind: VecDeque<Outgoing>,
    next_id: u32,
    /// Bytes sent, and how many of them the other side has taken in.
    sent: u64,
    acknowledged: u64,
    /// Bytes taken in, and how many of them the other side was told of.
    taken: u64,
    told: u64,
    /// Who waits for so many bytes to be acknowledged.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
    reassembly: Reassembly,
    is_open: bool,
    heard_at: Instant,
    said_at: Instant,
}

/// Never: a detour ends with a reason.
enum Never {}

impl Life {
    async fn run(mut self) -> Result<Never, String> {
        self.say(&[]).await?;
        loop {
            let may_send = self.is_open && self.sent - self.acknowledged < WINDOW;
            let (overdue, keepalive) = (self.heard_at + BROKEN_AFTER, self.said_at + KEEPALIVE);
            let [ops, presence] = &mut self.live;
            if may_send && let Some(outgoing) = self.behind.pop_front() {
                self.outgoing(outgoing).await?;
                continue;
            }
            tokio::select! {
                biased;
                packet = self.packets.recv() => match packet {
                    Some(sealed) => self.packet(&sealed).await?,
                    None => return Err("it was given up".to_owned()),
                },
                () = sleep_until(overdue) => return Err("nothing comes through the server".to_owned()),
                () = sleep_until(keepalive) => {
                    self.measure().await?;
                    self.say(&[]).await?;
                }
                Some(outgoing) = ops.recv(), if may_send => self.outgoing(outgoing).await?,
                Some(outgoing) = presence.recv(), if may_send => self.outgoing(outgoing).await?,
                () = std::future::ready(()), if may_send && self.message.is_some() => self.go_on().await?,
                Some(outgoing) = self.sync.recv(), if may_send && self.message.is_none() => {
                    self.begin(outgoing).await?;
                }
            }
        }
    }

    /// Sends a live message whole.
    async fn outgoing(&mut self, outgoing: Outgoing) -> Result<(), String> {
        let message = match outgoing {
            Outgoing::Message(message) => {
                let [ops, _] = &mut self.live;
                let (message, behind) = gather(ops, message);
                self.behind.extend(behind);
                message
            }
            Outgoing::Flush(done) => {
                self.flush(done);
                return Ok(());
            }
        };
        let (id, text) = self.encode(Channel::Ops, message).await;
        for at in 0..frames_of(text.len()) {
            self.frame(&frame_at(id, &text, at)).await?;
        }
        Ok(())
    }

    /// Begins to send a message of the reliable channel; live ones may pass its frames.
    async fn begin(&mut self, outgoing: Outgoing) -> Result<(), String> {
        match outgoing {
            Outgoing::Message(message) => {
                let (id, text) = self.encode(Channel::Sync, message).await;
                self.message = Some(Long { id, text, next: 0 });
                self.go_on().await
            }
            Outgoing::Flush(done) => {
                self.flush(done);
                Ok(())
            }
        }
    }

    async fn go_on(&mut self) -> Result<(), String> {
        let Some(Long { id, text, next }) = &mut self.message else { return Ok(()) };
        let frame = frame_at(*id, text, *next);
        *next += 1;
        if *next >= frames_of(text.len()) {
            self.message = None;
        }
        self.frame(&frame).await
    }

    async fn encode(&mut self, kind: Channel, message: Message) -> (u32, Vec<u8>) {
        self.next_id = self.next_id.wrapping_add(1);
        (self.next_id, self.codec.bytes(kind, message).await)
    }

    fn flush(&mut self, done: oneshot::Sender<()>) {
        self.flushes.push((self.sent, done));
        self.flushed();
    }

    fn flushed(&mut self) {
        let acknowledged = self.acknowledged;
        for (_, done) in self.flushes.extract_if(.., |(sent, _)| *sent <= acknowledged) {
            // Nobody may wait any more.
            let _ = done.send(());
        }
    }

    async fn frame(&mut self, frame: &[u8]) -> Result<(), String> {
        self.sent += cost(frame);
        self.say(frame).await
    }

    /// Sends a packet; one without a frame only tells what was taken in.
    async fn say(&mut self, frame: &[u8]) -> Result<(), String> {
        let mut packet = Vec::with_capacity(TAKEN_BYTES + frame.len());
        packet.extend_from_slice(&self.taken.to_be_bytes());
        packet.extend_from_slice(frame);
        self.told = self.taken;
        self.said_at = Instant::now();
        let sealed = self.keys.sealer.seal(&packet);
        self.tell(ConnectionEvent::Signal(Signal::Frame(sealed))).await
    }

    async fn packet(&mut self, sealed: &[u8]) -> Result<(), String> {
        let packet = self.keys.opener.open(sealed).map_err(|error| error.to_string())?;
        let (taken, frame) = packet.split_first_chunk::<TAKEN_BYTES>().ok_or("a packet without its head")?;
        let taken = u64::from_be_bytes(*taken);
        if taken > self.sent {
            return Err("the other side has taken in more than was sent".to_owned());
        }
        self.heard_at = Instant::now();
        self.acknowledged = self.acknowledged.max(taken);
        self.flushed();
        if !self.is_open {
            self.is_open = true;
            self.tell(ConnectionEvent::Open).await?;
            self.measure().await?;
        }
        if frame.is_empty() {
            return Ok(());
        }
        let cost = cost(frame);
        match self.reassembly.receive(frame.to_vec().into()) {
            Ok(None) => {}
            Ok(Some(bytes)) => match self.codec.said(bytes).await {
                Incoming::Message(message) => self.tell(ConnectionEvent::Message(message)).await?,
                Incoming::Garbage(reason) => self.tell(ConnectionEvent::Garbage(reason)).await?,
                Incoming::Open | Incoming::Closed => {}
            },
            Err(error) => self.tell(ConnectionEvent::Garbage(error.to_string())).await?,
        }
        self.taken += cost;
        if self.taken - self.told >= TELL_AFTER {
            self.say(&[]).await?;
        }
        Ok(())
    }

    async fn measure(&self) -> Result<(), String> {
        let measured =
            Measured { route: Route::Server, round_trip: None, bytes_in: self.taken, bytes_out: self.sent };
        self.tell(ConnectionEvent::Measured(measured)).await
    }

    async fn tell(&self, event: ConnectionEvent) -> Result<(), String> {
        self.events.send((self.id, event)).await.map_err(|error| error.to_string())
    }
}

fn cost(frame: &[u8]) -> u64 {
    frame.len() as u64 + OVERHEAD
}
