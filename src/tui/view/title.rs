//! The lines at the top: which file and room, whether it is in step and saved, who is here, and
//! the way to the cursor.

use super::{Layout, Pen, Pieces};
use crate::document::Step;
use crate::room::{ServerStatus, Status};
use crate::session::{Link, Transfer};
use crate::tui::message::Doer;
use crate::tui::model::Model;
use crate::tui::text::{clip, clip_start, count, inert, width};
use crate::tui::theme::Role;
use crate::tui::update::{disputes_told, schema_told};

/// Columns of a name in the title.
const NAME_COLUMNS: usize = 12;

/// Columns of a file's or a room's name.
const TITLE_COLUMNS: usize = 24;

pub(super) fn draw(model: &Model, layout: &Layout, pen: &mut Pen<'_, '_>) {
    if let Some(area) = layout.title {
        pen.line(area, &title(model, usize::from(area.width)));
    }
    if let Some(area) = layout.crumbs {
        pen.line(area, &crumbs(model, usize::from(area.width)));
    }
}

/// A part of the title, and how dear it is: the dearest stay when there is little room.
struct Part {
    rank: u8,
    /// Columns between it and what is before it.
    gap: usize,
    pieces: Vec<(Role, String)>,
}

impl Part {
    fn width(&self) -> usize {
        self.gap + self.pieces.iter().map(|(_, text)| width(text)).sum::<usize>()
    }
}

fn title(model: &Model, columns: usize) -> Pieces {
    let mut parts = parts(model);
    let columns_of = |parts: &[Part]| parts.iter().map(Part::width).sum::<usize>();
    while parts.len() > 1 && columns_of(&parts) > columns {
        let dearest = parts.iter().map(|part| part.rank).max();
        parts.retain(|part| Some(part.rank) != dearest);
    }
    let mut pieces = Pieces::new(columns);
    for part in parts {
        pieces.blanks(part.gap);
        for (role, text) in part.pieces {
            pieces.push(role, &text);
        }
    }
    pieces
}

fn parts(model: &Model) -> Vec<Part> {
    let (sync_role, mut sync) = sync_words(&model.status);
    if model.status.read_only {
        sync = format!("read-only, {sync}");
    }
    let room = inert(&model.room);
    let mut parts = vec![
        Part { rank: 0, gap: 1, pieces: file(model) },
        Part {
            rank: 3,
            gap: 3,
            pieces: vec![(Role::Plain, format!("room: {}", clip(&room, TITLE_COLUMNS)))],
        },
        Part { rank: 1, gap: 3, pieces: vec![(sync_role, format!("⇄ {sync}"))] },
    ];
    if let Some(reason) = &model.status.unkept {
        let told = format!("✗ not kept on this disk: {}", inert(reason));
        parts.push(Part { rank: 2, gap: 3, pieces: vec![(Role::Error, told)] });
    }
    if let Some((is_well, told)) = schema_told(model) {
        let (rank, role) = if is_well { (60, Role::Good) } else { (2, Role::Error) };
        parts.push(Part { rank, gap: 3, pieces: vec![(role, told)] });
    }
    for transfer in &model.transfers {
        let told = transfer_told(model, transfer);
        parts.push(Part { rank: 2, gap: 3, pieces: vec![(Role::Warning, told)] });
    }
    if let Some(told) = disputes_told(model) {
        parts.push(Part { rank: 1, gap: 3, pieces: vec![(Role::Warning, format!("{told}: gx"))] });
    }
    let others =
        if model.people.is_empty() { "you".to_owned() } else { format!("you + {}", model.people.len()) };
    parts.push(Part { rank: 2, gap: 3, pieces: vec![(Role::Plain, others)] });
    for (at, person) in (4..).zip(&model.people) {
        let state = match person.link {
            Link::Live => "",
            Link::Connecting => "·connecting",
            Link::Away => "·away",
            Link::Lost => "·lost",
        };
        let name = model.name_of(Doer::Other(person.author));
        let role = if person.may_write { "" } else { "·view" };
        let followed = if model.following == Some(person.author) { "·followed" } else { "" };
        let name = format!("[{}{role}{state}{followed}]", clip(&name, NAME_COLUMNS));
        parts.push(Part {
            rank: at,
            gap: 1,
            pieces: vec![(Role::Person(model.hue_of(person.author)), name)],
        });
    }
    parts
}

fn file(model: &Model) -> Vec<(Role, String)> {
    let Some(file) = &model.file else { return vec![(Role::Dim, "no file".to_owned())] };
    let name = file.path.file_name().unwrap_or(file.path.as_os_str()).to_string_lossy();
    let name = inert(&name);
    let name = (Role::Title, clip(&name, TITLE_COLUMNS).into_owned());
    match model.unsaved() {
        None | Some(0) => vec![name, (Role::Good, " ✓ saved".to_owned())],
        Some(unsaved) => vec![name, (Role::Warning, format!(" ● {unsaved} unsaved"))],
    }
}

