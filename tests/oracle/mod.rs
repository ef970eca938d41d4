//! What the engine is held against: the naive fold, and histories to try it with.
#![allow(dead_code, unreachable_pub, reason = "each test target takes what it needs of this")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

pub mod fold;
pub mod history;
pub mod random;
