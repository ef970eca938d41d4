//! The room on this disk: what is there when it is entered, and the thread that stores.
//!
//! ```text
//! session -- Store --> Shared (unstored) -- next_records --> Writer -- Stored --> session
//! ```
//!
//! While the writer stores, what comes meanwhile gathers, and is stored at one go afterwards.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::task::JoinHandle;
use ultrawave_signal::protocol::{Start, VERSION};

use super::shared::Shared;
use super::signaling::{Entered, Entry, Pass};
use crate::room::{Keep, RoomError, RoomOptions};
use crate::session::{Input, Session};
use crate::store::{About, Past, Store, StoreError};
use crate::sync::{Author, Replica};
use crate::trust::{Access, AuthorKey, Ledger, Secret};

/// After a failure, how long until the next try.
const RETRY_AFTER: Duration = Duration::from_secs(3);

/// How long after the last change everything is forced to the disk.
const SETTLE_AFTER: Duration = Duration::from_secs(1);

/// What is kept of a room, or to be kept.
#[derive(Default)]
pub(super) struct Keeping {
    store: Option<Store>,
    past: Option<Past>,
    /// What the author's key is made of.
    keys: Vec<u8>,
    /// Why it is not kept, though it should be.
    unkept: Option<String>,
    /// What the person is to know.
    notes: Vec<String>,
}

impl Keeping {
    /// Looks for what is kept of a room, as the options say.
    ///
    /// # Errors
    /// The room is to be created, and is kept with another file.
    pub(super) async fn find(
        room: &str, access: &Access, entry: Entry, options: &RoomOptions,
    ) -> Result<Self, RoomError> {
        let Some(keep) = options.keep.clone() else { return Ok(Self::default()) };
        let wanted = Wanted {
            keep,
            room: room.to_owned(),
            server: options.signal.clone(),
            access: access.is_locked().then(|| access.clone()),
            history: options.history,
        };
        let found = tokio::task::spawn_blocking(move || wanted.find()).await;
        let found = found.unwrap_or_default();
        if let (Entry::Create, Some(store), Some(_)) = (entry, &found.store, &found.past)
            && let Some(keep) = &options.keep
            && store.about().file != keep.file
        {
            return Err(RoomError::Kept { room: room.to_owned(), file: store.about().file.clone() });
        }
        Ok(found)
    }

    /// What of the room's secrets this member holds: what it was given now, or before if that is
    /// good for more.
    pub(super) fn access(&self, given: Access) -> Access {
        let kept = self.store.as_ref().and_then(|store| store.about().access.clone());
        kept.map_or(given.clone(), |kept| given.or_better(kept))
    }

    /// What to show to come back.
    pub(super) fn pass(&self) -> Option<Pass> {
        let (about, past) = (self.store.as_ref()?.about(), self.past.as_ref()?);
        let in_clock = past.replica.clock().iter().map(|(author, _)| author);
        let highest = in_clock.chain(about.mine.iter().copied()).map(Author::member).max()?;
        let (id, secret) = (about.id.clone(), about.secret.clone());
        let start = Start { version: VERSION, id, secret, ice: None, settles_in_ms: None };
        Some(Pass {
            incarnation: about.incarnation.clone(),
            author: Some(about.author.member()).filter(|_| past.is_complete),
            highest,
            start,
        })
    }

    /// The author's secret: the one that is kept, or a new one.
    pub(super) fn secret(&mut self) -> Secret {
        let kept = self.store.as_ref().filter(|_| self.past.is_some()).map(|store| &store.about().keys);
        let bytes = kept.and_then(|keys| keys.as_slice().try_into().ok()).unwrap_or_else(super::random_bytes);
        self.keys = bytes.to_vec();
        Secret::new(bytes)
    }

    /// Nothing came of it.
    pub(super) fn discard(self) {
        if let (Some(store), None) = (self.store, self.past) {
            store.discard();
        }
    }

