//! Drawing: from the model to the cells of the screen, and nothing else.

mod bottom;
mod disputes;
mod pages;
mod preview;
mod side;
mod title;
mod tree;
mod viewer;

pub(super) use viewer::viewer_size;

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::symbols::merge::MergeStrategy;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use super::mode::Mode;
use super::model::Model;
use super::search::Search;
use super::text::{clip, inert};
use super::theme::{Role, Theme};

/// Where everything is on a screen of some size. What does not fit is left out: first the panes
/// at the side, then borders, the way to the cursor, the hints, the title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// File, room, people.
    pub title: Option<Rect>,
    /// The way to the cursor.
    pub crumbs: Option<Rect>,
    /// The tree with its border, and all else between the lines at the top and the bottom.
    pub body: Rect,
    /// The border around the tree.
    pub tree_border: Option<Rect>,
    /// The rows of the tree.
    pub tree: Rect,
    /// Who is here, with border.
    pub people: Option<Rect>,
    /// What was done lately, with border.
    pub history: Option<Rect>,
    /// What there is to tell, and what is typed.
    pub message: Option<Rect>,
    /// What the keys do, and where the cursor is.
    pub hints: Option<Rect>,
}

/// Where everything is on a screen of so many columns and rows.
pub fn layout(size: (u16, u16)) -> Layout {
    let (columns, rows) = size;
    let mut body = Rect::new(0, 0, columns, rows);
    let from_top = |wanted: bool, body: &mut Rect| {
        wanted.then(|| {
            let line = Rect { height: 1, ..*body };
            (body.y, body.height) = (body.y + 1, body.height - 1);
            line
        })
    };
    let title = from_top(rows >= 4, &mut body);
    let crumbs = from_top(rows >= 8, &mut body);
    let from_bottom = |wanted: bool, body: &mut Rect| {
        wanted.then(|| {
            body.height -= 1;
            Rect { y: body.y + body.height, height: 1, ..*body }
        })
    };
    let hints = from_bottom(rows >= 6, &mut body);
    let message = from_bottom(rows >= 2, &mut body);
    let is_bordered = rows >= 12 && columns >= 50;
    if !is_bordered {
        return Layout {
            title,
            crumbs,
            body,
            tree_border: None,
            tree: body,
            people: None,
            history: None,
            message,
            hints,
        };
    }
    let beside = if columns >= 70 { (columns * 2 / 5).clamp(28, 44) } else { 0 };
    // The panes share the border between them.
    let border = Rect { width: columns - beside, ..body };
    let pane = Rect { x: border.width.saturating_sub(1), width: beside + 1, ..body };
    let people = Rect { height: body.height / 2, ..pane };
    let history = Rect { y: people.y + people.height - 1, height: body.height - people.height + 1, ..pane };
    Layout {
        title,
        crumbs,
        body,
        tree_border: Some(border),
        tree: inside(border),
        people: (beside > 0).then_some(people),
        history: (beside > 0).then_some(history),
        message,
        hints,
    }
}

fn inside(border: Rect) -> Rect {
    Rect {
        x: border.x + 1,
        y: border.y + 1,
        width: border.width.saturating_sub(2),
        height: border.height.saturating_sub(2),
    }
}

/// Draws the screen. The same model gives the same screen.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let theme = Theme { colors: model.options.colors, no_color: model.options.no_color };
    let area = frame.area();
    let layout = layout((area.width, area.height));
    let mut pen = Pen { frame, theme };
    title::draw(model, &layout, &mut pen);
    match &model.mode {
        Mode::Menu(menu) => pages::draw_menu(model, menu, layout.body, &mut pen),
        Mode::View(seen) => viewer::draw(seen, model.look, layout.body, &mut pen),
        Mode::Read(reader) => viewer::draw_reader(reader, layout.body, &mut pen),
        Mode::Find(finder) => pages::draw_finder(model, finder, layout.body, &mut pen),
        Mode::Page(kind, top) => pages::draw_page(model, kind, *top, layout.body, &mut pen),
        Mode::Conflicts(list) => disputes::draw(model, list, layout.body, &mut pen),
        Mode::Jq(typed) => match &typed.seen {
            Some(seen) => viewer::draw(seen, model.look, layout.body, &mut pen),
            None => draw_document(model, &layout, &mut pen),
        },
        Mode::Browse | Mode::Edit(_) | Mode::Command(..) | Mode::Ask(_) => {
            draw_document(model, &layout, &mut pen);
        }
    }
    bottom::draw(model, &layout, &mut pen);
}

