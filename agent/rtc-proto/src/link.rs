//! The signalling link as the machine sees it: what to open, and how opening or keeping it can fail.

use livekit_protocol::{ReconnectReason, SessionDescription};

use crate::names::ParticipantSid;

/// Which of the two signalling paths a server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignalPath {
    /// `/rtc/v1`: one peer connection, this side offers.
    Single,
    /// `/rtc`: one connection for each direction, the server offers the subscriber's.
    Dual,
}

/// A signalling link to open.
#[derive(Clone, PartialEq)]
pub struct LinkRequest {
    /// Where.
    pub path: SignalPath,
    /// With what right; the newest token the server gave.
    pub token: String,
    /// What for.
    pub purpose: LinkPurpose,
}

/// The token stays out of logs.
impl std::fmt::Debug for LinkRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkRequest")
            .field("path", &self.path)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// What a link is opened for.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkPurpose {
    /// A new stay.
    Join {
        /// The first offer, which spares a round trip on the single path; `None` on the other.
        offer: Option<SessionDescription>,
    },
    /// The same stay, on a new link.
    Resume {
        /// Ours.
        participant: ParticipantSid,
        /// What broke.
        reason: ReconnectReason,
    },
}

/// Why a link could not be opened, or broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkFailure {
    /// The address is not one.
    #[error("the URL is not usable: {0}")]
    Url(String),
    /// Nobody answers there.
    #[error("cannot reach the server: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The certificate, or another part of TLS.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The server does not accept the token (HTTP 401 or 403): wrong key or secret, expired, or without the grant.
    #[error("the server does not accept the token ({status}): {text}")]
    Unauthorized {
        /// HTTP.
        status: u16,
        /// In the server's words.
        text: String,
    },
    /// There is no such path (HTTP 404): not a LiveKit server, or an old one.
    #[error("no LiveKit server at this address (404): {0}")]
    NotFound(String),
    /// The server answers otherwise than with a link.
    #[error("the server refused the connection ({status}): {text}")]
    Refused {
        /// HTTP.
        status: u16,
        /// In the server's words.
        text: String,
    },
    /// What came does not follow the protocol.
    #[error("the server does not follow the protocol: {0}")]
    Protocol(String),
    /// The link was open and is not any longer.
    #[error("the link to the server was closed: {0}")]
    Closed(String),
    /// The link lives, but no media gets through.
    #[error("no media gets through to the server")]
    Media,
}

impl LinkFailure {
    /// Whether trying the same again is vain.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Url(_) | Self::Unauthorized { .. } => true,
            Self::Unreachable(_)
            | Self::TimedOut
            | Self::Tls(_)
            | Self::NotFound(_)
            | Self::Refused { .. }
            | Self::Protocol(_)
            | Self::Closed(_)
            | Self::Media => false,
        }
    }
}
