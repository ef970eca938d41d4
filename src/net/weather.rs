//! A bad network, for tests: real sockets whose datagrams are lost, late, doubled and out of order.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

/// Of a thousand, those that come twice.
const DOUBLED: u64 = 10;

/// How long a datagram takes: from, and up to so much more, which reorders them. The way there and
/// back takes 50 ms and more.
const DELAY: (Duration, u64) = (Duration::from_millis(22), 6);

/// A socket in the rain, where one datagram of twenty is lost. What happens to the n-th follows from
/// the seed.
pub(crate) fn rain(inner: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket> {
    Rain::around(inner, 50)
}

/// The same, where one of five is lost.
pub(crate) fn downpour(inner: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket> {
    Rain::around(inner, 200)
}

/// A socket from which nothing comes through, as where UDP is blocked.
pub(crate) fn blocked(inner: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket> {
    Rain::around(inner, 1_000)
}

#[derive(Debug)]
struct Rain {
    inner: Arc<dyn AsyncUdpSocket>,
    /// Of a thousand datagrams sent, those that are lost.
    lost: u64,
    state: AtomicU64,
}

impl Rain {
    fn around(inner: Arc<dyn AsyncUdpSocket>, lost: u64) -> Arc<dyn AsyncUdpSocket> {
        Arc::new(Self { inner, lost, state: AtomicU64::new(0x9E37_79B9_7F4A_7C15) })
    }

    /// A number below `bound`.
    fn draw(&self, bound: u64) -> u64 {
        let step = |state: u64| {
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
        };
        let before = self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| Some(step(state)));
        (before.unwrap_or_default() >> 33) % bound
    }

    fn deliver(&self, contents: &[u8], to: SocketAddr) {
        let (socket, contents) = (self.inner.clone(), contents.to_vec());
        let delay = DELAY.0 + Duration::from_millis(self.draw(DELAY.1));
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            let _ = socket.send_to(&contents, to).await;
        });
    }
}

impl AsyncUdpSocket for Rain {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn poll_send(&self, _: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        if self.draw(1_000) >= self.lost {
            self.deliver(transmit.contents, transmit.destination);
        }
        if self.lost < 1_000 && self.draw(1_000) < DOUBLED {
            self.deliver(transmit.contents, transmit.destination);
        }
        Poll::Ready(Ok(transmit.contents.len()))
    }

    fn poll_recv(
        &self, context: &mut Context<'_>, buffers: &mut [IoSliceMut<'_>], meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.inner.poll_recv(context, buffers, meta)
    }

    /// One, so that no datagram is a bundle of several.
    fn max_gso_segments(&self) -> usize {
        1
    }

    fn max_gro_segments(&self) -> usize {
        self.inner.max_gro_segments()
    }
}
