//! The editor at work: what happens outside becomes messages, and effects are performed.

mod effects;

use std::future::poll_fn;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crossterm::event::{
    Event as TerminalEvent, EventStream, KeyEventKind, MouseButton, MouseEvent, MouseEventKind,
};
use futures_util::{Stream, StreamExt as _};
use tokio::signal::unix::SignalKind;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::file::FileBinding;
use crate::room::Room;
use crate::session::{Event, Presence};
use crate::sync::{Change, Snapshot};
use crate::tui::clipboard::Desktop;
use crate::tui::files::FileState;
use crate::tui::files::{Answer, Files};
use crate::tui::keymap::Key;
use crate::tui::message::{Effect, Level, Mouse, Msg};
use crate::tui::model::{EditorOptions, Invite, Model, Opening};
use crate::tui::outside::External;
use crate::tui::signals::Signals;
use crate::tui::terminal::Screen;
use crate::tui::update::update;

/// What comes from the others is shown at most this often.
const FRAME: Duration = Duration::from_millis(16);

/// What changes with time alone (ages, countdowns) is looked at this often.
const IDLE: Duration = Duration::from_secs(1);

/// How long leaving the room may take.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// Rows one turn of the mouse wheel goes.
const WHEEL: isize = 3;

/// How an editor came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The person quit.
    Quit,
    /// The process was told to end by this signal.
    Signal(i32),
}

/// Why an editor cannot go on. The terminal has been given back and the room left.
#[derive(Debug, thiserror::Error)]
pub enum EditorError {
    /// There is no terminal to draw on or to read keys from.
    #[error("the editor needs a terminal; without one, `ultrawave get`, `set` and `serve` do its work")]
    NoTerminal,
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] io::Error),
}

/// Shows a room's document and lets a person edit it, until they quit. Leaves the room.
///
/// # Errors
/// There is no terminal, or it fails.
pub async fn run(room: Room, file: Option<FileBinding>, options: EditorOptions) -> Result<Exit, EditorError> {
    let exit = if has_terminal() {
        Editor::open(room.clone(), file, options).await
    } else {
        Err(EditorError::NoTerminal)
    };
    // The terminal is the person's again; the others are told meanwhile.
    let _ = timeout(LEAVE_WITHIN, room.leave()).await;
    exit
}

/// Whether there is a terminal to draw on and to read keys from: the controlling one, where
/// standard input is taken for a document.
pub fn has_terminal() -> bool {
    let has_keys = io::stdin().is_terminal() || (cfg!(unix) && std::fs::File::open("/dev/tty").is_ok());
    has_keys && io::stdout().is_terminal()
}

struct Editor {
    room: Room,
    model: Model,
    screen: Screen,
    files: Files,
    documents: watch::Receiver<Snapshot>,
    opened: Instant,
    presence: Option<Presence>,
    exit: Option<Exit>,
    /// A text to be handed to the person's own editor.
    external: Option<String>,
    /// What comes of work beside the editor.
    later: mpsc::Sender<Msg>,
    /// The jq filter that runs.
    filter: Option<AbortHandle>,
    desktop: Desktop,
    /// The check against the schema that runs.
    check: Option<AbortHandle>,
}

impl Editor {
    async fn open(
        room: Room, file: Option<FileBinding>, options: EditorOptions,
    ) -> Result<Exit, EditorError> {
        let signals = Signals::new()?;
        let mut documents = room.changed();
        let snapshot = documents.borrow_and_update().clone();
        let history = seen_by(room.history(), &snapshot);
        let state = file.as_ref().map(|file| FileState::of(file, &snapshot));
        let opening = Opening {
            room: room.name().to_owned(),
            me: room.author(),
            snapshot,
            file: state,
            history,
            people: room.people(),
            status: room.status(),
        };
        let (answers, answered) = mpsc::channel(4);
        let (later, lately) = mpsc::channel(4);
        let mut editor = Self {
            model: Model::new(options, opening),
            screen: Screen::take()?,
            files: Files::new(room.clone(), file, answers),
            documents,
            opened: Instant::now(),
            presence: None,
            exit: None,
            external: None,
            later,
            filter: None,
            desktop: Desktop::default(),
            check: None,
            room,
        };
        let (columns, rows) = editor.screen.size()?;
        editor.take(Msg::Resize(columns, rows));
        if let Some(path) = editor.schema_named() {
            editor.read_schema(path);
        }
        editor.live(signals, answered, lately).await
    }

