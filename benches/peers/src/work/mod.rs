//! The work that every contender does: documents and streams of edits, made from a seed.

mod base;
mod edits;
mod random;
mod typing;

pub use base::{Base, Container, Scalars, Step, large};
pub use edits::{Edit, splices, tree_edits};
pub use random::Random;
pub use typing::{load_trace, typing};
