//! What can go wrong at the door: joining, and sending what does not fit.

use agent_rtc_proto::{DisconnectCause, LinkFailure};

/// Why a room could not be joined. The text names what to look at.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The server could not be reached, or did not let us in.
    #[error("{0}")]
    Link(LinkFailure),
    /// The server let us in and ended it at once.
    #[error("{0}")]
    Ended(DisconnectCause),
}

impl JoinError {
    /// Whether another attempt with the same URL and token is vain.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Link(failure) => failure.is_final(),
            Self::Ended(_) => false,
        }
    }
}

/// Why a data packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendDataError {
    /// Too much waits already; what was sent before goes on.
    #[error("the data channel is full")]
    Full,
    /// The room is over.
    #[error("the room is over")]
    Over,
}
