//! Reading one level of a text: the children of a container, or a page of them.

use std::sync::{Arc, OnceLock};

use super::outline::{Mark, Outline, Span};
use super::{Keys, Source};
use crate::document::list::List;
use crate::document::object::{Entry, Object};
use crate::document::value::Inside;
use crate::document::{Builder, Event, Scanner, Text, Value};

/// A container that is a place in a text until somebody looks into it.
pub(in crate::document) struct Unread {
    source: Source,
    /// Of its span.
    number: u32,
    inside: OnceLock<Inside>,
}

impl Unread {
    /// The outermost container of a text that has been scanned; nothing if it is too small to have
    /// a span.
    pub(super) fn root(source: &Source) -> Option<Self> {
        source.outline()?.span(0)?;
        Some(Self::new(source.clone(), 0))
    }

    fn new(source: Source, number: u32) -> Self {
        Self { source, number, inside: OnceLock::new() }
    }

    fn span(&self) -> Option<&Span> {
        self.source.outline()?.span(self.number)
    }

    /// How many children it has.
    pub(in crate::document) fn len(&self) -> usize {
        self.span().map_or(0, |span| span.len as usize)
    }

    pub(in crate::document) fn is_object(&self) -> bool {
        self.text().starts_with('{')
    }

    /// Its text, brackets included.
    pub(in crate::document) fn text(&self) -> &str {
        let range = self.span().map(|span| span.start as usize..span.end as usize);
        range.and_then(|range| self.source.text().get(range)).unwrap_or_default()
    }

    /// Its text, if writing that without white space says what the value says: no entry in it
    /// hides another.
    pub(in crate::document) fn plain_text(&self) -> Option<&str> {
        self.source.outline().is_some_and(|outline| outline.hidden == 0).then(|| self.text())
    }

    /// How many values are inside, down to so many levels, of which its children are the first.
    /// Nothing if only reading it tells.
    pub(in crate::document) fn inner_count(&self, levels: usize) -> Option<usize> {
        let outline = self.source.outline()?;
        let pages = 0..outline.pages(self.number);
        Some(self.len() + outline.below(self.number, pages, levels.checked_sub(1)?)?)
    }

    /// Levels of nesting in its text. Nothing if only reading that tells.
    pub(in crate::document) fn levels(&self) -> Option<usize> {
        self.source.outline()?.levels(self.number)
    }

    /// What is in it, made now if it has not been.
    pub(in crate::document) fn inside(&self) -> &Inside {
        self.inside.get_or_init(|| self.read())
    }

    /// What is in it, if somebody has looked.
    pub(in crate::document) fn known(&self) -> Option<&Inside> {
        self.inside.get()
    }

    /// What is in it, to be changed: taken if nobody else has it.
    pub(in crate::document) fn take(this: &mut Arc<Self>) -> Inside {
        this.inside();
        let own = Arc::get_mut(this).and_then(|unread| unread.inside.take());
        own.unwrap_or_else(|| this.inside().clone())
    }

    /// The text and where in it this is.
    pub(in crate::document) fn identity(&self) -> (usize, u32) {
        (Arc::as_ptr(&self.source.0).addr(), self.number)
    }

    /// Whether both are the same place of the same text.
    pub(in crate::document) fn is_same(&self, other: &Self) -> bool {
        self.number == other.number && self.source.is_same(&other.source)
    }

    fn read(&self) -> Inside {
        let Some((outline, span)) = self.source.outline().zip(self.span()) else {
            return Inside::Array(List::default());
        };
        let is_long = outline.pages(self.number) > 1;
        if !self.is_object() {
            return Inside::Array(if is_long {
                List::of_pages(self.pages(outline, span, Page::elements))
            } else {
                self.children().map(|child| child.value).collect()
            });
        }
        Inside::Object(Arc::new(if is_long {
            let keys = Keys::new(KeyTexts::of(&self.source, span, self.number));
            Object::of_pages(List::of_pages(self.pages(outline, span, Page::entries)), keys)
        } else if span.hides {
            let mut object = Object::default();
            for child in self.children() {
                object.insert(child.key, child.value);
            }
            object
        } else {
            Object::of_distinct(span.len as usize, self.children().map(|child| (child.key, child.value)))
        }))
    }

