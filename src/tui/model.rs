//! What the editor knows.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::bindings::Bindings;
use super::draft::Draft;
use super::files::FileState;
use super::keymap::{Key, Keymap};
use super::lines::{Lines, Look};
use super::message::{Doer, Level};
use super::mode::Mode;
use super::rows::Rows;
use super::schema::{Schema, Violation};
use super::search::{Search, Seek};
use super::text::inert;
use super::theme::{Colors, Hue};
use super::update::Disputes;
use crate::document::{Path, Text, Value};
use crate::room::{Room, Status};
use crate::session::{Link, Person, Presence, Transfer};
use crate::sync::{Author, Change, ChangeId, Snapshot, VectorClock};

/// Changes remembered for showing.
pub(super) const HISTORY_SHOWN: usize = 500;

/// How long after the first key of a sequence those that may follow are shown in a box.
const BOX_AFTER: Duration = Duration::from_millis(300);

/// Characters of the command that others join with, where it is told on one line.
const INVITATION_CHARS: usize = 90;

/// How an editor is to be.
#[derive(Clone, Debug, Default)]
pub struct EditorOptions {
    /// How this person is called.
    pub name: String,
    /// The command by which others join, for the invitation.
    pub join_command: String,
    /// The command by which others come in to look only, if it is to be shown.
    pub look_command: Option<String>,
    /// What makes these commands anew, when the room has other keys.
    pub invite: Option<Invite>,
    /// Whether to do without colours.
    pub no_color: bool,
    /// A JSON Schema to hold the document against.
    pub schema: Option<PathBuf>,
    /// The colours this person has chosen.
    pub colors: Colors,
    /// The colour of this person's name on the screens of the others, if chosen.
    pub color: Option<Hue>,
    /// The keys this person has chosen.
    pub keys: Bindings,
}

/// The command by which others join, and the one by which they come in to look, if it is to be shown.
pub type WaysIn = (String, Option<String>);

/// Says how others join a room.
#[derive(Clone)]
pub struct Invite(pub Arc<dyn Fn(&Room) -> WaysIn + Send + Sync>);

impl fmt::Debug for Invite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Invite")
    }
}

/// What an editor starts from.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The room's name.
    pub room: String,
    /// Who this person is in the room.
    pub me: Author,
    /// The document.
    pub snapshot: Snapshot,
    /// The room's file here.
    pub file: Option<FileState>,
    /// The changes remembered.
    pub history: Vec<Arc<Change>>,
    /// The others.
    pub people: Vec<Person>,
    /// How things stand.
    pub status: Status,
}

/// Everything that is on the screen or decides what a key does.
pub struct Model {
    /// How it is to be.
    pub options: EditorOptions,
    /// The room's name.
    pub room: String,
    /// Who this person is in the room.
    pub me: Author,
    /// The keys.
    pub keymap: Keymap,
    /// Columns and rows of the screen.
    pub size: (u16, u16),
    /// Time since the editor was opened.
    pub now: Duration,
    /// The document.
    pub snapshot: Snapshot,
    /// Which containers are open.
    pub rows: Rows,
    /// The row that keys act on.
    pub cursor: Path,
    /// The first row on the screen.
    pub top: usize,
    /// How the tree is shown.
    pub look: Look,
    /// What keys are for.
    pub mode: Mode,
    /// The beginning of a sequence of keys.
    pub pending: Vec<Key>,
    /// When that was begun.
    pub(super) pending_since: Duration,
    /// The number typed before a key.
    pub count: Option<usize>,
    /// The others.
    pub people: Vec<Person>,
    /// Where they are now: what they said, and where that is since.
    pub places: BTreeMap<Author, Whereabouts>,
    /// How everyone was last called, those who left included.
    pub names: BTreeMap<Author, String>,
    /// How things stand.
    pub status: Status,
    /// Long documents on their way to others, or here.
    pub transfers: Vec<Transfer>,
    /// The room's file here.
    pub file: Option<FileState>,
    /// The changes lately made, oldest first.
    pub history: VecDeque<HistoryEntry>,
    /// Rows that somebody else has just changed.
    pub flashes: Vec<Flash>,
    /// What there is to tell.
    pub notice: Option<(Level, String)>,
    /// What is looked for.
    pub search: Option<Search>,
    /// Whether what matches it is marked on the screen.
    pub has_matches: bool,
    /// The next match, while it is looked for.
    pub(super) seek: Option<Box<Seek>>,
    /// What was cut or copied: values, and the keys they were at.
    pub register: Vec<(Option<Text>, Value)>,
    /// Rows marked, to be cut or copied together.
    pub marked: Vec<Path>,
    /// A value in the hands of the person's own editor: where it is meanwhile, and what others do
    /// to it.
    pub external: Option<Draft>,
    /// A version remembered, for telling what lies between it and another.
    pub(super) moment: Option<(usize, Value)>,
    /// The schema beside the document.
    pub schema: Option<Schema>,
    /// What the schema does not allow, with who last wrote there.
    pub violations: Vec<(Violation, Option<Doer>)>,
    /// The version that is being held against the schema, and since when.
    pub(super) checking: Option<(VectorClock, Duration)>,
    /// When the next may be.
    pub(super) check_after: Duration,
    /// The version that was.
    pub(super) checked: Option<VectorClock>,
    /// Whether the mouse is taken.
    pub has_mouse: bool,
    /// Where [`Back`](super::action::Move::Back) and forward lead.
    pub jumps: Jumps,
    /// What was being typed when an edit went out, to be put back if it is refused.
    pub(super) committing: Option<Mode>,
    /// Where to go when the next change shows it.
    pub(super) go_when_there: Option<Path>,
    /// Where the last change wrote, when it was an own one.
    pub(super) touched: Option<Path>,
    /// The number of the last group of edits.
    pub(super) group: u64,
    /// What is known of conflicts and lost edits.
    pub disputes: Disputes,
    /// Whose cursor this one goes along with.
    pub following: Option<Author>,
    /// Where that one was when this cursor last went along.
    pub(super) followed_to: Option<Path>,
    /// What the others were last told.
    pub(super) told: Option<Presence>,
    /// The row pressed last, and when, for telling a double click.
    pub(super) pressed: Option<(usize, Duration)>,
}

