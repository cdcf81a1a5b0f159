//! Batch recognisers: a whole utterance in, its words out.

use crate::{BoxFuture, ProviderError, ProviderInfo, SttOptions, Transcript, Usage};

/// An ear that hears one utterance at a time. `providers/layers` makes a [`crate::SpeechToText`] of it, which cuts
/// the stream into utterances by voice activity.
pub trait BatchRecogniser: Send + Sync {
    /// Who it is.
    fn info(&self) -> &ProviderInfo;

    /// Whether words carry times.
    fn word_times(&self) -> bool {
        false
    }

    /// Recognises one utterance of 16 kHz mono audio. Dropping the future cancels the request.
    fn recognise(
        &self,
        utterance: Vec<i16>,
        options: &SttOptions,
    ) -> BoxFuture<'static, Result<Recognition, ProviderError>>;

    /// Makes what the first utterance will need.
    fn prewarm(&self) {}
}

/// What was recognised in one utterance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recognition {
    /// The words; their times count from the utterance's first sample.
    pub transcript: Transcript,
    /// What it used.
    pub usage: Usage,
}
