//! Voices: text in, audio out.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use crate::{ProviderError, ProviderInfo, SampleRate, Usage};

/// A voice: opens one stream for each reply.
pub trait TextToSpeech: Send + Sync {
    /// Who it is.
    fn info(&self) -> &ProviderInfo;

    /// What it can do.
    fn capabilities(&self) -> TtsCapabilities;

    /// The rate of the audio that its streams give.
    fn sample_rate(&self) -> SampleRate;

    /// Opens a stream at once; connecting happens inside the stream. Dropping the stream cancels the speech.
    fn open(&self, options: TtsOptions) -> Box<dyn TtsStream>;

    /// Makes what the first stream will need.
    fn prewarm(&self) {}
}

/// What a voice can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TtsCapabilities {
    /// It takes text piece by piece. If not, `providers/layers` cuts at sentences.
    pub streaming_input: bool,
    /// Chunks carry the times of words.
    pub word_times: bool,
}

/// How to speak.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TtsOptions {
    /// The voice as the provider spells it; `None` takes the configured one.
    pub voice: Option<String>,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// 1 is the voice's own speed; 0.5 to 2.
    pub speed: Option<f32>,
}

/// The speech of one reply.
pub trait TtsStream: Send {
    /// Takes text, piece by piece; never splits a character. Never blocks.
    fn push(&mut self, text: &str);

    /// Asks that all text pushed so far be spoken without waiting for more.
    fn flush(&mut self);

    /// Says that no more text comes; the stream ends after the last sample.
    fn finish(&mut self);

    /// The rate of this stream's audio where it is not the voice's own: a voice of several may change its mind. To be
    /// asked once there is audio; it does not change then.
    fn sample_rate(&self) -> Option<SampleRate> {
        None
    }

    /// Whether it makes audio of text that it was given. A voice that needs whole sentences has not begun before the first
    /// of them is there; what it takes to its first sample counts from here. To be asked after a poll.
    fn has_begun(&self) -> bool {
        true
    }

    /// The next audio. `None` is the end after [`TtsStream::finish`]. Audio may come faster than it is played; a
    /// provider holds back when it is not polled.
    fn poll_audio(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>>;
}

/// A piece of speech, at the voice's rate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpeechChunk {
    /// The samples; may be empty when the chunk only brings times or usage.
    pub samples: Vec<i16>,
    /// The words that begin in this chunk, when the voice says.
    pub words: Vec<WordTiming>,
    /// What was used since the last report.
    pub usage: Option<Usage>,
}

/// When a word is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordTiming {
    /// The word with the white space and punctuation around it, so that all words together are the text.
    pub text: String,
    /// From the stream's first sample.
    pub start: Duration,
    /// From the stream's first sample.
    pub end: Duration,
}
