//! Where the larger containers of a text are: found by the scan that checks it.

use std::ops::Range;

use super::counts::{Count, Counter};
use super::keys::KeyCheck;
use crate::document::{Event, ParseError, Path, Scanner, Step, Text};
use crate::limits;

/// How small the parts of a text are that are left unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grain {
    /// Bytes of the smallest container that is noted; smaller ones are made with what they are in.
    pub span: usize,
    /// Children of a long container that are made at a time.
    pub page: usize,
}

/// Fine enough that making one page is a matter of microseconds, coarse enough that the notes take
/// a tenth of the text's size or less.
impl Default for Grain {
    fn default() -> Self {
        Self { span: 256, page: 64 }
    }
}

/// A container in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// The byte of its opening bracket.
    pub(super) start: u32,
    /// The byte after its closing one.
    pub(super) end: u32,
    /// Its children; entries with one key count once.
    pub(super) len: u32,
    /// The number of the first span behind it.
    pub(super) next: u32,
    /// The number of its first mark, if it has more than a page of children.
    marks: u32,
    /// Whether it has entries hidden behind later ones with the same key.
    pub(super) hides: bool,
}

/// Where a page of children begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// The byte where the first of them begins, with its key if it has one.
    pub(super) at: u32,
    /// The number of the first span from there on.
    pub(super) span: u32,
    /// The number of the count of what comes before.
    count: u32,
}

impl Mark {
    /// A byte of a text before which nothing was counted.
    pub(super) fn at(at: usize) -> Self {
        Self { at: short(at), span: u32::MAX, count: 0 }
    }
}

/// Bytes of the smallest container inside which the values are counted, unless it is long.
const COUNTED: usize = 4_096;

/// What is before the first and before the end of what is in a container.
struct Total {
    span: u32,
    begin: Count,
    end: Count,
    /// Levels of nesting in it, itself included.
    levels: u32,
}

/// The larger containers of a text, in the order in which they begin.
pub(super) struct Outline {
    pub(super) spans: Vec<Span>,
    marks: Vec<Mark>,
    counts: Vec<Count>,
    /// By rising span.
    totals: Vec<Total>,
    pub(super) grain: Grain,
    /// How many entries are hidden behind a later one with the same key, and the first of them.
    pub(super) hidden: usize,
    pub(super) first_hidden: Option<Path>,
}

impl Outline {
    /// Checks a JSON text and notes its containers.
    pub(super) fn read(text: &str, grain: Grain) -> Result<Self, ParseError> {
        let mut scanner = Scanner::new(text, limits::DEPTH);
        let mut writer = Writer::new(grain);
        while let Some(event) = scanner.next()? {
            writer.take(event, scanner.start(), scanner.end());
        }
        let mut outline = writer.outline;
        if u32::try_from(text.len()).is_err() {
            // The places do not fit; such a text is made whole.
            outline.spans.clear();
        }
        outline.spans.shrink_to_fit();
        outline.totals.sort_unstable_by_key(|total| total.span);
        Ok(outline)
    }

    pub(super) fn span(&self, number: u32) -> Option<&Span> {
        self.spans.get(number as usize)
    }

    /// The number of the span that begins at a byte.
    pub(super) fn starting_at(&self, start: usize) -> Option<u32> {
        let start = short(start);
        let number = self.spans.partition_point(|span| span.start < start);
        self.spans.get(number).filter(|span| span.start == start).map(|_| short(number))
    }

    /// How many pages the children of a span make.
    pub(super) fn pages(&self, number: u32) -> usize {
        // A map that hides entries is made whole.
        self.span(number)
            .filter(|span| !span.hides)
            .map_or(1, |span| (span.len as usize).div_ceil(self.grain.page))
    }

    /// Where a page of the children of a span begins.
    pub(super) fn mark(&self, number: u32, page: usize) -> Option<Mark> {
        let span = self.span(number)?;
        match page.checked_sub(1) {
            None => Some(Mark { at: span.start + 1, span: number + 1, count: 0 }),
            Some(later) if page < self.pages(number) => self.marks.get(span.marks as usize + later).copied(),
            Some(_) => None,
        }
    }

    /// Levels of nesting in a span; nothing if only reading it tells.
    pub(super) fn levels(&self, number: u32) -> Option<usize> {
        let at = self.totals.binary_search_by_key(&number, |total| total.span).ok()?;
        self.totals.get(at).map(|total| total.levels as usize)
    }

    /// How many values are inside the children on some pages of a span, down to so many levels.
    /// Nothing if only reading them tells.
    pub(super) fn below(&self, number: u32, pages: Range<usize>, levels: usize) -> Option<usize> {
        let at = self.totals.binary_search_by_key(&number, |total| total.span).ok()?;
        let total = self.totals.get(at)?;
        let count = |page| match page {
            0 => Some(&total.begin),
            page if page >= self.pages(number) => Some(&total.end),
            page => self.counts.get(self.mark(number, page)?.count as usize),
        };
        Count::below(count(pages.start)?, count(pages.end)?, levels)
    }
}

