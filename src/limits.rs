//! Every bound on what comes from a file, a peer or the signaling server, with its reason.

/// Levels of nesting in a document or an argument. Some steps of the work are recursive; this
/// keeps them inside a thread's stack.
pub const DEPTH: usize = 1_000;

/// Bytes of one message of the peer protocol, the `document` message apart.
pub const MESSAGE_BYTES: usize = 8 << 20;

/// Bytes of a document's text: what a joiner is willing to receive.
pub const DOCUMENT_BYTES: usize = 256 << 20;

/// Steps in a path.
pub const PATH_STEPS: usize = DEPTH;

/// Authors named by one clock.
pub const CLOCK_AUTHORS: usize = 65_536;

/// Ticks of one author; sums of a whole clock stay far from overflow.
pub const TICKS: u64 = 1 << 44;

/// Changes that wait for their past, over all authors: more than a burst needs, less than a flood.
pub const PENDING_CHANGES: usize = 50_000;

/// Recent changes kept for late arrivals, unless an option says otherwise.
pub const HISTORY_CHANGES: usize = 10_000;

/// Members of one room: a full mesh costs each of them a connection to each other.
pub const MEMBERS: usize = 64;

/// Characters of a person's name.
pub const NAME_CHARS: usize = 64;
