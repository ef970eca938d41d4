//! A tree to look at beside the live one.

use ratatui::layout::Rect;

use super::{Pen, Pieces, tree};
use crate::document::Path;
use crate::tui::lines::{Look, Part, indent};
use crate::tui::reader::Reader;
use crate::tui::text::{clip, clip_start, inert, thousands};
use crate::tui::theme::Role;
use crate::tui::update::viewer_title;
use crate::tui::viewer::Viewer;

pub(super) fn draw(viewer: &Viewer, look: Look, area: Rect, pen: &mut Pen<'_, '_>) {
    let inner = if is_bordered(area) {
        let title = viewer_title(&viewer.subject);
        pen.border(area, &clip(&title, usize::from(area.width.saturating_sub(4))));
        super::inside(area)
    } else {
        area
    };
    let columns = usize::from(inner.width);
    let lines = viewer.lines(look, columns).window(viewer.top, usize::from(inner.height));
    for (at, line) in (0..inner.height).zip(lines) {
        let place = Rect { y: inner.y + at, height: 1, ..inner };
        if !matches!(line.part, Part::Row(_)) {
            pen.line(place, &tree::rest(&line, 1, inner.width));
            continue;
        }
        let row = &line.row;
        let is_here = row.at == viewer.row;
        let right = tree::kind(&row.value);
        let mut pieces = Pieces::new(columns.saturating_sub(right.len() + 1));
        pieces.push(Role::Title, if is_here { "▶ " } else { "  " });
        pieces.blanks(indent(row.path.steps().len(), columns));
        pieces.push(Role::Dim, tree::fold_mark(row.is_open));
        let role = if is_here { Role::Chosen } else { Role::Key };
        tree::push_node(&mut pieces, &line, look, role, columns / 2);
        pieces.room += right.len() + 1;
        let mut end = Pieces::new(columns);
        end.push(Role::Dim, &right);
        pieces.push_right(&end);
        pen.line(place, &pieces);
    }
}

/// The whole of a string.
pub(super) fn draw_reader(reader: &Reader, area: Rect, pen: &mut Pen<'_, '_>) {
    let (lines, is_all) = reader.count();
    let inner = if is_bordered(area) {
        let path = reader.place.as_ref().map_or("what was here".to_owned(), Path::to_jq);
        let more = if is_all { "" } else { " so far" };
        let title = format!(
            "{}   line {}/{}{more}",
            clip_start(&inert(&path), usize::from(area.width) / 2),
            thousands(reader.top + 1),
            thousands(lines)
        );
        pen.border(area, &clip(&title, usize::from(area.width.saturating_sub(4))));
        super::inside(area)
    } else {
        area
    };
    for (at, line) in (0..inner.height).zip(reader.window(usize::from(inner.height))) {
        let mut pieces = Pieces::within(inner);
        pieces.push(Role::Plain, &line);
        pen.line(Rect { y: inner.y + at, height: 1, ..inner }, &pieces);
    }
}

fn is_bordered(area: Rect) -> bool {
    area.height >= 5 && area.width >= 10
}

/// Rows and columns that a tree to look at has on the screen.
pub(in crate::tui) fn viewer_size(size: (u16, u16)) -> (usize, usize) {
    let area = super::layout(size).body;
    let inner = if is_bordered(area) { super::inside(area) } else { area };
    (usize::from(inner.height), usize::from(inner.width))
}
