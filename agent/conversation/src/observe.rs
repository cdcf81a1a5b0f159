//! What a conversation tells of itself while it goes on: one event type, one port.

use std::time::Duration;

use agent_turn::{AgentState, CloseReason, Moment, ReplyId, SpeakerId, TurnEnd, TurnId, UserState, Verdict};
use providers_core::{ErrorKind, ProviderInfo, ToolCall, Usage};

use crate::Micros;

/// Is told what happens. Lives on the call's thread; must neither block nor wait.
pub trait Observer {
    /// Something happened at this moment of the call.
    fn observe(&mut self, at: Moment, event: &CallEvent<'_>);
}

/// Observes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn observe(&mut self, _at: Moment, _event: &CallEvent<'_>) {}
}

/// Keeps the inputs of the turn machine as lines of text (`agent_turn::journal`), in order.
pub trait Journal {
    /// One line, without its end.
    fn line(&mut self, line: &str);
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CallEvent<'a> {
    /// The agent's state changed.
    Agent(AgentState),
    /// The user's state changed.
    User(UserState),
    /// The recogniser heard words.
    Transcript {
        /// Whose.
        speaker: SpeakerId,
        /// The words of this transcript.
        text: &'a str,
        /// Whether they will change.
        is_final: bool,
    },
    /// An agent has the call.
    HandedOff {
        /// Who had it before; `None` at the beginning.
        from: Option<&'a str>,
        /// Who has it now.
        to: &'a str,
    },
    /// A reply was begun, or asked for by the program.
    SpeechCreated {
        /// Why.
        source: SpeechSource,
    },
    /// The first sample of a reply was heard.
    PlayoutStarted {
        /// The reply.
        reply: ReplyId,
        /// From the question to the mind's first piece, if a mind was asked.
        llm_ttft: Option<Duration>,
        /// From when the voice began on its first text to its first sample.
        tts_ttfb: Option<Duration>,
    },
    /// A reply was paused because the user speaks.
    PlayoutPaused {
        /// The reply.
        reply: ReplyId,
    },
    /// A paused reply goes on: the interruption was false.
    PlayoutResumed {
        /// The reply.
        reply: ReplyId,
    },
    /// Nothing more of a reply will be heard.
    PlayoutFinished {
        /// The reply.
        reply: ReplyId,
        /// How much was heard.
        heard: Duration,
        /// Whether it was stopped before its end.
        interrupted: bool,
    },
    /// A message entered the history.
    Message {
        /// Who said it.
        role: Role,
        /// What was said, of the agent's words those that were heard.
        text: &'a str,
        /// Whether it was cut short.
        interrupted: bool,
    },
    /// A turn of the user was committed.
    TurnCommitted {
        /// Its number.
        turn: TurnId,
        /// Whose it is.
        speaker: SpeakerId,
        /// From the end of speech to the commitment.
        end_of_turn_delay: Option<Duration>,
        /// From the end of speech to the last final transcript.
        transcription_delay: Option<Duration>,
    },
    /// Words over the agent's were no turn.
    WordsSetAside {
        /// Whose.
        speaker: SpeakerId,
        /// What they said.
        text: &'a str,
        /// What it was instead.
        verdict: Verdict,
    },
    /// No final transcript came in time for speech that had ended.
    TranscriptMissed {
        /// Whose.
        speaker: SpeakerId,
        /// How many interim words count in its place; 0: the speech was forgotten.
        recovered: u32,
    },
    /// Somebody has said more, or for longer, than one turn should be.
    TurnTooLong {
        /// Who.
        speaker: SpeakerId,
        /// How many words.
        words: u32,
        /// For how long.
        duration: Duration,
    },
    /// A reply was begun before its turn was committed. One of the next two follows.
    SpeculationBegun,
    /// A speculative reply is the reply.
    SpeculationUsed,
    /// A speculative reply was not used.
    SpeculationWasted {
        /// What it had used, estimated where providers have not said.
        usage: Usage,
        /// What that costs.
        cost: Micros,
    },
    /// A committed turn is done with.
    TurnEnded {
        /// Its number.
        turn: TurnId,
        /// How.
        end: TurnEnd,
    },
    /// A reply calls a tool.
    ToolCalled {
        /// The reply.
        reply: ReplyId,
        /// The call, as the mind gave it.
        call: &'a ToolCall,
    },
    /// A call of a tool is over.
    ToolEnded {
        /// The reply that made it.
        reply: ReplyId,
        /// The mind's id of it.
        call: &'a str,
        /// The tool's name, as the mind gave it.
        name: &'a str,
        /// How it ended.
        end: ToolEnd,
        /// What the mind is told of it.
        output: &'a str,
        /// From the call to its end, the wait for other tools included.
        took: Duration,
    },
    /// The tools that a reply called have returned.
    ToolsExecuted {
        /// The reply.
        reply: ReplyId,
        /// Their names.
        names: &'a [String],
        /// How many failed.
        errors: usize,
    },
    /// The delays of a reply to a spoken turn, once it is heard.
    Latency(Latency),
    /// A provider failed.
    Failed {
        /// Which part of the conversation it serves.
        component: Component,
        /// How.
        kind: ErrorKind,
        /// Whether the part gave up what it was doing.
        is_final: bool,
    },
    /// A provider reported what was used.
    Used {
        /// Which part of the conversation used it.
        component: Component,
        /// Who that is, of the agent that has the call; `None`: nobody any more.
        provider: Option<&'a ProviderInfo>,
        /// What.
        usage: Usage,
    },
    /// The call is over.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// The delays of a reply to a spoken turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// From the end of the user's speech to the first audible sample.
    pub end_to_end: Option<Duration>,
    /// From the commitment to the first audible sample.
    pub after_commit: Duration,
    /// From the question to the mind's first piece.
    pub llm_ttft: Option<Duration>,
    /// From when the voice began on its first text to its first sample.
    pub tts_ttfb: Option<Duration>,
}

/// How a call of a tool ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ToolEnd {
    /// It returned.
    Returned,
    /// It returned an error.
    Failed,
    /// It did not return within its deadline.
    TimedOut,
    /// It was cancelled by an interruption, or by the end of the conversation.
    Cancelled,
    /// It was not run: there is no such tool, its arguments are no object, or too many run.
    Refused,
    /// It is broken.
    Panicked,
}

impl ToolEnd {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Returned, Self::Failed, Self::TimedOut, Self::Cancelled, Self::Refused, Self::Panicked];

    /// Its name, as a label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Panicked => "panicked",
        }
    }
}

/// Why a reply was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpeechSource {
    /// Given words.
    Say,
    /// An answer, or instructed by the program.
    Generate,
    /// What tools returned.
    Tool,
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The user.
    User,
    /// The agent.
    Assistant,
}

/// A part of the conversation that a provider serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Component {
    /// The recogniser.
    Stt,
    /// The mind.
    Llm,
    /// The voice.
    Tts,
    /// The judge of pauses.
    Judge,
    /// The realtime model, which is all three.
    Realtime,
}

impl Component {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Stt, Self::Llm, Self::Tts, Self::Judge, Self::Realtime];

    /// Its name, as a label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stt => "stt",
            Self::Llm => "llm",
            Self::Tts => "tts",
            Self::Judge => "judge",
            Self::Realtime => "realtime",
        }
    }
}
