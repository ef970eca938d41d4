//! Messages over one data channel: a task that sends what is queued, and one that receives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use webrtc::data_channel::{DataChannel, DataChannelEvent};

use super::frame::{Reassembly, split};
use crate::limits;
use crate::session::{Channel, Message, Proof};
use crate::sync::Change;

/// How often to look whether what was sent is acknowledged.
const FLUSH_INTERVAL: Duration = Duration::from_millis(5);

/// How messages become bytes and back.
#[derive(Clone, Copy)]
pub(super) struct Codec {
    pub(super) encode: fn(&Message) -> Vec<u8>,
    pub(super) decode: fn(Vec<u8>) -> Result<Message, String>,
}

impl Codec {
    /// The bytes that say this on a channel.
    pub(super) async fn bytes(self, kind: Channel, message: Message) -> Vec<u8> {
        let is_long = may_be_long(kind, &message);
        aside(is_long, move || (self.encode)(&message)).await
    }

    /// What some bytes say.
    pub(super) async fn said(self, bytes: Vec<u8>) -> Incoming {
        aside(bytes.len() > SHORT_BYTES, move || match (self.decode)(bytes) {
            Ok(message) => Incoming::Message(message),
            Err(reason) => Incoming::Garbage(reason),
        })
        .await
    }
}

/// Bytes that are decoded where they come: some tens of microseconds.
const SHORT_BYTES: usize = 8 << 10;

/// Whether a message may take so long to encode that others would wait noticeably.
fn may_be_long(kind: Channel, message: &Message) -> bool {
    let said = if let Message::Signed(message, _) = message { message } else { message };
    kind == Channel::Sync || matches!(said, Message::Changes(_))
}

