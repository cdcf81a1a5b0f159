//! The ear: `PocketSphinx` decoders on threads of their own, lent to one utterance at a time.
//!
//! ```text
//! call's thread                        decoder's thread (one of a bounded pool)
//! push ─► tape (a ring of samples) ─────────► blocks of 100 ms ─► decoder ─► interim words that stay
//! voice started ─► utterance ─► queue ──────► taken by the first free decoder
//! voice stopped ─► end of the utterance ────► final words, 80 ms of work at most
//! ```
//! The call's thread never waits: it writes samples and marks, and takes a lock for a few lines when an utterance
//! begins. When all decoders are busy the tape keeps an utterance's audio; what it cannot keep is counted and told.

use std::{path::PathBuf, sync::Arc, time::Duration};

use providers_core::{
    ErrorKind, ProviderError, ProviderInfo, SampleRate, SpeechToText, SttCapabilities, SttOptions, SttStream,
};

use crate::{PROVIDER, intents::Intents, sys::pocketsphinx};

mod decoders;
mod dictionary;
mod pool;
mod recogniser;
mod stable;
mod stream;
mod tape;
mod utterance;

use decoders::Decoders;
use pool::Pool;
use recogniser::Recipe;
use stream::EarStream;

/// How the ear listens. Defaults live in `config/schema`; recommended values in brackets.
#[derive(Clone, Debug, PartialEq)]
pub struct EarConfig {
    /// What may be heard [`EarMode::Both`].
    pub mode: EarMode,
    /// Where `en-us/`, `en-us.lm.bin` and `cmudict-en-us.dict` lie [`EarConfig::DEBIAN_MODEL`].
    pub model: PathBuf,
    /// Decoders alive at most, each with a thread. Memory: 93 MB each with the language model, 12 MB with the grammar
    /// alone, the sum in [`EarMode::Both`] [4]. An idle decoder waits for the next utterance.
    pub decoders: usize,
    /// Utterances that may wait for a decoder; one more is refused with [`ErrorKind::Overloaded`] [8].
    pub waiting: usize,
    /// Audio kept for each stream: the lead of an utterance, and what waits for a decoder; older audio is
    /// overwritten and its loss told in an error. 32 kB a second [10 s].
    pub tape: Duration,
    /// Interim transcripts come at most this often [200 ms].
    pub interim_every: Duration,
    /// A word is told in an interim transcript after it stood in this many successive hypotheses [2].
    pub stable_after: usize,
    /// [`EarMode::Both`] takes the grammar's words when their score is above that of the language model's words by at
    /// least this much a frame of 10 ms [`EarConfig::MARGIN`]; a higher margin rejects more.
    pub margin: f32,
}

impl EarConfig {
    /// Where Debian's package `pocketsphinx-en-us` puts the model.
    pub const DEBIAN_MODEL: &'static str = "/usr/share/pocketsphinx/model/en-us";

    /// The margin measured for that model: of 159 sentences of the default intents that the grammar had right, spoken
    /// by three voices, 4 lay below; of 30 other human sentences, 1 above.
    pub const MARGIN: f32 = 4.0;
}

/// What may be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarMode {
    /// Anything, by the language model: one word in six is wrong on clean speech; 0.2 to 0.5 of a core while someone
    /// speaks.
    Open,
    /// Only what the intents file can be asked: something of it is always understood; 0.02 of a core.
    Grammar,
    /// Both at once: the grammar's words where they fit the sound well enough, else the language model's.
    Both,
}

/// The offline ear. Hears English.
pub struct LocalEar {
    info: ProviderInfo,
    pool: Arc<Pool<Decoders>>,
    config: EarConfig,
}

impl LocalEar {
    /// Loads the library, reads the dictionary, makes the grammar. Starts no thread: the first utterance or
    /// [`SpeechToText::prewarm`] does. Takes some 50 ms.
    ///
    /// # Errors
    /// When the library or the model is not installed (the text names the package), or when the intents use a word
    /// that is neither in the dictionary nor among the file's pronunciations.
    pub fn new(config: EarConfig, intents: &Intents) -> Result<Self, ProviderError> {
        pocketsphinx::load()?;
        let recipe = Recipe::new(&config, intents)?;
        let model = match config.mode {
            EarMode::Open => "pocketsphinx-en-us",
            EarMode::Grammar => "pocketsphinx-grammar",
            EarMode::Both => "pocketsphinx-en-us+grammar",
        };
        let info = ProviderInfo { provider: PROVIDER, model: model.to_owned() };
        let interim_every = SampleRate::HEARING.samples_in(config.interim_every);
        let manner = utterance::Manner { interim_every, stable_after: config.stable_after };
        let pool = Arc::new(Pool::new(Decoders { recipe, manner }, config.decoders, config.waiting));
        Ok(Self { info, pool, config })
    }

    /// How many decoders hear an utterance now, out of [`EarConfig::decoders`].
    #[must_use]
    pub fn busy(&self) -> usize {
        self.pool.busy()
    }
}

impl SpeechToText for LocalEar {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities { interim: true, endpointing: false, word_times: true, flush: true }
    }

    fn open(&self, options: SttOptions) -> Box<dyn SttStream> {
        let mut stream = EarStream::new(Arc::clone(&self.pool), self.config.tape);
        let english =
            |tag: &str| tag.split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case("en"));
        if let Some(language) = options.language.filter(|tag| !english(tag)) {
            let message = format!("the local recogniser hears English, not {language:?}");
            stream.fail(ProviderError::new(PROVIDER, ErrorKind::Unsupported, message));
        }
        Box::new(stream)
    }

    fn prewarm(&self) {
        self.pool.prewarm();
    }
}
