//! Whose floor it is, and the reply that has it.

use std::time::Duration;

use crate::{Manner, Moment, Priority, ReplyCause, ReplyId, RequestId, SpeakerId, SpeechKind, TurnId};

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
    /// The user has said something; the endpoint, or the final words, are awaited.
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
    /// A reply that was started is paused, because the user speaks over it.
    Yielding {
        /// The reply.
        reply: Reply,
        /// Whether the user had heard some of it.
        heard: bool,
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
    /// How it is said.
    pub manner: Manner,
    /// The request that it, or the reply whose functions it follows, came from.
    pub request: Option<RequestId>,
    /// The turn that it answers, until the turn has ended.
    pub turn: Option<TurnId>,
    /// How far it is made.
    pub made: Made,
    /// Whether it may be heard as soon as it can be: it had the floor while the user was silent.
    pub cleared: bool,
    /// Why it is not to be heard now, if it is not.
    pub hold: Option<Pause>,
    /// How many replies with functions came before it in this turn.
    pub step: u32,
    /// How many functions it calls.
    pub calls: u32,
    /// How many of them were ordered to run.
    pub ordered: u32,
    /// How many of them have returned.
    pub returned: u32,
    /// Whether the wait for them was filled.
    pub filled: bool,
    /// When its first sample was heard.
    pub heard_from: Option<Moment>,
    /// How much of it was last known to be heard.
    pub position: Duration,
}

/// Why a reply is not to be heard now: the user speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pause {
    /// Since when.
    pub since: Moment,
    /// How long after the end of wordless speech the reply goes on.
    pub silence: Duration,
    /// Whether the speech was long enough to be an interruption; if not, the reply only waits for its end.
    pub meant: bool,
}

/// How far a reply is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Made {
    /// It waits for the floor, or for silence, to be begun.
    Unbegun,
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
    pub(crate) const fn new(id: ReplyId, cause: ReplyCause, kind: SpeechKind, manner: Manner) -> Self {
        Self {
            id,
            cause,
            kind,
            manner,
            request: None,
            turn: None,
            made: Made::Unbegun,
            cleared: false,
            hold: None,
            step: 0,
            calls: 0,
            ordered: 0,
            returned: 0,
            filled: false,
            heard_from: None,
            position: Duration::ZERO,
        }
    }

    pub(crate) const fn to_turn(
        id: ReplyId,
        speaker: SpeakerId,
        turn: Option<TurnId>,
        interruptible: bool,
    ) -> Self {
        let cause = ReplyCause::Turn { speaker };
        Self { turn, ..Self::new(id, cause, SpeechKind::Generated, Manner::normal(interruptible)) }
    }

    pub(crate) fn begun(self) -> Self {
        Self { made: Made::Begun, ..self }
    }

    /// Whether there is nothing of it to hear, and all that it calls runs.
    pub(crate) const fn is_over_unheard(&self) -> bool {
        matches!(self.made, Made::Silent) && self.ordered == self.calls
    }

    /// Whether a function that it called has not returned.
    pub(crate) const fn has_functions_out(&self) -> bool {
        self.returned < self.calls
    }

    /// Whether something of it can be heard.
    pub(crate) const fn has_sample(&self) -> bool {
        matches!(self.made, Made::Ready | Made::Whole)
    }

    pub(crate) const fn is_low(&self) -> bool {
        matches!(self.manner.priority, Priority::Low)
    }

    /// Whether it fills a wait.
    pub(crate) const fn is_filler(&self) -> bool {
        matches!(self.cause, ReplyCause::Filler { .. })
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