    async fn live(
        mut self, mut signals: Signals, mut answered: mpsc::Receiver<Answer>, mut lately: mpsc::Receiver<Msg>,
    ) -> Result<Exit, EditorError> {
        let mut keys = EventStream::new();
        let mut events = self.room.events();
        loop {
            self.pump();
            if let Some(presence) = self.presence.take() {
                self.room.set_presence(presence);
            }
            if let Some(exit) = self.exit {
                return Ok(exit);
            }
            if let Some(text) = self.external.take() {
                // Whoever reads keys here would take them from the other editor.
                drop(keys);
                let left = self.outside(&text, &mut signals).await?;
                keys = EventStream::new();
                // What the others did meanwhile comes first.
                self.pump();
                match left {
                    Ok(text) => self.take(Msg::External(text)),
                    Err(signal) => return Ok(Exit::Signal(signal)),
                }
                continue;
            }
            self.screen.draw(&self.model)?;
            let next_frame = Instant::now() + FRAME;
            let idle = self.idle();
            let is_at_work = self.model.is_at_work();
            let documents = &mut self.documents;
            tokio::select! {
                // Keys come first, however much the others do; and before them the word to end, since a
                // terminal that is gone may not stop being read.
                biased;
                signal = signals.recv() => match signal {
                    Some(signal) => return Ok(Exit::Signal(signal)),
                    None => self.screen.enter()?,
                },
                key = keys.next() => match key {
                    Some(event) => {
                        self.terminal(&event?);
                        self.drain(&mut keys).await?;
                    }
                    None => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                },
                Some(answer) = answered.recv() => {
                    let (message, next) = self.files.take(answer);
                    if let Some(message) = message {
                        self.take(message);
                    }
                    if let Some(wanted) = next {
                        self.perform(Effect::Save(wanted));
                    }
                }
                Some(message) = lately.recv() => self.take(message),
                event = events.recv() => {
                    self.happened(event);
                    while let Ok(event) = events.try_recv() {
                        self.happened(Ok(event));
                    }
                    self.look();
                    sleep_until(next_frame).await;
                }
                _ = documents.changed() => sleep_until(next_frame).await,
                () = sleep(idle) => self.look(),
                () = std::future::ready(()), if is_at_work => self.take(Msg::Work),
            }
            self.take(Msg::Time(self.opened.elapsed()));
        }
    }

    /// Lets the person edit a text in their own editor, the terminal theirs meanwhile. Ends early
    /// with the signal that ends this process.
    async fn outside(
        &mut self, text: &str, signals: &mut Signals,
    ) -> io::Result<Result<Result<String, String>, i32>> {
        self.screen.give_back();
        let mut external = match External::open(text) {
            Ok(external) => external,
            Err(error) => {
                self.screen.enter()?;
                return Ok(Ok(Err(format!("no editor can be started: {error}"))));
            }
        };
        let left = loop {
            tokio::select! {
                left = external.wait() => break left,
                signal = signals.recv() => if let Some(signal) = signal
                    // Ctrl-C in the other editor is meant for it.
                    && signal != SignalKind::interrupt().as_raw_value()
                {
                    return Ok(Err(signal));
                },
            }
        };
        self.screen.enter()?;
        self.screen.mouse(self.model.has_mouse)?;
        let (columns, rows) = self.screen.size()?;
        self.take(Msg::Resize(columns, rows));
        Ok(Ok(left))
    }

    /// Takes what else the terminal has to say, so that a burst costs one frame. Asked with this
    /// task's own waker: the stream remembers the first one that found it empty.
    async fn drain(
        &mut self, keys: &mut (impl Stream<Item = io::Result<TerminalEvent>> + Unpin),
    ) -> io::Result<()> {
        while self.exit.is_none()
            && let Poll::Ready(Some(event)) =
                poll_fn(|context| Poll::Ready(keys.poll_next_unpin(context))).await
        {
            self.terminal(&event?);
        }
        Ok(())
    }

    fn terminal(&mut self, event: &TerminalEvent) {
        self.take(Msg::Time(self.opened.elapsed()));
        let message = match event {
            TerminalEvent::Key(key) => (key.kind != KeyEventKind::Release).then(|| Msg::Key(Key::from(*key))),
            TerminalEvent::Paste(text) => Some(Msg::Paste(text.clone())),
            TerminalEvent::Resize(columns, rows) => Some(Msg::Resize(*columns, *rows)),
            TerminalEvent::Mouse(mouse) => pointed(*mouse).map(Msg::Mouse),
            TerminalEvent::FocusGained | TerminalEvent::FocusLost => None,
        };
        if let Some(message) = message {
            self.take(message);
        }
    }

