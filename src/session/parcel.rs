//! Long texts in parts: the text that a document was first read from, when it is too long to be
//! said in one message.
//!
//! It is the same text at everyone's and never changes, so it has a name, the hash of its bytes,
//! and whoever has it can give any part of it. Who wants it asks for part after part, a few ahead;
//! when a connection breaks, the rest is asked of whom there is. What was edited meanwhile comes
//! with the document itself, which only names the text by then.

use std::ops::Range;

use super::timers::{self, Timer};
use super::{Channel, Event, Message, Output, Session, Time};
use crate::document::Source;
use crate::limits;
use crate::sync::{Author, Checkpoint, VectorClock};

/// The name of a text: the hash (BLAKE3) of its bytes.
pub type TextHash = [u8; 32];

/// A piece of a text, which need not be copied to be said.
#[derive(Clone, Debug)]
pub struct Piece {
    text: Source,
    range: Range<usize>,
}

impl Piece {
    /// All of a text.
    pub fn whole(text: &str) -> Self {
        Self { text: text.into(), range: 0..text.len() }
    }

    /// What it says.
    pub fn as_str(&self) -> &str {
        self.text.get(self.range.clone()).unwrap_or_default()
    }
}

impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// A long text on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// From whom, or to whom.
    pub with: Author,
    /// Whether it comes here.
    pub is_incoming: bool,
    /// Bytes that are there, as far as is known here.
    pub done: usize,
    /// Bytes of all of it.
    pub total: usize,
}

/// The long texts that are here, or on their way here.
#[derive(Debug, Default)]
pub(super) struct Parcels {
    /// The text that the own document was read from, and its name.
    own: Option<(Source, TextHash)>,
    /// A text that has come and is not part of a document yet.
    come: Option<(TextHash, Source)>,
    coming: Option<Coming>,
    /// To whom parts have gone, the latest of them, and when.
    going: Vec<(Author, usize, Time)>,
}

/// A text on its way here.
#[derive(Debug)]
struct Coming {
    hash: TextHash,
    bytes: usize,
    from: Author,
    text: String,
    /// Parts that are here.
    parts: usize,
    /// When the last one came.
    at: Time,
}

impl Parcels {
    /// The name of the text that the own document was read from, if that is long.
    fn own(&mut self, source: &Source) -> Option<TextHash> {
        if source.len() <= limits::WHOLE_TEXT_BYTES {
            return None;
        }
        match &self.own {
            Some((own, hash)) if own.is_same(source) => Some(*hash),
            _ => {
                let hash = *blake3::hash(source.as_bytes()).as_bytes();
                self.own = Some((source.clone(), hash));
                Some(hash)
            }
        }
    }
}

impl Session {
    /// The same with a text at hand: should it be the one that the document was read from, it need
    /// not come from the others.
    #[must_use]
    pub fn knowing(mut self, text: Source) -> Self {
        if let Some(hash) = self.parcels.own(&text) {
            (self.parcels.own, self.parcels.come) = (None, Some((hash, text)));
        }
        self
    }
}

