//! What waits, for the floor or for others, and how much of it may.

use std::time::Duration;

use crate::{CloseReason, Manner, Moment, Priority, Reply, ReplyId, RequestId, SpeakerId, TurnId};

/// How many things may wait for the floor. A request that does not fit is dropped, with news.
pub(crate) const MAX_WAITING: usize = 64;
/// How many replies may leave the floor for one another while their functions run. Beyond, what waits goes on waiting
/// until the functions return or their deadline passes.
pub(crate) const MAX_PARKED: usize = 8;

/// Something that waits for the floor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Waiting {
    /// The answer to a committed turn.
    Turn { turn: TurnId, speaker: SpeakerId },
    /// A speech whose words are given.
    Speech { request: RequestId, manner: Manner },
    /// A reply that is being made already.
    Reply(Box<Reply>),
}

impl Waiting {
    pub(crate) fn priority(&self) -> Priority {
        match self {
            Self::Turn { .. } => Priority::Normal,
            Self::Speech { manner, .. } => manner.priority,
            Self::Reply(reply) => reply.manner.priority,
        }
    }

    /// The turn that it answers.
    pub(crate) fn turn(&self) -> Option<TurnId> {
        match self {
            Self::Turn { turn, .. } => Some(*turn),
            Self::Speech { .. } => None,
            Self::Reply(reply) => reply.turn,
        }
    }
}

/// A reply that left the floor while its functions run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Parked {
    pub(crate) reply: Reply,
    /// Since when only its functions are awaited.
    pub(crate) since: Moment,
}

/// A reply that was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stopping {
    pub(crate) id: ReplyId,
    pub(crate) since: Moment,
    /// How much was last known to have been heard.
    pub(crate) heard: Duration,
}

/// A committed turn that the program considers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Considering {
    pub(crate) turn: TurnId,
    pub(crate) speaker: SpeakerId,
    pub(crate) since: Moment,
    /// The speculative reply, which is neither confirmed nor dropped.
    pub(crate) reply: Option<Reply>,
}

/// The end of a call that waits for what is being said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Draining {
    pub(crate) reason: CloseReason,
    /// Since when nothing is being said any more.
    pub(crate) quiet_since: Option<Moment>,
}
