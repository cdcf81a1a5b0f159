//! What the machine is told: facts in the past tense.

use std::time::Duration;

use crate::{CloseReason, Moment, PauseId, Profile, ReplyId, RequestId, Score, SpeakerId, TurnId};

/// One fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// About somebody who is heard.
    User(SpeakerId, UserFact),
    /// About the making of a reply.
    Reply(ReplyId, ReplyFact),
    /// About what the user hears of a reply.
    Playout(ReplyId, PlayoutFact),
    /// The program wants something.
    Told(Told),
}

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserFact {
    /// They came. Facts about those who did not come are ignored; the linked speaker is there from the beginning.
    Joined {
        /// What their words are worth.
        standing: Standing,
    },
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
        /// Whether they say what [`UserFact::PreflightHeard`] has said.
        foreseen: bool,
    },
    /// Words were heard that are probably all; worth an attempt at a reply. They take the place of the interim words.
    PreflightHeard {
        /// How many since the last final transcript.
        words: u32,
    },
    /// Words were heard that will not change. They are added to those before.
    FinalHeard {
        /// How many; 0 when the recogniser understood nothing.
        words: u32,
        /// Whether the turn says now what [`UserFact::PreflightHeard`] has said.
        foreseen: bool,
    },
    /// The recogniser itself heard speech begin. Matters with [`crate::Detection::Recogniser`].
    RecogniserStarted,
    /// The recogniser itself heard speech end. Matters with [`crate::Detection::Recogniser`].
    RecogniserStopped,
    /// A pause was judged, as [`crate::Output::JudgePause`] ordered.
    PauseJudged {
        /// Which one; the judgement of any but the present one is ignored.
        pause: PauseId,
        /// The judgement.
        score: Score,
    },
    /// A pause could not be judged.
    JudgementFailed {
        /// Which one.
        pause: PauseId,
    },
    /// Their last final words ask for patience ("hold on"), or seem to be unfinished: the pause after them may last
    /// longer. Holds until more words are final.
    PatienceAsked,
    /// Their speech over the agent's was judged. Told before the words that the judgement is about.
    OverlapJudged {
        /// The judgement; holds until the next one or until they speak anew.
        verdict: Verdict,
    },
    /// They wrote instead of speaking; a turn by itself.
    Typed,
    /// They left the call. When the linked speaker leaves, the call is over.
    Left,
}

/// What somebody's words are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Their turns are answered, and they may interrupt.
    Answered,
    /// Their turns are written down.
    HeardOnly,
}

/// What speech over the agent's is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Not enough was heard to say.
    Undecided,
    /// They want the floor.
    Interruption,
    /// A listener's noise: "mhm".
    Backchannel,
    /// The agent's own voice.
    Echo,
    /// Words that the agent had said when they began: an answer in its words, or a short echo of them.
    Repetition,
    /// Meant for somebody else.
    SideSpeech,
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
    /// It calls functions, which wait for [`crate::Output::RunFunctions`].
    FunctionsCalled {
        /// How many more than before.
        functions: u32,
    },
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
        heard: Duration,
    },
    /// Nothing more of it will be heard: it is over, or it was stopped.
    Finished {
        /// How much was heard.
        heard: Duration,
    },
}

/// What the program wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// Something be said.
    Speak {
        /// The program's number for it, used once.
        request: RequestId,
        /// Whether its words are given or must be thought of.
        kind: SpeechKind,
        /// How it is to be said.
        manner: Manner,
    },
    /// What is being said or thought of be stopped, and what waits behind it up to the first that is not interruptible.
    Stop {
        /// Also when it is not interruptible.
        force: bool,
    },
    /// A requested speech be stopped, or not begun.
    Withdraw {
        /// Which.
        request: RequestId,
        /// Also when it is not interruptible.
        force: bool,
    },
    /// The open turn be committed when its words are final and the usual delay after the end of speech has passed.
    CommitTurn {
        /// Whose.
        speaker: SpeakerId,
        /// Whether it is to be answered.
        answer: bool,
        /// How long a final transcript is awaited if none came in the last half second; then the interim words count.
        wait: Duration,
    },
    /// The open turn be forgotten.
    ClearTurn {
        /// Whose.
        speaker: SpeakerId,
    },
    /// A committed turn was considered (see [`crate::Config::considers_turns`]).
    Considered {
        /// Which.
        turn: TurnId,
        /// How it is to be answered.
        answer: Answer,
    },
    /// Other settings hold from now on.
    Profile(Profile),
    /// Answers be held back while one agent hands over to another. What is requested is said.
    Hold,
    /// Answers be given again.
    Release,
    /// There is money left for speculative replies, or there is none.
    Budget {
        /// Whether there is.
        left: bool,
    },
    /// The call be closed once what is being said has been said and what was said to it is known.
    Drain {
        /// Why.
        reason: CloseReason,
    },
    /// The call be closed: nothing is said any more. What the user is saying is awaited, for as long as
    /// [`crate::Deadlines::close`], unless the reason is that they cannot be heard any more.
    Close {
        /// Why.
        reason: CloseReason,
    },
}

/// Whether the words of a requested speech are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpeechKind {
    /// They are given. Their making begins when they have the floor.
    Said,
    /// The mind must think of them. It begins when it is asked, while others still speak.
    Generated,
}

/// How a requested speech is to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Manner {
    /// Whether the user may interrupt it.
    pub interruptible: bool,
    /// What it goes before.
    pub priority: Priority,
    /// How long speech over it must last to interrupt; `None`: as over others.
    pub min_duration: Option<Duration>,
    /// How many words speech over it must have; `None`: as over others.
    pub min_words: Option<u32>,
}

impl Manner {
    /// As a reply to a turn is said.
    #[must_use]
    pub const fn normal(interruptible: bool) -> Self {
        Self { interruptible, priority: Priority::Normal, min_duration: None, min_words: None }
    }
}

/// What goes before what, in the order of the variants from last to first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Fillers: a committed turn makes it superfluous.
    Low,
    /// Replies.
    Normal,
    /// What cannot wait.
    High,
}

/// How a considered turn is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// By the speculative reply if there is one, else by a new one.
    AsIs,
    /// By a new one: the program changed what the user said, or what is known.
    Anew,
    /// Not at all.
    Not,
}