/// A container that is not closed yet.
struct Open {
    is_object: bool,
    span: usize,
    len: usize,
    /// How many marks and keys of other containers come before its own.
    marks: usize,
    keys: usize,
    /// How many counts come before its own, and what was passed before its first child.
    counts: usize,
    begin: Count,
    /// Levels inside it.
    levels: u32,
}

struct Writer<'a> {
    outline: Outline,
    counter: Counter,
    open: Vec<Open>,
    /// Marks of the containers that are open.
    marks: Vec<Mark>,
    keys: KeyCheck<'a>,
    /// The byte where the first hidden entry begins.
    first_hidden: usize,
}

/// A place or number in a text whose places fit.
pub(super) fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl<'a> Writer<'a> {
    fn new(grain: Grain) -> Self {
        let grain = Grain { span: grain.span.max(2), page: grain.page.max(1) };
        let outline = Outline {
            spans: Vec::new(),
            marks: Vec::new(),
            counts: Vec::new(),
            totals: Vec::new(),
            grain,
            hidden: 0,
            first_hidden: None,
        };
        Self {
            outline,
            counter: Counter::default(),
            open: Vec::new(),
            marks: Vec::new(),
            keys: KeyCheck::default(),
            first_hidden: usize::MAX,
        }
    }

    fn take(&mut self, event: Event<'a>, start: usize, end: usize) {
        match event {
            Event::End => return self.close(end),
            Event::Key(raw) => {
                self.keys.push(raw, start);
                return self.child(start);
            }
            Event::BeginArray
            | Event::BeginObject
            | Event::Null
            | Event::Bool(_)
            | Event::Number(_)
            | Event::String(_) => {}
        }
        if self.open.last().is_some_and(|open| !open.is_object) {
            self.child(start);
        }
        if matches!(event, Event::BeginArray | Event::BeginObject) {
            self.begin(event == Event::BeginObject, start);
        }
    }

    /// A child of the innermost container begins.
    fn child(&mut self, start: usize) {
        let level = self.open.len();
        let Some(open) = self.open.last_mut() else { return };
        if open.len > 0 && open.len.is_multiple_of(self.outline.grain.page) {
            let (count, counts) = (self.counter.count(level), &mut self.outline.counts);
            if counts.last() != Some(&count) {
                counts.push(count);
            }
            let count = short(counts.len() - 1);
            self.marks.push(Mark { at: short(start), span: short(self.outline.spans.len()), count });
        }
        open.len += 1;
        self.counter.pass(level);
    }

    fn begin(&mut self, is_object: bool, start: usize) {
        let span = self.outline.spans.len();
        self.open.push(Open {
            is_object,
            span,
            len: 0,
            marks: self.marks.len(),
            keys: self.keys.len(),
            counts: self.outline.counts.len(),
            begin: self.counter.count(self.open.len() + 1),
            levels: 0,
        });
        let start = short(start);
        self.outline.spans.push(Span { start, end: start, len: 0, next: 0, marks: 0, hides: false });
    }

    fn close(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        let levels = open.levels + 1;
        if let Some(around) = self.open.last_mut() {
            around.levels = around.levels.max(levels);
        }
        let hidden = if open.is_object { self.hidden(&open) } else { 0 };
        self.counter.hide(hidden);
        let counted = self.counter.count(self.open.len() + 1);
        let Some(span) = self.outline.spans.get_mut(open.span) else { return };
        if end - (span.start as usize) < self.outline.grain.span {
            // What is inside is smaller still, and was not kept.
            self.outline.spans.truncate(open.span);
            self.marks.truncate(open.marks);
            self.outline.counts.truncate(open.counts);
            return;
        }
        if self.marks.len() > open.marks || end - (span.start as usize) >= COUNTED {
            let total = Total { span: short(open.span), begin: open.begin, end: counted, levels };
            self.outline.totals.push(total);
        }
        span.end = short(end);
        span.len = short(open.len - hidden);
        span.hides = hidden > 0;
        span.marks = short(self.outline.marks.len());
        let next = short(self.outline.spans.len());
        if let Some(span) = self.outline.spans.get_mut(open.span) {
            span.next = next;
        }
        self.outline.marks.extend(self.marks.drain(open.marks..));
    }

    /// How many entries of a map that ends are hidden behind later ones.
    fn hidden(&mut self, open: &Open) -> usize {
        let hidden = self.keys.close(open.keys);
        let Some(first) = hidden.iter().min_by_key(|key| key.start) else { return 0 };
        self.outline.hidden += hidden.len();
        if first.start < self.first_hidden {
            self.first_hidden = first.start;
            let ends = self.open.iter().skip(1).map(|inner| inner.keys).chain([self.keys.len()]);
            let around = self.open.iter().zip(ends).map(|(around, end)| match self.keys.before(end) {
                Some(key) if around.is_object => Step::Key(key),
                _ => Step::Index(around.len.saturating_sub(1)),
            });
            let key = Step::Key(Text::from_raw(first.raw));
            self.outline.first_hidden = Some(around.chain([key]).collect());
        }
        hidden.len()
    }
}
