//! What the machine orders, in the imperative, and the news that it tells.

use std::time::Duration;

use crate::{Moment, PauseId, ReplyId, RequestId, SpeakerId, TurnId, Verdict};

/// One order, or one piece of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// Put what somebody said into the history, as one turn.
    CommitTurn {
        /// Its number.
        turn: TurnId,
        /// Who said it.
        speaker: SpeakerId,
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
    /// Forget the reply; nothing of it was heard. What its functions return is kept; those that do not run will not.
    CancelReply {
        /// The reply.
        reply: ReplyId,
        /// Why.
        reason: CancelReason,
    },
    /// Run the functions that the reply calls: it has the floor, so that what was to be said before it has been said.
    RunFunctions {
        /// The reply.
        reply: ReplyId,
    },
    /// Let the reply be heard.
    StartPlayout {
        /// The reply.
        reply: ReplyId,
        /// Whether it was paused before it began: nothing of it is heard until [`Output::ResumePlayout`].
        paused: bool,
    },
    /// Silence the reply, keeping its place. Comes before [`Output::StartPlayout`] too, when the user speaks while a
    /// reply is on its way.
    PausePlayout {
        /// The reply.
        reply: ReplyId,
    },
    /// Let the paused reply be heard again, from where it was.
    ResumePlayout {
        /// The reply.
        reply: ReplyId,
    },
    /// Silence the reply for good, and say how much was heard ([`crate::PlayoutFact::Finished`]). Ends its pause.
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
    /// Judge the pause in which a speaker is: [`crate::UserFact::PauseJudged`] or
    /// [`crate::UserFact::JudgementFailed`]. A later pause of the same speaker makes it superfluous.
    JudgePause {
        /// Whose.
        speaker: SpeakerId,
        /// The pause.
        pause: PauseId,
    },
    /// Let voice activity begin anew: the speech that it is in counts as ended.
    FlushVoice {
        /// Whose.
        speaker: SpeakerId,
    },
    /// Take the last words off the open turn: they were no turn. Keep them until they are taken back, or until more
    /// are set aside.
    SetAside {
        /// Whose.
        speaker: SpeakerId,
        /// How many; those of the last final transcripts.
        words: u32,
        /// What they were instead.
        verdict: Verdict,
    },
    /// The words that were last set aside are an answer after all: they come before those of the open turn.
    TakeBack {
        /// Whose.
        speaker: SpeakerId,
    },
    /// Forget the words of the open turn, and those set aside.
    ForgetWords {
        /// Whose.
        speaker: SpeakerId,
    },
    /// News: what the agent does has changed.
    ShowAgent(AgentState),
    /// News: what the linked speaker does has changed.
    ShowUser(UserState),
    /// News for those who count.
    Tell(News),
    /// News: the call is over. The last output.
    Close {
        /// Why.
        reason: CloseReason,
    },
}

/// What those who count want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum News {
    /// No final transcript came in time for speech that had ended.
    TranscriptMissed {
        /// Whose.
        speaker: SpeakerId,
        /// How many interim words count in its place; 0: the speech was forgotten.
        recovered: u32,
    },
    /// A speaker has said more, or for longer, than one turn should be. Once, until the agent speaks.
    TurnTooLong {
        /// Whose.
        speaker: SpeakerId,
        /// How many words.
        words: u32,
        /// For how long.
        duration: Duration,
    },
    /// A requested speech will not be begun. Each request is either begun or dropped.
    RequestDropped {
        /// Which.
        request: RequestId,
        /// Why.
        reason: DropReason,
    },
}

/// Why a requested speech is not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// The user spoke before it began.
    Interrupted,
    /// It was of low priority, and a turn was committed.
    Superseded,
    /// The program withdrew or stopped it.
    Withdrawn,
    /// Too many wait.
    Full,
    /// The call ends.
    Closed,
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
    /// The program considered it and wants no reply.
    Declined,
    /// The speaker is heard only.
    NotAddressed,
}

/// Why a reply was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// It was speculative, and the user said more; or it was to fill a wait that is over.
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
    /// The turn that a speaker has just ended, or seems about to end.
    Turn {
        /// Whose.
        speaker: SpeakerId,
    },
    /// What the functions of an earlier reply returned.
    Functions {
        /// The earlier reply.
        of: ReplyId,
        /// How many replies with functions came before it in this turn.
        step: u32,
    },
    /// The program asked for it.
    Requested(RequestId),
    /// The functions of an earlier reply take long: a few words until they return.
    Filler {
        /// The earlier reply.
        of: ReplyId,
    },
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
    /// The linked speaker left.
    UserLeft,
    /// The room was closed by others.
    RoomClosed,
    /// The program had done what it was for.
    Completed,
    /// The worker or its job is being shut down.
    Shutdown,
    /// The connection to the room is gone.
    Disconnected,
    /// Too much failed.
    Error,
}

impl CloseReason {
    /// Whether the user can still be heard when the call is closed for this reason.
    pub(crate) const fn leaves_ears(self) -> bool {
        match self {
            Self::Completed | Self::Shutdown => true,
            Self::UserLeft | Self::RoomClosed | Self::Disconnected | Self::Error => false,
        }
    }
}
