//! The command line of `ultrawave-signal`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use ultrawave_signal::limits::{FRAMES_QUEUE_PART, Options, TurnSecret};
use ultrawave_signal::protocol::{IceServer, IceServerError};

const EXAMPLES: &str = "\
Examples:
  ultrawave-signal                                  for this machine, on port 4747
  ultrawave-signal --bind 0.0.0.0                   for everyone who can reach this machine
  ultrawave-signal --port 0                         on any free port; the first line says which
  ultrawave-signal --bind 0.0.0.0 --tls-cert chain.pem --tls-key key.pem
                                                    the same by wss://
  ultrawave-signal --ice-server stun:stun.example.org:3478 \
      --ice-server turn:turn.example.org:3478 --turn-secret-file /etc/turn-secret
                                                    hand out STUN and TURN servers
  RUST_LOG=ultrawave_signal=debug ultrawave-signal  tell more, on stderr

Whoever can reach the server and knows the name of an open room can join it; a locked one is known
here by a name that only its members know. The server never sees a document: it introduces the
members of a room to each other, and where two of them cannot reach each other it passes on what they
say, sealed. SIGINT or SIGTERM stops it. It needs no privilege: start it as a user of its own.
";

/// The longest that a member waits between two tries to come back, with what chance adds to it.
const SETTLE_SECONDS: u64 = 8;

/// The heading of the bounds in the help.
const LIMITS: &str = "Limits";

/// The signaling server of ultrawave: introduces the members of a room to each other.
#[derive(Debug, Parser)]
#[command(version, before_long_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The port to listen on; 0 picks a free one
    #[arg(long, short, value_name = "N", default_value_t = 4747)]
    pub(crate) port: u16,

    /// The IP address to listen on; 0.0.0.0 or [::] for all of this machine's
    #[arg(long, short, value_name = "ADDR", default_value = "127.0.0.1", value_parser = parse_address)]
    pub(crate) bind: IpAddr,

    /// A STUN or TURN server to hand out: stun:host:port, turn:host:port or
    /// turn:user:password@host:port; may be repeated
    #[arg(
        long,
        hide_short_help = true,
        value_name = "URL",
        env = "ULTRAWAVE_ICE_SERVERS",
        value_delimiter = ' '
    )]
    ice_server: Vec<IceServer>,

    /// What the TURN servers share with this one, to make time-limited credentials from: coturn's
    /// static-auth-secret. A file keeps it out of the list of processes
    #[arg(
        long,
        hide_short_help = true,
        value_name = "SECRET",
        env = "ULTRAWAVE_TURN_SECRET",
        hide_env_values = true,
        conflicts_with = "turn_secret_file"
    )]
    turn_secret: Option<String>,

    /// A file with that secret
    #[arg(long, hide_short_help = true, value_name = "FILE")]
    turn_secret_file: Option<PathBuf>,

    /// Seconds that such a credential is good
    #[arg(long, hide_short_help = true, value_name = "SECONDS", default_value_t = Options::default().turn_valid.as_secs(), value_parser = clap::value_parser!(u64).range(60..=31_536_000))]
    turn_valid: u64,

    /// A web page's origin that may connect, such as `https://example.org`, or `*`; may be repeated
    #[arg(long, hide_short_help = true, value_name = "ORIGIN", value_parser = parse_origin)]
    allow_origin: Vec<String>,

    /// Members that one room may have
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "N", default_value_t = Options::default().max_members, value_parser = clap::value_parser!(u32).range(1..))]
    max_members: u32,

    /// Rooms that may be open at one time
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "N", default_value_t = Options::default().max_rooms, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    max_rooms: usize,

    /// Rooms that one connection may be in
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "N", default_value_t = Options::default().max_rooms_per_connection, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    max_rooms_per_connection: usize,

    /// Connections at one time; each needs a file descriptor
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "N", default_value_t = Options::default().max_connections, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    max_connections: usize,

    /// Connections from one IPv4 address or IPv6 /64 network; raise it behind a proxy
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "N", default_value_t = Options::default().max_connections_per_address, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    max_connections_per_address: usize,

    /// Bytes that all connections and what waits for them may take together; the program takes some
    /// MiB beside them
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "N", default_value_t = Options::default().max_memory_bytes, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    max_memory_bytes: usize,

    /// Bytes that one message may have; a longer one ends its connection
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "N", default_value_t = Options::default().max_frame_bytes, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    max_frame_bytes: usize,

    /// Bytes that may wait for one connection; one that does not take them is ended
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "N", default_value_t = Options::default().max_queue_bytes, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    max_queue_bytes: usize,

    /// Messages per second that one connection may send for long; faster ones are read more slowly
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "N", default_value_t = Options::default().messages_per_second, value_parser = clap::value_parser!(u32).range(1..))]
    messages_per_second: u32,

    /// Messages that one connection may send at once
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "N", default_value_t = Options::default().message_burst, value_parser = clap::value_parser!(u32).range(1..))]
    message_burst: u32,

    /// Bytes per second that one connection may have relayed to members it cannot reach; 0 for none
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "N", default_value_t = Options::default().relayed_bytes_per_second)]
    relayed_bytes_per_second: u32,

    /// Bytes that one connection may have relayed at once
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "N", default_value_t = Options::default().relayed_burst_bytes, value_parser = clap::value_parser!(u32).range(1..))]
    relayed_burst_bytes: u32,

    /// Malformed messages that end a connection
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "N", default_value_t = Options::default().max_malformed, value_parser = clap::value_parser!(u32).range(1..))]
    max_malformed: u32,

    /// Seconds that a connection may take for its handshake, and again for its first valid message
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "SECONDS", default_value_t = Options::default().first_message_within.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
    first_message_within: u64,

    /// Seconds of silence after which a connection is asked for a sign of life
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "SECONDS", default_value_t = Options::default().ping_after.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
    ping_after: u64,

    /// Seconds of silence after which a connection counts as broken
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "SECONDS", default_value_t = Options::default().silent_after.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
    silent_after: u64,

    /// Seconds that a connection may take to read one message
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "SECONDS", default_value_t = Options::default().send_within.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
    send_within: u64,

    /// Seconds that a broken connection may take to come back before its rooms are told it left
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "SECONDS", default_value_t = Options::default().grace.as_secs(), value_parser = clap::value_parser!(u64).range(0..=86_400))]
    grace: u64,

    /// Seconds after the start in which a newcomer to a room that is not there waits for its members:
    /// the server may have been started anew, and they be on their way back
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "SECONDS", default_value_t = SETTLE_SECONDS, value_parser = clap::value_parser!(u64).range(0..=60))]
    settle: u64,

    /// Seconds that connections get to end when the server stops
    #[arg(long, hide_short_help = true, help_heading = LIMITS, value_name = "SECONDS", default_value_t = Options::default().stop_within.as_secs(), value_parser = clap::value_parser!(u64).range(0..=86_400))]
    stop_within: u64,

    /// Speak TLS only (wss://), with the certificate chain in this PEM file
    #[arg(long, hide_short_help = true, value_name = "FILE", requires = "tls_key", help_heading = "TLS")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The certificate's private key, a PEM file
    #[arg(long, hide_short_help = true, value_name = "FILE", requires = "tls_cert", help_heading = "TLS")]
    pub(crate) tls_key: Option<PathBuf>,
}

