//! A voice that writes: for a body whose agent is read, each piece of text is a sample, and no vendor is asked.

use std::task::{Context, Poll};

use providers_core::{
    ProviderError, ProviderInfo, SampleRate, SpeechChunk, TextToSpeech, TtsCapabilities, TtsOptions,
    TtsStream,
};

/// Text as audio that nobody hears.
pub(crate) struct Pen(ProviderInfo);

impl Pen {
    pub(crate) fn new() -> Self {
        Self(ProviderInfo { provider: "written", model: String::new() })
    }
}

impl TextToSpeech for Pen {
    fn info(&self) -> &ProviderInfo {
        &self.0
    }

    fn capabilities(&self) -> TtsCapabilities {
        TtsCapabilities { streaming_input: true, word_times: false }
    }

    fn sample_rate(&self) -> SampleRate {
        SampleRate::VOICE
    }

    fn open(&self, _options: TtsOptions) -> Box<dyn TtsStream> {
        Box::new(Writing::default())
    }
}

/// One text.
#[derive(Default)]
struct Writing {
    /// Whether there is text of which no sample was given.
    has_more: bool,
    is_whole: bool,
}

impl TtsStream for Writing {
    fn push(&mut self, text: &str) {
        self.has_more |= !text.is_empty();
    }

    fn flush(&mut self) {}

    fn finish(&mut self) {
        self.is_whole = true;
    }

    /// Text is pushed and polled for in one go: nobody is to be woken.
    fn poll_audio(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        if std::mem::take(&mut self.has_more) {
            return Poll::Ready(Some(Ok(SpeechChunk { samples: vec![0], ..SpeechChunk::default() })));
        }
        if self.is_whole { Poll::Ready(None) } else { Poll::Pending }
    }
}
