//! The bytes under a websocket: a TCP connection as it is, or TLS on it; read by turns.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes in both directions.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A connection's bytes.
pub(super) type Stream = Box<dyn Duplex>;

/// Reads that a connection may make before it is the turn of the others, who wait for its messages
/// only, which are few: it could send parts of one, or nothing in many parts, for ever.
const READS_A_TURN: u8 = 2;

/// Bytes that are always there let others go on now and then.
struct ByTurns<S> {
    stream: S,
    reads: u8,
}

impl<S> ByTurns<S> {
    fn new(stream: S) -> Self {
        Self { stream, reads: 0 }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ByTurns<S> {
    fn poll_read(
        mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.reads >= READS_A_TURN {
            self.reads = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.reads += 1;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ByTurns<S> {
    fn poll_write(
        mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

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
            Self::None => Ok(Box::new(ByTurns::new(stream))),
            #[cfg(feature = "tls")]
            Self::Tls(acceptor) => Ok(Box::new(ByTurns::new(acceptor.accept(stream).await?))),
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU8, Ordering};
    use std::task::{Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicU8);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn whoever_always_has_something_to_say_lets_others_go_on_and_comes_again() {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let mut endless = ByTurns::new(tokio::io::repeat(b'x'));
        let mut read = || {
            let (mut bytes, mut context) = ([0], Context::from_waker(&waker));
            Pin::new(&mut endless).poll_read(&mut context, &mut ReadBuf::new(&mut bytes)).is_ready()
        };
        for turn in 1..=3 {
            for _ in 0..READS_A_TURN {
                assert!(read());
            }
            assert!(!read());
            assert_eq!(woken.0.load(Ordering::Relaxed), turn);
        }
    }
}
