//! A voice that is replaced by the next one when it fails before its first sample.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use providers_core::{
    ProviderError, ProviderInfo, SampleRate, SpeechChunk, TextToSpeech, TtsCapabilities, TtsOptions,
    TtsStream, Usage,
};

use super::{Attempt, Chain};
use crate::trial::{SpeechTrial, Spoken};

/// A voice of one call that is one of a chain. The voices may have different rates: a stream says its own.
pub struct FallbackVoice {
    chain: Arc<Chain<dyn TextToSpeech>>,
    /// With whom the call stays.
    number: Arc<AtomicUsize>,
}

impl FallbackVoice {
    /// A voice for one call.
    #[must_use]
    pub fn new(chain: Arc<Chain<dyn TextToSpeech>>) -> Self {
        Self { chain, number: Arc::default() }
    }

    fn current(&self) -> &Arc<dyn TextToSpeech> {
        self.chain.provider(self.number.load(Relaxed))
    }
}

impl TextToSpeech for FallbackVoice {
    fn info(&self) -> &ProviderInfo {
        self.current().info()
    }

    /// What all of the chain can do.
    fn capabilities(&self) -> TtsCapabilities {
        let all = |can: fn(TtsCapabilities) -> bool| {
            self.chain.providers.iter().all(|voice| can(voice.capabilities()))
        };
        TtsCapabilities {
            streaming_input: all(|can| can.streaming_input),
            word_times: all(|can| can.word_times),
        }
    }

    fn sample_rate(&self) -> SampleRate {
        self.current().sample_rate()
    }

    fn open(&self, options: TtsOptions) -> Box<dyn TtsStream> {
        let attempt = Attempt::first(&self.chain, self.number.load(Relaxed));
        let voice = self.chain.provider(attempt.number);
        Box::new(Speech {
            trial: SpeechTrial::new(voice.open(options.clone())),
            rate: voice.sample_rate(),
            chain: Arc::clone(&self.chain),
            number: Arc::clone(&self.number),
            attempt,
            options,
        })
    }

    fn prewarm(&self) {
        for voice in &self.chain.providers {
            voice.prewarm();
        }
    }
}

/// The speech of one reply.
struct Speech {
    trial: SpeechTrial,
    rate: SampleRate,
    chain: Arc<Chain<dyn TextToSpeech>>,
    number: Arc<AtomicUsize>,
    attempt: Attempt,
    options: TtsOptions,
}

impl TtsStream for Speech {
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
        Some(self.trial.sample_rate().unwrap_or(self.rate))
    }

    fn has_begun(&self) -> bool {
        self.trial.has_begun()
    }

    fn poll_audio(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        loop {
            let voice = self.chain.provider(self.attempt.number);
            match ready!(self.trial.poll(voice.info().provider, cx)) {
                // The call stays with who spoke.
                Spoken::Begun(chunk) => {
                    self.chain.succeeded(self.attempt.number);
                    self.number.store(self.attempt.number, Relaxed);
                    return Poll::Ready(Some(Ok(chunk)));
                }
                Spoken::Goes(chunk) => return Poll::Ready(Some(Ok(chunk))),
                Spoken::Over => return Poll::Ready(None),
                Spoken::Broken(error) => {
                    self.chain.failed(self.attempt.number, &error, Usage::default());
                    return Poll::Ready(Some(Err(error)));
                }
                Spoken::Failed { error, wasted } => {
                    if !self.attempt.next(&self.chain, &error, wasted) {
                        return Poll::Ready(Some(Err(error)));
                    }
                    let next = self.chain.provider(self.attempt.number);
                    self.rate = next.sample_rate();
                    self.trial.again(next.open(self.options.clone()));
                }
            }
        }
    }
}
