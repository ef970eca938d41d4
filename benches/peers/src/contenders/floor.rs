//! The floor: a plain tree of `serde_json`, with no history and no merging. Its messages are the
//! edits as JSON text.

use serde_json::{Value as Json, json};

use crate::contender::Contender;
use crate::work::{Base, Edit, Step};

pub(super) struct Floor {
    document: Json,
    containers: Vec<Vec<Step>>,
}

impl Floor {
    fn container(&mut self, number: usize) -> &mut Json {
        self.containers[number].iter().fold(&mut self.document, |value, step| match step {
            Step::Key(key) => &mut value[key],
            Step::Index(index) => &mut value[index],
        })
    }

    fn set(&mut self, map: usize, key: &str, value: &Json) {
        self.container(map)[key] = value.clone();
    }

    fn message(edit: &Edit) -> Vec<u8> {
        let message = match edit {
            Edit::Set { map, key, value } => json!(["set", map, key, value]),
            Edit::Delete { map, key } => json!(["delete", map, key]),
            Edit::Merge { map, entries } => json!(["merge", map, entries]),
            Edit::Splice { list, start, remove, items } => json!(["splice", list, start, remove, items]),
            Edit::Type { start, remove, text } => json!(["type", start, remove, text]),
        };
        message.to_string().into_bytes()
    }

    fn apply(&mut self, message: &Json) {
        let number = |at: usize| {
            let number = message[at].as_u64().expect("a number");
            usize::try_from(number).expect("a small number")
        };
        let text = |at: usize| message[at].as_str().expect("a string").to_owned();
        let edit = match message[0].as_str().expect("a name") {
            "set" => Edit::Set { map: number(1), key: text(2), value: message[3].clone() },
            "delete" => Edit::Delete { map: number(1), key: text(2) },
            "merge" => Edit::Merge {
                map: number(1),
                entries: serde_json::from_value(message[2].clone()).expect("entries"),
            },
            "splice" => Edit::Splice {
                list: number(1),
                start: number(2),
                remove: number(3),
                items: message[4].as_array().expect("items").clone(),
            },
            _ => Edit::Type { start: number(1), remove: number(2), text: text(3) },
        };
        self.edit(&edit);
    }
}

fn count(value: &Json) -> usize {
    match value {
        Json::Array(list) => 1 + list.iter().map(count).sum::<usize>(),
        Json::Object(map) => 1 + map.values().map(count).sum::<usize>(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => 1,
    }
}

impl Contender for Floor {
    fn found(base: &Base) -> Self {
        let containers = base.containers.iter().map(|container| container.path.clone()).collect();
        Self { document: base.document.clone(), containers }
    }

    fn load(saved: &[u8], base: &Base, _: u32, _: u32) -> Self {
        let containers = base.containers.iter().map(|container| container.path.clone()).collect();
        Self { document: serde_json::from_slice(saved).expect("JSON"), containers }
    }

    fn save(&mut self) -> Vec<u8> {
        serde_json::to_vec(&self.document).expect("JSON")
    }

    fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Set { map, key, value } => self.set(*map, key, value),
            Edit::Delete { map, key } => {
                self.container(*map).as_object_mut().expect("a map").remove(key);
            }
            Edit::Merge { map, entries } => {
                for (key, value) in entries {
                    self.set(*map, key, value);
                }
            }
            Edit::Splice { list, start, remove, items } => {
                let list = self.container(*list).as_array_mut().expect("a list");
                list.splice(*start..start + remove, items.iter().cloned());
            }
            Edit::Type { start, remove, text } => {
                let Json::String(content) = &mut self.document["text"] else { panic!("a text") };
                // The traces are ASCII, so a character is a byte.
                content.replace_range(*start..start + remove, text);
            }
        }
    }

    fn edit_and_encode(&mut self, edit: &Edit) -> Vec<u8> {
        self.edit(edit);
        Self::message(edit)
    }

    fn own_changes(&mut self) -> Vec<Vec<u8>> {
        unreachable!("the floor has no history")
    }

    fn receive(&mut self, messages: &[Vec<u8>]) {
        for message in messages {
            self.apply(&serde_json::from_slice(message).expect("JSON"));
        }
    }

    fn length(&mut self, list: usize) -> usize {
        self.container(list).as_array().expect("a list").len()
    }

    fn read(&mut self) -> usize {
        count(&self.document)
    }

    fn value(&mut self) -> Json {
        self.document.clone()
    }
}
