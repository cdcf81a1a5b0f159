//! The voice: Flite on one thread, sentence by sentence.

use std::time::Duration;

use providers_core::{
    ProviderError, ProviderInfo, SampleRate, TextToSpeech, TtsCapabilities, TtsOptions, TtsStream,
};

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

/// The offline voice.
pub struct LocalVoice {
    info: ProviderInfo,
}

impl LocalVoice {
    /// Loads the library and the voice, and starts the thread that speaks.
    ///
    /// # Errors
    /// When a library is not installed (the text names the package) or the voice is unknown.
    pub fn new(_config: VoiceConfig) -> Result<Self, ProviderError> {
        todo!()
    }
}

impl TextToSpeech for LocalVoice {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn capabilities(&self) -> TtsCapabilities {
        TtsCapabilities { streaming_input: true, word_times: true }
    }

    fn sample_rate(&self) -> SampleRate {
        SampleRate::HEARING
    }

    fn open(&self, _options: TtsOptions) -> Box<dyn TtsStream> {
        todo!()
    }
}
