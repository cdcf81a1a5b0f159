//! What a worker is to do, in the imperative.

use livekit_protocol::WorkerMessage;

use super::{Assignment, Declined, Job, JobId, StopReason};

/// One order, or news.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Open a link, and tell how it went.
    OpenLink,
    /// Close the link, open or opening; no answer is expected.
    CloseLink,
    /// Send a message over the open link.
    Send(Box<WorkerMessage>),
    /// Send a ping over the open link.
    SendPing,
    /// Have the program decide on a job, and tell what it says.
    Consider(Box<Job>),
    /// The program need not decide on this job any more.
    StopConsidering(JobId),
    /// News: a job is not taken.
    Declined {
        /// Which.
        job: JobId,
        /// Why.
        why: Declined,
    },
    /// Begin a call.
    StartJob(Box<Assignment>),
    /// End a call.
    StopJob {
        /// Which.
        job: JobId,
        /// Why.
        reason: StopReason,
    },
    /// News: the server knows this worker now.
    Registered {
        /// The server's id of this worker.
        worker: String,
        /// The server's version.
        server: String,
    },
    /// All is done; nothing follows.
    End(End),
}

/// Why it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was asked to, and the last call has left.
    Drained,
    /// It never registered, and waiting would not help or was not wanted.
    NeverRegistered,
}