/// How far a long document is on its way, in words.
fn transfer_told(model: &Model, transfer: &Transfer) -> String {
    let name = model.name_of(Doer::Other(transfer.with));
    let name = clip(&name, NAME_COLUMNS);
    let megabytes = format!("{} of {} MB", transfer.done >> 20, transfer.total >> 20);
    if transfer.is_incoming {
        format!("↓ {megabytes} from {name}")
    } else {
        format!("↑ {megabytes} to {name}")
    }
}

/// How things stand with the others, in words.
fn sync_words(status: &Status) -> (Role, String) {
    let retry = match &status.server {
        ServerStatus::Connected => String::new(),
        ServerStatus::Refusing(reason) => inert(reason).into_owned(),
        ServerStatus::Retrying(after) => format!("retry in {} s", after.as_millis().div_ceil(1_000)),
    };
    let is_refused = matches!(status.server, ServerStatus::Refusing(_));
    let without_server = if retry.is_empty() { String::new() } else { format!(" – no server, {retry}") };
    match (status.live, status.lost, status.unacknowledged) {
        (0, 0, _) if retry.is_empty() || (status.unsent == 0 && !is_refused) => {
            (Role::Plain, format!("alone{without_server}"))
        }
        (0, _, unacknowledged) => {
            let kept = unacknowledged.max(status.unsent);
            let parts = [(kept > 0).then(|| format!("{} kept", count(kept, "edit"))), Some(retry)];
            let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
            let dash = if parts.is_empty() { "" } else { " – " };
            (Role::Error, format!("offline{dash}{}", parts.join(", ")))
        }
        (_, _, 0) => (Role::Good, format!("synced{without_server}")),
        (_, _, sending) => (Role::Warning, format!("sending {sending}{without_server}")),
    }
}

fn crumbs(model: &Model, columns: usize) -> Pieces {
    let jq = model.cursor.to_jq();
    let jq = inert(&jq);
    let steps = model.cursor.steps().iter().map(|step| match step {
        Step::Key(key) => inert(key.raw()).into_owned(),
        Step::Index(at) => format!("[{at}]"),
    });
    let way = ["$".to_owned()].into_iter().chain(steps).collect::<Vec<_>>().join(" › ");
    let mut pieces = Pieces::new(columns.saturating_sub(1));
    if width(&way) + width(&jq) + 5 > columns {
        pieces.blanks(1).push(Role::Plain, &clip_start(&jq, columns.saturating_sub(2)));
        return pieces;
    }
    let mut right = Pieces::new(columns);
    right.push(Role::Dim, &jq);
    pieces.blanks(1).push(Role::Plain, &way).push_right(&right);
    pieces
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use std::time::Duration;

    use super::*;

    fn words(server: ServerStatus, live: usize, lost: usize, unacknowledged: usize) -> String {
        let of_before = Status {
            server,
            unacknowledged,
            live,
            lost,
            kept_elsewhere: true,
            unsent: 0,
            unkept: None,
            read_only: false,
        };
        sync_words(&of_before).1
    }

    #[test]
    fn how_things_stand_is_said_in_words() {
        let retrying = || ServerStatus::Retrying(Duration::from_millis(3_200));
        assert_eq!(words(ServerStatus::Connected, 0, 0, 0), "alone");
        assert_eq!(words(ServerStatus::Connected, 2, 0, 0), "synced");
        assert_eq!(words(ServerStatus::Connected, 2, 1, 3), "sending 3");
        assert_eq!(words(retrying(), 0, 2, 5), "offline – 5 edits kept, retry in 4 s");
        assert_eq!(words(retrying(), 0, 2, 0), "offline – retry in 4 s");
        assert_eq!(words(ServerStatus::Connected, 0, 1, 1), "offline – 1 edit kept");
        assert_eq!(words(ServerStatus::Connected, 0, 1, 0), "offline");
        assert_eq!(words(retrying(), 1, 0, 0), "synced – no server, retry in 4 s");
        assert_eq!(words(retrying(), 0, 0, 0), "alone – no server, retry in 4 s");
        let status = Status {
            server: retrying(),
            unacknowledged: 0,
            live: 0,
            lost: 0,
            kept_elsewhere: false,
            unsent: 5,
            unkept: None,
            read_only: false,
        };
        assert_eq!(sync_words(&status).1, "offline – 5 edits kept, retry in 4 s");
    }
}
