//! Whose floor it is, and the reply that has it.

use crate::{Moment, ReplyCause, ReplyId, SpeechKind, TurnId};

/// Whose floor it is. What the user does goes on whatever the state is, and is kept beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nobody speaks, and no reply is on its way.
    Listening {
        /// Since when, or since the last sign of the user.
        since: Moment,
    },
    /// The user speaks; no reply is on its way.
    UserSpeaking,
    /// The user has stopped; words, or the endpoint, are awaited.
    Settling,
    /// A reply is on its way.
    Thinking {
        /// The reply.
        reply: Reply,
        /// For what it waits.
        wait: Wait,
        /// Since when.
        since: Moment,
    },
    /// A reply plays.
    Speaking {
        /// The reply.
        reply: Reply,
        /// Whether the user hears it already.
        heard: bool,
        /// When the playout was last known to go on.
        progressed: Moment,
    },
    /// A reply is paused, because the user speaks over it.
    Yielding {
        /// The reply.
        reply: Reply,
        /// Whether the user had heard some of it.
        heard: bool,
        /// Since when.
        since: Moment,
    },
    /// The call is over.
    Closed,
}

/// For what a reply waits that nobody hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// For its first sample, and then for the floor.
    Sample,
    /// For the functions that it called.
    Functions,
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    /// Its number.
    pub id: ReplyId,
    /// To what it replies.
    pub cause: ReplyCause,
    /// Whether its words are given or must be thought of.
    pub kind: SpeechKind,
    /// The turn that it answers, until the turn has ended.
    pub turn: Option<TurnId>,
    /// Whether the user may interrupt it.
    pub interruptible: bool,
    /// How far it is made.
    pub made: Made,
    /// How many replies with functions came before it in this turn.
    pub step: u32,
    /// How many functions it called.
    pub calls: u32,
    /// How many of them have returned.
    pub returned: u32,
}

/// How far a reply is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Made {
    /// It was begun.
    Begun,
    /// Its first sample is there.
    Ready,
    /// All of it is there, and it can be heard.
    Whole,
    /// All of it is there, and there is nothing to hear.
    Silent,
}

impl Reply {
    pub(crate) const fn to_turn(id: ReplyId, turn: Option<TurnId>, interruptible: bool) -> Self {
        Self {
            id,
            cause: ReplyCause::Turn,
            kind: SpeechKind::Generated,
            turn,
            interruptible,
            made: Made::Begun,
            step: 0,
            calls: 0,
            returned: 0,
        }
    }

    /// Whether a function that it called has not returned.
    pub(crate) const fn has_functions_out(&self) -> bool {
        self.returned < self.calls
    }
}

impl State {
    /// The reply that has the floor.
    #[must_use]
    pub const fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Thinking { reply, .. } | Self::Speaking { reply, .. } | Self::Yielding { reply, .. } => {
                Some(reply)
            }
            Self::Listening { .. } | Self::UserSpeaking | Self::Settling | Self::Closed => None,
        }
    }

    pub(crate) const fn reply_mut(&mut self) -> Option<&mut Reply> {
        match self {
            Self::Thinking { reply, .. } | Self::Speaking { reply, .. } | Self::Yielding { reply, .. } => {
                Some(reply)
            }
            Self::Listening { .. } | Self::UserSpeaking | Self::Settling | Self::Closed => None,
        }
    }
}
