//! The WebRTC stack, set up: one peer connection with its three channels. Nothing else in the
//! crate knows the stack's types, [`channel`](super::channel) and
//! [`connection`](super::connection) apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rtc::ice::mdns::MulticastDnsMode;
use tokio::sync::mpsc;
use webrtc::data_channel::{DataChannel, RTCDataChannelInit};
use webrtc::error::{Error, Result};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder, RTCIceServer,
    RTCIceTransportPolicy, RTCPeerConnectionIceEvent, RTCPeerConnectionState, SettingEngine,
    SettingEngineBuilder, StatsSelector,
};

use super::runtime::{PromptRuntime, WrapSocket};
use super::statistics::{Measured, Route};
use crate::limits;
use crate::session::Channel;

/// Where to be reachable. The wildcards stand for every interface but loopback, which is named
/// so that a machine without a network works too. Ports are the kernel's choice.
const ADDRESSES: [&str; 3] = ["0.0.0.0:0", "[::]:0", "127.0.0.1:0"];

/// Silence after which a connection counts as interrupted.
const DISCONNECTED_AFTER: Duration = Duration::from_millis(2_500);

/// Further silence after which it counts as failed.
const FAILED_AFTER: Duration = Duration::from_secs(8);

/// How often to be heard on an idle connection.
const KEEPALIVE: Duration = Duration::from_millis(500);

/// How often to try the pairs of addresses: often, as the first answer opens the connection.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Tries per pair: about 15 s of them.
const CHECKS: u16 = 750;

/// How long to hope for a better pair of addresses before one is taken of which one side was
/// not announced but only seen: often enough it is a direct one whose announcement is late.
const PEER_REFLEXIVE_AFTER: Duration = Duration::from_millis(60);

/// The same, through a NAT.
const SERVER_REFLEXIVE_AFTER: Duration = Duration::from_millis(200);

/// The same, through a TURN server: everything costs a detour then.
const RELAYED_AFTER: Duration = Duration::from_millis(800);

/// How to look for ways to a peer.
#[derive(Clone, Debug, Default)]
pub(super) struct IceOptions {
    /// STUN and TURN servers.
    pub(super) servers: Vec<RTCIceServer>,
    /// Whether only TURN servers' addresses are shown to the peer.
    pub(super) relay_only: bool,
}

/// What the stack says about a connection.
pub(super) enum Note {
    /// A candidate of this side, as JSON text, for the other side.
    Candidate(String),
    /// The state of the connection as a whole.
    State(RTCPeerConnectionState),
    /// A channel that the other side has made.
    Channel(Arc<dyn DataChannel>),
}

/// The channels on which this side sends. The other side makes the same three for itself: whoever
/// has not made a channel sends on it reliably and in order, whatever was asked for. They are
/// announced within the connection: of channels agreed on beforehand, the stack loses what
/// arrives together with the last packet of its own handshake.
pub(super) struct Channels {
    pub(super) ops: Arc<dyn DataChannel>,
    pub(super) sync: Arc<dyn DataChannel>,
    pub(super) presence: Arc<dyn DataChannel>,
}

impl Channels {
    /// How many there are.
    pub(super) const COUNT: usize = 3;

    pub(super) async fn make(connection: &dyn PeerConnection) -> Result<Self> {
        Ok(Self {
            ops: make(connection, OPS, false).await?,
            sync: make(connection, SYNC, true).await?,
            presence: make(connection, PRESENCE, false).await?,
        })
    }

    /// Which of them the other side has made; nothing if none of them.
    pub(super) async fn kind(announced: &dyn DataChannel) -> Option<Channel> {
        match announced.label().await.as_deref() {
            Ok(OPS) => Some(Channel::Ops),
            Ok(SYNC) => Some(Channel::Sync),
            Ok(PRESENCE) => Some(Channel::Presence),
            Ok(_) | Err(_) => None,
        }
    }
}

const OPS: &str = "ops";
const SYNC: &str = "sync";
const PRESENCE: &str = "presence";