    fn pages<T>(&self, outline: &Outline, span: &Span, read: fn(&Place) -> Vec<T>) -> Vec<Page<T>> {
        let (size, count) = (outline.grain.page, span.len as usize);
        let place = |page: usize| {
            let mark = outline.mark(self.number, page)?;
            let end = outline.mark(self.number, page + 1).map_or(span.end - 1, |next| next.at);
            let len = size.min(count - page * size);
            Some(Place {
                source: self.source.clone(),
                number: self.number,
                mark,
                end,
                first: page * size,
                len,
            })
        };
        let places = (0..outline.pages(self.number)).filter_map(place);
        places.map(|place| Page { place, read, items: OnceLock::new() }).collect()
    }

    fn children(&self) -> impl Iterator<Item = Child> {
        self.source.children(self.span().map_or(0, |span| span.start as usize), 0)
    }
}

/// A page of the children of a container: where in the text it begins, and which it has.
struct Place {
    source: Source,
    /// The span of the container.
    number: u32,
    mark: Mark,
    /// The byte where the next page begins, or the container ends.
    end: u32,
    /// The position of its first child.
    first: usize,
    len: usize,
}

impl Place {
    fn children(&self) -> impl Iterator<Item = Child> {
        let span = self.source.outline().and_then(|outline| outline.span(self.number));
        let container = span.map_or(0, |span| span.start as usize);
        Children::new(&self.source, container, self.mark).take(self.len)
    }
}

/// Items of a list that are made when somebody looks at the first of them.
pub(in crate::document) struct Page<T> {
    place: Place,
    read: fn(&Place) -> Vec<T>,
    items: OnceLock<Arc<Vec<T>>>,
}

impl Page<Value> {
    fn elements(place: &Place) -> Vec<Value> {
        place.children().map(|child| child.value).collect()
    }
}

impl Page<Entry> {
    fn entries(place: &Place) -> Vec<Entry> {
        let children = place.children().zip(place.first..);
        children.map(|(child, ordinal)| Entry::new(ordinal, (child.key, child.value))).collect()
    }
}

impl<T> Page<T> {
    pub(in crate::document) fn len(&self) -> usize {
        self.place.len
    }

    /// The items, made now if they have not been.
    pub(in crate::document) fn items(&self) -> &Arc<Vec<T>> {
        self.items.get_or_init(|| Arc::new((self.read)(&self.place)))
    }

    /// How many values are inside its items, down to so many levels. Nothing if only reading them
    /// tells.
    pub(in crate::document) fn below(&self, levels: usize) -> Option<usize> {
        let outline = self.place.source.outline()?;
        let page = self.place.first / outline.grain.page;
        outline.below(self.place.number, page..page + 1, levels)
    }

    /// The text of the items and what stands between them, while nobody has looked at them.
    pub(in crate::document) fn unread_text(&self) -> Option<&str> {
        let range = self.place.mark.at as usize..self.place.end as usize;
        if self.items.get().is_some() { None } else { self.place.source.text().get(range) }
    }

    /// Which text it is of, and where in it. The same for two pages: they hold the same items.
    pub(in crate::document) fn identity(&self) -> (usize, Option<usize>) {
        (self.place.source.address(), Some(self.place.mark.at as usize))
    }
}

/// A child of a container, and where it stands in the text.
pub(in crate::document) struct Child {
    /// The first byte of its key, or of the value if it has none.
    pub(in crate::document) entry: usize,
    /// The first byte of the value.
    pub(in crate::document) start: usize,
    /// The byte after the value.
    pub(in crate::document) end: usize,
    /// Its key; an empty one in an array.
    pub(in crate::document) key: Text,
    pub(in crate::document) value: Value,
}

