//! Loro.

use std::sync::{Arc, Mutex};

use loro::{
    Container, ExportMode, LoroDoc, LoroList, LoroMap, LoroText, LoroValue, Subscription, ValueOrContainer,
    VersionVector,
};
use serde_json::Value as Json;

use crate::contender::Contender;
use crate::work::{Base, Edit, Step};

/// The author of the document that everyone starts from.
const FOUNDER: u64 = 1_000;

pub(super) struct Loro {
    doc: LoroDoc,
    root: LoroMap,
    paths: Vec<Vec<Step>>,
    handles: Option<Vec<Container>>,
    text: Option<LoroText>,
    /// What was there at first.
    start: VersionVector,
    /// The message of the last edit, from when somebody first asks for one.
    last: Arc<Mutex<Vec<u8>>>,
    listening: Option<Subscription>,
}

impl Loro {
    fn new(doc: LoroDoc, base: &Base) -> Self {
        let root = doc.get_map("doc");
        let paths: Vec<Vec<Step>> = base.containers.iter().map(|container| container.path.clone()).collect();
        let handles = base.keeps_handles.then(|| paths.iter().map(|path| find(&root, path)).collect());
        let text = match root.get("text") {
            Some(ValueOrContainer::Container(Container::Text(text))) => Some(text),
            _ => None,
        };
        let start = doc.oplog_vv();
        Self { doc, root, paths, handles, text, start, last: Arc::default(), listening: None }
    }

    fn container(&self, number: usize) -> Container {
        match &self.handles {
            Some(handles) => handles[number].clone(),
            None => find(&self.root, &self.paths[number]),
        }
    }

    fn map(&self, number: usize) -> LoroMap {
        match self.container(number) {
            Container::Map(map) => map,
            other => panic!("no map: {other:?}"),
        }
    }

    fn list(&self, number: usize) -> LoroList {
        match self.container(number) {
            Container::List(list) => list,
            other => panic!("no list: {other:?}"),
        }
    }
}

fn find(root: &LoroMap, path: &[Step]) -> Container {
    path.iter().fold(Container::Map(root.clone()), |value, step| {
        let child = match (&value, step) {
            (Container::Map(map), Step::Key(key)) => map.get(key),
            (Container::List(list), Step::Index(index)) => list.get(*index),
            (other, step) => panic!("{step:?} in {other:?}"),
        };
        match child {
            Some(ValueOrContainer::Container(container)) => container,
            other => panic!("no container: {other:?}"),
        }
    })
}

fn fill_map(map: &LoroMap, content: &serde_json::Map<String, Json>) {
    for (key, value) in content {
        match value {
            Json::Object(inner) => {
                fill_map(&map.insert_container(key, LoroMap::new()).expect("a map"), inner);
            }
            Json::Array(inner) => {
                fill_list(&map.insert_container(key, LoroList::new()).expect("a list"), inner);
            }
            _ => map.insert(key, scalar(value)).expect("a key"),
        }
    }
}

fn fill_list(list: &LoroList, content: &[Json]) {
    for (at, value) in content.iter().enumerate() {
        match value {
            Json::Object(inner) => {
                fill_map(&list.insert_container(at, LoroMap::new()).expect("a map"), inner);
            }
            Json::Array(inner) => {
                fill_list(&list.insert_container(at, LoroList::new()).expect("a list"), inner);
            }
            _ => list.insert(at, scalar(value)).expect("an element"),
        }
    }
}

fn scalar(value: &Json) -> LoroValue {
    match value {
        Json::Null => LoroValue::Null,
        Json::Bool(value) => LoroValue::Bool(*value),
        Json::Number(number) => LoroValue::I64(number.as_i64().expect("integers only")),
        Json::String(text) => LoroValue::from(text.as_str()),
        Json::Array(_) | Json::Object(_) => unreachable!("no scalar"),
    }
}

