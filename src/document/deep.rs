//! Recursion that does not mind how deep a document is.

/// Stack that one level of any recursion here needs at most; in a build without optimization
/// that is some kilobytes.
const LEVEL_BYTES: usize = 96 << 10;

/// How much more stack is taken when little is left: some hundred levels' worth.
const MORE_BYTES: usize = 1 << 20;

/// Does one level of a recursion over a document: on more stack, should this thread's run out. So
/// a document of [`DEPTH`](crate::limits::DEPTH) levels is walked, compared and dropped wherever a
/// shallow one is.
pub fn deep<R>(level: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(LEVEL_BYTES, MORE_BYTES, level)
}
