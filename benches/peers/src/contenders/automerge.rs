//! Automerge.

use std::collections::HashMap;

use automerge::hydrate::{List, Map, Text, Value as Hydrated};
use automerge::transaction::Transactable as _;
use automerge::{
    ActorId, AutoCommit, ChangeHash, ObjId, ObjType, ROOT, ReadDoc as _, ScalarValue, TextEncoding,
};
use serde_json::Value as Json;

use crate::contender::Contender;
use crate::work::{Base, Edit, Step};

pub(super) struct Automerge {
    doc: AutoCommit,
    paths: Vec<Vec<Step>>,
    handles: Option<Vec<ObjId>>,
    text: Option<ObjId>,
    /// What was there at first.
    start: Vec<ChangeHash>,
}

impl Automerge {
    fn new(mut doc: AutoCommit, base: &Base) -> Self {
        let paths: Vec<Vec<Step>> = base.containers.iter().map(|container| container.path.clone()).collect();
        let handles = base.keeps_handles.then(|| paths.iter().map(|path| find(&doc, path)).collect());
        let text = match doc.get(ROOT, "text").expect("the root") {
            Some((automerge::Value::Object(ObjType::Text), text)) => Some(text),
            _ => None,
        };
        let start = doc.get_heads();
        Self { doc, paths, handles, text, start }
    }

    fn container(&self, number: usize) -> ObjId {
        match &self.handles {
            Some(handles) => handles[number].clone(),
            None => find(&self.doc, &self.paths[number]),
        }
    }
}

fn find(doc: &AutoCommit, path: &[Step]) -> ObjId {
    path.iter().fold(ROOT, |value, step| {
        let child = match step {
            Step::Key(key) => doc.get(&value, key.as_str()),
            Step::Index(index) => doc.get(&value, *index),
        };
        child.expect("a container").expect("the child").1
    })
}

fn scalar(value: &Json) -> ScalarValue {
    match value {
        Json::Null => ScalarValue::Null,
        Json::Bool(value) => ScalarValue::Boolean(*value),
        Json::Number(number) => ScalarValue::Int(number.as_i64().expect("integers only")),
        Json::String(text) => ScalarValue::Str(text.as_str().into()),
        Json::Array(_) | Json::Object(_) => unreachable!("no scalar"),
    }
}

fn hydrate(value: &Json) -> Hydrated {
    match value {
        Json::Array(list) => Hydrated::List(List::from(list.iter().map(hydrate).collect::<Vec<_>>())),
        Json::Object(map) => Hydrated::Map(hydrate_map(map)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Hydrated::Scalar(scalar(value)),
    }
}

fn hydrate_map(map: &serde_json::Map<String, Json>) -> Map {
    Map::from(map.iter().map(|(key, value)| (key.clone(), hydrate(value))).collect::<HashMap<_, _>>())
}

fn count(value: &Hydrated) -> usize {
    match value {
        Hydrated::List(list) => 1 + list.iter().map(|value| count(&value.value)).sum::<usize>(),
        Hydrated::Map(map) => 1 + map.iter().map(|(_, value)| count(&value.value)).sum::<usize>(),
        Hydrated::Scalar(_) | Hydrated::Text(_) => 1,
    }
}

fn json(value: &Hydrated) -> Json {
    match value {
        Hydrated::List(list) => list.iter().map(|value| json(&value.value)).collect(),
        Hydrated::Map(map) => map.iter().map(|(key, value)| (key.clone(), json(&value.value))).collect(),
        Hydrated::Text(text) => Json::String(text.to_string()),
        Hydrated::Scalar(ScalarValue::Null) => Json::Null,
        Hydrated::Scalar(ScalarValue::Boolean(value)) => Json::Bool(*value),
        Hydrated::Scalar(ScalarValue::Int(number)) => Json::from(*number),
        Hydrated::Scalar(ScalarValue::Str(text)) => Json::from(text.as_str()),
        Hydrated::Scalar(other) => panic!("{other:?} was not written"),
    }
}

impl Contender for Automerge {
    fn found(base: &Base) -> Self {
        let mut doc = AutoCommit::new().with_actor(ActorId::from(b"founder".as_slice()));
        let mut content = base.document.as_object().expect("a map").clone();
        if let Some(Json::String(text)) = content.remove("text") {
            let text = Hydrated::Text(Text::new(TextEncoding::UnicodeCodePoint, text));
            doc.init_root_from_hydrate(&Map::from(HashMap::from([("text", text)]))).expect("an empty map");
        }
        doc.init_root_from_hydrate(&hydrate_map(&content)).expect("an empty map");
        doc.commit();
        Self::new(doc, base)
    }

    fn load(saved: &[u8], base: &Base, author: u32, _: u32) -> Self {
        let doc = AutoCommit::load(saved).expect("a document");
        Self::new(doc.with_actor(ActorId::from(author.to_be_bytes().as_slice())), base)
    }

    fn save(&mut self) -> Vec<u8> {
        self.doc.save()
    }

    fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Set { map, key, value } => {
                let map = self.container(*map);
                self.doc.put(map, key.as_str(), scalar(value)).expect("a key");
            }
            Edit::Delete { map, key } => {
                let map = self.container(*map);
                self.doc.delete(map, key.as_str()).expect("a key");
            }
            Edit::Merge { map, entries } => {
                let map = self.container(*map);
                for (key, value) in entries {
                    self.doc.put(&map, key.as_str(), scalar(value)).expect("a key");
                }
            }
            Edit::Splice { list, start, remove, items } => {
                let list = self.container(*list);
                let items = items.iter().map(scalar);
                self.doc.splice(list, *start, remove.cast_signed(), items).expect("a place");
            }
            Edit::Type { start, remove, text } => {
                let content = self.text.as_ref().expect("a text");
                self.doc.splice_text(content, *start, remove.cast_signed(), text).expect("a place");
            }
        }
        self.doc.commit();
    }

    fn edit_and_encode(&mut self, edit: &Edit) -> Vec<u8> {
        self.edit(edit);
        self.doc.get_last_local_change().expect("the change").raw_bytes().to_vec()
    }

    fn own_changes(&mut self) -> Vec<Vec<u8>> {
        vec![self.doc.save_after(&self.start)]
    }

    fn receive(&mut self, messages: &[Vec<u8>]) {
        match messages {
            [message] => self.doc.load_incremental(message).expect("a change"),
            messages => self.doc.load_incremental(&messages.concat()).expect("changes"),
        };
    }

    fn length(&mut self, list: usize) -> usize {
        self.doc.length(self.container(list))
    }

    fn read(&mut self) -> usize {
        count(&self.doc.hydrate(ROOT, None).expect("the root"))
    }

    fn value(&mut self) -> Json {
        json(&self.doc.hydrate(ROOT, None).expect("the root"))
    }
}
