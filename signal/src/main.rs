//! The program `ultrawave-signal`.

mod arguments;
mod log;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use ultrawave_signal::limits::Options;
use ultrawave_signal::server::Server;

use arguments::Arguments;

/// The exit code for a command line that does not make sense.
const USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log::start();
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

/// Writes one line. When nobody reads it there is nobody to tell, and the server goes on.
fn tell(mut to: impl io::Write, line: &str) {
    writeln!(to, "{line}").and_then(|()| to.flush()).unwrap_or_default();
}
