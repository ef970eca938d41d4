//! Every bound on what comes from a file, a peer or the signaling server, with its reason.

/// Bytes of a document's text that goes to a newcomer in one message; a longer one goes in parts.
pub const WHOLE_TEXT_BYTES: usize = 1 << 20;

/// Bytes of such a part: a second's work of a slow path.
pub const TEXT_PART_BYTES: usize = 256 << 10;

/// Parts that are asked for before the first of them is here: enough to fill a fast path.
pub const TEXT_PARTS_AHEAD: usize = 8;

/// Levels of nesting in a document or an argument: deeper than any that people have, shallow
/// enough that a path to the bottom is a matter of kilobytes.
pub const DEPTH: usize = 10_000;

/// Bytes of one message of the peer protocol, the `document` message apart.
pub const MESSAGE_BYTES: usize = 8 << 20;

/// Bytes of a document's text: what a joiner is able to receive.
pub const DOCUMENT_BYTES: usize = 1 << 30;

/// Bytes of a document that a room is opened with, unless an option says otherwise: everyone who
/// joins gets it over the network and holds it in memory.
pub const OPENED_BYTES: usize = 256 << 20;

/// Bytes of a key as it is spelled: far more than any that people have. A key is copied wherever
/// somebody points to something under it.
pub const KEY_BYTES: usize = 1 << 20;

/// Steps in a path.
pub const PATH_STEPS: usize = DEPTH;

/// Authors named by one clock.
pub const CLOCK_AUTHORS: usize = 65_536;

/// Ticks of one author; sums of a whole clock stay far from overflow.
pub const TICKS: u64 = 1 << 44;

/// Changes that wait for their past, over all authors: more than a burst needs, less than a flood.
pub const PENDING_CHANGES: usize = 50_000;

/// The same, of one author, or as many as are remembered if that is more: a member that makes up a
/// past leaves place for what the others are waiting for.
pub const PENDING_OF_ONE: usize = 10_000;

/// Messages of one peer taken in a second for long. What is more waits, first here and then at the
/// peer, whose changes then travel many in a message: [`GATHERED_CHANGES`].
pub const MESSAGES_PER_SECOND: u32 = 2_000;

/// Messages of one peer taken in at once.
pub const MESSAGE_BURST: u32 = 4_000;

/// Characters told of what was wrong with a message.
pub const GARBAGE_CHARS: usize = 300;

/// As many messages as one counts for that says nothing: honest peers send none.
pub const GARBAGE_COUNTS_FOR: u32 = 100;

/// As many messages as a request for changes counts for: its answer may be all that is remembered.
/// Honest peers send a few a second.
pub const REQUEST_COUNTS_FOR: u32 = 100;

/// Recent changes kept for late arrivals, unless an option says otherwise.
pub const HISTORY_CHANGES: usize = 10_000;

/// Members of one room: a full mesh costs each of them a connection to each other.
pub const MEMBERS: usize = 64;

/// Bytes of changes stored on disk after which the document is stored anew instead, if it takes
/// less: what is kept of a room stays within some times the document and its history.
pub const STORED_BYTES: usize = 16 << 20;

/// Changes that wait to be stored; beyond that the document is stored anew instead.
pub const UNSTORED_CHANGES: usize = 20_000;

/// Characters of a person's name.
pub const NAME_CHARS: usize = 64;

/// Bytes of one frame on a data channel, its header included: what every WebRTC stack carries.
pub const FRAME_BYTES: usize = 16 << 10;

/// Bytes of the longest message on the reliable channel: a document whose text is quoted within
/// a message may take twice its size.
pub const FRAMED_BYTES: usize = 2 * DOCUMENT_BYTES;

/// Messages of one peer on one channel of which some frames are still missing. The older are
/// dropped first: on the channels that lose frames they will never be whole.
pub const PARTIAL_MESSAGES: usize = 32;

/// Messages that wait to be sent to one peer on one channel. Beyond that the lossy channels
/// lose them, which the protocol repairs, and a peer that stalls the reliable one is given up.
pub const OUTGOING_MESSAGES: usize = 16_384;

