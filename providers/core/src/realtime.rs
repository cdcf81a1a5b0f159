//! Realtime models: minds that hear and speak by themselves, through one duplex session a call.
//!
//! A session has two streams of things, and numbers both: what it hears of the person, turn by turn ([`HeardId`]), and
//! what it answers ([`AnswerId`]). An answer is made of items as the provider keeps them in its context ([`ItemId`]);
//! an item that was not heard to its end is cut there ([`RealtimeSession::truncate`]), so that the model knows what the
//! person knows.
//!
//! Beside the rules of every port:
//! - An answer is either asked for ([`RealtimeSession::answer`]) or begins by itself, which is told
//!   ([`RealtimeEvent::AnswerStarted`]) before anything else of it.
//! - Each answer ends once, with [`RealtimeEvent::AnswerFinished`] or [`RealtimeEvent::AnswerFailed`]; nothing comes of
//!   one that was cancelled, not even an end.
//! - An error is the end of the session: `Err`, then `None`.
//! - A session keeps what a slow reader has not taken within a bound of its own, and fails beyond it.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    ChatMessage, FinishReason, GenerationOptions, ProviderError, ProviderInfo, SampleRate, ToolCall,
    ToolChoice, ToolSpec, Usage,
};

/// A model that hears and speaks by itself.
pub trait Realtime: Send + Sync {
    /// Who it is.
    fn info(&self) -> &ProviderInfo;

    /// What its sessions can do.
    fn capabilities(&self) -> RealtimeCapabilities;

    /// The rate of the audio that it wants.
    fn hears_at(&self) -> HearingRate;

    /// The rate of the audio that it gives.
    fn speaks_at(&self) -> SampleRate;

    /// Opens a session at once; connecting happens inside it. Dropping the session closes it.
    fn open(&self, setup: RealtimeSetup) -> Box<dyn RealtimeSession>;

    /// Makes what the first session will need; may take long, so not on a call's thread.
    fn prewarm(&self) {}
}

/// What the sessions of a model can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealtimeCapabilities {
    /// It can notice by itself that the person's turn has ended, and answers then unasked.
    pub turn_detection: bool,
    /// It tells what the person said as text, at some time or other.
    pub user_transcripts: bool,
    /// Its answers are audio. If not they are text only, and somebody else speaks them.
    pub audio: bool,
    /// What it keeps of its answers can be cut where they were cut for the person.
    pub truncation: bool,
    /// Instructions and tools of an open session can be changed.
    pub updates: bool,
    /// It answers unasked once it has been told what all tools of an answer returned.
    pub answers_tools: bool,
}

/// The rates of audio that a model may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HearingRate {
    /// 16 kHz.
    Khz16,
    /// 24 kHz.
    Khz24,
}

impl HearingRate {
    /// The same as a rate.
    #[must_use]
    pub const fn rate(self) -> SampleRate {
        match self {
            Self::Khz16 => SampleRate::HEARING,
            Self::Khz24 => SampleRate::VOICE,
        }
    }
}

/// What a session is told when it is opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RealtimeSetup {
    /// What the model is told to be.
    pub instructions: String,
    /// The voice as the provider spells it.
    pub voice: Option<String>,
    /// The language that is spoken, as a BCP 47 tag, for models that want to know.
    pub language: Option<String>,
    /// The tools it may call.
    pub tools: Vec<ToolSpec>,
    /// Whether it may, must or must not call them where a wish does not say.
    pub tool_choice: ToolChoice,
    /// How it answers.
    pub generation: GenerationOptions,
    /// Whether the provider decides when a turn ends; if not, [`RealtimeSession::commit`] does.
    pub turn_detection: bool,
    /// The conversation so far, without instructions.
    pub history: Vec<ChatMessage>,
}

/// What of a setup can be changed while a session is open ([`RealtimeCapabilities::updates`]).
#[derive(Clone, Debug, PartialEq)]
pub struct RealtimeUpdate {
    /// What the model is told to be.
    pub instructions: String,
    /// The tools it may call.
    pub tools: Vec<ToolSpec>,
    /// Whether it may, must or must not call them.
    pub tool_choice: ToolChoice,
}