async fn make(connection: &dyn PeerConnection, label: &str, reliable: bool) -> Result<Arc<dyn DataChannel>> {
    let init = RTCDataChannelInit {
        ordered: reliable,
        max_retransmits: (!reliable).then_some(0),
        ..RTCDataChannelInit::default()
    };
    connection.create_data_channel(label, Some(init)).await
}

/// Binds the sockets. The connection is to be closed, not merely dropped.
pub(super) async fn connection(
    ice: &IceOptions, wrap_socket: WrapSocket, notes: mpsc::UnboundedSender<Note>,
) -> Result<Box<dyn PeerConnection>> {
    let policy = if ice.relay_only { RTCIceTransportPolicy::Relay } else { RTCIceTransportPolicy::All };
    let configuration = RTCConfigurationBuilder::new()
        .with_ice_servers(ice.servers.clone())
        .with_ice_transport_policy(policy);
    let runtime = PromptRuntime::new(wrap_socket)
        .ok_or_else(|| Error::Other("the WebRTC stack was built without a runtime".to_owned()))?;
    let builder = PeerConnectionBuilder::new()
        .with_configuration(configuration.build())
        .with_setting_engine(settings())
        .with_runtime(Arc::new(runtime))
        .with_handler(Arc::new(Notes { to: notes, announced: AtomicUsize::new(0) }))
        .with_udp_addrs(ADDRESSES.to_vec())
        .with_data_channel_send_buffer_limit(limits::IN_FLIGHT_BYTES);
    Ok(Box::new(Box::pin(builder.build()).await?))
}

fn settings() -> SettingEngine {
    SettingEngineBuilder::new()
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .with_ice_timeouts(Some(DISCONNECTED_AFTER), Some(FAILED_AFTER), Some(KEEPALIVE))
        .with_ice_connection_attempts(Some(CHECK_INTERVAL), Some(CHECKS))
        .with_prflx_acceptance_min_wait(Some(PEER_REFLEXIVE_AFTER))
        .with_srflx_acceptance_min_wait(Some(SERVER_REFLEXIVE_AFTER))
        .with_relay_acceptance_min_wait(Some(RELAYED_AFTER))
        // A restart follows the machine to the addresses that it has by then.
        .with_discard_local_candidates_during_ice_restart(true)
        .build()
}

/// What the stack knows of a connection; nothing before it has found a way.
pub(super) async fn measure(connection: &dyn PeerConnection) -> Option<Measured> {
    let ice = connection.sctp().await?.transport().ice_transport();
    let chosen = ice.get_selected_candidate_pair().await.ok()??;
    let report = connection.get_stats(Instant::now(), StatsSelector::None).await;
    let transport = report.transport()?;
    let pair = report.candidate_pairs().find(|pair| pair.stats.id == transport.selected_candidate_pair_id);
    let round_trip = pair.and_then(|pair| Duration::try_from_secs_f64(pair.current_round_trip_time).ok());
    let host = &chosen.remote().address;
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    Some(Measured {
        route: Route::Pair {
            local: chosen.local().typ.to_string(),
            remote: chosen.remote().typ.to_string(),
            address: format!("{host}:{}", chosen.remote().port),
        },
        round_trip: round_trip.filter(|time| !time.is_zero()),
        bytes_in: transport.bytes_received,
        bytes_out: transport.bytes_sent,
    })
}

/// Passes the stack's callbacks on. The queue is unbounded because the callbacks run on the
/// stack's own task, which must not wait; what comes here is this side's own making, some tens of
/// notes in a connection's life, and the channels, which are counted.
struct Notes {
    to: mpsc::UnboundedSender<Note>,
    announced: AtomicUsize,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Notes {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        let text =
            event.candidate.to_json().ok().and_then(|candidate| serde_json::to_string(&candidate).ok());
        if let Some(text) = text {
            let _ = self.to.send(Note::Candidate(text));
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let _ = self.to.send(Note::State(state));
    }

    async fn on_data_channel(&self, channel: Arc<dyn DataChannel>) {
        // A peer that makes more of them is not listened to there.
        if self.announced.fetch_add(1, Ordering::Relaxed) < Channels::COUNT {
            let _ = self.to.send(Note::Channel(channel));
        }
    }
}
