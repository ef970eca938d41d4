//! What waits to be sent to one connection, bounded by bytes: of this queue, and of all of them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::limits::{FRAMES_QUEUE_PART, QUEUED_MESSAGE_BYTES};
use crate::protocol::Failure;

/// What waits in all queues together.
#[derive(Debug)]
pub(super) struct Memory {
    bytes: AtomicUsize,
    max_bytes: usize,
}

/// The end that fills the queue.
#[derive(Debug)]
pub(super) struct Sender(Arc<Queue>);

/// The end that empties the queue.
#[derive(Debug)]
pub(super) struct Outbox(Arc<Queue>);

#[derive(Debug)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// Something waits, or the connection is to end. There is one who asks.
    changed: Notify,
    max_bytes: usize,
    memory: Arc<Memory>,
}

#[derive(Debug, Default)]
struct Waiting {
    texts: VecDeque<Box<str>>,
    bytes: usize,
    /// That the connection is to end.
    end: Option<End>,
}

/// Why a connection is to end.
#[derive(Clone, Debug)]
enum End {
    /// The hub has forgotten it.
    Forgotten,
    /// It is to be told this.
    Told(Failure),
}

impl From<End> for Option<Failure> {
    fn from(end: End) -> Self {
        match end {
            End::Forgotten => None,
            End::Told(failure) => Some(failure),
        }
    }
}

/// There is no place for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overflow {
    /// In this queue.
    Own,
    /// In all of them together.
    Memory,
}

impl Memory {
    pub(super) fn new(max_bytes: usize) -> Arc<Self> {
        Arc::new(Self { bytes: AtomicUsize::new(0), max_bytes })
    }

    fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

pub(super) fn outbox(max_bytes: usize, memory: Arc<Memory>) -> (Sender, Outbox) {
    let queue = Queue { waiting: Mutex::default(), changed: Notify::new(), max_bytes, memory };
    let queue = Arc::new(queue);
    (Sender(queue.clone()), Outbox(queue))
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is next, if there is something already.
    fn take(&self) -> Option<Result<String, Option<Failure>>> {
        let mut waiting = self.lock();
        if let Some(end) = &waiting.end {
            return Some(Err(end.clone().into()));
        }
        let text = waiting.texts.pop_front()?;
        let bytes = text.len().saturating_add(QUEUED_MESSAGE_BYTES);
        waiting.bytes -= bytes;
        self.memory.bytes.fetch_sub(bytes, Ordering::Relaxed);
        Some(Ok(text.into()))
    }

    /// Forgets what waits: nobody will send it.
    fn clear(&self, waiting: &mut Waiting) {
        waiting.texts = VecDeque::new();
        self.memory.bytes.fetch_sub(std::mem::take(&mut waiting.bytes), Ordering::Relaxed);
    }

    fn end(&self, end: End) {
        let mut waiting = self.lock();
        self.clear(&mut waiting);
        waiting.end.get_or_insert(end);
        drop(waiting);
        self.changed.notify_one();
    }
}

impl Sender {
    pub(super) fn push(&self, text: String) -> Result<(), Overflow> {
        self.push_within(text, 1)
    }

    /// The same for a relayed frame, which leaves place for what matters more.
    pub(super) fn push_frame(&self, text: String) -> Result<(), Overflow> {
        self.push_within(text, FRAMES_QUEUE_PART)
    }

    /// Only the hub, under its lock, adds to queues: what is free stays so until it is taken.
    fn push_within(&self, text: String, part: usize) -> Result<(), Overflow> {
        let Queue { changed, max_bytes, memory, .. } = &*self.0;
        let bytes = text.len().saturating_add(QUEUED_MESSAGE_BYTES);
        let mut waiting = self.0.lock();
        if waiting.bytes.saturating_add(bytes) > max_bytes / part {
            return Err(Overflow::Own);
        }
        if memory.bytes().saturating_add(bytes) > memory.max_bytes / part {
            return Err(Overflow::Memory);
        }
        memory.bytes.fetch_add(bytes, Ordering::Relaxed);
        waiting.bytes += bytes;
        waiting.texts.push_back(text.into());
        drop(waiting);
        changed.notify_one();
        Ok(())
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.0.lock().bytes
    }

    /// Tells the connection to end, in place of what waits.
    pub(super) fn close(self, failure: Failure) {
        self.0.end(End::Told(failure));
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.end(End::Forgotten);
    }
}

impl Outbox {
    /// The next message, or why the connection is to end, as of [`closed`](Self::closed).
    pub(super) async fn next(&mut self) -> Result<String, Option<Failure>> {
        loop {
            if let Some(next) = self.0.take() {
                return next;
            }
            self.0.changed.notified().await;
        }
    }

    /// Why the connection is to end; nothing when the hub has just forgotten it.
    pub(super) async fn closed(&mut self) -> Option<Failure> {
        loop {
            let end = self.0.lock().end.clone();
            if let Some(end) = end {
                return end.into();
            }
            self.0.changed.notified().await;
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.0.end(End::Forgotten);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::protocol::Code;

    fn text(bytes: usize) -> String {
        "x".repeat(bytes - QUEUED_MESSAGE_BYTES)
    }

    #[tokio::test]
    async fn a_queue_takes_so_many_bytes_and_all_of_them_so_many() {
        let memory = Memory::new(1_500);
        let (one, mut from_one) = outbox(1_000, memory.clone());
        let (other, from_other) = outbox(1_000, memory.clone());
        one.push(text(400)).unwrap();
        one.push(text(600)).unwrap();
        assert_eq!(one.push(text(100)), Err(Overflow::Own));
        other.push(text(500)).unwrap();
        assert_eq!(other.push(text(100)), Err(Overflow::Memory));
        assert_eq!(from_one.next().await.unwrap().len() + QUEUED_MESSAGE_BYTES, 400);
        other.push(text(100)).unwrap();
        assert_eq!((one.bytes(), other.bytes(), memory.bytes()), (600, 600, 1_200));
        drop((from_one, from_other));
        assert_eq!(memory.bytes(), 0, "what nobody takes any more waits no more");
    }

    #[tokio::test]
    async fn frames_leave_place_for_what_matters_more() {
        let (sender, _outbox) = outbox(1_000, Memory::new(10_000));
        sender.push_frame(text(500)).unwrap();
        assert_eq!(sender.push_frame(text(100)), Err(Overflow::Own));
        sender.push(text(500)).unwrap();
    }

    #[tokio::test]
    async fn an_end_comes_before_what_waits_and_frees_it() {
        let memory = Memory::new(1_000);
        let (sender, mut outbox) = outbox(1_000, memory.clone());
        sender.push(text(500)).unwrap();
        sender.close(Failure { code: Code::TooSlow, reason: "a test".to_owned() });
        assert_eq!(memory.bytes(), 0);
        assert_eq!(outbox.next().await.unwrap_err().unwrap().code, Code::TooSlow);
        assert_eq!(outbox.closed().await.unwrap().code, Code::TooSlow);
    }
}
