//! The work that every contender does: documents and streams of edits, made from a seed.

mod base;
mod edits;
mod random;
mod typing;

use base::Scalars;
pub(crate) use base::{Base, Step, large};
pub(crate) use edits::{Edit, splices, tree_edits};
pub(crate) use random::Random;
pub(crate) use typing::{load_trace, typing};
