//! yrs, the Rust port of Yjs.

use serde_json::Value as Json;
use yrs::types::ToJson as _;
use yrs::types::array::ArrayPrelim;
use yrs::types::map::MapPrelim;
use yrs::types::text::TextPrelim;
use yrs::updates::decoder::Decode as _;
use yrs::{
    Any, Array as _, ArrayRef, Doc, GetString as _, Map as _, MapRef, Number, Out, ReadTxn, StateVector,
    Text as _, TextRef, Transact as _, TransactionMut, Update,
};

use crate::contender::Contender;
use crate::work::{Base, Edit, Step};

/// The author of the document that everyone starts from.
const FOUNDER: u64 = 1_000;

pub(super) struct Yrs {
    doc: Doc,
    root: MapRef,
    paths: Vec<Vec<Step>>,
    handles: Option<Vec<Out>>,
    text: Option<TextRef>,
    /// What was there at first.
    start: StateVector,
}

impl Yrs {
    fn new(doc: Doc, base: &Base) -> Self {
        let root = doc.get_or_insert_map("doc");
        let txn = doc.transact();
        let paths: Vec<Vec<Step>> = base.containers.iter().map(|container| container.path.clone()).collect();
        let handles = base.keeps_handles.then(|| paths.iter().map(|path| find(&root, &txn, path)).collect());
        let text = match root.get(&txn, "text") {
            Some(Out::YText(text)) => Some(text),
            _ => None,
        };
        let start = txn.state_vector();
        drop(txn);
        Self { doc, root, paths, handles, text, start }
    }

    fn container(&self, txn: &impl ReadTxn, number: usize) -> Out {
        match &self.handles {
            Some(handles) => handles[number].clone(),
            None => find(&self.root, txn, &self.paths[number]),
        }
    }

    fn map(&self, txn: &impl ReadTxn, number: usize) -> MapRef {
        match self.container(txn, number) {
            Out::YMap(map) => map,
            other => panic!("no map: {other:?}"),
        }
    }

    fn list(&self, txn: &impl ReadTxn, number: usize) -> ArrayRef {
        match self.container(txn, number) {
            Out::YArray(list) => list,
            other => panic!("no list: {other:?}"),
        }
    }

    fn apply(&self, txn: &mut TransactionMut<'_>, edit: &Edit) {
        match edit {
            Edit::Set { map, key, value } => {
                self.map(txn, *map).insert(txn, key.as_str(), scalar(value));
            }
            Edit::Delete { map, key } => {
                self.map(txn, *map).remove(txn, key);
            }
            Edit::Merge { map, entries } => {
                let map = self.map(txn, *map);
                for (key, value) in entries {
                    map.insert(txn, key.as_str(), scalar(value));
                }
            }
            Edit::Splice { list, start, remove, items } => {
                let list = self.list(txn, *list);
                if *remove > 0 {
                    list.remove_range(txn, short(*start), short(*remove));
                }
                if !items.is_empty() {
                    list.insert_range(txn, short(*start), items.iter().map(scalar));
                }
            }
            Edit::Type { start, remove, text } => {
                let content = self.text.as_ref().expect("a text");
                if *remove > 0 {
                    content.remove_range(txn, short(*start), short(*remove));
                }
                if !text.is_empty() {
                    content.insert(txn, short(*start), text);
                }
            }
        }
    }
}

fn find(root: &MapRef, txn: &impl ReadTxn, path: &[Step]) -> Out {
    path.iter().fold(Out::YMap(root.clone()), |value, step| match (value, step) {
        (Out::YMap(map), Step::Key(key)) => map.get(txn, key).expect("the key"),
        (Out::YArray(list), Step::Index(index)) => list.get(txn, short(*index)).expect("the element"),
        (other, step) => panic!("{step:?} in {other:?}"),
    })
}

fn short(number: usize) -> u32 {
    u32::try_from(number).expect("a short list")
}

fn scalar(value: &Json) -> Any {
    match value {
        Json::Null => Any::Null,
        Json::Bool(value) => Any::Bool(*value),
        Json::Number(number) => Any::Number(Number::Int(number.as_i64().expect("integers only"))),
        Json::String(text) => Any::from(text.as_str()),
        Json::Array(_) | Json::Object(_) => unreachable!("no scalar"),
    }
}