fn count(value: &LoroValue) -> usize {
    match value {
        LoroValue::List(list) => 1 + list.iter().map(count).sum::<usize>(),
        LoroValue::Map(map) => 1 + map.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

fn json(value: &LoroValue) -> Json {
    match value {
        LoroValue::Null => Json::Null,
        LoroValue::Bool(value) => Json::Bool(*value),
        LoroValue::Double(number) => Json::from(*number),
        LoroValue::I64(number) => Json::from(*number),
        LoroValue::String(text) => Json::from(text.as_str()),
        LoroValue::List(list) => list.iter().map(json).collect(),
        LoroValue::Map(map) => map.iter().map(|(key, value)| (key.clone(), json(value))).collect(),
        LoroValue::Binary(_) | LoroValue::Container(_) => panic!("no such values were written"),
    }
}

impl Contender for Loro {
    fn found(base: &Base) -> Self {
        let doc = LoroDoc::new();
        doc.set_peer_id(FOUNDER).expect("a new document");
        let root = doc.get_map("doc");
        let mut content = base.document.as_object().expect("a map").clone();
        if let Some(Json::String(text)) = content.remove("text") {
            let shared = root.insert_container("text", LoroText::new()).expect("a text");
            shared.insert(0, &text).expect("an empty text");
        }
        fill_map(&root, &content);
        doc.commit();
        Self::new(doc, base)
    }

    fn load(saved: &[u8], base: &Base, author: u32, _: u32) -> Self {
        let doc = LoroDoc::new();
        doc.set_peer_id(u64::from(author)).expect("a new document");
        doc.import(saved).expect("a snapshot");
        Self::new(doc, base)
    }

    fn save(&mut self) -> Vec<u8> {
        self.doc.export(ExportMode::Snapshot).expect("a snapshot")
    }

    fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Set { map, key, value } => self.map(*map).insert(key, scalar(value)).expect("a key"),
            Edit::Delete { map, key } => self.map(*map).delete(key).expect("the key"),
            Edit::Merge { map, entries } => {
                let map = self.map(*map);
                for (key, value) in entries {
                    map.insert(key, scalar(value)).expect("a key");
                }
            }
            Edit::Splice { list, start, remove, items } => {
                let list = self.list(*list);
                if *remove > 0 {
                    list.delete(*start, *remove).expect("elements");
                }
                for (at, item) in items.iter().enumerate() {
                    list.insert(start + at, scalar(item)).expect("an element");
                }
            }
            Edit::Type { start, remove, text } => {
                let content = self.text.as_ref().expect("a text");
                if *remove > 0 {
                    content.delete(*start, *remove).expect("characters");
                }
                if !text.is_empty() {
                    content.insert(*start, text).expect("a place");
                }
            }
        }
        self.doc.commit();
    }

    fn edit_and_encode(&mut self, edit: &Edit) -> Vec<u8> {
        if self.listening.is_none() {
            let last = self.last.clone();
            let take = move |message: &Vec<u8>| {
                last.lock().expect("not poisoned").clone_from(message);
                true
            };
            self.listening = Some(self.doc.subscribe_local_update(Box::new(take)));
        }
        self.edit(edit);
        std::mem::take(&mut self.last.lock().expect("not poisoned"))
    }

    fn own_changes(&mut self) -> Vec<Vec<u8>> {
        vec![self.doc.export(ExportMode::updates(&self.start)).expect("updates")]
    }

    fn receive(&mut self, messages: &[Vec<u8>]) {
        // A write of what is there already makes no message.
        let messages: Vec<Vec<u8>> = messages.iter().filter(|message| !message.is_empty()).cloned().collect();
        match messages.as_slice() {
            [] => return,
            [message] => self.doc.import(message).expect("an update"),
            messages => self.doc.import_batch(messages).expect("updates"),
        };
    }

    fn length(&mut self, list: usize) -> usize {
        self.list(list).len()
    }

    fn read(&mut self) -> usize {
        count(&self.root.get_deep_value())
    }

    fn value(&mut self) -> Json {
        json(&self.root.get_deep_value())
    }
}
