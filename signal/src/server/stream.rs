//! The bytes under a websocket: a TCP connection as it is, or TLS on it.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Bytes in both directions.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A connection's bytes.
pub(super) type Stream = Box<dyn Duplex>;

/// What is to be done with a TCP connection first.
#[derive(Clone, Default)]
pub(super) enum Upgrade {
    /// Nothing.
    #[default]
    None,
    /// The TLS handshake.
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::TlsAcceptor),
}

impl Upgrade {
    /// Does it. The caller bounds the time.
    #[cfg_attr(not(feature = "tls"), expect(clippy::unused_async, reason = "only TLS takes time"))]
    pub(super) async fn apply(self, stream: TcpStream) -> io::Result<Stream> {
        match self {
            Self::None => Ok(Box::new(stream)),
            #[cfg(feature = "tls")]
            Self::Tls(acceptor) => Ok(Box::new(acceptor.accept(stream).await?)),
        }
    }
}

impl std::fmt::Debug for Upgrade {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::None => "None",
            #[cfg(feature = "tls")]
            Self::Tls(_) => "Tls",
        })
    }
}
