//! Slots with several values, and own edits that were lost: told of when they may have come up,
//! listed, settled.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{drafting, is_cancel, motion};
use crate::document::Method;
use crate::sync::{Change, ChangeId, Conflict, LostEdit};
use crate::tui::keymap::Key;
use crate::tui::message::{Effect, Level};
use crate::tui::mode::{ConflictList, Dispute, Mode};
use crate::tui::model::Model;
use crate::tui::text::count;

/// Changes lately made that new ones are held against.
const RECENT: usize = 200;

/// What is known of conflicts and lost edits without being asked.
#[derive(Clone, Debug, Default)]
pub struct Disputes {
    /// Slots with several values.
    pub conflicts: usize,
    /// Own edits that were lost.
    pub lost: usize,
    /// Whether that may have changed.
    is_due: bool,
    /// Whether it is being found out.
    is_asked: bool,
    /// Own changes lately made, and those of others.
    own: VecDeque<Arc<Change>>,
    others: VecDeque<Arc<Change>>,
    /// Lost edits that were made again or let go.
    settled: Vec<ChangeId>,
}

/// Notes whether changes may have led to conflicts or lost edits, or settled one. To find out
/// costs a replay of the history, so that is not done after every change.
pub(super) fn arrived(model: &mut Model, changes: &[Arc<Change>]) {
    let disputes = &mut model.disputes;
    let (own, others): (Vec<_>, Vec<_>) = changes
        .iter()
        .rev()
        .take(RECENT)
        .rev()
        .cloned()
        .partition(|change| change.author.member() == model.me);
    remember(&mut disputes.own, own.iter());
    let is_disputed = collide(&disputes.own, &others) || collide(&disputes.others, &own);
    remember(&mut disputes.others, others.iter());
    disputes.is_due |= is_disputed || disputes.conflicts + disputes.lost > 0;
}

fn remember<'a>(recent: &mut VecDeque<Arc<Change>>, news: impl Iterator<Item = &'a Arc<Change>>) {
    recent.extend(news.cloned());
    let surplus = recent.len().saturating_sub(RECENT);
    recent.drain(..surplus);
}

/// Whether one of some and one of others were made in one place, neither knowing of the other.
fn collide(some: &VecDeque<Arc<Change>>, others: &[Arc<Change>]) -> bool {
    let is_met = |one: &Arc<Change>, other: &Arc<Change>| {
        let are_apart = !one.clock.saw(other.id()) && !other.clock.saw(one.id());
        are_apart && (one.path.contains(&other.path) || other.path.contains(&one.path))
    };
    others.iter().any(|other| some.iter().any(|one| is_met(one, other)))
}

/// The wish to know of conflicts, one at a time.
pub(super) fn wanted(model: &mut Model) -> Option<Effect> {
    let disputes = &mut model.disputes;
    if !disputes.is_due || disputes.is_asked {
        return None;
    }
    (disputes.is_due, disputes.is_asked) = (false, true);
    Some(Effect::Conflicts { are_shown: false })
}

/// The conflicts and lost edits are here.
pub(super) fn take(model: &mut Model, conflicts: Vec<Conflict>, lost: Vec<LostEdit>, are_shown: bool) {
    let is_open = |lost: &LostEdit| {
        lost.change.author.member() == model.me && !model.disputes.settled.contains(&lost.change.id())
    };
    let lost: Vec<LostEdit> = lost.into_iter().filter(is_open).collect();
    let before = (model.disputes.conflicts, model.disputes.lost);
    model.disputes.is_asked &= are_shown;
    (model.disputes.conflicts, model.disputes.lost) = (conflicts.len(), lost.len());
    if are_shown {
        let all = ConflictList { conflicts, lost, chosen: 0, side: 0 };
        if all.is_empty() {
            model.say(Level::Plain, "no conflicts and no lost edits");
        } else {
            model.mode = Mode::Conflicts(all);
        }
    } else if lost.len() > before.1 {
        let told = "an edit of yours was lost: somebody removed what it was in; gx shows it";
        model.say(Level::Warning, told);
    } else if conflicts.len() > before.0 {
        let told = "somebody wrote where you did, at the same time; gx shows both, to choose";
        model.say(Level::Warning, told);
    }
}

/// How many there are, in words; nothing when there are none.
pub(in crate::tui) fn told(model: &Model) -> Option<String> {
    let Disputes { conflicts, lost, .. } = model.disputes;
    let parts = [(conflicts, "conflict"), (lost, "lost edit")];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| count(number, what))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

pub(super) fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    model.notice = None;
    let Mode::Conflicts(all) = &mut model.mode else { return Vec::new() };
    let last = all.len().saturating_sub(1);
    let Some(chosen) = all.disputes().nth(all.chosen) else {
        model.mode = Mode::Browse;
        return Vec::new();
    };
    let last_side = chosen.sides().saturating_sub(1);
    match key.to_string().as_str() {
        "Down" | "j" => (all.chosen, all.side) = ((all.chosen + 1).min(last), 0),
        "Up" | "k" => (all.chosen, all.side) = (all.chosen.saturating_sub(1), 0),
        "Right" | "l" | "Tab" => all.side = (all.side + 1).min(last_side),
        "Left" | "h" => all.side = all.side.saturating_sub(1),
        "Enter" => return settle(model),
        "d" => dismiss(model),
        "q" => model.mode = Mode::Browse,
        _ if is_cancel(key) => model.mode = Mode::Browse,
        _ => {}
    }
    Vec::new()
}

/// Keeps the chosen value, or makes the lost edit again.
fn settle(model: &mut Model) -> Vec<Effect> {
    let Mode::Conflicts(all) = std::mem::replace(&mut model.mode, Mode::Browse) else { return Vec::new() };
    let Some(chosen) = all.disputes().nth(all.chosen) else { return Vec::new() };
    if let Dispute::Lost(lost) = chosen {
        model.disputes.settled.push(lost.change.id());
    }
    let Some((path, method)) = chosen.settled(all.side) else { return Vec::new() };
    if model.snapshot.value.at(&path).is_some() {
        motion::jump(model, path.clone());
    } else if matches!(method, Method::Set(_) | Method::Merge(_)) {
        model.go_when_there = Some(path.clone());
    }
    model.disputes.is_due = true;
    drafting::commit(model, vec![(path, method)])
}

/// Lets a lost edit be lost.
fn dismiss(model: &mut Model) {
    let Mode::Conflicts(all) = &mut model.mode else { return };
    let Some(Dispute::Lost(lost)) = all.disputes().nth(all.chosen) else {
        return model.say(Level::Warning, "a conflict is settled by keeping one of its values");
    };
    model.disputes.settled.push(lost.change.id());
    let at = all.chosen - all.conflicts.len();
    all.lost.remove(at);
    all.chosen = all.chosen.min(all.len().saturating_sub(1));
    model.disputes.lost = all.lost.len();
    if all.is_empty() {
        model.mode = Mode::Browse;
    }
}
