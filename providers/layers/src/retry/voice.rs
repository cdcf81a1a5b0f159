//! A voice that tries again, as long as nothing was heard of the speech.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use providers_core::{
    ProviderError, ProviderInfo, SampleRate, SpeechChunk, TextToSpeech, TtsCapabilities, TtsOptions,
    TtsStream,
};
use tokio::time::Sleep;

use super::{Attempts, Retries};
use crate::trial::{SpeechTrial, Spoken};

/// A voice that tries again. Below [`crate::Sentences`] each sentence is tried again by itself.
pub struct RetryingVoice {
    voice: Arc<dyn TextToSpeech>,
    retries: Arc<Retries>,
}

impl RetryingVoice {
    /// `voice`, tried again as `retries` says.
    #[must_use]
    pub fn new(voice: Arc<dyn TextToSpeech>, retries: Arc<Retries>) -> Self {
        Self { voice, retries }
    }
}

impl TextToSpeech for RetryingVoice {
    fn info(&self) -> &ProviderInfo {
        self.voice.info()
    }

    fn capabilities(&self) -> TtsCapabilities {
        self.voice.capabilities()
    }

    fn sample_rate(&self) -> SampleRate {
        self.voice.sample_rate()
    }

    fn open(&self, options: TtsOptions) -> Box<dyn TtsStream> {
        Box::new(Retrying {
            trial: SpeechTrial::new(self.voice.open(options.clone())),
            pause: None,
            voice: Arc::clone(&self.voice),
            options,
            attempts: self.retries.request(),
        })
    }

    fn prewarm(&self) {
        self.voice.prewarm();
    }
}

/// One speech.
struct Retrying {
    trial: SpeechTrial,
    /// Between two attempts.
    pause: Option<Pin<Box<Sleep>>>,
    voice: Arc<dyn TextToSpeech>,
    options: TtsOptions,
    attempts: Attempts,
}

impl TtsStream for Retrying {
    fn push(&mut self, text: &str) {
        self.trial.push(text);
    }

    fn flush(&mut self) {
        self.trial.flush();
    }

    fn finish(&mut self) {
        self.trial.finish();
    }

    fn sample_rate(&self) -> Option<SampleRate> {
        self.trial.sample_rate()
    }

    fn has_begun(&self) -> bool {
        self.trial.has_begun()
    }

    fn poll_audio(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
                self.trial.again(self.voice.open(self.options.clone()));
            }
            match ready!(self.trial.poll(self.voice.info().provider, cx)) {
                Spoken::Begun(chunk) | Spoken::Goes(chunk) => return Poll::Ready(Some(Ok(chunk))),
                Spoken::Over => return Poll::Ready(None),
                Spoken::Broken(error) => return Poll::Ready(Some(Err(error))),
                Spoken::Failed { error, wasted } => match self.attempts.pause_after(&error, wasted) {
                    Some(pause) => self.pause = Some(Box::pin(tokio::time::sleep(pause))),
                    None => return Poll::Ready(Some(Err(error))),
                },
            }
        }
    }
}