/// What an answer is to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnswerWish {
    /// What holds for this answer only, beside the session's instructions.
    pub instructions: Option<String>,
    /// The tools for this answer only; `None`: those of the session.
    pub tools: Option<Vec<ToolSpec>>,
    /// Whether it may, must or must not call tools.
    pub tool_choice: ToolChoice,
}

/// A turn of the person as a session has heard it; numbered within the session, not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeardId(pub u64);

/// An answer; numbered within the session, not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnswerId(pub u64);

/// A part of an answer as the provider names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(pub Arc<str>);

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much of an item was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemHeard<'a> {
    /// Of its audio; zero where it has none.
    pub audio: Duration,
    /// Of its text, estimated where nothing tells when words are spoken.
    pub text: &'a str,
}

/// One duplex session.
pub trait RealtimeSession: Send {
    /// Takes audio at the model's rate. Never blocks.
    fn push(&mut self, samples: &[i16]);

    /// Says that the audio since the last turn is one. Without [`RealtimeSession::answer`] it is only remembered.
    fn commit(&mut self) -> HeardId;

    /// Forgets the audio since the last turn.
    fn clear(&mut self);

    /// Adds to the context: what the person wrote, what they are to be known to have heard, what a tool returned.
    fn add(&mut self, message: ChatMessage);

    /// Asks for an answer to all that came before.
    fn answer(&mut self, wish: AnswerWish) -> AnswerId;

    /// Nobody wants this answer any more, whether it was asked for or not. One that is over is left as it is.
    fn cancel(&mut self, answer: AnswerId);

    /// No more of an item was heard than this. Does nothing without [`RealtimeCapabilities::truncation`].
    fn truncate(&mut self, item: &ItemId, heard: ItemHeard<'_>);

    /// Changes what holds from the next answer on. Does nothing without [`RealtimeCapabilities::updates`].
    fn update(&mut self, update: RealtimeUpdate);

    /// The next event; `None` when the session is over.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RealtimeEvent, ProviderError>>>;
}

/// What a session reports.
#[derive(Debug)]
pub enum RealtimeEvent {
    /// The provider heard speech begin. Only with [`RealtimeSetup::turn_detection`].
    SpeechStarted,
    /// The provider heard a turn end. Only with [`RealtimeSetup::turn_detection`].
    SpeechEnded {
        /// The turn.
        heard: HeardId,
    },
    /// What the person said, as text. May come at any time after the turn, or never.
    UserTranscript {
        /// In which turn.
        heard: HeardId,
        /// All of the turn so far.
        text: String,
        /// Whether it will not change any more.
        is_final: bool,
    },
    /// An answer begins that nobody has asked for.
    AnswerStarted {
        /// Its number.
        answer: AnswerId,
        /// The turn that it answers; `None`: what tools returned, or nothing.
        to: Option<HeardId>,
    },
    /// Audio of an answer, at the model's rate.
    Audio {
        /// Of which.
        answer: AnswerId,
        /// In which of its items.
        item: ItemId,
        /// Mono.
        samples: Vec<i16>,
    },
    /// Text of an answer, piece by piece: what its audio says, or all that there is.
    Text {
        /// Of which.
        answer: AnswerId,
        /// In which of its items.
        item: ItemId,
        /// The piece.
        text: String,
    },
    /// A tool is to be called.
    Call {
        /// By which answer.
        answer: AnswerId,
        /// How.
        call: ToolCall,
    },
    /// An answer is complete.
    AnswerFinished {
        /// Which.
        answer: AnswerId,
        /// Why it ended.
        reason: FinishReason,
    },
    /// An answer could not be made, or not to its end; the session goes on.
    AnswerFailed {
        /// Which.
        answer: AnswerId,
        /// Why.
        error: ProviderError,
    },
    /// What was used since the last report.
    Usage(Usage),
}