/// Reads children one after the other.
struct Children<'a> {
    source: &'a Source,
    scanner: Scanner<'a>,
    builder: Builder<'a>,
    /// The next span.
    span: u32,
}

impl<'a> Children<'a> {
    fn new(source: &'a Source, container: usize, from: Mark) -> Self {
        let scanner = Scanner::inside(source.text(), container, from.at as usize);
        Self { source, scanner, builder: Builder::default(), span: from.span }
    }

    /// The span that begins with the last event.
    fn next_span(&self) -> Option<&'a Span> {
        let span = self.source.outline()?.span(self.span)?;
        (span.start as usize == self.scanner.start()).then_some(span)
    }

    /// The value that begins with an event.
    fn value(&mut self, mut event: Event<'a>) -> Option<Value> {
        if matches!(event, Event::BeginArray | Event::BeginObject)
            && let Some(span) = self.next_span()
        {
            self.scanner.skip_to(span.end as usize);
            let unread = Unread::new(self.source.clone(), self.span);
            self.span = span.next;
            return Some(Value::unread(unread));
        }
        loop {
            self.builder.take(event);
            if let Some(value) = self.builder.done() {
                return Some(value);
            }
            event = self.event()?;
        }
    }

    /// The next event; the text has been checked, so there is no error.
    fn event(&mut self) -> Option<Event<'a>> {
        self.scanner.next().ok().flatten()
    }
}

impl Iterator for Children<'_> {
    type Item = Child;

    fn next(&mut self) -> Option<Child> {
        let mut event = self.event().filter(|event| *event != Event::End)?;
        let entry = self.scanner.start();
        let mut key = Text::default();
        if let Event::Key(raw) = event {
            key = self.builder.shared_key(raw);
            event = self.event()?;
        }
        let start = self.scanner.start();
        let value = self.value(event)?;
        Some(Child { entry, start, end: self.scanner.end(), key, value })
    }
}

impl Source {
    /// The children of the container that begins at byte `start`, from the `from`-th entry on. The
    /// text has been read.
    pub(in crate::document) fn children(&self, start: usize, from: usize) -> impl Iterator<Item = Child> {
        let outline = self.outline();
        let number = outline.and_then(|outline| outline.starting_at(start));
        let page = outline.map_or(1, |outline| outline.grain.page);
        let mark = outline.zip(number).and_then(|(outline, number)| outline.mark(number, from / page));
        let skipped = if mark.is_some() { from % page } else { from };
        let first = Mark::at(start + 1);
        Children::new(self, start, mark.unwrap_or(first)).skip(skipped)
    }
}

/// The keys of a map, without what they lead to.
struct KeyTexts<'a> {
    source: &'a Source,
    scanner: Scanner<'a>,
    span: u32,
    /// How many containers around the next event are inside the map.
    depth: usize,
}

impl<'a> KeyTexts<'a> {
    fn of(source: &'a Source, map: &Span, number: u32) -> Self {
        let start = map.start as usize;
        Self { source, scanner: Scanner::inside(source.text(), start, start + 1), span: number + 1, depth: 0 }
    }
}

impl<'a> Iterator for KeyTexts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            match self.scanner.next().ok()?? {
                Event::Key(raw) if self.depth == 0 => return Some(raw),
                Event::BeginArray | Event::BeginObject => {
                    let span = self.source.outline()?.span(self.span);
                    match span.filter(|span| span.start as usize == self.scanner.start()) {
                        Some(span) => {
                            self.scanner.skip_to(span.end as usize);
                            self.span = span.next;
                        }
                        None => self.depth += 1,
                    }
                }
                Event::End => self.depth = self.depth.checked_sub(1)?,
                Event::Key(_) | Event::Null | Event::Bool(_) | Event::Number(_) | Event::String(_) => {}
            }
        }
    }
}
