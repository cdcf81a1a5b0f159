//! What the machine orders, in the imperative, and the news that it tells.

use std::time::Duration;

use crate::{Moment, ReplyId, RequestId, TurnId};

/// One order, or one piece of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// Put what the user said into the history, as one turn.
    CommitTurn {
        /// Its number.
        turn: TurnId,
        /// Whether it was spoken.
        source: TurnSource,
        /// When the user's speech ended, if it was spoken.
        speech_end: Option<Moment>,
        /// When its last final transcript came, if one came.
        last_final: Option<Moment>,
    },
    /// News: a committed turn is done with. Comes once for each.
    EndTurn {
        /// Its number.
        turn: TurnId,
        /// How it ended.
        end: TurnEnd,
    },
    /// Begin to make a reply.
    BeginReply {
        /// Its number.
        reply: ReplyId,
        /// To what.
        cause: ReplyCause,
        /// Whether it must be kept silent until [`Output::ConfirmReply`].
        speculative: bool,
    },
    /// The speculative reply is the reply to this turn.
    ConfirmReply {
        /// The reply.
        reply: ReplyId,
        /// The turn it answers.
        turn: TurnId,
    },
    /// Forget the reply; nothing of it was heard. What its functions return is kept.
    CancelReply {
        /// The reply.
        reply: ReplyId,
        /// Why.
        reason: CancelReason,
    },
    /// Let the reply be heard.
    StartPlayout {
        /// The reply.
        reply: ReplyId,
    },
    /// Silence the reply, keeping its place.
    PausePlayout {
        /// The reply.
        reply: ReplyId,
    },
    /// Let the paused reply be heard again, from where it was.
    ResumePlayout {
        /// The reply.
        reply: ReplyId,
    },
    /// Silence the reply for good, and say how much was heard ([`crate::PlayoutFact::Finished`]).
    StopPlayout {
        /// The reply.
        reply: ReplyId,
    },
    /// Keep of the reply in the history only what was heard.
    TruncateReply {
        /// The reply.
        reply: ReplyId,
        /// How much of it was heard.
        heard: Duration,
    },
    /// News: what the agent does has changed.
    ShowAgent(AgentState),
    /// News: what the user does has changed.
    ShowUser(UserState),
    /// News: the call is over. The last output.
    Close {
        /// Why.
        reason: CloseReason,
    },
}

/// How a turn came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TurnSource {
    /// By voice.
    Spoken,
    /// By text.
    Typed,
}

/// How a committed turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TurnEnd {
    /// A reply to it is heard.
    Replied(ReplyId),
    /// No reply to it will be heard.
    Suppressed(Suppression),
    /// The call was closed before a reply was heard.
    Closed,
}

/// Why no reply to a turn was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suppression {
    /// The user went on; the reply to the later turn answers both.
    Superseded,
    /// The program stopped it.
    Stopped,
    /// The reply failed.
    Failed,
    /// The reply, or a function, took too long.
    TimedOut,
    /// The mind had nothing to say.
    Empty,
}

/// Why a reply was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// It was speculative, and the user said more.
    Outdated,
    /// The user spoke before it was heard.
    Interrupted,
    /// The program stopped it.
    Stopped,
    /// It took too long.
    TimedOut,
    /// The call was closed.
    Closed,
}

/// To what a reply replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyCause {
    /// The turn that the user has just ended, or seems about to end.
    Turn,
    /// What the functions of an earlier reply returned.
    Functions {
        /// The earlier reply.
        of: ReplyId,
        /// How many replies with functions came before it in this turn.
        step: u32,
    },
    /// The program asked for it.
    Requested(RequestId),
}

/// What the agent does, as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AgentState {
    /// It is silent and hears.
    Listening,
    /// It makes a reply.
    Thinking,
    /// It is heard.
    Speaking,
}

/// What the user does, as far as can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserState {
    /// Silent.
    Listening,
    /// Voice activity.
    Speaking,
    /// Silent for long, with nothing to hear.
    Away,
}

/// Why a call was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The user left.
    UserLeft,
    /// The program had done what it was for.
    Completed,
    /// The worker or its job is being shut down.
    Shutdown,
    /// The connection to the room is gone.
    Disconnected,
    /// Too much failed.
    Error,
}