    fn happened(&mut self, event: Result<Event, RecvError>) {
        match event {
            Ok(Event::Refused(author, refusal)) => {
                let name = self.model.name_of(self.model.doer(author));
                self.take(Msg::Notice(Level::Warning, format!("refused what {name} sent: {refusal}")));
            }
            Ok(Event::Garbage(author, reason)) => {
                let name = self.model.name_of(self.model.doer(author));
                self.take(Msg::Notice(Level::Warning, format!("{name} sent what is no message: {reason}")));
            }
            Ok(Event::CallbackFailed(reason)) => {
                self.take(Msg::Notice(Level::Warning, format!("a callback failed: {reason}")));
            }
            Ok(Event::Distrusted(fraud)) => {
                let name = self.model.name_of(self.model.doer(fraud.by));
                let told = format!("refused what {name} sent, who is broken or hostile: {}", fraud.what);
                self.take(Msg::Notice(Level::Warning, told));
            }
            Ok(Event::Incompatible(author, version)) => {
                let name = self.model.name_of(self.model.doer(author));
                let told = format!(
                    "{name} speaks version {version} of the protocol and is not talked to; one of you needs another ultrawave"
                );
                self.take(Msg::Notice(Level::Error, told));
            }
            Ok(Event::Replaced(_)) => {
                let told = "you were away for longer than the others remember: this is their document now, with all that you did in it";
                self.take(Msg::Notice(Level::Warning, told.to_owned()));
            }
            Ok(Event::Stranded(author)) => {
                let name = self.model.name_of(self.model.doer(author));
                let told = format!(
                    "{name} has forgotten what your last edits were made on and cannot take them in; they are still here"
                );
                self.take(Msg::Notice(Level::Error, told));
            }
            Ok(Event::Renewed) => {
                let invite = self.model.options.invite.clone();
                let (join, look) = invite.map(|Invite(how)| how(&self.room)).unwrap_or_default();
                self.take(Msg::Renewed(join, look));
            }
            Ok(Event::Removed) => {
                let told = "the owner has removed you from this room and changed its keys: what is here stays until you leave, and can be saved";
                self.take(Msg::Notice(Level::Error, told.to_owned()));
            }
            Ok(Event::Ready | Event::Changed(_) | Event::People | Event::Progress)
            | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => self.take(Msg::Notice(Level::Error, "the room is closed".to_owned())),
        }
    }

    /// Looks who is there and how things stand.
    fn look(&mut self) {
        self.files.look();
        let people = self.room.people();
        if people != self.model.people {
            self.take(Msg::People(people));
        }
        self.take(Msg::Status(self.room.status()));
        let transfers = self.room.transfers();
        if transfers != self.model.transfers {
            self.take(Msg::Transfers(transfers));
        }
    }

    /// How long nothing need be drawn when nothing happens.
    fn idle(&self) -> Duration {
        let moments = self.model.flashes.iter().map(|flash| flash.until).chain(self.model.box_due());
        let now = self.opened.elapsed();
        let next = moments.filter(|moment| *moment > self.model.now).min();
        next.map_or(IDLE, |moment| moment.saturating_sub(now)).clamp(FRAME, IDLE)
    }

    /// Takes the document as it is now into the model, with the changes that led to it.
    fn pump(&mut self) {
        let snapshot = self.documents.borrow_and_update().clone();
        if snapshot.clock == self.model.snapshot.clock {
            return;
        }
        let changes = seen_by(self.room.changes_since(&self.model.snapshot.clock), &snapshot);
        self.take(Msg::Changed { snapshot, changes });
    }

    fn take(&mut self, message: Msg) {
        for effect in update(&mut self.model, message) {
            self.perform(effect);
        }
    }
}

/// What the mouse did, if it means anything.
fn pointed(mouse: MouseEvent) -> Option<Mouse> {
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Mouse::Press(mouse.column, mouse.row)),
        MouseEventKind::ScrollDown => Some(Mouse::Scroll(WHEEL)),
        MouseEventKind::ScrollUp => Some(Mouse::Scroll(-WHEEL)),
        MouseEventKind::Down(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => None,
    }
}

/// The changes that a snapshot contains.
fn seen_by(mut changes: Vec<Arc<Change>>, snapshot: &Snapshot) -> Vec<Arc<Change>> {
    changes.retain(|change| snapshot.clock.saw(change.id()));
    changes
}
