//! How to join a room: where, with what right, and over what.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use agent_rtc_proto::{MediaTransport, Patience};

use crate::data::Limits;

/// One room to join. [`JoinOptions::new`] gives usual values.
#[derive(Clone)]
pub struct JoinOptions {
    /// `ws://…`, `wss://…`, `http://…` or `https://…`.
    pub url: String,
    /// A token with the grant to join; it names the room.
    pub token: String,
    /// Whether to try `/rtc/v1` (one peer connection) first. A server without it is asked on the older path by itself.
    pub single_peer_connection: bool,
    /// How media may travel.
    pub transport: MediaTransport,
    /// The only address to send media from over UDP: candidates of the other family are not tried. `None`: for each of the
    /// server's candidates the one from which it is reached.
    pub bind: Option<IpAddr>,
    /// How long opening a link may take.
    pub connect_timeout: Duration,
    /// How long to wait, and how often to try.
    pub patience: Patience,
    /// Whom to believe at `wss://`. `None`: the roots that browsers have.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// The bounds of streams and remote procedures.
    pub data: Limits,
    /// Spreads reconnect delays and makes stream ids; must differ between rooms. `None`: drawn.
    pub seed: Option<u64>,
}

impl JoinOptions {
    /// The usual way: single path first, UDP then TCP, 5 s for a link, [`Patience::USUAL`].
    #[must_use]
    pub fn new(url: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: token.into(),
            single_peer_connection: true,
            transport: MediaTransport::UdpThenTcp,
            bind: None,
            connect_timeout: Duration::from_secs(5),
            patience: Patience::USUAL,
            tls: None,
            data: Limits::CONVERSATION,
            seed: None,
        }
    }
}

/// The token stays out of logs.
impl std::fmt::Debug for JoinOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinOptions")
            .field("url", &self.url)
            .field("single_peer_connection", &self.single_peer_connection)
            .field("transport", &self.transport)
            .field("bind", &self.bind)
            .finish_non_exhaustive()
    }
}
