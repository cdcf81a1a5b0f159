//! Why something could not be sent, and why a stream ended before its end.

use agent_rtc_proto::Identity;

use super::identity::RpcKey;

/// Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The transport is slower than the application; ask again when packets have been taken.
    #[error("{queued} bytes wait for the data channel, {wanted} more would pass its limit of {limit}")]
    Backlog {
        /// Bytes waiting.
        queued: usize,
        /// Bytes that were to be added.
        wanted: usize,
        /// The bound.
        limit: usize,
    },
    /// One packet cannot carry it: a header with its attributes, plain data, a message.
    #[error("a packet of {size} bytes is longer than the {limit} that one may have")]
    TooLong {
        /// Encoded size.
        size: usize,
        /// The bound.
        limit: usize,
    },
    /// The stream was lost with the stay in which it was opened; nobody receives the rest of it. Open another.
    #[error("the stream was lost when the room was joined anew")]
    StreamLost,
    /// The participant is not in the room.
    #[error("no participant {0} in the room")]
    UnknownParticipant(Identity),
    /// The request was answered before, has expired, or was never made.
    #[error("no request {} of {} waits for an answer", .0.id, .0.caller)]
    UnknownRequest(RpcKey),
    /// Too many procedure requests are in flight.
    #[error("{limit} procedure requests are in flight already")]
    TooManyRequests {
        /// The bound.
        limit: usize,
    },
}

/// Why an incoming stream ended before its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamFailure {
    /// The sender cut it short and said why.
    #[error("the sender ended it: {0}")]
    Ended(String),
    /// A chunk is missing, and nobody will send it again.
    #[error("chunk {expected} is missing, {received} came")]
    MissingChunk {
        /// The index that should have come.
        expected: u64,
        /// The index that came.
        received: u64,
    },
    /// More bytes than its header promised, or than a bound allows.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// The length promised or the bound.
        limit: u64,
    },
    /// It ended with fewer bytes than its header promised.
    #[error("{received} bytes of {promised}")]
    TooShort {
        /// Bytes that came.
        received: u64,
        /// The length promised.
        promised: u64,
    },
    /// The bytes of a text are not UTF-8.
    #[error("not UTF-8")]
    NotText,
    /// Nothing came for the time that a stream may be silent.
    #[error("silent for too long")]
    Idle,
    /// It was open for as long as a stream may be.
    #[error("open for too long")]
    TooOld,
    /// The sender has left the room.
    #[error("the sender has left")]
    SenderLeft,
    /// The room is over, or our stay in it is and another has begun.
    #[error("the room is disconnected")]
    Disconnected,
}
