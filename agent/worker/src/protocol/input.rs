//! What may happen to a worker, in the past tense.

use super::{Answer, JobId, Outcome};

/// One fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The link that was asked for is open.
    LinkOpened,
    /// The link that was asked for could not be opened.
    LinkFailed(LinkFailure),
    /// An open link is gone.
    LinkClosed,
    /// Something came over the link.
    FrameReceived(Frame),
    /// What calls need is there: agents, with their ears, minds and voices.
    AgentsLoaded,
    /// The program has decided on a job that it was shown.
    JobConsidered {
        /// Which.
        job: JobId,
        /// What it says.
        answer: Answer,
    },
    /// A call has ended, and still holds its room: what the server is to be told now.
    JobEnded {
        /// Whose.
        job: JobId,
        /// How.
        outcome: Outcome,
    },
    /// A call has left its room and freed all that it held.
    JobLeft {
        /// Whose.
        job: JobId,
    },
    /// How late the shards are, in thousandths of what counts as full.
    LagMeasured {
        /// May exceed 1000.
        permille: u16,
    },
    /// No more jobs are to be taken; the worker ends with its last call.
    DrainRequested,
    /// Running calls are to end now.
    StopRequested,
}

/// What came over the link.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// A message of the protocol.
    Binary(bytes::Bytes),
    /// A text, which this protocol uses only with those who began with text.
    Text,
    /// Ping or pong: a sign of life.
    Control,
}

/// Why a link could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFailure {
    /// The server was not reached, or not ready: it may be later.
    Unreachable,
    /// The server answered, and the answer will not change by itself: a wrong key, a wrong path, a wrong certificate.
    Refused,
}
