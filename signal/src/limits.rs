//! Every bound of the server, with its unit and reason. [`Options`] holds those that whoever runs
//! the server may set.

use std::fmt;
use std::time::Duration;

use crate::protocol::IceServer;

/// Characters in a room's name: a name is read aloud, typed and shown in one line.
pub const ROOM_NAME_CHARS: usize = 128;

/// Bytes of the random text that tells one room from a later one of the same name.
pub const INCARNATION_BYTES: usize = 64;

/// The highest author number. Above what a room can use up; higher numbers are those under which
/// members go on that had to start again.
pub const AUTHOR: u32 = (1 << 20) - 1;

/// Characters of a reason sent to a peer. Parsers quote what they read, which may be a whole frame.
pub const REASON_CHARS: usize = 300;

/// Bytes that a queued message costs beside its text.
pub const QUEUED_MESSAGE_BYTES: usize = 64;

/// Connections that are being refused politely at one time; more are just dropped.
pub const REFUSALS: usize = 32;

/// Bytes of the read buffer of one connection. Frames may be larger, but seldom are.
pub const READ_BUFFER_BYTES: usize = 8 << 10;

/// Bytes that a connection takes beside its messages: the buffers of TLS and of the websocket, its
/// task, what is known of the peer.
pub const CONNECTION_BYTES: usize = 64 << 10;

/// Bytes that being in a room takes: its name, three times, and what else is known of it.
pub const MEMBERSHIP_BYTES: usize = 2 << 10;

/// Messages of the largest size that a connection may hold beside its queue: one in parts, the part
/// that is coming, and one that is being sent.
pub const MESSAGES_HELD: usize = 3;

/// Bytes that a relayed frame counts for beside its text, so that small ones have a bound too.
pub const FRAME_BYTES: usize = 512;

/// Relayed frames may take this part of the queue to a connection, so that introductions find a
/// place in it: one half.
pub const FRAMES_QUEUE_PART: usize = 2;

/// Those who have knocked and are remembered, where people meet by a passphrase: each is there for
/// seconds.
pub const GUESTS: usize = 16;

/// What a TURN server shares with this one. It shows itself in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct TurnSecret(pub String);

impl fmt::Debug for TurnSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TurnSecret(…)")
    }
}

/// What a server may be told to do differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Members of one room: a full mesh costs each of them a connection to each other.
    pub max_members: u32,
    /// Rooms at one time.
    pub max_rooms: usize,
    /// Rooms that one peer may be in.
    pub max_rooms_per_connection: usize,
    /// Connections at one time, broken ones in their grace time included. The default stays below
    /// the 1,024 files that most systems let a process open.
    pub max_connections: usize,
    /// The same, for one IPv4 address or one IPv6 /64 network.
    pub max_connections_per_address: usize,
    /// How long a broken connection may come back and find its memberships.
    pub grace: Duration,
    /// How long after its start the server tells newcomers that a room may be there which is not there
    /// yet: as long as members take to come back to a server that was started anew.
    pub settle: Duration,
    /// Bytes that connections and queues take together, at most: what
    /// [`queues_bytes`](Self::queues_bytes) leaves for the queues. The program itself takes some
    /// MiB beside them, and the system its buffers of each socket.
    pub max_memory_bytes: usize,
    /// Bytes of one message from a peer. A description with many candidates has some 10 KiB, a
    /// relayed frame 22 KiB.
    pub max_frame_bytes: usize,
    /// How long a connection may take for the websocket handshake, and again for its first valid
    /// message.
    pub first_message_within: Duration,
    /// After how long a silence the server asks whether a connection still lives.
    pub ping_after: Duration,
    /// After how long a silence a connection is taken for broken.
    pub silent_after: Duration,
    /// Messages per second that a connection may send for long. A faster sender is read more
    /// slowly; nothing of it is lost.
    pub messages_per_second: u32,
    /// Messages that may come at once. Joining a room of 64 takes some 500.
    pub message_burst: u32,
    /// Bytes per second of frames that a connection may have relayed for long; none are relayed if
    /// it is 0. A faster sender is read more slowly; nothing of it is lost.
    pub relayed_bytes_per_second: u32,
    /// Bytes of frames that may come at once.
    pub relayed_burst_bytes: u32,
    /// Malformed messages of one connection before it is closed.
    pub max_malformed: u32,
    /// Bytes that may wait to be sent to one connection. One that takes no more is dropped.
    pub max_queue_bytes: usize,
    /// How long one message may take to be handed to a connection that does not read.
    pub send_within: Duration,
    /// How long connections get to say goodbye when the server stops.
    pub stop_within: Duration,
    /// Web pages that may connect, by origin (`https://example.org`); `*` for all. Other programs
    /// send no origin and are not concerned.
    pub allowed_origins: Vec<String>,
    /// STUN and TURN servers that every peer is told of.
    pub ice_servers: Vec<IceServer>,
    /// What the TURN servers share with this one, to make credentials from: coturn's
    /// `static-auth-secret`.
    pub turn_secret: Option<TurnSecret>,
    /// How long a credential made from it is good. A peer asks for a new one before.
    pub turn_valid: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_members: 64,
            max_rooms: 10_000,
            max_rooms_per_connection: 16,
            max_connections: 1_000,
            max_connections_per_address: 200,
            grace: Duration::from_secs(30),
            settle: Duration::ZERO,
            max_memory_bytes: 512 << 20,
            max_frame_bytes: 64 << 10,
            first_message_within: Duration::from_secs(10),
            ping_after: Duration::from_secs(15),
            silent_after: Duration::from_secs(45),
            messages_per_second: 100,
            message_burst: 500,
            relayed_bytes_per_second: 1 << 20,
            relayed_burst_bytes: 1 << 20,
            max_malformed: 8,
            max_queue_bytes: 4 << 20,
            send_within: Duration::from_secs(15),
            stop_within: Duration::from_secs(2),
            allowed_origins: Vec::new(),
            ice_servers: Vec::new(),
            turn_secret: None,
            turn_valid: Duration::from_secs(12 * 3_600),
        }
    }
}

/// Options that contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{connections} connections may take {} MiB, which leaves less than one queue of the {} MiB of memory: \
     allow more memory, fewer connections, or smaller messages",
    taken >> 20, memory >> 20
)]
pub struct TooLittleMemory {
    connections: usize,
    taken: usize,
    memory: usize,
}

impl Options {
    /// Bytes that may wait in all queues together: what the connections leave of the memory.
    ///
    /// # Errors
    /// When that is not enough for one queue.
    pub fn queues_bytes(&self) -> Result<usize, TooLittleMemory> {
        let of_rooms = self.max_rooms_per_connection.saturating_mul(MEMBERSHIP_BYTES);
        let of_messages = self.max_frame_bytes.saturating_mul(MESSAGES_HELD);
        let of_one = CONNECTION_BYTES.saturating_add(of_rooms).saturating_add(of_messages);
        let (connections, memory) = (self.max_connections, self.max_memory_bytes);
        let taken = connections.saturating_mul(of_one);
        let left = memory.checked_sub(taken).filter(|&left| left >= self.max_queue_bytes);
        left.ok_or(TooLittleMemory { connections, taken, memory })
    }
}
