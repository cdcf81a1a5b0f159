//! Realtime models: audio in and out of one duplex session.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use crate::{ProviderError, ProviderInfo, SampleRate, ToolCall, ToolSpec, Usage};

/// A model that hears and speaks by itself.
pub trait Realtime: Send + Sync {
    /// Who it is.
    fn info(&self) -> &ProviderInfo;

    /// The rate of the audio that it wants and gives.
    fn sample_rate(&self) -> SampleRate;

    /// Opens a session at once; connecting happens inside it. Dropping the session closes it.
    fn open(&self, options: RealtimeOptions) -> Box<dyn RealtimeSession>;
}

/// What a session is to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RealtimeOptions {
    /// What the model is told to be.
    pub instructions: String,
    /// The voice as the provider spells it.
    pub voice: Option<String>,
    /// The tools it may call.
    pub tools: Vec<ToolSpec>,
    /// Whether the provider decides when a turn ends; if not, [`RealtimeSession::commit`] does.
    pub server_turn_detection: bool,
}

/// One duplex session.
pub trait RealtimeSession: Send {
    /// Takes audio at the model's rate. Never blocks.
    fn push(&mut self, samples: &[i16]);
    /// Says that the person's turn is over and an answer is wanted.
    fn commit(&mut self);
    /// Gives text in place of speech.
    fn push_text(&mut self, text: &str);
    /// Returns a tool's output.
    fn tool_output(&mut self, call_id: &str, output: &str);
    /// Stops the answer and tells the model how much of it was heard.
    fn truncate(&mut self, heard: Duration);
    /// The next event; `None` when the session is over.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RealtimeEvent, ProviderError>>>;
}

/// What a session reports.
#[derive(Clone, Debug, PartialEq)]
pub enum RealtimeEvent {
    /// The provider heard speech begin.
    SpeechStarted,
    /// The provider heard speech end.
    SpeechEnded,
    /// What the person said, as text.
    UserTranscript {
        /// The text so far.
        text: String,
        /// Whether it will change.
        is_final: bool,
    },
    /// Audio of the answer, at the model's rate.
    Audio(Vec<i16>),
    /// Text of the answer's audio, piece by piece.
    Text(String),
    /// A tool is to be called.
    Call(ToolCall),
    /// The answer is complete.
    AnswerFinished,
    /// What was used since the last report.
    Usage(Usage),
}
