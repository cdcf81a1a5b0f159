//! The ear: `PocketSphinx` decoders on threads of their own, lent to one utterance at a time.

use std::{path::PathBuf, time::Duration};

use providers_core::{ProviderError, ProviderInfo, SpeechToText, SttCapabilities, SttOptions, SttStream};

use crate::intents::Intents;

/// How the ear listens. Defaults live in `config/schema`; the values in brackets were measured on two cores of 2026.
#[derive(Clone, Debug, PartialEq)]
pub struct EarConfig {
    /// What may be heard [`EarMode::Both`].
    pub mode: EarMode,
    /// Where `en-us/`, `en-us.lm.bin` and `cmudict-en-us.dict` lie [`EarConfig::DEBIAN_MODEL`].
    pub model: PathBuf,
    /// Decoders alive at most, each with a thread. Memory: 93 MB each with the language model, about 12 MB with the
    /// grammar alone, the sum in [`EarMode::Both`] [4]. An idle decoder waits for the next utterance.
    pub decoders: usize,
    /// Utterances that may wait for a decoder; one more is refused with [`providers_core::ErrorKind::Overloaded`] [8].
    pub waiting: usize,
    /// Audio kept for each stream: the lead of an utterance, and what waits for a decoder; older audio is
    /// overwritten and its loss told in an error. 32 kB a second [10 s].
    pub tape: Duration,
    /// Interim transcripts come at most this often [200 ms].
    pub interim_every: Duration,
    /// A word is told in an interim transcript after it stood in this many successive hypotheses [2].
    pub stable_after: usize,
    /// [`EarMode::Both`] takes the grammar's words when its score lies above the language model's by this much a
    /// frame of 10 ms [-]; higher rejects more.
    pub margin: f32,
}

impl EarConfig {
    /// Where Debian's package `pocketsphinx-en-us` puts the model.
    pub const DEBIAN_MODEL: &'static str = "/usr/share/pocketsphinx/model/en-us";
}

/// What may be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarMode {
    /// Anything, by the language model: one word in six is wrong on clean speech; 0.3 to 0.6 of a core while someone speaks.
    Open,
    /// Only what the intents file can be asked; something is always understood; 0.02 of a core.
    Grammar,
    /// Both at once: the grammar's words where they fit the sound as well as the language model's do, else the latter's.
    Both,
}

/// The offline ear.
pub struct LocalEar {
    info: ProviderInfo,
}

impl LocalEar {
    /// Loads the library, reads the dictionary, generates the grammar. Starts no thread: the first utterance or
    /// [`SpeechToText::prewarm`] does. Takes some 50 ms.
    ///
    /// # Errors
    /// When the library or the model is not installed (the text names the package), or when the intents use a word
    /// that is neither in the dictionary nor among the file's pronunciations.
    pub fn new(_config: EarConfig, _intents: &Intents) -> Result<Self, ProviderError> {
        todo!()
    }
}

impl SpeechToText for LocalEar {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities { interim: true, endpointing: false, word_times: true, flush: true }
    }

    fn open(&self, _options: SttOptions) -> Box<dyn SttStream> {
        todo!()
    }
}
