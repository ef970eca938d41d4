//! Callbacks on changes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::shared::{Shared, Stage};
use crate::limits;
use crate::session::Event;
use crate::sync::{Change, Snapshot};

/// The changes that a callback has not been told of yet.
#[derive(Default)]
pub(crate) struct Watcher {
    waiting: Mutex<Waiting>,
    wake: Notify,
}

#[derive(Default)]
struct Waiting {
    /// Whether there is anything to tell; a document that was replaced comes without changes.
    is_due: bool,
    changes: Vec<Arc<Change>>,
    /// How many had to be dropped because the callback is too slow.
    dropped: usize,
}

impl Watcher {
    /// Adds changes that the published snapshot contains.
    pub(super) fn add(&self, changes: &[Arc<Change>]) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let room = limits::WATCHED_CHANGES.saturating_sub(waiting.changes.len());
        waiting.is_due = true;
        waiting.dropped += changes.len().saturating_sub(room);
        waiting.changes.extend(changes.iter().take(room).cloned());
        drop(waiting);
        self.wake.notify_one();
    }

    fn take(&self) -> Waiting {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A callback that says what went wrong in it.
pub(crate) type Callback = Box<dyn FnMut(&Snapshot, &[Arc<Change>]) -> Result<(), String> + Send>;

/// Every change after a snapshot. Those that come while nobody asks are told together.
pub(crate) struct Feed {
    shared: Arc<Shared>,
    watcher: Arc<Watcher>,
}

impl Feed {
    /// The document now, and what comes after it.
    pub(crate) fn new(shared: Arc<Shared>) -> (Snapshot, Self) {
        let watcher = Arc::new(Watcher::default());
        let start = shared.watch(&watcher);
        (start, Self { shared, watcher })
    }

    /// Waits for changes: the document with them, and those of them that were not too many to be
    /// kept. Nothing once the room is left.
    pub(crate) async fn next(&mut self) -> Option<(Snapshot, Vec<Arc<Change>>)> {
        let mut stages = self.shared.stages();
        loop {
            tokio::select! {
                () = self.watcher.wake.notified() => {}
                _ = stages.wait_for(|stage| *stage == Stage::Left) => return None,
            }
            let waiting = self.watcher.take();
            if waiting.dropped > 0 {
                let reason = format!("it is too slow: {} changes were not told to it", waiting.dropped);
                self.shared.tell(Event::CallbackFailed(reason));
            }
            if waiting.is_due {
                return Some((self.shared.snapshots().borrow().clone(), waiting.changes));
            }
        }
    }
}

/// Calls back on every change until the room is left. The callback may block: it runs where that
/// is allowed.
pub(crate) async fn call_back(mut feed: Feed, mut callback: Callback) {
    while let Some((snapshot, changes)) = feed.next().await {
        let called = tokio::task::spawn_blocking(move || {
            let result = call(&mut callback, &snapshot, &changes);
            (callback, result)
        });
        // The runtime is being shut down.
        let Ok((again, result)) = called.await else { return };
        callback = again;
        if let Err(reason) = result {
            feed.shared.tell(Event::CallbackFailed(reason));
        }
    }
}

/// A panic is told like an error, and the callback is called again at the next change.
fn call(callback: &mut Callback, snapshot: &Snapshot, changes: &[Arc<Change>]) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| callback(snapshot, changes))).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(format!("it panicked: {}", text.unwrap_or("without a text")))
    })
}
