//! Recursion that does not mind how deep a document is.

use std::ops::{Deref, DerefMut};

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

/// What holds more of its kind, as deep as a document: it is copied, compared and dropped as
/// [`deep`] does it.
#[derive(Debug, Default, Eq)]
pub struct Nested<T: Default>(T);

impl<T: Default> From<T> for Nested<T> {
    fn from(inside: T) -> Self {
        Self(inside)
    }
}

impl<T: Default> Deref for Nested<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Default> DerefMut for Nested<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Default + Clone> Clone for Nested<T> {
    fn clone(&self) -> Self {
        deep(|| Self(self.0.clone()))
    }
}

impl<T: Default + PartialEq> PartialEq for Nested<T> {
    fn eq(&self, other: &Self) -> bool {
        deep(|| self.0 == other.0)
    }
}

impl<T: Default> Drop for Nested<T> {
    fn drop(&mut self) {
        deep(|| drop(std::mem::take(&mut self.0)));
    }
}
