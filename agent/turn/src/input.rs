//! What the machine is told: facts in the past tense.

use crate::{CloseReason, Moment, ReplyId, RequestId, Score};

/// One fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// About the user.
    User(UserFact),
    /// About the making of a reply.
    Reply(ReplyId, ReplyFact),
    /// About what the user hears of a reply.
    Playout(ReplyId, PlayoutFact),
    /// The program wants something.
    Told(Told),
}

/// What the user did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserFact {
    /// Voice activity began.
    SpeechStarted {
        /// When the speech began, not when it was noticed.
        at: Moment,
    },
    /// The voice fell silent, too short yet to count as the end of speech.
    SpeechLapsed {
        /// When the silence began.
        at: Moment,
    },
    /// The voice came back after a lapse.
    SpeechRevived,
    /// Voice activity ended.
    SpeechStopped {
        /// When the speech ended, not when it was noticed.
        at: Moment,
    },
    /// Words were heard that may change. They take the place of the interim words before.
    InterimHeard {
        /// How many since the last final transcript.
        words: u32,
    },
    /// Words were heard that will not change. They are added to those before.
    FinalHeard {
        /// How many; 0 when the recogniser understood nothing.
        words: u32,
    },
    /// A turn detector judged the pause in which the user is.
    EndOfTurnScored {
        /// Its judgement.
        score: Score,
    },
    /// The user wrote instead of speaking; a turn by itself.
    Typed,
    /// The user left the call.
    Left,
}

/// What became of a reply that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyFact {
    /// Its first sample could be played now.
    Ready,
    /// All of it is made.
    Finished {
        /// Whether there is anything to hear.
        audible: bool,
    },
    /// It could not be made.
    Failed,
    /// It called a function, which runs now.
    FunctionStarted,
    /// One of its functions has returned.
    FunctionFinished,
}

/// What the user has heard of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlayoutFact {
    /// The first sample was given to the user's side.
    Started,
    /// The playout goes on; about once a second.
    Progressed {
        /// How much was heard.
        heard: std::time::Duration,
    },
    /// Nothing more of it will be heard: it is over, or it was stopped.
    Finished {
        /// How much was heard.
        heard: std::time::Duration,
    },
}

/// What the program wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// Something be said.
    Speak {
        /// The program's number for it.
        request: RequestId,
        /// Whether its words are given or must be thought of.
        kind: SpeechKind,
        /// Whether the user may interrupt it.
        interruptible: bool,
    },
    /// What is being said or thought of be stopped. What waits behind it stays.
    Stop {
        /// Also when it is not interruptible.
        force: bool,
    },
    /// The call be closed.
    Close {
        /// Why.
        reason: CloseReason,
    },
}

/// Whether the words of a requested speech are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpeechKind {
    /// They are given.
    Said,
    /// The mind must think of them.
    Generated,
}
