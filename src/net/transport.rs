//! The WebRTC stack, set up: one peer connection with its three channels. Nothing else in the
//! crate knows the stack's types, [`channel`](super::channel) and
//! [`connection`](super::connection) apart.

use std::sync::Arc;
use std::time::Duration;

use rtc::ice::mdns::MulticastDnsMode;
use tokio::sync::mpsc;
use webrtc::data_channel::{DataChannel, RTCDataChannelInit};
use webrtc::error::{Error, Result};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder, RTCIceServer,
    RTCPeerConnectionIceEvent, RTCPeerConnectionState, SettingEngine, SettingEngineBuilder,
};

use super::runtime::PromptRuntime;
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

/// What the stack says about a connection.
#[derive(Debug)]
pub(super) enum Note {
    /// A candidate of this side, as JSON text, for the other side.
    Candidate(String),
    /// The state of the connection as a whole.
    State(RTCPeerConnectionState),
}

/// A peer connection and its channels. To be closed, not merely dropped.
pub(super) struct Transport {
    pub(super) connection: Box<dyn PeerConnection>,
    pub(super) ops: Arc<dyn DataChannel>,
    pub(super) sync: Arc<dyn DataChannel>,
    pub(super) presence: Arc<dyn DataChannel>,
}

impl Transport {
    /// Binds the sockets and makes the channels. Both sides make the same three under the same
    /// numbers, so nothing about them needs to be agreed on the wire.
    pub(super) async fn new(ice_servers: &[RTCIceServer], notes: mpsc::UnboundedSender<Note>) -> Result<Self> {
        let runtime =
            PromptRuntime::new().ok_or_else(|| Error::Other("the WebRTC stack was built without a runtime".to_owned()))?;
        let connection = PeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().with_ice_servers(ice_servers.to_vec()).build())
            .with_setting_engine(settings())
            .with_runtime(Arc::new(runtime))
            .with_handler(Arc::new(Notes(notes)))
            .with_udp_addrs(ADDRESSES.to_vec())
            .with_data_channel_send_buffer_limit(limits::IN_FLIGHT_BYTES)
            .build()
            .await?;
        Ok(Self {
            ops: channel(&connection, Channel::Ops).await?,
            sync: channel(&connection, Channel::Sync).await?,
            presence: channel(&connection, Channel::Presence).await?,
            connection: Box::new(connection),
        })
    }
}

fn settings() -> SettingEngine {
    SettingEngineBuilder::new()
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .with_ice_timeouts(Some(DISCONNECTED_AFTER), Some(FAILED_AFTER), Some(KEEPALIVE))
        .with_ice_connection_attempts(Some(CHECK_INTERVAL), Some(CHECKS))
        .build()
}

async fn channel(connection: &impl PeerConnection, channel: Channel) -> Result<Arc<dyn DataChannel>> {
    let (label, number, reliable) = match channel {
        Channel::Ops => ("ops", 0, false),
        Channel::Sync => ("sync", 1, true),
        Channel::Presence => ("presence", 2, false),
    };
    let init = RTCDataChannelInit {
        ordered: reliable,
        max_retransmits: (!reliable).then_some(0),
        negotiated: Some(number),
        ..RTCDataChannelInit::default()
    };
    connection.create_data_channel(label, Some(init)).await
}

/// Passes the stack's callbacks on. The queue is unbounded because the callbacks run on the
/// stack's own task, which must not wait; what comes here is this side's own making, some tens of
/// notes in a connection's life.
struct Notes(mpsc::UnboundedSender<Note>);

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Notes {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        let text = event.candidate.to_json().ok().and_then(|candidate| serde_json::to_string(&candidate).ok());
        if let Some(text) = text {
            let _ = self.0.send(Note::Candidate(text));
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let _ = self.0.send(Note::State(state));
    }
}