/// Changes that are put into one message when they queue up: some 3 MiB of them at most.
pub const GATHERED_CHANGES: usize = 256;

/// Changes of one peer with what signs them, and bytes of them, that wait to be checked together; if
/// more come, they are checked at once.
pub const UNCHECKED_CHANGES: usize = 4_096;

/// See [`UNCHECKED_CHANGES`].
pub const UNCHECKED_BYTES: usize = 1 << 20;

/// Bytes handed to one channel and not acknowledged yet: enough to fill a fast path, few enough
/// that a burst does not overflow a receiver whose kernel grants small buffers.
pub const IN_FLIGHT_BYTES: usize = 256 << 10;

/// Messages received and not yet taken in, over all peers: beyond that the peers are slowed.
pub const INCOMING_MESSAGES: usize = 1_024;

/// Bytes of one message from the signaling server: what it relays at most, with room to spare.
pub const SIGNAL_BYTES: usize = 1 << 20;

/// Requests that wait to be sent to the signaling server: a description and some twenty
/// candidates to each member of a full room.
pub const OUTGOING_SIGNALS: usize = 2_048;

/// Responses of the signaling server that wait to be taken in; beyond that it is read more slowly.
pub const INCOMING_SIGNALS: usize = 256;

/// STUN and TURN servers taken from the signaling server: each is asked for every connection.
pub const ICE_SERVERS: usize = 16;

/// Sealed messages by way of the signaling server that are remembered, so that none is heard twice:
/// those of some hundred connections, in about a MiB.
pub const ENVELOPES_REMEMBERED: usize = 8_192;

/// Events kept for a receiver that is slow; after that it is told that it missed some.
pub const WATCHED_EVENTS: usize = 1_024;

/// Other members kept track of: a full room, and as many of whom it is not known yet that they
/// will not come back.
pub const KNOWN_MEMBERS: usize = 2 * MEMBERS;

/// Changes kept for a callback that is slow; after that it is told that it missed some.
pub const WATCHED_CHANGES: usize = 100_000;

/// Bytes of a change that travels on the lossy channel: it fits one frame there. A longer one
/// would be lost with any of its frames, and takes the reliable channel.
pub const OPS_BYTES: usize = 12 << 10;

/// Changes in one `changes` message. Answers are cut to `BATCH_CHANGES`; this leaves room for
/// peers that cut differently.
pub const MESSAGE_CHANGES: usize = 10_000;

/// Keystrokes in one element of a message: what a few bytes claim to be stays small.
pub const RUN_CHANGES: usize = 128;

/// Changes in a `document` message: a history is bounded, but a silent member can hold it up.
pub const DOCUMENT_CHANGES: usize = 1 << 20;

/// Changes, and bytes of them, after which an answer goes on in another message, so that one
/// answer does not keep everything else waiting.
pub const BATCH_CHANGES: usize = 1_000;

/// See [`BATCH_CHANGES`].
pub const BATCH_BYTES: usize = 256 << 10;

/// Runs of ticks in one `request sync`.
pub const SYNC_RUNS: usize = 1_024;

/// Ends of authors' chains in one message: those who came last, and can do harm still.
pub const HEADS: usize = 4_096;

/// Members that somebody may say to be connected to: more than a room has.
pub const LINKS: usize = 1_024;

/// Bytes of a `presence` message: a name and a path that a person can read.
pub const PRESENCE_BYTES: usize = 64 << 10;

/// Bytes of live changes that a joiner keeps while it waits for the document; what comes after
/// is fetched again.
pub const KEPT_BYTES: usize = 64 << 20;

/// Groups of own edits that can be taken back.
pub const UNDO_GROUPS: usize = 1_000;

/// Refusals told of one message: enough to see what is going on, too few to flood whoever watches.
pub const REFUSALS_TOLD: usize = 16;

/// Processes of this user that a running peer answers at once over its local socket; more wait,
/// and join by themselves when that takes too long.
pub const LOCAL_CONNECTIONS: usize = 256;

/// Bytes of a line over the local socket: a document's text is quoted within it, or stands there
/// twice, as what is to be replaced and what by.
pub const LOCAL_LINE_BYTES: usize = 2 * DOCUMENT_BYTES;
