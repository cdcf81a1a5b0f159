//! A voice that is replaced by the next one when it fails before its first sample.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use providers_core::{
    ErrorKind, ProviderError, ProviderInfo, SampleRate, SpeechChunk, TextToSpeech, TtsCapabilities,
    TtsOptions, TtsStream, Usage,
};

use super::{Attempt, Chain};

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
            stream: Some(voice.open(options.clone())),
            rate: voice.sample_rate(),
            chain: Arc::clone(&self.chain),
            number: Arc::clone(&self.number),
            attempt,
            options,
            text: String::new(),
            flushed: 0,
            is_finished: false,
            has_spoken: false,
            used: None,
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
    /// Gone after the last failure.
    stream: Option<Box<dyn TtsStream>>,
    rate: SampleRate,
    chain: Arc<Chain<dyn TextToSpeech>>,
    number: Arc<AtomicUsize>,
    attempt: Attempt,
    options: TtsOptions,
    /// What the next voice would have to say; kept until there is sound.
    text: String,
    /// How much of it was to be spoken without waiting for more.
    flushed: usize,
    is_finished: bool,
    has_spoken: bool,
    /// What the voice reported before its first sample: told with it, forgotten with its failure.
    used: Option<Usage>,
}

impl Speech {
    /// Opens the next voice and gives it what the one before was given.
    fn replace(&mut self) {
        let voice = self.chain.provider(self.attempt.number);
        self.rate = voice.sample_rate();
        let mut stream = voice.open(self.options.clone());
        let (first, rest) = self.text.split_at(self.flushed);
        if !first.is_empty() {
            stream.push(first);
            stream.flush();
        }
        if !rest.is_empty() {
            stream.push(rest);
        }
        if self.is_finished {
            stream.finish();
        }
        self.used = None;
        self.stream = Some(stream);
    }

    fn on_chunk(&mut self, mut chunk: SpeechChunk) -> SpeechChunk {
        if self.has_spoken {
            return chunk;
        }
        if chunk.samples.is_empty() {
            if let Some(used) = chunk.usage.take() {
                *self.used.get_or_insert_default() += used;
            }
            return chunk;
        }
        self.has_spoken = true;
        self.chain.succeeded(self.attempt.number);
        self.number.store(self.attempt.number, Relaxed);
        if let Some(used) = self.used.take() {
            *chunk.usage.get_or_insert_default() += used;
        }
        self.text = String::new();
        chunk
    }
}

impl TtsStream for Speech {
    fn push(&mut self, text: &str) {
        if !self.has_spoken {
            self.text.push_str(text);
        }
        if let Some(stream) = &mut self.stream {
            stream.push(text);
        }
    }

    fn flush(&mut self) {
        self.flushed = self.text.len();
        if let Some(stream) = &mut self.stream {
            stream.flush();
        }
    }

    fn finish(&mut self) {
        self.is_finished = true;
        if let Some(stream) = &mut self.stream {
            stream.finish();
        }
    }

    fn sample_rate(&self) -> Option<SampleRate> {
        Some(self.stream.as_ref().and_then(|stream| stream.sample_rate()).unwrap_or(self.rate))
    }

    fn poll_audio(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        loop {
            let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
            let error = match ready!(stream.poll_audio(cx)) {
                Some(Ok(chunk)) => return Poll::Ready(Some(Ok(self.on_chunk(chunk)))),
                Some(Err(error)) => error,
                None if self.is_finished => return Poll::Ready(None),
                None => {
                    let provider = self.chain.provider(self.attempt.number).info().provider;
                    ProviderError::new(provider, ErrorKind::StreamCut, "ended before its text did")
                }
            };
            if self.has_spoken {
                self.chain.failed(self.attempt.number, &error);
            } else if self.attempt.next(&self.chain, &error) {
                self.replace();
                continue;
            }
            self.stream = None;
            return Poll::Ready(Some(Err(error)));
        }
    }
}
