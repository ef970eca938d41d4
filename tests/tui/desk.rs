//! An editor at a desk: a model, a real replica instead of the room, and somebody else's.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ultrawave::document::{Method, Path, Value, parse};
use ultrawave::room::{ServerStatus, Status};
use ultrawave::session::{Link, Person, Presence, Way};
use ultrawave::sync::{Author, ChangeId, Checkpoint, EditError, Replica, VectorClock};
use ultrawave::tui::{EditorOptions, Effect, FileState, Key, Mode, Model, Msg, Opening, Saved, draw, update};

use crate::marked;

pub const ME: Author = Author(1);
pub const ANA: Author = Author(2);

/// An editor, and Ana, who edits the same document elsewhere.
pub struct Desk {
    pub model: Model,
    pub replica: Replica,
    pub ana: Replica,
    /// Own edits, by group, for undo.
    groups: Vec<(u64, Vec<ChangeId>)>,
    undone: Vec<Vec<ChangeId>>,
    /// What the model wanted done that is not done here.
    pub wanted: VecDeque<Effect>,
}

impl Desk {
    /// An editor on a marked document, everything open.
    pub fn new(marked: &str) -> Self {
        let (value, cursor) = marked::read(marked);
        let mut desk = Self::on(&value);
        desk.press("zR");
        desk.model.cursor = cursor;
        desk
    }

    /// An editor on a document, as it is first shown.
    pub fn on(value: &Value) -> Self {
        let checkpoint =
            Checkpoint { source: value.to_string().into(), value: value.clone(), clock: VectorClock::new() };
        let replica = Replica::new(ME, checkpoint.clone(), 1_000);
        let opening = Opening {
            room: "amber-fox-41".to_owned(),
            me: ME,
            snapshot: replica.snapshot(),
            file: None,
            history: Vec::new(),
            people: Vec::new(),
            status: Status {
                server: ServerStatus::Connected,
                unacknowledged: 0,
                live: 0,
                lost: 0,
                kept_elsewhere: false,
                unsent: 0,
                unkept: None,
                read_only: false,
            },
        };
        let options = EditorOptions {
            name: "Me".to_owned(),
            join_command: "ultrawave join amber-fox-41".to_owned(),
            no_color: false,
            ..EditorOptions::default()
        };
        Self {
            model: Model::new(options, opening),
            replica,
            ana: Replica::new(ANA, checkpoint, 1_000),
            groups: Vec::new(),
            undone: Vec::new(),
            wanted: VecDeque::new(),
        }
    }

    pub fn json(text: &str) -> Self {
        Self::on(&parse(text).unwrap())
    }

    /// Binds a file that holds what the document says now.
    pub fn with_file(mut self, path: &str) -> Self {
        let snapshot = self.replica.snapshot();
        let (value, clock) = (snapshot.value.clone(), snapshot.clock.clone());
        self.model.file = Some(FileState::new(path.into(), Some(value), clock, &snapshot));
        self
    }

    /// Lets Ana be there, at a place.
    pub fn with_ana(mut self, path: Option<Path>, editing: bool) -> Self {
        self.see_ana("Ana", path, editing);
        self
    }

    pub fn see_ana(&mut self, name: &str, path: Option<Path>, editing: bool) {
        let presence = Presence { name: name.to_owned(), path, editing, color: None };
        let person = Person {
            author: ANA,
            link: Link::Live,
            way: Way::Direct,
            may_write: true,
            passing: false,
            presence,
            clock: VectorClock::new(),
            acknowledges_within: Duration::ZERO,
            resends: 0,
        };
        self.take(Msg::People(vec![person]));
        let status = Status { live: 1, kept_elsewhere: true, ..self.model.status.clone() };
        self.take(Msg::Status(status));
    }

    pub fn take(&mut self, message: Msg) {
        for effect in update(&mut self.model, message) {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Edit { base, group, edits } => {
                self.undone.clear();
                let mut made = Vec::new();
                let mut refused = None;
                for (path, method) in edits {
                    match self.replica.edit_at(&base, path, method) {
                        Ok(change) => made.push(change),
                        Err(error) => {
                            let is_stale = matches!(error, EditError::Base);
                            refused = Some(Msg::EditRefused { reason: error.to_string(), is_stale });
                            break;
                        }
                    }
                }
                self.groups.push((group, made.iter().map(|change| change.id()).collect()));
                self.show(made);
                self.take(refused.unwrap_or(Msg::Edited));
            }
            Effect::Undo => {
                let undone = self.groups.pop().map(|(_, group)| self.replica.undo(&group));
                if let Some(undone) = &undone {
                    self.undone.push(undone.changes.iter().map(|change| change.id()).collect());
                    self.show(undone.changes.clone());
                }
                self.take(Msg::Undone { redo: false, undone });
            }
            Effect::Redo => {
                let undone = self.undone.pop().map(|group| self.replica.undo(&group));
                if let Some(undone) = &undone {
                    self.groups.push((0, undone.changes.iter().map(|change| change.id()).collect()));
                    self.show(undone.changes.clone());
                }
                self.take(Msg::Undone { redo: true, undone });
            }
            Effect::Presence(_) => {}
            other => self.wanted.push_back(other),
        }
    }

