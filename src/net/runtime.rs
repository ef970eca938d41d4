//! The WebRTC stack's timers and sockets, with two repairs.
//!
//! The stack's loop writes, handles events, reads, then sleeps until its next tick. What the
//! later steps produced waits for that tick, up to 200 ms. So whenever a sleep was cut short,
//! because a packet or a call woke the loop, the next few sleeps return at once: the loop goes
//! round again and sends what it has. And a burst of packets overflows a socket's default buffer,
//! each loss costing SCTP's minimum timeout of a second; so the sockets get large buffers.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use socket2::SockRef;
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, Runtime, default_runtime,
};

/// Rounds that the loop makes without sleeping after it was woken.
const PROMPT_ROUNDS: u8 = 3;

/// Longer sleeps are real deadlines, not ticks.
const LONGEST_TICK: Duration = Duration::from_millis(250);

/// Bytes asked of the kernel for each direction of a socket. It may grant less.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;

type Sleep = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

/// What is put around a socket before it is used. Tests put a bad network there.
pub(crate) type WrapSocket = fn(Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket>;

/// A runtime for one connection: the rounds left are its own.
pub(super) struct PromptRuntime {
    inner: Arc<dyn Runtime>,
    rounds: Arc<AtomicU8>,
    wrap_socket: WrapSocket,
}

impl PromptRuntime {
    /// Around the stack's own default; nothing if it was built without one.
    pub(super) fn new(wrap_socket: WrapSocket) -> Option<Self> {
        Some(Self { inner: default_runtime()?, rounds: Arc::default(), wrap_socket })
    }
}

impl fmt::Debug for PromptRuntime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PromptRuntime({:?})", self.inner)
    }
}

impl Runtime for PromptRuntime {
    fn spawn(&self, future: Sleep) -> Box<dyn JoinHandle> {
        self.inner.spawn(future)
    }

    fn spawn_reactor(&self, pool_size: usize, future: Sleep) -> Box<dyn JoinHandle> {
        self.inner.spawn_reactor(pool_size, future)
    }

    fn wrap_udp_socket(&self, socket: UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let handle = SockRef::from(&socket);
        // A kernel that refuses has a working socket all the same.
        if let Err(error) = handle
            .set_recv_buffer_size(SOCKET_BUFFER_BYTES)
            .and_then(|()| handle.set_send_buffer_size(SOCKET_BUFFER_BYTES))
        {
            tracing::debug!(%error, "the socket keeps its default buffers");
        }
        self.inner.wrap_udp_socket(socket).map(self.wrap_socket)
    }

    fn wrap_tcp_listener(&self, listener: TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        self.inner.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(
        &'a self, remote: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = io::Result<Arc<dyn AsyncTcpStream>>> + Send + 'a>> {
        self.inner.connect_tcp(remote)
    }

    fn resolve_host<'a>(
        &'a self, host: &'a str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        self.inner.resolve_host(host)
    }

    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        if duration > LONGEST_TICK {
            return self.inner.sleep(duration);
        }
        let take_one = |rounds: u8| rounds.checked_sub(1);
        if self.rounds.fetch_update(Ordering::AcqRel, Ordering::Acquire, take_one).is_ok() {
            return self.inner.yield_now();
        }
        let rounds = self.rounds.clone();
        Box::pin(Tick { sleep: self.inner.sleep(duration), rounds, fired: false })
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        self.inner.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.inner.block_on(future);
    }

    fn yield_now(&self) -> Sleep {
        self.inner.yield_now()
    }

    fn name(&self) -> &'static str {
        self.inner.name()
    }
}

/// A sleep that grants the next rounds when it is dropped before it fired.
struct Tick {
    sleep: Sleep,
    rounds: Arc<AtomicU8>,
    fired: bool,
}

impl Future for Tick {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let polled = self.sleep.as_mut().poll(context);
        self.fired = polled.is_ready();
        polled
    }
}

impl Drop for Tick {
    fn drop(&mut self) {
        if !self.fired {
            self.rounds.store(PROMPT_ROUNDS, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
    use std::convert::identity;

    use super::*;

    const TICK: Duration = Duration::from_millis(200);

    #[tokio::test(start_paused = true)]
    async fn three_sleeps_are_prompt_after_one_was_cut_short() {
        let runtime = PromptRuntime::new(identity).unwrap();
        let started = tokio::time::Instant::now();
        drop(runtime.sleep(TICK));
        for _ in 0..PROMPT_ROUNDS {
            runtime.sleep(TICK).await;
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
        runtime.sleep(TICK).await;
        assert_eq!(started.elapsed(), TICK);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_that_fired_grants_nothing() {
        let runtime = PromptRuntime::new(identity).unwrap();
        let started = tokio::time::Instant::now();
        runtime.sleep(TICK).await;
        runtime.sleep(TICK).await;
        assert_eq!(started.elapsed(), 2 * TICK);
    }

    #[tokio::test(start_paused = true)]
    async fn deadlines_are_left_alone() {
        let runtime = PromptRuntime::new(identity).unwrap();
        let started = tokio::time::Instant::now();
        drop(runtime.sleep(TICK));
        runtime.sleep(Duration::from_secs(1)).await;
        assert_eq!(started.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test]
    async fn sockets_get_larger_buffers() {
        let plain = UdpSocket::bind("127.0.0.1:0").unwrap();
        let before = SockRef::from(&plain).recv_buffer_size().unwrap();
        let copy = plain.try_clone().unwrap();
        PromptRuntime::new(identity).unwrap().wrap_udp_socket(plain).unwrap();
        assert!(SockRef::from(&copy).recv_buffer_size().unwrap() > before);
    }
}
