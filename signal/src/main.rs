//! The program `ultrawave-signal`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use ultrawave_signal::limits::{Options, TurnSecret};
use ultrawave_signal::protocol::{IceServer, IceServerError};
use ultrawave_signal::server::Server;

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

Whoever can reach the server and knows the name of a room can join it. The server never sees a
document: it introduces the members of a room to each other, and where two of them cannot reach each
other it passes on what they say, sealed. SIGINT or SIGTERM stops it.
";

/// The exit code for a command line that does not make sense.
const USAGE: u8 = 2;

/// The signaling server of ultrawave: introduces the members of a room to each other.
#[derive(Debug, Parser)]
#[command(version, before_long_help = EXAMPLES, max_term_width = 100)]
struct Arguments {
    /// The port to listen on; 0 picks a free one
    #[arg(long, short, value_name = "N", default_value_t = 4747)]
    port: u16,

    /// The IP address to listen on; 0.0.0.0 or [::] for all of this machine's
    #[arg(long, short, value_name = "ADDR", default_value = "127.0.0.1", value_parser = parse_address)]
    bind: IpAddr,

    /// Members that one room may have
    #[arg(long, hide_short_help = true, value_name = "N", default_value_t = Options::default().max_members, value_parser = clap::value_parser!(u32).range(1..))]
    max_members: u32,

    /// Rooms that may be open at one time
    #[arg(long, hide_short_help = true, value_name = "N", default_value_t = Options::default().max_rooms)]
    max_rooms: usize,

    /// Rooms that one connection may be in
    #[arg(long, hide_short_help = true, value_name = "N", default_value_t = Options::default().max_rooms_per_connection)]
    max_rooms_per_connection: usize,

    /// Connections at one time; each needs a file descriptor
    #[arg(long, hide_short_help = true, value_name = "N", default_value_t = Options::default().max_connections)]
    max_connections: usize,

    /// Connections from one IPv4 address or IPv6 /64 network; raise it behind a proxy
    #[arg(long, hide_short_help = true, value_name = "N", default_value_t = Options::default().max_connections_per_address)]
    max_connections_per_address: usize,

    /// Messages per second that one connection may send for long; faster ones are read more slowly
    #[arg(long, hide_short_help = true, value_name = "N", default_value_t = Options::default().messages_per_second, value_parser = clap::value_parser!(u32).range(1..))]
    messages_per_second: u32,

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

    /// Bytes per second that one connection may have relayed to members it cannot reach; 0 for none
    #[arg(long, hide_short_help = true, value_name = "N", default_value_t = Options::default().relayed_bytes_per_second)]
    relayed_bytes_per_second: u32,

    /// Seconds that a broken connection may take to come back before its rooms are told it left
    #[arg(long, hide_short_help = true, value_name = "SECONDS", default_value_t = Options::default().grace.as_secs(), value_parser = clap::value_parser!(u64).range(0..=86_400))]
    grace: u64,

    /// A web page's origin that may connect, such as `https://example.org`, or `*`; may be repeated
    #[arg(long, hide_short_help = true, value_name = "ORIGIN")]
    allow_origin: Vec<String>,

    /// Speak TLS only (wss://), with the certificate chain in this PEM file
    #[arg(long, hide_short_help = true, value_name = "FILE", requires = "tls_key", help_heading = "TLS")]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key, a PEM file
    #[arg(long, hide_short_help = true, value_name = "FILE", requires = "tls_cert", help_heading = "TLS")]
    tls_key: Option<PathBuf>,
}

impl Arguments {
    /// What the server is to do. The error is a sentence for whoever started the program.
    fn options(&self) -> Result<Options, String> {
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
        Ok(Options {
            max_members: self.max_members,
            max_rooms: self.max_rooms,
            max_rooms_per_connection: self.max_rooms_per_connection,
            max_connections: self.max_connections,
            max_connections_per_address: self.max_connections_per_address,
            messages_per_second: self.messages_per_second,
            grace: Duration::from_secs(self.grace),
            allowed_origins: self.allow_origin.clone(),
            ice_servers: self.ice_server.clone(),
            turn_secret,
            turn_valid: Duration::from_secs(self.turn_valid),
            relayed_bytes_per_second: self.relayed_bytes_per_second,
            ..Options::default()
        })
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

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_log();
    let options = match arguments.options() {
        Ok(options) => options,
        Err(message) => {
            tell(io::stderr(), &format!("ultrawave-signal: {message}"));
            return ExitCode::from(USAGE);
        }
    };
    match serve(&arguments, options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            tell(io::stderr(), &format!("ultrawave-signal: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// Serves until a signal comes. The error is a sentence for whoever started the program.
async fn serve(arguments: &Arguments, options: Options) -> Result<(), String> {
    // Before the first line is out, so that whoever waits for it may send a signal at once.
    let signalled = signals().map_err(|error| format!("cannot wait for signals: {error}"))?;
    let address = SocketAddr::new(arguments.bind, arguments.port);
    let mut server = Server::bind(address, options).await.map_err(|error| explain(address, &error))?;
    let mut scheme = "ws";
    if let (Some(certificates), Some(key)) = (&arguments.tls_cert, &arguments.tls_key) {
        let unusable = |error| format!("--tls-cert and --tls-key: {error}");
        server = server.with_tls(&read(certificates)?, &read(key)?).map_err(unusable)?;
        scheme = "wss";
    }
    tell(io::stdout(), &format!("listening on {scheme}://{}", server.local_addr()));
    server.run(signalled).await;
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// Ready when SIGINT or SIGTERM comes, from the moment of this call on.
#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ready when Ctrl-C comes, from the moment of this call on.
#[cfg(windows)]
fn signals() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}

/// Why it cannot listen there, and what to do.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds share one remedy")]
fn explain(address: SocketAddr, error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there, perhaps another ultrawave-signal; stop it, or choose another port with \
             --port (0 picks a free one)"
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need a privilege; choose a higher one with --port"
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have that address; choose one of its own with --bind (0.0.0.0 for all of them)"
        }
        _ => "choose another address with --bind or another port with --port",
    };
    format!("cannot listen on {address}: {error}: {remedy}")
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

/// Writes one line. When nobody reads it there is nobody to tell, and the server goes on.
fn tell(mut to: impl io::Write, line: &str) {
    writeln!(to, "{line}").and_then(|()| to.flush()).unwrap_or_default();
}

/// Logs warnings to stderr, or what `RUST_LOG` asks for.
fn start_log() {
    let wanted = std::env::var("RUST_LOG").unwrap_or_default();
    let filter = EnvFilter::builder().parse(if wanted.is_empty() { "warn" } else { &wanted });
    let log = tracing_subscriber::fmt().with_writer(io::stderr);
    match filter {
        Ok(filter) => log.with_env_filter(filter).init(),
        Err(error) => {
            log.with_env_filter(EnvFilter::new("warn")).init();
            tracing::warn!(%error, "RUST_LOG is not understood; logging warnings only");
        }
    }
}
