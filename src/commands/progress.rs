//! How far long documents are on their way.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;

use super::output;
use crate::room::{OnTransfer, Room};
use crate::session::Transfer;
use crate::sync::Author;

/// Lines about one document that goes to somebody: this many at most.
const LINES: usize = 4;

/// Shows on standard error how much of the document is here, if a person is there to see it.
pub(super) fn on_terminal() -> Option<OnTransfer> {
    let show = |Transfer { done, total, .. }: Transfer| {
        let mut stderr = std::io::stderr().lock();
        let end = if done == total { "\n" } else { "" };
        let _ =
            write!(stderr, "\rultrawave: {} of {} MB of the document are here{end}", done >> 20, total >> 20)
                .and_then(|()| stderr.flush());
    };
    std::io::stderr().is_terminal().then(|| OnTransfer(Arc::new(show)))
}

/// Says how far the documents are that go to newcomers.
#[derive(Default)]
pub(super) struct Giving {
    /// To whom, and how many lines have been said of it.
    told: BTreeMap<Author, usize>,
}

impl Giving {
    /// Says what is new.
    pub(super) fn tell(&mut self, room: &Room) {
        let transfers = room.transfers();
        for Transfer { with, done, total, .. } in transfers.iter().filter(|transfer| !transfer.is_incoming) {
            let lines = 1 + done.saturating_mul(LINES) / total.max(&1);
            let told = self.told.entry(*with).or_default();
            if lines > *told {
                *told = lines;
                output::say(&format!(
                    "{} of {} MB of the document are with author {with}",
                    done >> 20,
                    total >> 20
                ));
            }
        }
        self.told.retain(|author, _| {
            let is_going = transfers.iter().any(|transfer| transfer.with == *author);
            if !is_going {
                output::say(&format!(
                    "the whole document is with author {author}, or no more of it is wanted"
                ));
            }
            is_going
        });
    }
}