    fn show(&mut self, changes: Vec<Arc<ultrawave::sync::Change>>) {
        if !changes.is_empty() {
            self.take(Msg::Changed { snapshot: self.replica.snapshot(), changes });
        }
    }

    /// Ana edits what she sees, and it arrives.
    pub fn ana_edits(&mut self, path: Path, method: Method) {
        self.catch_ana_up();
        self.ana_edits_unseen(path, method);
    }

    /// Ana edits what she last saw, which need not be what is here, and it arrives.
    pub fn ana_edits_unseen(&mut self, path: Path, method: Method) {
        let change = self.ana.edit(path, method).unwrap();
        let received = self.replica.receive([(*change).clone()]);
        assert_eq!(received.refused, []);
        self.show(received.applied);
    }

    pub fn catch_ana_up(&mut self) {
        let clock = self.ana.clock().clone();
        let news: Vec<_> = self.replica.changes_since(&clock).map(|change| (**change).clone()).collect();
        self.ana.receive(news);
    }

    pub fn wait(&mut self, milliseconds: u64) {
        let now = self.model.now + Duration::from_millis(milliseconds);
        self.take(Msg::Time(now));
    }

    /// Presses keys: `jj<Enter>`, letters by themselves and names in angle brackets.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        let mut rest = keys;
        while !rest.is_empty() {
            let (name, tail) = match rest.strip_prefix('<').and_then(|named| named.split_once('>')) {
                Some(named) => named,
                None => rest.split_at(rest.chars().next().unwrap().len_utf8()),
            };
            let name = if name == " " { "Space" } else { name };
            let key = Key::named(name).unwrap_or_else(|| panic!("{name} is no key"));
            self.take(Msg::Key(key));
            rest = tail;
        }
        self
    }

    /// Answers the wish to save as if the file had been written.
    pub fn save_done(&mut self) {
        let Some(Effect::Save(wanted)) = self.wanted.pop_front() else { panic!("nothing to save") };
        let path = wanted.name.clone().or_else(|| self.model.file.as_ref().map(|file| file.path.clone()));
        let snapshot = self.replica.snapshot();
        self.take(Msg::Saved(Saved {
            path: path.unwrap(),
            value: snapshot.value,
            clock: snapshot.clock,
            wanted,
        }));
    }

    pub fn marked(&self) -> String {
        marked::write(&self.model.snapshot.value, &self.model.cursor)
    }

    pub fn notice(&self) -> &str {
        self.model.notice.as_ref().map_or("", |(_, text)| text.as_str())
    }

    pub fn draft_error(&self) -> &str {
        match &self.model.mode {
            Mode::Edit(draft) => draft.error.as_deref().unwrap_or_default(),
            _ => panic!("nothing is being typed"),
        }
    }

    pub fn is_browsing(&self) -> bool {
        matches!(self.model.mode, Mode::Browse)
    }

    /// The screen as it is drawn at a size, and where the terminal's cursor is.
    pub fn drawn(&mut self, columns: u16, rows: u16) -> (Buffer, Position) {
        self.take(Msg::Resize(columns, rows));
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| draw(&self.model, frame)).unwrap();
        let position = terminal.get_cursor_position().unwrap();
        (terminal.backend().buffer().clone(), position)
    }

    /// The screen as lines of text.
    pub fn screen(&mut self, columns: u16, rows: u16) -> String {
        let (buffer, _) = self.drawn(columns, rows);
        let lines = buffer.content().chunks(usize::from(columns)).map(|line| {
            let mut text = String::new();
            let mut covered = 0;
            for cell in line {
                if covered > 0 {
                    covered -= 1;
                    continue;
                }
                covered = unicode_width::UnicodeWidthStr::width(cell.symbol()).saturating_sub(1);
                text.push_str(cell.symbol());
            }
            text.trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Before, keys, after; nothing may be left half typed.
#[track_caller]
pub fn check(before: &str, keys: &str, after: &str) {
    let mut desk = Desk::new(before);
    desk.press(keys);
    assert_eq!(desk.marked(), after, "{before} {keys} (notice: {:?})", desk.notice());
    assert!(desk.is_browsing(), "{before} {keys}: still typing");
}
