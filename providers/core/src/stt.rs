//! Ears: audio in, words out.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use crate::{ProviderError, ProviderInfo, Usage};

/// An ear: opens one stream for each person heard.
pub trait SpeechToText: Send + Sync {
    /// Who it is.
    fn info(&self) -> &ProviderInfo;

    /// What it can do.
    fn capabilities(&self) -> SttCapabilities;

    /// Opens a stream at once; connecting happens inside the stream, and its failure comes out of it.
    fn open(&self, options: SttOptions) -> Box<dyn SttStream>;

    /// Makes what the first stream will need (connections, models). Failure is not fatal: the stream will say it again.
    fn prewarm(&self) {}
}

/// What an ear can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SttCapabilities {
    /// Interim transcripts come while the person speaks.
    pub interim: bool,
    /// It finds the ends of utterances itself ([`SttEvent::SpeechEnded`]).
    pub endpointing: bool,
    /// Words carry times.
    pub word_times: bool,
    /// [`SttStream::flush`] brings a final transcript sooner.
    pub flush: bool,
}

/// What is asked of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SttOptions {
    /// BCP 47 tag of the expected language, such as `en` or `de-DE`; `None` lets the provider decide.
    pub language: Option<String>,
    /// Words and names that are likely.
    pub keyterms: Vec<String>,
}

/// An edge of voice activity as our own detector hears it; a batch recogniser cuts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoiceEdge {
    /// Speech began; the audio of the first `lead` was already pushed.
    Started {
        /// How long before now the speech began.
        lead: Duration,
    },
    /// Speech ended `silence` ago.
    Stopped {
        /// How long the silence lasts already.
        silence: Duration,
    },
}

/// One person's stream of speech.
///
/// Times in its events count from the first sample pushed.
pub trait SttStream: Send {
    /// Takes 16 kHz mono audio, 10 to 60 ms of it, in order and without gaps (silence is pushed too).
    /// Never blocks; when the provider is slower than the audio, the oldest audio is dropped and counted in an error.
    fn push(&mut self, samples: &[i16]);

    /// Tells of voice activity, between two pushes.
    fn voice(&mut self, edge: VoiceEdge);

    /// Asks for a final transcript of all that was pushed.
    fn flush(&mut self);

    /// Says that no more audio comes; the stream ends after the last final.
    fn finish(&mut self);

    /// The next event. `None` is the end after [`SttStream::finish`]; after an error the stream is dead, unless the
    /// error's kind is transient and the provider goes on by itself, which it then says by another event: an empty
    /// final when speech was lost, so that nobody waits for its words.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SttEvent, ProviderError>>>;
}

/// What an ear reports.
#[derive(Clone, Debug, PartialEq)]
pub enum SttEvent {
    /// The provider heard speech begin.
    SpeechStarted,
    /// The words so far; each interim takes the place of the one before.
    Interim(Transcript),
    /// An eager end of turn: probably all, not yet certain. A later interim takes it back.
    Preflight(Transcript),
    /// Words that will not change; each final is appended to those before.
    Final(Transcript),
    /// The provider heard speech end.
    SpeechEnded,
    /// What was used since the last report.
    Usage(Usage),
}

/// Words heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// The text; empty when nothing was understood.
    pub text: String,
    /// BCP 47 tag of the language heard, when the provider says.
    pub language: Option<String>,
    /// 0 to 1, when the provider says.
    pub confidence: Option<f32>,
    /// The words with their times, when the provider says.
    pub words: Vec<Word>,
}

/// One word heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// When it began.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
    /// 0 to 1, when the provider says.
    pub confidence: Option<f32>,
}