    /// The document that was kept, as the author's that the session is now; `make`
    /// makes the session of it, or without it. And what stores it.
    pub(super) fn begin(
        mut self, entered: &Entered, server: &String, (access, key): (&Access, &AuthorKey),
        make: impl FnOnce(Option<Replica>) -> Session,
    ) -> (Session, Kept) {
        let membership = entered.membership();
        let past = self.past.take();
        let is_resumed = past.is_some();
        // It may have been writing under another name than its number.
        let before = self.store.as_ref().map(|store| store.about().author);
        let name = before.filter(|name| name.member() == membership.author).unwrap_or(membership.author);
        let mut ledger = Ledger::new(access.clone(), name, key.clone());
        if let (Some(past), Some(store)) = (&past, &self.store) {
            let changes: Vec<_> = past.replica.history().cloned().collect();
            let start = past.replica.checkpoint().clock;
            ledger.restore(&start, &changes, &past.evidence, &store.about().mine);
        }
        let mut session = make(past.map(|past| past.replica.of(name))).with_ledger(ledger);
        let mut writer = None;
        if let Some(store) = self.store {
            let start = entered.start();
            let mut about = store.about().clone();
            about.is_now(session.author());
            about.keys.clone_from(&self.keys);
            about.server.clone_from(server);
            about.access = access.is_locked().then(|| access.clone());
            about.incarnation.clone_from(&membership.incarnation);
            about.id.clone_from(&start.id);
            about.secret.clone_from(&start.secret);
            session = session.kept(is_resumed);
            if is_resumed {
                session.known_before(&about.elsewhere, &about.mine);
                session = session.with_dropped(about.dropped.clone());
                self.notes.push(welcome(&about, &session));
            }
            writer = Some(Writer { store, about, is_failing: false, is_settled: true });
        }
        (session, Kept { writer, is_resumed, unkept: self.unkept, notes: self.notes })
    }
}

fn welcome(about: &About, session: &Session) -> String {
    let unsent = session.unsent();
    let edits = if unsent == 1 { "an edit that is".to_owned() } else { format!("{unsent} edits that are") };
    let rest = if unsent == 0 { String::new() } else { format!(", with {edits} not sent yet") };
    format!("{} goes on from what is kept on this machine, as author {}{rest}", about.room, about.author)
}

/// A room that is kept, or is not.
pub(super) struct Kept {
    pub(super) writer: Option<Writer>,
    /// Whether the session goes on from what was kept.
    pub(super) is_resumed: bool,
    pub(super) unkept: Option<String>,
    pub(super) notes: Vec<String>,
}

/// What is looked for on the disk.
struct Wanted {
    keep: Keep,
    room: String,
    server: String,
    /// Nothing for an open room.
    access: Option<Access>,
    history: usize,
}

impl Wanted {
    fn find(&self) -> Keeping {
        match self.take() {
            Ok(keeping) => keeping,
            Err(StoreError::Damaged(path, reason)) => self.begin_anew(&path, &reason),
            Err(StoreError::Database(path, error)) if is_damage(&error) => {
                self.begin_anew(&path, &error.to_string())
            }
            Err(error) => Keeping { unkept: Some(error.to_string()), ..Keeping::default() },
        }
    }

    fn store(&self) -> Result<Store, StoreError> {
        let Self { keep, room, server, access, .. } = self;
        Store::take(&keep.folder, (room, server), access.as_ref(), keep.file.as_deref())
    }

    fn take(&self) -> Result<Keeping, StoreError> {
        let store = self.store()?;
        let past = store.past(self.history)?;
        Ok(Keeping { store: Some(store), past, ..Keeping::default() })
    }