/// A change as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When it came; nothing when that was before the editor was opened.
    pub at: Option<Duration>,
    /// Who made it.
    pub doer: Doer,
    /// What was done.
    pub what: &'static str,
    /// Where, as it was for who made it.
    pub path: Option<Path>,
    /// Which change it is; nothing when it is none.
    pub id: Option<ChangeId>,
    /// What was there before and after the changes that came together with it, as far as that was
    /// seen here.
    pub values: Option<(Option<Value>, Option<Value>)>,
}

/// A mark on a row that somebody else has just changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    /// Where.
    pub path: Path,
    /// Who.
    pub author: Author,
    /// What they did there.
    pub what: &'static str,
    /// Until when it shows.
    pub until: Duration,
}

/// Where somebody is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// What they last said.
    pub said: Option<Path>,
    /// Where that is by now.
    pub here: Option<Path>,
}

/// Places gone from by a long way, to come back to.
#[derive(Clone, Debug, Default)]
pub struct Jumps {
    /// Behind.
    pub back: Vec<Path>,
    /// Ahead, after going back.
    pub forward: Vec<Path>,
}

impl Model {
    /// An editor on a document.
    pub fn new(options: EditorOptions, opening: Opening) -> Self {
        let Opening { room, me, snapshot, file, history, people, status } = opening;
        let shown = history.len().saturating_sub(HISTORY_SHOWN);
        let history = history.iter().skip(shown).map(|change| HistoryEntry::of(change, None, me)).collect();
        let mut model = Self {
            room,
            me,
            keymap: Keymap::new(&options.keys),
            options,
            size: (80, 24),
            now: Duration::ZERO,
            rows: Rows::new(&snapshot.value),
            snapshot,
            cursor: Path::ROOT,
            top: 0,
            look: Look::default(),
            mode: Mode::Browse,
            pending: Vec::new(),
            pending_since: Duration::ZERO,
            count: None,
            people: Vec::new(),
            places: BTreeMap::new(),
            names: BTreeMap::new(),
            status,
            transfers: Vec::new(),
            file,
            history,
            flashes: Vec::new(),
            notice: None,
            search: None,
            has_matches: false,
            seek: None,
            register: Vec::new(),
            marked: Vec::new(),
            external: None,
            moment: None,
            schema: None,
            violations: Vec::new(),
            checking: None,
            check_after: Duration::ZERO,
            checked: None,
            has_mouse: true,
            jumps: Jumps::default(),
            committing: None,
            go_when_there: None,
            touched: None,
            group: 0,
            disputes: Disputes::default(),
            following: None,
            followed_to: None,
            told: None,
            pressed: None,
        };
        model.take_people(people);
        if model.people.is_empty() {
            model.say(Level::Plain, invitation(&model.options.join_command));
        }
        if !model.keymap.displaced().is_empty() {
            let told = format!("keys you chose: {}", model.keymap.displaced().join(", "));
            model.say(Level::Warning, told);
        }
        model
    }

    /// Whether something is being looked for, so that [`Msg::Work`](super::Msg::Work) goes on with
    /// it.
    pub fn is_at_work(&self) -> bool {
        self.seek.is_some()
            || matches!(&self.mode, Mode::Find(finder) if finder.is_at_work())
            || matches!(&self.mode, Mode::Read(reader) if reader.is_at_work())
    }