/// Does what takes long on a thread where nobody waits behind it: what carries live edits shares
/// a few threads with every other connection.
async fn aside<R: Send + 'static>(is_long: bool, work: impl FnOnce() -> R + Send + 'static) -> R {
    if !is_long {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is being shut down, and this task with it.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}

/// The reliable channel's queue is full: the peer takes nothing in.
#[derive(Debug)]
pub(super) struct Stalled;

/// What waits for a channel.
pub(super) enum Outgoing {
    Message(Message),
    /// Answer when all that was queued before has been acknowledged.
    Flush(oneshot::Sender<()>),
}

/// Where messages for a channel are queued.
pub(super) struct Queue(mpsc::Sender<Outgoing>);

impl Queue {
    /// A queue, and what is to be given to the channel's [`Sender`].
    pub(super) fn new() -> (Self, mpsc::Receiver<Outgoing>) {
        let (sender, queue) = mpsc::channel(limits::OUTGOING_MESSAGES);
        (Self(sender), queue)
    }

    /// Queues a message; false if the queue is full. A channel that is closed takes it and loses
    /// it: its end is told elsewhere.
    pub(super) fn send(&self, message: Message) -> bool {
        !matches!(self.0.try_send(Outgoing::Message(message)), Err(TrySendError::Full(_)))
    }

    /// Resolves when all that was queued before has been acknowledged, or never will be.
    pub(super) fn flush(&self) -> oneshot::Receiver<()> {
        let (done, flushed) = oneshot::channel();
        // A full queue drops `done`, which resolves the receiver: what stalls is not waited for.
        let _ = self.0.try_send(Outgoing::Flush(done));
        flushed
    }
}

/// Sends what is queued, until the queue or the channel is closed.
pub(super) struct Sender {
    pub(super) kind: Channel,
    pub(super) queue: mpsc::Receiver<Outgoing>,
    pub(super) channel: Arc<dyn DataChannel>,
    /// For messages of more than one frame: on a lossy channel, one lost frame would lose them.
    pub(super) reliable: Arc<dyn DataChannel>,
    /// Message ids, over all channels of the connection.
    pub(super) ids: Arc<AtomicU32>,
    pub(super) codec: Codec,
}

impl Sender {
    pub(super) async fn run(mut self) {
        let mut next = None;
        loop {
            let outgoing = match next.take() {
                Some(outgoing) => outgoing,
                None => match self.queue.recv().await {
                    Some(outgoing) => outgoing,
                    None => return,
                },
            };
            let message = match outgoing {
                Outgoing::Message(message) if self.kind == Channel::Ops => {
                    let gathered;
                    (gathered, next) = gather(&mut self.queue, message);
                    gathered
                }
                Outgoing::Message(message) => message,
                Outgoing::Flush(done) => {
                    self.flush().await;
                    let _ = done.send(());
                    continue;
                }
            };
            if let Err(error) = self.send(message).await {
                tracing::debug!(%error, "a data channel does not send any more");
                return;
            }
        }
    }

    async fn send(&self, message: Message) -> webrtc::error::Result<()> {
        let bytes = self.codec.bytes(self.kind, message).await;
        let frames = split(self.ids.fetch_add(1, Ordering::Relaxed), &bytes);
        let channel = if frames.len() == 1 { &self.channel } else { &self.reliable };
        for frame in frames {
            channel.send(frame).await?;
        }
        Ok(())
    }

    async fn flush(&self) {
        for channel in [&self.channel, &self.reliable] {
            while channel.outstanding_bytes().await.is_ok_and(|bytes| bytes > 0) {
                tokio::time::sleep(FLUSH_INTERVAL).await;
            }
        }
    }
}

/// Live changes, signed or not, that become one message.
struct Gathered {
    changes: Vec<Arc<Change>>,
    proof: Option<Proof>,
}

impl Gathered {
    /// From a message that is changes; any other is given back.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only changes are gathered")]
    #[expect(clippy::result_large_err, reason = "it is given back as it came, not kept")]
    fn new(message: Message) -> Result<Self, Message> {
        match message {
            Message::Change(change) => Ok(Self { changes: vec![change], proof: None }),
            Message::Changes(changes) => Ok(Self { changes, proof: None }),
            Message::Signed(inner, proof) => match Self::new(*inner) {
                Ok(gathered) => Ok(Self { proof: Some(proof), ..gathered }),
                Err(other) => Err(Message::Signed(Box::new(other), proof)),
            },
            other => Err(other),
        }
    }

    /// Adds others; what are no changes of the same kind, or too many, is given back.
    #[expect(clippy::result_large_err, reason = "it is given back as it came, not kept")]
    fn add(&mut self, message: Message) -> Result<(), Message> {
        let added = Self::new(message)?;
        if self.changes.len() + added.changes.len() > limits::GATHERED_CHANGES {
            return Err(added.message());
        }
        match (&mut self.proof, added.proof) {
            (None, None) => {}
            (Some(proof), Some(added)) => added.seals.into_iter().for_each(|seal| proof.add(seal)),
            (_, proof) => return Err(Self { proof, ..added }.message()),
        }
        self.changes.extend(added.changes);
        Ok(())
    }

    fn message(mut self) -> Message {
        let message = match (self.changes.pop(), self.changes.is_empty()) {
            (Some(only), true) => Message::Change(only),
            (last, _) => {
                self.changes.extend(last);
                Message::Changes(self.changes)
            }
        };
        match self.proof {
            Some(proof) => Message::Signed(Box::new(message), proof),
            None => message,
        }
    }
}

/// Puts the live changes that queued up while a channel was busy into one message. Second: what
/// came behind them.
pub(super) fn gather(queue: &mut mpsc::Receiver<Outgoing>, first: Message) -> (Message, Option<Outgoing>) {
    let mut gathered = match Gathered::new(first) {
        Ok(gathered) => gathered,
        Err(message) => return (message, None),
    };
    while gathered.changes.len() < limits::GATHERED_CHANGES {
        match queue.try_recv() {
            Ok(Outgoing::Message(message)) => {
                if let Err(behind) = gathered.add(message) {
                    return (gathered.message(), Some(Outgoing::Message(behind)));
                }
            }
            Ok(flush @ Outgoing::Flush(_)) => return (gathered.message(), Some(flush)),
            Err(_) => break,
        }
    }
    (gathered.message(), None)
}

/// What comes out of a channel.
#[derive(Debug)]
pub(super) enum Incoming {
    /// The channel can be used.
    Open,
    Message(Message),
    /// What came is no message, and why.
    Garbage(String),
    /// The channel is closed.
    Closed,
}

/// Hands what comes to `incoming`, until the channel or the receiver is closed. A receiver that
/// is slow slows the peer: every channel must be read, or none of the connection moves.
#[expect(clippy::wildcard_enum_match_arm, reason = "the stack's events may become more")]
pub(super) async fn receive(
    kind: Channel, channel: Arc<dyn DataChannel>, codec: Codec, incoming: mpsc::Sender<Incoming>,
) {
    let longest = match kind {
        Channel::Sync => limits::FRAMED_BYTES,
        Channel::Ops | Channel::Presence => limits::FRAME_BYTES,
    };
    let mut reassembly = Reassembly::new(longest);
    while let Some(event) = channel.poll().await {
        let said = match event {
            DataChannelEvent::OnOpen => Incoming::Open,
            DataChannelEvent::OnMessage(message) => match reassembly.receive(message.data.freeze()) {
                Ok(None) => continue,
                Ok(Some(bytes)) => codec.said(bytes).await,
                Err(error) => Incoming::Garbage(error.to_string()),
            },
            DataChannelEvent::OnClose => break,
            // How much is buffered is the sender's concern, and a closing channel goes on.
            _ => continue,
        };
        if incoming.send(said).await.is_err() {
            return;
        }
    }
    let _ = incoming.send(Incoming::Closed).await;
}