    /// What is damaged is put out of the way.
    fn begin_anew(&self, path: &Path, reason: &str) -> Keeping {
        let aside = match Store::set_aside(path) {
            Ok(aside) => aside,
            Err(error) => return Keeping { unkept: Some(error.to_string()), ..Keeping::default() },
        };
        let note = format!(
            "what was kept of {} on this machine cannot be read ({reason}); it is now {}",
            self.room,
            aside.display()
        );
        match self.store() {
            Ok(store) => Keeping { store: Some(store), notes: vec![note], ..Keeping::default() },
            Err(error) => {
                Keeping { unkept: Some(error.to_string()), notes: vec![note], ..Keeping::default() }
            }
        }
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

/// The thread that stores, as whoever waits for it holds it. Dropping this ends it, after what there
/// is to store: it would else wait for more for ever, and a runtime that is shut down for it.
pub(super) struct Writing {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

impl Writing {
    /// Starts it. Needs a tokio runtime.
    pub(super) fn start(writer: Writer, shared: &Arc<Shared>) -> Self {
        let on_thread = shared.clone();
        let thread = tokio::task::spawn_blocking(move || writer.run(&on_thread));
        Self { shared: shared.clone(), thread }
    }

    /// Waits until it has ended.
    pub(super) async fn ended(&mut self) {
        let _ = (&mut self.thread).await;
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.shared.end_storing();
    }
}

/// Stores what the session asks for, until the room has been left.
pub(super) struct Writer {
    store: Store,
    about: About,
    /// Whether something was said that is not stored.
    is_failing: bool,
    /// Whether everything outlives a failure of power.
    is_settled: bool,
}

impl Writer {
    /// What the file was when it was last read or written, as a hash.
    pub(super) fn file_hash(&self) -> Vec<u8> {
        self.about.file_hash.clone()
    }

    /// To be run where it may block.
    pub(super) fn run(mut self, shared: &Arc<Shared>) {
        let begun = self.store.begin(self.about.clone());
        self.done(shared, begun);
        let mut tried = Instant::now();
        loop {
            let within = if self.is_failing { RETRY_AFTER } else { SETTLE_AFTER };
            match shared.next_records(within) {
                Some((last, records)) if !self.is_failing => {
                    self.is_settled = false;
                    let named = self.note_name(shared);
                    let written = named.and_then(|()| self.store.write(&records)).map(|()| last);
                    self.stored(shared, written);
                }
                Some(_) if tried.elapsed() < RETRY_AFTER => {}
                _ if self.is_failing => {
                    // It is noted along with the rest.
                    shared.is_news();
                    tried = Instant::now();
                    self.catch_up(shared);
                }
                _ if shared.is_storing_over() => break,
                _ if shared.is_news() => self.note(shared),
                _ => self.rest(shared),
            }
            if self.is_failing && shared.is_storing_over() {
                break;
            }
        }
        self.end(shared);
    }

    /// A moment without changes.
    fn rest(&mut self, shared: &Shared) {
        self.note(shared);
        if self.is_settled {
            return;
        }
        if self.store.is_grown()
            && let Some((last, whole)) = shared.whole()
        {
            let written = self.store.write(&whole).map(|()| last);
            self.stored(shared, written);
        }
        let settled = self.store.settle();
        self.is_settled = settled.is_ok();
        self.done(shared, settled);
    }

    /// Notes under which name the session writes, and whose changes do not count, before anything
    /// that follows from that.
    fn note_name(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let (author, dropped) = shared.look(|session| (session.author(), session.dropped().clone()));
        let is_news = self.about.dropped != dropped;
        self.about.dropped = dropped;
        if self.about.is_now(author) || is_news { self.store.note(self.about.clone()) } else { Ok(()) }
    }

    /// Notes how far the others are, and whose changes do not count, if that has changed.
    fn note(&mut self, shared: &Shared) {
        let (elsewhere, dropped) = shared.look(|session| (session.elsewhere(), session.dropped().clone()));
        let access = shared.look(|session| session.access().cloned()).filter(Access::is_locked);
        let file_hash = shared.file_hash();
        let about = &self.about;
        let is_news = about.elsewhere != elsewhere
            || about.dropped != dropped
            || about.file_hash != file_hash
            || about.access != access;
        if is_news || about.noted == 0 {
            (self.about.elsewhere, self.about.dropped, self.about.access) = (elsewhere, dropped, access);
            self.about.file_hash = file_hash;
            self.about.noted = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
            let noted = self.store.note(self.about.clone());
            self.done(shared, noted);
        }
    }

    /// Tells the session what is stored.
    fn stored(&mut self, shared: &Shared, written: Result<u64, StoreError>) {
        if let Ok(last) = &written {
            shared.tell_of_disk(Input::Stored(*last));
        }
        self.done(shared, written.map(drop));
    }

    fn done(&mut self, shared: &Shared, done: Result<(), StoreError>) {
        let Err(error) = done else { return };
        tracing::warn!(%error, "the room cannot be stored");
        if !self.is_failing {
            // Before anything is said that is not stored.
            if let Err(error) = self.store.doubt() {
                tracing::warn!(%error, "nor can that be noted");
            }
            self.is_failing = true;
        }
        shared.set_unkept(Some(error.to_string()));
        shared.tell_of_disk(Input::NotStored);
    }

    /// Tries to store everything anew.
    fn catch_up(&mut self, shared: &Shared) {
        let Some((last, whole)) = shared.whole() else { return };
        let written = self.note_name(shared).and_then(|()| self.store.note(self.about.clone()));
        let written = written.and_then(|()| self.store.write(&whole));
        if let Err(error) = written {
            self.done(shared, Err(error));
            return;
        }
        shared.tell_of_disk(Input::Stored(last));
        if !shared.look(Session::is_stored) {
            // More was made meanwhile.
            return;
        }
        match self.store.settle().and_then(|()| self.store.trust()) {
            Ok(()) => {
                self.is_failing = false;
                shared.set_unkept(None);
            }
            Err(error) => self.done(shared, Err(error)),
        }
    }

    fn end(mut self, shared: &Shared) {
        if self.is_failing {
            self.catch_up(shared);
        }
        self.note(shared);
        let is_stored = shared.look(Session::is_stored);
        if self.is_failing || !is_stored {
            return;
        }
        if let Err(error) = self.store.close() {
            tracing::warn!(%error, "the room is stored, but perhaps not for good");
        }
    }
}