    /// When the keys that may follow are shown in a box; nothing when no sequence is begun.
    pub(super) fn box_due(&self) -> Option<Duration> {
        let is_begun = matches!(self.mode, Mode::Browse) && !self.pending.is_empty();
        is_begun.then(|| self.pending_since + BOX_AFTER)
    }

    /// Takes in who the others are and where.
    pub(super) fn take_people(&mut self, people: Vec<Person>) {
        for person in &people {
            let name = &person.presence.name;
            if !name.is_empty() || !self.names.contains_key(&person.author) {
                self.names.insert(person.author, inert(name).into_owned());
            }
            let place = self.places.entry(person.author).or_default();
            if place.said != person.presence.path {
                let path = person.presence.path.clone();
                *place = Whereabouts { said: path.clone(), here: path };
            }
        }
        self.places.retain(|author, _| {
            let is_here = |person: &Person| matches!(person.link, Link::Live | Link::Away);
            people.iter().any(|person| person.author == *author && is_here(person))
        });
        self.people = people;
    }

    /// The tree on lines of so many columns.
    pub(super) fn lines(&self, columns: u16) -> Lines<'_> {
        Lines { rows: &self.rows, root: &self.snapshot.value, look: self.look, columns: usize::from(columns) }
    }

    /// The document's value.
    pub fn root(&self) -> &Value {
        &self.snapshot.value
    }

    /// The value under the cursor.
    pub fn value_here(&self) -> Option<&Value> {
        self.root().at(&self.cursor)
    }

    /// What somebody is called, told apart from others of the same name.
    pub fn name_of(&self, doer: Doer) -> String {
        let Doer::Other(author) = doer else { return "you".to_owned() };
        match self.names.get(&author).filter(|name| !name.is_empty()) {
            None => format!("author {author}"),
            Some(name) if self.is_shared(author, name) => format!("{name}·{author}"),
            Some(name) => name.clone(),
        }
    }

    /// The host: of those who are here the one with the lowest number.
    pub fn host(&self) -> Author {
        let here = self.people.iter().filter(|person| person.link == Link::Live);
        here.map(|person| person.author).min().map_or(self.me, |lowest| lowest.min(self.me))
    }

    /// The colour of somebody's name: the one they have chosen, if it is known here.
    pub fn hue_of(&self, author: Author) -> Hue {
        let person = self.people.iter().find(|person| person.author == author);
        let chosen = person.and_then(|person| person.presence.color.as_ref()?.parse().ok());
        chosen.unwrap_or_else(|| Hue::of(author))
    }

    /// Whether a name could be taken for somebody else's: of those here for another's here, of
    /// those who left for anybody's.
    fn is_shared(&self, author: Author, name: &str) -> bool {
        let is_here = |author: Author| self.people.iter().any(|person| person.author == author);
        let others = self
            .names
            .iter()
            .filter(|(other, _)| **other != author && (!is_here(author) || is_here(**other)));
        others.into_iter().any(|(_, other)| other == name)
    }

    /// Who made a change.
    pub fn doer(&self, author: Author) -> Doer {
        let member = author.member();
        if member == self.me { Doer::Me } else { Doer::Other(member) }
    }

    /// How many changes the document has that the file has not; nothing without a file.
    pub fn unsaved(&self) -> Option<usize> {
        let file = self.file.as_ref()?;
        if file.is_in_step {
            return Some(0);
        }
        let newer = self.snapshot.clock.sum().saturating_sub(file.clock.sum()).max(1);
        Some(usize::try_from(newer).unwrap_or(usize::MAX))
    }

    /// Whether quitting now would lose something that nobody else and no file keeps.
    pub fn would_lose(&self) -> bool {
        match self.unsaved() {
            Some(unsaved) => unsaved > 0,
            None => self.status.live == 0 && self.snapshot.clock.sum() > 0,
        }
    }

    /// A new number for edits that are undone together.
    pub(super) fn new_group(&mut self) -> u64 {
        self.group += 1;
        self.group
    }

    /// Tells the person something.
    pub(super) fn say(&mut self, level: Level, text: impl Into<String>) {
        self.notice = Some((level, text.into()));
    }
}

impl HistoryEntry {
    /// A change, as it came at a moment.
    pub(super) fn of(change: &Change, at: Option<Duration>, me: Author) -> Self {
        let doer = if change.author.member() == me { Doer::Me } else { Doer::Other(change.author.member()) };
        Self {
            at,
            doer,
            what: change.method.name(),
            path: Some(change.path.clone()),
            id: Some(change.id()),
            values: None,
        }
    }
}

/// How others join, on one line: a ticket does not fit there.
fn invitation(command: &str) -> String {
    if command.chars().count() <= INVITATION_CHARS {
        format!("others join with: {command}")
    } else {
        "others join with a ticket: yi copies the command, gw shows it".to_owned()
    }
}
