//! The voice: Flite on one thread, sentence by sentence.
//!
//! ```text
//! stream: text ─► pieces ─► queue of streams with work ─► the thread speaks one piece ─► audio of its stream
//!                             ▲                                                                  │
//!                             └───── the reader has taken enough: the next piece may be spoken ◄─┘
//! ```
//! A stream that nobody reads holds [`VoiceConfig::ahead`] of audio and one piece more, and then waits.

use std::{sync::Arc, time::Duration};

use providers_core::{
    ProviderError, ProviderInfo, SampleRate, TextToSpeech, TtsCapabilities, TtsOptions, TtsStream,
};

use crate::{PROVIDER, sys::flite};

mod desk;
mod pieces;
mod speaker;
mod stream;

use desk::Manner;
use speaker::Speaker;
use stream::VoiceStream;

/// How the voice speaks. Defaults live in `config/schema`; recommended values in brackets.
#[derive(Clone, Debug, PartialEq)]
pub struct VoiceConfig {
    /// `slt`, `rms`, `awb` or `kal16` [slt].
    pub voice: String,
    /// 1 is the voice's own speed; 0.5 to 2 [1.0].
    pub speed: f32,
    /// Audio made ahead of the reader, at most, plus one sentence [4 s].
    pub ahead: Duration,
}

/// The offline voice. Speaks English.
///
/// It takes whole sentences: `layers::Sentences` cuts text better than its own rule, which only bounds a piece.
pub struct LocalVoice {
    info: ProviderInfo,
    config: VoiceConfig,
    speaker: Arc<Speaker>,
}

impl LocalVoice {
    /// Loads the library and the voice, and starts the thread that speaks; it ends with the voice and its last stream.
    ///
    /// # Errors
    /// When a library is not installed (the text names the package) or the voice is unknown.
    pub fn new(config: VoiceConfig) -> Result<Self, ProviderError> {
        let voice = flite::Voice::load(&config.voice)?;
        let speaker = Speaker::start(config.voice.clone(), voice)?;
        let info = ProviderInfo { provider: PROVIDER, model: format!("flite-{}", config.voice) };
        Ok(Self { info, config, speaker: Arc::new(speaker) })
    }

    /// Streams that are open, or dropped with a sentence still being spoken.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.speaker.busy()
    }
}

impl TextToSpeech for LocalVoice {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn capabilities(&self) -> TtsCapabilities {
        TtsCapabilities { streaming_input: false, word_times: true }
    }

    fn sample_rate(&self) -> SampleRate {
        SampleRate::HEARING
    }

    fn open(&self, options: TtsOptions) -> Box<dyn TtsStream> {
        let speed = (self.config.speed * options.speed.unwrap_or(1.0)).clamp(0.5, 2.0);
        let manner = Manner {
            voice: options.voice.unwrap_or_else(|| self.config.voice.clone()),
            stretch: 1.0 / speed,
        };
        let ahead = SampleRate::HEARING.samples_in(self.config.ahead) as usize;
        Box::new(VoiceStream::new(Arc::clone(&self.speaker), manner, ahead, options.language.as_deref()))
    }
}