/// The document, who is in it, and what was done lately.
fn draw_document(model: &Model, layout: &Layout, pen: &mut Pen<'_, '_>) {
    tree::draw(model, layout, pen);
    side::draw(model, layout, pen);
    tree::draw_area(model, layout, pen);
    bottom::draw_box(model, layout.body, pen);
}

/// What is drawn with: the frame and the theme.
struct Pen<'a, 'b> {
    frame: &'a mut Frame<'b>,
    theme: Theme,
}

impl Pen<'_, '_> {
    fn border(&mut self, area: Rect, title: &str) {
        let block = Block::bordered()
            .title(format!(" {title} "))
            .merge_borders(MergeStrategy::Exact)
            .border_style(self.theme.style(Role::Border));
        self.frame.render_widget(block, area);
    }

    fn clear(&mut self, area: Rect) {
        self.frame.render_widget(Clear, area);
    }

    fn line(&mut self, area: Rect, pieces: &Pieces) {
        self.frame.render_widget(pieces.to_line(self.theme), area);
    }

    fn cursor(&mut self, area: Rect, column: usize) {
        let column = u16::try_from(column).unwrap_or(u16::MAX).min(area.width.saturating_sub(1));
        self.frame.set_cursor_position((area.x + column, area.y));
    }
}

/// Pieces of a line, side by side, that never grow wider than they may.
struct Pieces {
    pieces: Vec<(Role, String)>,
    /// Columns left.
    room: usize,
}

impl Pieces {
    fn new(columns: usize) -> Self {
        Self { pieces: Vec::new(), room: columns }
    }

    fn within(area: Rect) -> Self {
        Self::new(usize::from(area.width))
    }

    /// Adds a text, made inert and cut to the room there is.
    fn push(&mut self, role: Role, text: &str) -> &mut Self {
        let text = inert(text);
        let text = clip(&text, self.room);
        self.room -= super::text::width(&text).min(self.room);
        if !text.is_empty() {
            self.pieces.push((role, text.into_owned()));
        }
        self
    }

    fn blanks(&mut self, columns: usize) -> &mut Self {
        self.push(Role::Plain, &" ".repeat(columns.min(self.room)))
    }

    /// Adds other pieces at the right end, if they fit.
    fn push_right(&mut self, right: &Self) -> &mut Self {
        let width: usize = right.pieces.iter().map(|(_, text)| super::text::width(text)).sum();
        if let Some(gap) = self.room.checked_sub(width) {
            self.blanks(gap);
            self.pieces.extend(right.pieces.iter().cloned());
            self.room = 0;
        }
        self
    }

    fn extend(&mut self, other: Self) -> &mut Self {
        for (role, text) in other.pieces {
            self.push(role, &text);
        }
        self
    }

    /// Marks what matches a search.
    fn mark_matches(&mut self, search: &Search) {
        let mut marked = Vec::with_capacity(self.pieces.len());
        for (role, text) in std::mem::take(&mut self.pieces) {
            if !matches!(role, Role::Key | Role::Value(_) | Role::Chosen) {
                marked.push((role, text));
                continue;
            }
            let mut done = 0;
            for found in search.found_in(&text, !matches!(role, Role::Value(_))) {
                let mut push = |role, range: Range<usize>| {
                    let part = text.get(range).unwrap_or_default();
                    if !part.is_empty() {
                        marked.push((role, part.to_owned()));
                    }
                };
                push(role, done..found.start);
                push(Role::Found, found.clone());
                done = found.end;
            }
            marked.push((role, text.get(done..).unwrap_or_default().to_owned()));
        }
        self.pieces = marked;
    }

    fn to_line(&self, theme: Theme) -> Line<'_> {
        self.pieces.iter().map(|(role, text)| Span::styled(text.as_str(), theme.style(*role))).collect()
    }
}
