//! Long texts in parts: the text that a document was first read from, when it is too long to be
//! said in one message.
//!
//! It is the same text at everyone's and never changes, so it has a name, the hash of its bytes,
//! and whoever has it can give any part of it. Who wants it asks for part after part, a few ahead;
//! when a connection breaks, the rest is asked of whom there is. What was edited meanwhile comes
//! with the document itself, which only names the text by then.
//!
//! Where the others do not remember all changes since, the version that they do remember goes before
//! the document in the same way: its text is held while somebody is getting it.

use std::ops::Range;

use super::peer::Peer;
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
    /// Where the history started when somebody was last told so.
    version: Option<Version>,
    /// Texts that have come and are not part of a document yet: the source, and a version.
    come: Vec<(TextHash, Source)>,
    coming: Option<Coming>,
    /// To whom parts are going.
    going: Vec<Going>,
}

/// A version of the document as a text to be given.
#[derive(Debug)]
struct Version {
    hash: TextHash,
    text: Source,
    clock: VectorClock,
}

/// A text on its way to somebody.
#[derive(Clone, Copy, Debug)]
struct Going {
    to: Author,
    hash: TextHash,
    bytes: usize,
    /// The latest part that has gone.
    part: usize,
    /// When.
    at: Time,
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
            (self.parcels.own, self.parcels.come) = (None, vec![(hash, text)]);
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
        let going = self.parcels.going.iter().map(|going| Transfer {
            with: going.to,
            is_incoming: false,
            done: going.part.saturating_mul(limits::TEXT_PART_BYTES).min(going.bytes),
            total: going.bytes,
        });
        coming.into_iter().chain(going).collect()
    }

    /// The text that the document was read from, and its name if it is long.
    fn long_source(&mut self) -> Option<(Source, TextHash)> {
        let source = self.replica.as_ref()?.source().clone();
        let hash = self.parcels.own(&source)?;
        Some((source, hash))
    }

    /// The version where the history starts, as a text, if that is long and not what the source says.
    fn long_version(&mut self) -> Option<&Version> {
        let replica = self.replica.as_ref()?;
        let is_remembered = |version: &Version| replica.reaches_back_to(&version.clock);
        if !self.parcels.version.as_ref().is_some_and(is_remembered) {
            let checkpoint = replica.checkpoint();
            let has_changed = checkpoint.clock != VectorClock::new();
            let text = has_changed.then(|| checkpoint.value.to_string());
            let text = text.filter(|text| text.len() > limits::WHOLE_TEXT_BYTES);
            self.parcels.version = text.map(|text| Version {
                hash: *blake3::hash(text.as_bytes()).as_bytes(),
                text: text.into(),
                clock: checkpoint.clock,
            });
        }
        self.parcels.version.as_ref()
    }

    /// A text that can be given, by its name.
    fn text_called(&mut self, hash: TextHash) -> Option<Source> {
        let version = self.parcels.version.as_ref().filter(|version| version.hash == hash);
        let version = version.map(|version| version.text.clone());
        version.or_else(|| self.long_source().filter(|(_, own)| *own == hash).map(|(source, _)| source))
    }

    /// Answers a request for the document by somebody who has the text of this name, if any. One
    /// who needs a long text first is told of it.
    pub(super) fn give_document(&mut self, now: Time, to: Author, has: Option<TextHash>) {
        let Some((source, own)) = self.long_source() else { return self.send_document_of(now, to, None) };
        let version = self.parcels.version.as_ref().map(|version| version.hash);
        if has.is_some() && has == version {
            self.give_version(now, to, own);
        } else if has != Some(own) {
            self.offer(now, to, own, source.len());
        } else if let Some(version) = self.long_version().map(|version| (version.hash, version.text.len())) {
            self.offer(now, to, version.0, version.1);
        } else {
            self.stop_giving(to);
            self.event(Event::Progress);
            self.send_document_of(now, to, Some(Texts { source: own, version: None }));
        }
    }

    /// Gives the document to somebody who has its text, and that of a version of it.
    fn give_version(&mut self, now: Time, to: Author, source: TextHash) {
        let clock = self.parcels.version.as_ref().map(|version| (version.hash, version.clock.clone()));
        // Where that is not remembered any more, it would be so again after another try.
        let is_remembered = |(_, clock): &(TextHash, VectorClock)| {
            self.replica.as_ref().is_some_and(|replica| replica.reaches_back_to(clock))
        };
        let version = clock.filter(is_remembered);
        self.stop_giving(to);
        self.event(Event::Progress);
        self.send_document_of(now, to, Some(Texts { source, version }));
    }

    /// Tells somebody of a text that is needed first.
    fn offer(&mut self, now: Time, to: Author, hash: TextHash, bytes: usize) {
        if self.left {
            return;
        }
        self.going(now, Going { to, hash, bytes, part: 0, at: now });
        self.send(to, Channel::Sync, Message::Text { hash, bytes });
    }

    fn going(&mut self, now: Time, going: Going) {
        let is_other =
            |other: &Going| other.to != going.to && now.saturating_sub(other.at) < timers::DOCUMENT;
        self.parcels.going.retain(is_other);
        self.parcels.going.push(going);
    }

    /// Gives a part of a text. One who asks for another text than those that are here is told of the
    /// one that is.
    pub(super) fn give_part(&mut self, now: Time, to: Author, hash: TextHash, part: usize) {
        let Some(text) = self.text_called(hash) else { return self.give_document(now, to, None) };
        let (start, end) = (part_start(&text, part), part_start(&text, part.saturating_add(1)));
        if start == end {
            return;
        }
        let bytes = text.len();
        let piece = Piece { text, range: start..end };
        self.send(to, Channel::Sync, Message::TextPart { hash, part, text: piece });
        let part = part.saturating_sub(limits::TEXT_PARTS_AHEAD);
        self.going(now, Going { to, hash, bytes, part, at: now });
        self.event(Event::Progress);
    }

    /// Somebody has the document, and its text is long.
    pub(super) fn text_offered(&mut self, now: Time, from: Author, hash: TextHash, bytes: usize) {
        if bytes > limits::DOCUMENT_BYTES {
            return self.event(Event::Garbage(from, format!("a text of {bytes} bytes was offered")));
        }
        let own = self.long_source().is_some_and(|(_, own)| own == hash);
        let come = &mut self.parcels.come;
        let at = come.iter().position(|(come, _)| *come == hash);
        if let Some(at) = at {
            // The other one is the first to be let go of.
            come.rotate_left(at + 1);
        }
        if own || at.is_some() {
            self.send(from, Channel::Sync, Message::RequestDocumentOf(hash));
            return;
        }
        let is_there = |giver: Author| self.peers.get(&giver).is_some_and(Peer::is_connected);
        match &mut self.parcels.coming {
            // Who is at it goes on, unless it has stopped or is gone.
            Some(coming)
                if coming.from != from
                    && is_there(coming.from)
                    && now.saturating_sub(coming.at) < timers::DOCUMENT =>
            {
                return;
            }
            // The rest of what somebody else began to give.
            Some(coming) if coming.hash == hash && coming.bytes == bytes => coming.from = from,
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
        // Each part once, in turn, and of whoever gives it: anybody else could spoil the whole.
        let is_next = coming.from == from && coming.hash == hash && coming.parts == part;
        if !is_next || coming.text.len() + text.len() > coming.bytes {
            return;
        }
        coming.text.push_str(text);
        coming.parts += 1;
        coming.at = now;
        self.outputs.push_back(Output::Event(Event::Progress));
        if coming.text.len() < coming.bytes {
            let ahead = part + limits::TEXT_PARTS_AHEAD;
            self.send(from, Channel::Sync, Message::RequestText { hash, part: ahead });
            self.still_coming(now);
            return;
        }
        let whole = self.parcels.coming.take().map(|coming| coming.text).unwrap_or_default();
        if *blake3::hash(whole.as_bytes()).as_bytes() == hash {
            let come = &mut self.parcels.come;
            // The first of two is of a try that came to nothing.
            come.drain(..come.len().saturating_sub(1));
            come.push((hash, whole.into()));
            self.send(from, Channel::Sync, Message::RequestDocumentOf(hash));
        } else {
            self.event(Event::Garbage(from, "a text that is not the one that was offered".to_owned()));
        }
        self.still_coming(now);
    }

    /// Nothing is on its way to somebody any more.
    pub(super) fn stop_giving(&mut self, to: Author) {
        self.parcels.going.retain(|going| going.to != to);
        let version = self.parcels.version.as_ref().map(|version| version.hash);
        if !self.parcels.going.iter().any(|going| Some(going.hash) == version) {
            self.parcels.version = None;
        }
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
            Message::DocumentOf { hash, lines, value, version, clock, changes } => {
                let come = |hash| self.parcels.come.iter().find(|(come, _)| *come == hash);
                let version = match version {
                    Some(version) => Some(come(version)?.1.clone()),
                    None => None,
                };
                let come = come(hash).map(|(_, text)| text.clone());
                let source = come.or_else(|| self.text_called(hash))?.with_bad_lines(lines);
                self.parcels.come.clear();
                let text = version.as_ref().unwrap_or(&source);
                let value = match value.map_or_else(|| text.read().map(|parsed| parsed.value), Ok) {
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

/// What somebody has who is given a document: the texts' names.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    /// Of the text that it was first read from.
    source: TextHash,
    /// Of a version of it, and that one's clock.
    version: Option<(TextHash, VectorClock)>,
}

impl Texts {
    /// The clock of the version whose text is there.
    pub(super) fn clock(&self) -> Option<&VectorClock> {
        self.version.as_ref().map(|(_, clock)| clock)
    }
}

/// A document without its text: the value goes along unless a text says it.
#[expect(clippy::wildcard_enum_match_arm, reason = "no other message has one")]
pub(super) fn without_text(message: Message, texts: &Texts) -> Message {
    match message {
        Message::Signed(message, proof) => Message::Signed(Box::new(without_text(*message, texts)), proof),
        Message::Document { checkpoint: Checkpoint { source, value, clock }, changes } => {
            let (hash, version) = (texts.source, texts.version.as_ref().map(|(hash, _)| *hash));
            let lines = source.bad_lines().cloned();
            let value = (version.is_none() && clock != VectorClock::new()).then_some(value);
            Message::DocumentOf { hash, lines, value, version, clock, changes }
        }
        other => other,
    }
}
