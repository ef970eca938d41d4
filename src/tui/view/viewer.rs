//! A tree to look at beside the live one.

use ratatui::layout::Rect;

use super::preview::preview;
use super::{Pen, Pieces, tree};
use crate::tui::text::clip;
use crate::tui::theme::Role;
use crate::tui::update::viewer_title;
use crate::tui::viewer::Viewer;

pub(super) fn draw(viewer: &Viewer, area: Rect, pen: &mut Pen<'_, '_>) {
    let inner = if area.height >= 5 && area.width >= 10 {
        let title = viewer_title(&viewer.subject);
        pen.border(area, &clip(&title, usize::from(area.width.saturating_sub(4))));
        super::inside(area)
    } else {
        area
    };
    let columns = usize::from(inner.width);
    let height = usize::from(inner.height);
    let top = viewer.top.max((viewer.row + 1).saturating_sub(height));
    for (line, row) in (0..inner.height).zip(viewer.rows.window(&viewer.value, top, height)) {
        let is_here = row.at == viewer.row;
        let mut pieces = Pieces::new(columns);
        pieces.push(Role::Title, if is_here { "▶ " } else { "  " });
        pieces.blanks(tree::indent(&row.path, columns));
        pieces.push(Role::Dim, tree::fold_mark(row.is_open));
        pieces.push(if is_here { Role::Chosen } else { Role::Key }, &tree::name_of(&row.path, columns / 2));
        pieces.blanks(2);
        if row.is_open != Some(true) {
            let room = pieces.room.saturating_sub(8);
            pieces.extend(preview(&row.value, room));
        }
        let mut right = Pieces::new(columns);
        right.push(Role::Dim, &tree::kind(&row.value));
        pieces.push_right(&right);
        pen.line(Rect { y: inner.y + line, height: 1, ..inner }, &pieces);
    }
}