impl Arguments {
    /// What the server is to do. The error is a sentence for whoever started the program.
    pub(crate) fn options(&self) -> Result<Options, String> {
        let turn_secret = self.turn_secret()?;
        for server in &self.ice_server {
            match server.check() {
                Err(IceServerError::NoCredential) if turn_secret.is_some() => {}
                Err(error) => {
                    let url = server.urls.join(" ");
                    return Err(format!(
                        "--ice-server {url}: {error}, or a secret shared with it, by --turn-secret-file"
                    ));
                }
                Ok(()) => {}
            }
        }
        if turn_secret.is_some() && !self.ice_server.iter().any(IceServer::is_turn) {
            return Err("--turn-secret is of no use without --ice-server turn:host:port".to_owned());
        }
        let options = Options {
            max_members: self.max_members,
            max_rooms: self.max_rooms,
            max_rooms_per_connection: self.max_rooms_per_connection,
            max_connections: self.max_connections,
            max_connections_per_address: self.max_connections_per_address,
            grace: Duration::from_secs(self.grace),
            settle: Duration::from_secs(self.settle),
            max_memory_bytes: self.max_memory_bytes,
            max_frame_bytes: self.max_frame_bytes,
            first_message_within: Duration::from_secs(self.first_message_within),
            ping_after: Duration::from_secs(self.ping_after),
            silent_after: Duration::from_secs(self.silent_after),
            messages_per_second: self.messages_per_second,
            message_burst: self.message_burst,
            relayed_bytes_per_second: self.relayed_bytes_per_second,
            relayed_burst_bytes: self.relayed_burst_bytes,
            max_malformed: self.max_malformed,
            max_queue_bytes: self.max_queue_bytes,
            send_within: Duration::from_secs(self.send_within),
            stop_within: Duration::from_secs(self.stop_within),
            allowed_origins: self.allow_origin.clone(),
            ice_servers: self.ice_server.clone(),
            turn_secret,
            turn_valid: Duration::from_secs(self.turn_valid),
        };
        if options.silent_after <= options.ping_after {
            return Err(
                "--silent-after must be more than --ping-after, or nobody has time to answer".to_owned()
            );
        }
        if options.max_queue_bytes / FRAMES_QUEUE_PART < options.max_frame_bytes {
            return Err(format!(
                "--max-queue-bytes must be at least {FRAMES_QUEUE_PART} times --max-frame-bytes, or the longest \
                 messages find no place in a queue"
            ));
        }
        options.queues_bytes().map_err(|error| {
            format!("{error} (--max-memory-bytes, --max-connections, --max-frame-bytes, --max-queue-bytes)")
        })?;
        Ok(options)
    }

    fn turn_secret(&self) -> Result<Option<TurnSecret>, String> {
        let text = match &self.turn_secret_file {
            Some(file) => std::fs::read_to_string(file)
                .map_err(|error| format!("--turn-secret-file {}: {error}", file.display()))?,
            None => self.turn_secret.clone().unwrap_or_default(),
        };
        let secret = text.trim();
        if secret.is_empty() && (self.turn_secret.is_some() || self.turn_secret_file.is_some()) {
            return Err("the TURN secret is empty; it is what coturn calls static-auth-secret".to_owned());
        }
        Ok(Some(secret).filter(|secret| !secret.is_empty()).map(|secret| TurnSecret(secret.to_owned())))
    }
}

fn parse_address(text: &str) -> Result<IpAddr, String> {
    if text == "localhost" {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    let inside_brackets = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside_brackets.unwrap_or(text).parse().map_err(|_not_one| {
        "not an IP address, such as 127.0.0.1, 0.0.0.0 or ::1; the port is given with --port".to_owned()
    })
}

/// As browsers send it: `https://example.org`, without a path.
fn parse_origin(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_origin = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']));
    if is_origin || text == "*" {
        return Ok(text.to_owned());
    }
    Err("an origin is written as https://example.org or http://localhost:8000, with nothing behind it; * \
         stands for all"
        .to_owned())
}
