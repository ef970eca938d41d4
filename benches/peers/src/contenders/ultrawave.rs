//! The engine of this project.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use ultrawave::document::{Method, Path, Text, Value};
use ultrawave::limits;
use ultrawave::session::Message;
use ultrawave::sync::{Author, Change, Checkpoint, Replica, VectorClock};

use crate::contender::Contender;
use crate::work::{Base, Edit, Step};

pub(super) struct Ultrawave {
    replica: Replica,
    containers: Vec<Path>,
    /// Where the text to type in is.
    text: Path,
    author: Author,
    members: u32,
    /// What each of the others has, as far as they have said.
    heard: BTreeMap<Author, VectorClock>,
}

impl Ultrawave {
    fn new(replica: Replica, base: &Base, members: u32) -> Self {
        let containers = base.containers.iter().map(|container| path(&container.path)).collect();
        let author = replica.author();
        Self { replica, containers, text: Path::ROOT.key("text"), author, members, heard: BTreeMap::new() }
    }

    fn make(&mut self, edit: &Edit) -> Arc<Change> {
        let replica = &mut self.replica;
        let made = match edit {
            Edit::Set { map, key, value } => {
                replica.edit(self.containers[*map].key(key), Method::Set(scalar(value)))
            }
            Edit::Delete { map, key } => replica.edit(self.containers[*map].key(key), Method::Delete),
            Edit::Merge { map, entries } => {
                let entries = entries.iter().map(|(key, value)| (Text::new(key), scalar(value)));
                replica.edit(self.containers[*map].clone(), Method::Merge(Value::object(entries)))
            }
            Edit::Splice { list, start, remove, items } => {
                let items = items.iter().map(scalar).collect();
                replica.edit(self.containers[*list].clone(), splice(*start, *remove, items))
            }
            Edit::Type { start, remove, text } => {
                let items = if text.is_empty() { Vec::new() } else { vec![Value::string(text)] };
                replica.edit(self.text.clone(), splice(*start, *remove, items))
            }
        };
        let change = made.expect("edits resolve");
        self.forget();
        change
    }

    /// What a session does after each step: lets go of the changes that everyone has, once there
    /// are many. The last change of each of the others says what they have.
    fn forget(&mut self) {
        let others = (1..=self.members).map(Author).filter(|&author| author != self.author);
        let nothing = VectorClock::new();
        self.replica.acknowledged(others.map(|author| self.heard.get(&author).unwrap_or(&nothing)));
    }
}

fn path(steps: &[Step]) -> Path {
    steps.iter().fold(Path::ROOT, |path, step| match step {
        Step::Key(key) => path.key(key),
        Step::Index(index) => path.index(*index),
    })
}

fn splice(start: usize, remove: usize, items: Vec<Value>) -> Method {
    let number = |number| i64::try_from(number).expect("a short list");
    Method::Splice { start: number(start), count: number(remove), items }
}

fn scalar(value: &Json) -> Value {
    match value {
        Json::String(text) => Value::string(text),
        Json::Bool(value) => Value::bool(*value),
        Json::Number(number) => Value::from(number.as_i64().expect("integers only")),
        Json::Null | Json::Array(_) | Json::Object(_) => unreachable!("no such values in edits"),
    }
}

fn encode(message: &Message) -> Vec<u8> {
    message.encode().into_bytes()
}

fn decode(message: &[u8]) -> Message {
    Message::decode(str::from_utf8(message).expect("messages are text")).expect("a message")
}

fn count(value: &Value) -> usize {
    let inside = value.elements().map(count).sum::<usize>();
    1 + inside + value.entries().map(|(_, value)| count(value)).sum::<usize>()
}

impl Contender for Ultrawave {
    fn found(base: &Base) -> Self {
        let checkpoint = Checkpoint::read(&base.document.to_string()).expect("JSON");
        Self::new(Replica::new(Author(1), checkpoint, limits::HISTORY_CHANGES), base, 1)
    }

    fn load(saved: &[u8], base: &Base, author: u32, members: u32) -> Self {
        let Message::Document { checkpoint, changes } = decode(saved) else { panic!("a document") };
        let mut replica = Replica::new(Author(author), checkpoint, limits::HISTORY_CHANGES);
        replica.receive(changes);
        Self::new(replica, base, members)
    }

    fn save(&mut self) -> Vec<u8> {
        let changes = self.replica.history().cloned().collect();
        encode(&Message::Document { checkpoint: self.replica.checkpoint(), changes })
    }

    fn edit(&mut self, edit: &Edit) {
        self.make(edit);
    }

    fn edit_and_encode(&mut self, edit: &Edit) -> Vec<u8> {
        let change = self.make(edit);
        encode(&Message::Change(change))
    }

    fn own_changes(&mut self) -> Vec<Vec<u8>> {
        let own: Vec<Arc<Change>> =
            self.replica.history().filter(|change| change.author == self.author).cloned().collect();
        own.chunks(limits::BATCH_CHANGES).map(|part| encode(&Message::Changes(part.to_vec()))).collect()
    }

    fn receive(&mut self, messages: &[Vec<u8>]) {
        let changes = messages.iter().flat_map(|message| {
            let (one, many) = match decode(message) {
                Message::Change(change) => (Some(change), Vec::new()),
                Message::Changes(changes) => (None, changes),
                other => panic!("changes, not {other:?}"),
            };
            one.into_iter().chain(many)
        });
        let received = self.replica.receive(changes);
        for change in &received.applied {
            self.heard.insert(change.author, change.clock.clone());
        }
        assert!(received.refused.is_empty(), "refused: {:?}", received.refused);
        self.forget();
    }

    fn length(&mut self, list: usize) -> usize {
        self.replica.value().at(&self.containers[list]).map_or(0, Value::len)
    }

    fn read(&mut self) -> usize {
        count(self.replica.value())
    }

    fn value(&mut self) -> Json {
        serde_json::from_str(&self.replica.value().to_string()).expect("JSON")
    }
}
