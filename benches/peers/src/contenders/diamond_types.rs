//! diamond-types: text alone.

use diamond_types::AgentId;
use diamond_types::list::ListCRDT;
use diamond_types::list::encoding::{ENCODE_FULL, ENCODE_PATCH};
use serde_json::{Value as Json, json};

use crate::contender::Contender;
use crate::work::{Base, Edit};

pub(super) struct DiamondTypes {
    text: ListCRDT,
    agent: AgentId,
    /// The version there was at first.
    start: Vec<usize>,
    /// What has been made into messages.
    sent: Vec<usize>,
}

impl DiamondTypes {
    fn new(mut text: ListCRDT, author: &str) -> Self {
        let agent = text.get_or_create_agent_id(author);
        let start = text.branch.local_version_ref().to_vec();
        Self { text, agent, sent: start.clone(), start }
    }
}

impl Contender for DiamondTypes {
    fn found(base: &Base) -> Self {
        let mut found = Self::new(ListCRDT::new(), "founder");
        let content = base.document["text"].as_str().expect("a text");
        if !content.is_empty() {
            found.text.insert(found.agent, 0, content);
        }
        found
    }

    fn load(saved: &[u8], _: &Base, author: u32, _: u32) -> Self {
        Self::new(ListCRDT::load_from(saved).expect("a document"), &format!("author {author}"))
    }

    fn save(&mut self) -> Vec<u8> {
        self.text.oplog.encode(ENCODE_FULL)
    }

    fn edit(&mut self, edit: &Edit) {
        let Edit::Type { start, remove, text } = edit else { panic!("text alone") };
        if *remove > 0 {
            self.text.delete_without_content(self.agent, *start..start + remove);
        }
        if !text.is_empty() {
            self.text.insert(self.agent, *start, text);
        }
    }

    fn edit_and_encode(&mut self, edit: &Edit) -> Vec<u8> {
        self.edit(edit);
        let message = self.text.oplog.encode_from(ENCODE_PATCH, &self.sent);
        self.sent = self.text.branch.local_version_ref().to_vec();
        message
    }

    fn own_changes(&mut self) -> Vec<Vec<u8>> {
        vec![self.text.oplog.encode_from(ENCODE_PATCH, &self.start)]
    }

    fn receive(&mut self, messages: &[Vec<u8>]) {
        for message in messages {
            self.text.merge_data_and_ff(message).expect("a patch");
        }
    }

    fn length(&mut self, _: usize) -> usize {
        unreachable!("there are no lists")
    }

    fn read(&mut self) -> usize {
        self.text.branch.content().to_string().len()
    }

    fn value(&mut self) -> Json {
        json!({ "text": self.text.branch.content().to_string() })
    }
}