fn fill_map(map: &MapRef, txn: &mut TransactionMut<'_>, content: &serde_json::Map<String, Json>) {
    for (key, value) in content {
        match value {
            Json::Object(inner) => {
                let map = map.insert(txn, key.as_str(), MapPrelim::default());
                fill_map(&map, txn, inner);
            }
            Json::Array(inner) => {
                let list = map.insert(txn, key.as_str(), ArrayPrelim::default());
                fill_list(&list, txn, inner);
            }
            _ => {
                map.insert(txn, key.as_str(), scalar(value));
            }
        }
    }
}

fn fill_list(list: &ArrayRef, txn: &mut TransactionMut<'_>, content: &[Json]) {
    if content.iter().all(|value| !value.is_array() && !value.is_object()) {
        list.insert_range(txn, 0, content.iter().map(scalar));
        return;
    }
    // From the back: to find the end of a long list takes long.
    for value in content.iter().rev() {
        match value {
            Json::Object(inner) => {
                let map = list.insert(txn, 0, MapPrelim::default());
                fill_map(&map, txn, inner);
            }
            Json::Array(inner) => {
                let list = list.insert(txn, 0, ArrayPrelim::default());
                fill_list(&list, txn, inner);
            }
            _ => {
                list.insert(txn, 0, scalar(value));
            }
        }
    }
}

fn count(value: &Any) -> usize {
    match value {
        Any::Array(list) => 1 + list.iter().map(count).sum::<usize>(),
        Any::Map(map) => 1 + map.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

fn json(value: &Any) -> Json {
    match value {
        Any::Null | Any::Undefined => Json::Null,
        Any::Bool(value) => Json::Bool(*value),
        Any::Number(Number::Int(number)) => Json::from(*number),
        Any::Number(Number::Float(number)) => Json::from(*number),
        Any::String(text) => Json::from(&**text),
        Any::Buffer(_) => panic!("no bytes were written"),
        Any::Array(list) => list.iter().map(json).collect(),
        Any::Map(map) => map.iter().map(|(key, value)| (key.clone(), json(value))).collect(),
    }
}

impl Contender for Yrs {
    fn found(base: &Base) -> Self {
        let doc = Doc::with_client_id(FOUNDER);
        let root = doc.get_or_insert_map("doc");
        let mut txn = doc.transact_mut();
        let mut content = base.document.as_object().expect("a map").clone();
        if let Some(Json::String(text)) = content.remove("text") {
            root.insert(&mut txn, "text", TextPrelim::new(text));
        }
        fill_map(&root, &mut txn, &content);
        drop(txn);
        Self::new(doc, base)
    }

    fn load(saved: &[u8], base: &Base, author: u32, _: u32) -> Self {
        let doc = Doc::with_client_id(u64::from(author));
        let update = Update::decode_v1(saved).expect("an update");
        doc.transact_mut().apply_update(update).expect("it fits");
        Self::new(doc, base)
    }

    fn save(&mut self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&StateVector::default())
    }

    fn edit(&mut self, edit: &Edit) {
        let mut txn = self.doc.transact_mut();
        self.apply(&mut txn, edit);
    }

    fn edit_and_encode(&mut self, edit: &Edit) -> Vec<u8> {
        let mut txn = self.doc.transact_mut();
        self.apply(&mut txn, edit);
        txn.commit();
        txn.encode_update_v1()
    }

    fn own_changes(&mut self) -> Vec<Vec<u8>> {
        vec![self.doc.transact().encode_state_as_update_v1(&self.start)]
    }

    fn receive(&mut self, messages: &[Vec<u8>]) {
        let mut txn = self.doc.transact_mut();
        for message in messages {
            txn.apply_update(Update::decode_v1(message).expect("an update")).expect("it fits");
        }
    }

    fn length(&mut self, list: usize) -> usize {
        let txn = self.doc.transact();
        self.list(&txn, list).len(&txn) as usize
    }

    fn read(&mut self) -> usize {
        count(&self.root.to_json(&self.doc.transact()))
    }

    fn value(&mut self) -> Json {
        let txn = self.doc.transact();
        let Json::Object(mut map) = json(&self.root.to_json(&txn)) else { panic!("a map") };
        if let Some(text) = &self.text {
            map.insert("text".to_owned(), text.get_string(&txn).into());
        }
        Json::Object(map)
    }
}
