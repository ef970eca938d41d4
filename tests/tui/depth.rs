//! The deepest document there may be, through everything that the editor does, on a small stack.

use std::thread;

use ultrawave::document::{Method, Path, Step, parse};
use ultrawave::limits;
use ultrawave::tui::{Effect, Mode};

use crate::desk::Desk;

/// Unoptimized, the deepest takes minutes; this is as much more than the stack holds.
const LEVELS: usize = if cfg!(debug_assertions) { 600 } else { limits::DEPTH - 2 };

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(512 << 10).spawn(work).unwrap().join().unwrap();
}

/// Maps and arrays in turn, around a leaf beside which there is another one.
fn nested(leaf: &str) -> String {
    let half = LEVELS / 2;
    format!("{}{leaf}{}", "[{\"a\":".repeat(half), ",\"b\":0}]".repeat(half))
}

fn leaf() -> Path {
    (0..LEVELS / 2).flat_map(|_| [Step::from(0), Step::from("a")]).collect()
}

#[test]
fn the_deepest_tree_is_opened_edited_searched_and_followed() {
    on_a_small_stack(|| {
        let mut desk = Desk::json(&nested("\"needle\"")).with_file("deep.json");
        desk.press("zR");
        assert_eq!(desk.model.rows.count(), 1 + LEVELS + LEVELS / 2);
        desk.press("/needle<Enter>");
        while desk.model.is_at_work() {
            desk.take(ultrawave::tui::Msg::Work);
        }
        assert_eq!(desk.model.cursor, leaf());
        assert!(desk.screen(80, 24).contains("needle"));
        desk.press("c<Ctrl-u>5<Enter>");
        assert_eq!(desk.model.snapshot.value.to_string(), nested("5"));
        // Somebody writes there at the same time, and somebody else's element comes above it.
        desk.ana_edits_unseen(leaf(), Method::Set(parse("7").unwrap()));
        let above = Method::Splice { start: 0, count: 0, items: vec![parse("[]").unwrap()] };
        desk.ana_edits(Path::ROOT, above);
        let moved: Path =
            std::iter::once(Step::from(1)).chain(leaf().steps().iter().skip(1).cloned()).collect();
        assert_eq!(desk.model.cursor, moved);
        assert_eq!(desk.model.rows.count(), 2 + LEVELS + LEVELS / 2);
        assert_eq!(desk.replica.conflicts().len(), 1);
        desk.press("u");
        assert!(desk.model.snapshot.value.at(&moved).is_some());
        desk.press("mGggzMzRyy:w<Enter>");
        assert!(matches!(desk.wanted.back(), Some(Effect::Save(_))), "{:?}", desk.wanted);
        desk.press("ggdd");
        assert!(matches!(desk.model.mode, Mode::Browse));
    });
}
