//! What stands in the place of an ear, a mind or a voice that a call does without, because a realtime model is all three.
//!
//! The ear hears nothing. The mind and the voice say what is missing when they are asked, so that a program that wants
//! words said in a call without a voice is told so.

use std::{
    pin::Pin,
    sync::LazyLock,
    task::{Context, Poll},
};

use futures_core::Stream;
use providers_core::{
    ChatRequest, ErrorKind, LanguageModel, LlmEvent, LlmStream, ProviderError, ProviderInfo, SampleRate,
    SpeechChunk, SpeechToText, SttCapabilities, SttEvent, SttOptions, SttStream, TextToSpeech,
    TtsCapabilities, TtsOptions, TtsStream, VoiceEdge,
};

/// No ear, no mind or no voice.
#[derive(Clone, Copy, Debug)]
pub struct Absent;

const PROVIDER: &str = "absent";

static INFO: LazyLock<ProviderInfo> =
    LazyLock::new(|| ProviderInfo { provider: PROVIDER, model: String::new() });

fn missing(message: &str) -> ProviderError {
    ProviderError::new(PROVIDER, ErrorKind::Unsupported, message)
}

impl SpeechToText for Absent {
    fn info(&self) -> &ProviderInfo {
        &INFO
    }

    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities::default()
    }

    fn open(&self, _options: SttOptions) -> Box<dyn SttStream> {
        Box::new(Deaf)
    }
}

/// Hears nothing.
struct Deaf;

impl SttStream for Deaf {
    fn push(&mut self, _samples: &[i16]) {}

    fn voice(&mut self, _edge: VoiceEdge) {}

    fn flush(&mut self) {}

    fn finish(&mut self) {}

    fn poll_event(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Result<SttEvent, ProviderError>>> {
        // Nothing will ever wake it: there is nothing to wake it for.
        Poll::Pending
    }
}

impl LanguageModel for Absent {
    fn info(&self) -> &ProviderInfo {
        &INFO
    }

    fn answer(&self, _request: ChatRequest) -> LlmStream {
        Box::pin(Mindless(false))
    }
}

/// Says once that there is no mind.
struct Mindless(bool);

impl Stream for Mindless {
    type Item = Result<LlmEvent, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let was_said = std::mem::replace(&mut self.0, true);
        Poll::Ready((!was_said).then(|| Err(missing("the call has no mind beside its realtime model"))))
    }
}

impl TextToSpeech for Absent {
    fn info(&self) -> &ProviderInfo {
        &INFO
    }

    fn sample_rate(&self) -> SampleRate {
        SampleRate::VOICE
    }

    fn capabilities(&self) -> TtsCapabilities {
        TtsCapabilities { streaming_input: true, word_times: false }
    }

    fn open(&self, _options: TtsOptions) -> Box<dyn TtsStream> {
        Box::new(Mute(false))
    }
}

/// Says once that there is no voice.
struct Mute(bool);

impl TtsStream for Mute {
    fn push(&mut self, _text: &str) {}

    fn flush(&mut self) {}

    fn finish(&mut self) {}

    fn poll_audio(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        let was_said = std::mem::replace(&mut self.0, true);
        Poll::Ready((!was_said).then(|| Err(missing("the call has no voice that could say given words"))))
    }
}