/// Where a part of a text begins: at the next letter.
fn part_start(text: &str, part: usize) -> usize {
    let at = part.saturating_mul(limits::TEXT_PART_BYTES).min(text.len());
    (at..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}

impl Session {
    /// What is on its way between this member and others.
    pub fn transfers(&self) -> Vec<Transfer> {
        let coming = self.parcels.coming.as_ref().map(|coming| Transfer {
            with: coming.from,
            is_incoming: true,
            done: coming.text.len(),
            total: coming.bytes,
        });
        let total = self.parcels.own.as_ref().map_or(0, |(text, _)| text.len());
        let going = self.parcels.going.iter().map(|&(with, part, _)| Transfer {
            with,
            is_incoming: false,
            done: part.saturating_mul(limits::TEXT_PART_BYTES).min(total),
            total,
        });
        coming.into_iter().chain(going).collect()
    }

    /// The text that the document was read from, and its name if it is long.
    fn long_source(&mut self) -> Option<(Source, TextHash)> {
        let source = self.replica.as_ref()?.source().clone();
        let hash = self.parcels.own(&source)?;
        Some((source, hash))
    }

    /// Answers a request for the document by somebody who has the text of this name, if any. One
    /// who needs a long text first is told of it.
    pub(super) fn give_document(&mut self, now: Time, to: Author, has: Option<TextHash>) {
        match self.long_source() {
            Some((_, hash)) if has == Some(hash) => {
                self.stop_giving(to);
                self.event(Event::Progress);
                self.send_document_of(now, to, Some(hash));
            }
            Some((source, hash)) if !self.left => {
                self.send(to, Channel::Sync, Message::Text { hash, bytes: source.len() });
            }
            _ => self.send_document_of(now, to, None),
        }
    }

    /// Gives a part of a text. One who asks for another text than the one that is here is told of
    /// this one.
    pub(super) fn give_part(&mut self, now: Time, to: Author, hash: TextHash, part: usize) {
        let Some((source, own)) = self.long_source() else { return self.give_document(now, to, None) };
        if own != hash {
            return self.give_document(now, to, None);
        }
        let (start, end) = (part_start(&source, part), part_start(&source, part.saturating_add(1)));
        if start == end {
            return;
        }
        let text = Piece { text: source, range: start..end };
        self.send(to, Channel::Sync, Message::TextPart { hash, part, text });
        let parts = part.saturating_sub(limits::TEXT_PARTS_AHEAD);
        self.parcels.going.retain(|&(with, _, at)| with != to && now.saturating_sub(at) < timers::DOCUMENT);
        self.parcels.going.push((to, parts, now));
        self.event(Event::Progress);
    }

    /// Somebody has the document, and its text is long.
    pub(super) fn text_offered(&mut self, now: Time, from: Author, hash: TextHash, bytes: usize) {
        if bytes > limits::DOCUMENT_BYTES {
            return self.event(Event::Garbage(from, format!("a text of {bytes} bytes was offered")));
        }
        let is_here = self.long_source().is_some_and(|(_, own)| own == hash)
            || self.parcels.come.as_ref().is_some_and(|(come, _)| *come == hash);
        if is_here {
            self.send(from, Channel::Sync, Message::RequestDocumentOf(hash));
            return;
        }
        match &mut self.parcels.coming {
            // The rest of what somebody else began to give.
            Some(coming) if coming.hash == hash && coming.bytes == bytes => coming.from = from,
            // Who is at it goes on, unless it has stopped.
            Some(coming) if coming.from != from && now.saturating_sub(coming.at) < timers::DOCUMENT => return,
            coming => {
                *coming = Some(Coming { hash, bytes, from, text: String::new(), parts: 0, at: now });
            }
        }
        let parts = self.parcels.coming.as_ref().map_or(0, |coming| coming.parts);
        for part in parts..parts + limits::TEXT_PARTS_AHEAD {
            self.send(from, Channel::Sync, Message::RequestText { hash, part });
        }
        self.still_coming(now);
    }

    /// A part of a text came.
    pub(super) fn part_came(&mut self, now: Time, from: Author, hash: TextHash, part: usize, text: &str) {
        let Some(coming) = &mut self.parcels.coming else { return };
        // What was asked of somebody else, who is late, is as good; but each part once, in turn.
        if coming.hash != hash || coming.parts != part || coming.text.len() + text.len() > coming.bytes {
            return;
        }
        coming.text.push_str(text);
        coming.parts += 1;
        (coming.at, coming.from) = (now, from);
        self.outputs.push_back(Output::Event(Event::Progress));
        if coming.text.len() < coming.bytes {
            let ahead = part + limits::TEXT_PARTS_AHEAD;
            self.send(from, Channel::Sync, Message::RequestText { hash, part: ahead });
            self.still_coming(now);
            return;
        }
        let whole = self.parcels.coming.take().map(|coming| coming.text).unwrap_or_default();
        if *blake3::hash(whole.as_bytes()).as_bytes() == hash {
            self.parcels.come = Some((hash, whole.into()));
            self.send(from, Channel::Sync, Message::RequestDocumentOf(hash));
        } else {
            self.event(Event::Garbage(from, "a text that is not the one that was offered".to_owned()));
        }
        self.still_coming(now);
    }

    /// Nothing is on its way to somebody any more.
    pub(super) fn stop_giving(&mut self, to: Author) {
        self.parcels.going.retain(|(with, ..)| *with != to);
    }

    /// Whoever was asked for the document is giving it.
    fn still_coming(&mut self, now: Time) {
        if self.timers.is_set(Timer::Document) {
            self.timers.set(Timer::Document, now + timers::DOCUMENT);
        }
    }

    /// The document that a message without its text stands for. Nothing if the text is not here.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are whole")]
    pub(super) fn with_text(&mut self, from: Author, message: Message) -> Option<Message> {
        match message {
            Message::Signed(message, proof) => {
                Some(Message::Signed(Box::new(self.with_text(from, *message)?), proof))
            }
            Message::DocumentOf { hash, lines, value, clock, changes } => {
                let come = self.parcels.come.take_if(|(come, _)| *come == hash).map(|(_, text)| text);
                let own = || self.long_source().filter(|(_, own)| *own == hash).map(|(source, _)| source);
                let source = come.or_else(own)?.with_bad_lines(lines);
                let value = match value.map_or_else(|| source.read().map(|parsed| parsed.value), Ok) {
                    Ok(value) => value,
                    Err(error) => {
                        self.event(Event::Garbage(from, format!("bad document: {error}")));
                        return None;
                    }
                };
                Some(Message::Document { checkpoint: Checkpoint { source, value, clock }, changes })
            }
            other => Some(other),
        }
    }
}

/// A document without its text: the value goes along unless the text says it.
#[expect(clippy::wildcard_enum_match_arm, reason = "no other message has one")]
pub(super) fn without_text(message: Message, hash: TextHash) -> Message {
    match message {
        Message::Signed(message, proof) => Message::Signed(Box::new(without_text(*message, hash)), proof),
        Message::Document { checkpoint: Checkpoint { source, value, clock }, changes } => {
            let lines = source.bad_lines().cloned();
            let value = (clock != VectorClock::new()).then_some(value);
            Message::DocumentOf { hash, lines, value, clock, changes }
        }
        other => other,
    }
}
