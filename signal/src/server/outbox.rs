//! What waits to be sent to one connection, bounded by bytes.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::limits::{FRAMES_QUEUE_PART, QUEUED_MESSAGE_BYTES};
use crate::protocol::Failure;

/// The end that fills the queue.
#[derive(Debug)]
pub(super) struct Sender {
    texts: mpsc::UnboundedSender<Queued>,
    /// The bytes still free: what bounds the unbounded channel.
    free: Arc<Semaphore>,
    max_bytes: usize,
    close: oneshot::Sender<Failure>,
}

/// The end that empties the queue.
#[derive(Debug)]
pub(super) struct Outbox {
    texts: mpsc::UnboundedReceiver<Queued>,
    closed: oneshot::Receiver<Failure>,
}

/// A message that holds its place in the queue until it is dropped.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) text: String,
    _place: OwnedSemaphorePermit,
}

/// The queue has no place for a message.
#[derive(Debug)]
pub(super) struct Overflow;

pub(super) fn outbox(max_bytes: usize) -> (Sender, Outbox) {
    let (to_texts, texts) = mpsc::unbounded_channel();
    let (close, closed) = oneshot::channel();
    let max_bytes = max_bytes.min(Semaphore::MAX_PERMITS);
    let free = Arc::new(Semaphore::new(max_bytes));
    (Sender { texts: to_texts, free, max_bytes, close }, Outbox { texts, closed })
}

impl Sender {
    pub(super) fn push(&self, text: String) -> Result<(), Overflow> {
        let bytes =
            u32::try_from(text.len().saturating_add(QUEUED_MESSAGE_BYTES)).map_err(|_too_large| Overflow)?;
        let place = Arc::clone(&self.free).try_acquire_many_owned(bytes).map_err(|_full| Overflow)?;
        // A connection that has ended needs nothing more.
        self.texts.send(Queued { text, _place: place }).unwrap_or_default();
        Ok(())
    }

    /// The same for a relayed frame, which leaves place for what matters more.
    pub(super) fn push_frame(&self, text: String) -> Result<(), Overflow> {
        let kept_free = self.max_bytes - self.max_bytes / FRAMES_QUEUE_PART;
        if self.free.available_permits() < kept_free.saturating_add(text.len()) {
            return Err(Overflow);
        }
        self.push(text)
    }

    /// Tells the connection to end, ahead of what waits.
    pub(super) fn close(self, failure: Failure) {
        // A connection that has ended already need not be told.
        drop(self.close.send(failure));
    }
}

impl Outbox {
    /// The next message, or why the connection is to end, as of [`closed`](Self::closed).
    pub(super) async fn next(&mut self) -> Result<Queued, Option<Failure>> {
        tokio::select! {
            biased;
            failure = &mut self.closed => Err(failure.ok()),
            queued = self.texts.recv() => queued.ok_or(None),
        }
    }

    /// Why the connection is to end; nothing when the hub has just forgotten it. Both ask no more
    /// after that.
    pub(super) async fn closed(&mut self) -> Option<Failure> {
        (&mut self.closed).await.ok()
    }
}
