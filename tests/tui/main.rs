//! The editor without a terminal and without a network: keys in, document and screen out.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    missing_docs,
    unreachable_pub,
    reason = "a test panics on what it did not expect"
)]

mod beyond;
mod depth;
mod desk;
mod editing;
mod files;
mod marked;
mod measure;
mod moving;
mod others;
mod prompts;
mod rows;
mod screens;
