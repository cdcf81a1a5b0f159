//! A voice that was recorded: it gives its audio whatever the words are.

use std::{
    mem,
    sync::Arc,
    task::{Context, Poll},
};

use providers_core::{
    ProviderError, ProviderInfo, SampleRate, SpeechChunk, TextToSpeech, TtsCapabilities, TtsOptions,
    TtsStream,
};

/// Audio that a program gave, as a voice.
pub(crate) struct Recorded {
    info: ProviderInfo,
    rate: SampleRate,
    samples: Arc<[i16]>,
}

impl Recorded {
    pub(crate) fn new(rate: SampleRate, samples: Vec<i16>) -> Self {
        let info = ProviderInfo { provider: "recorded", model: String::new() };
        Self { info, rate, samples: samples.into() }
    }
}

impl TextToSpeech for Recorded {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn capabilities(&self) -> TtsCapabilities {
        TtsCapabilities { streaming_input: true, word_times: false }
    }

    fn sample_rate(&self) -> SampleRate {
        self.rate
    }

    fn open(&self, _options: TtsOptions) -> Box<dyn TtsStream> {
        Box::new(Playing {
            samples: self.samples.clone(),
            given: 0,
            chunk: self.rate.hertz() as usize,
            is_whole: false,
        })
    }
}

/// The audio, a second a chunk, so that a long recording waits in one place only.
struct Playing {
    samples: Arc<[i16]>,
    given: usize,
    chunk: usize,
    /// Whether all words were given: a recording does not end before its words.
    is_whole: bool,
}

impl TtsStream for Playing {
    fn push(&mut self, _text: &str) {}

    fn flush(&mut self) {}

    fn finish(&mut self) {
        self.is_whole = true;
    }

    fn poll_audio(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        let until = self.samples.len().min(self.given + self.chunk);
        let from = mem::replace(&mut self.given, until);
        let samples = self.samples[from..until].to_vec();
        if samples.is_empty() && !self.is_whole {
            return Poll::Pending;
        }
        Poll::Ready((!samples.is_empty()).then(|| Ok(SpeechChunk { samples, ..SpeechChunk::default() })))
    }
}
