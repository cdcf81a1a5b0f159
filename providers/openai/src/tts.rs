//! Speech of whole texts, given as it is made.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use providers_core::{
    BoxFuture, ErrorKind, ProviderError, ProviderInfo, SampleRate, SpeechChunk, TextToSpeech,
    TtsCapabilities, TtsOptions, TtsStream, Usage,
};
use providers_http::{Endpoint, transport};
use reqwest::{Response, header::CONTENT_TYPE};

use crate::{
    account::PROVIDER,
    error::{cut, malformed},
    wire::SpeechBody,
};

/// Which model speaks.
#[derive(Clone, Debug, PartialEq)]
pub struct VoiceConfig {
    /// The model as the server spells it.
    pub model: String,
    /// The voice, where a call does not ask for another.
    pub voice: String,
    /// 1 is the voice's own speed, where a call does not ask for another.
    pub speed: Option<f32>,
    /// How to speak, for models that can be told.
    pub instructions: Option<String>,
    /// The rate of the server's `pcm` format: 24 kHz at OpenAI.
    pub sample_rate: SampleRate,
}

/// A voice behind `audio/speech`. It speaks what was pushed when it is flushed or finished.
#[derive(Clone, Debug)]
pub struct OpenAiVoice {
    endpoint: Endpoint,
    config: VoiceConfig,
    info: ProviderInfo,
}

impl OpenAiVoice {
    pub(crate) fn new(endpoint: Endpoint, config: VoiceConfig) -> Self {
        let info = ProviderInfo { provider: PROVIDER, model: config.model.clone() };
        Self { endpoint, config, info }
    }
}

impl TextToSpeech for OpenAiVoice {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn capabilities(&self) -> TtsCapabilities {
        TtsCapabilities { streaming_input: false, word_times: false }
    }

    fn sample_rate(&self) -> SampleRate {
        self.config.sample_rate
    }

    fn open(&self, options: TtsOptions) -> Box<dyn TtsStream> {
        Box::new(Speaking {
            endpoint: self.endpoint.clone(),
            config: self.config.clone(),
            options,
            text: String::new(),
            waiting: VecDeque::new(),
            state: State::Quiet,
            spoken: 0,
            ending: Ending::Open,
            parked: None,
        })
    }

    fn prewarm(&self) {
        self.endpoint.prewarm();
    }
}

/// The speech of one reply.
struct Speaking {
    endpoint: Endpoint,
    config: VoiceConfig,
    options: TtsOptions,
    /// Text that waits for a flush.
    text: String,
    /// Texts that wait for the one before.
    waiting: VecDeque<String>,
    state: State,
    /// Samples given.
    spoken: u64,
    ending: Ending,
    parked: Option<Waker>,
}

enum State {
    Quiet,
    Opening { request: BoxFuture<'static, Result<Samples, ProviderError>>, characters: u64 },
    Reading { samples: Samples, characters: u64 },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Open,
    Finishing,
    Over,
}

impl Speaking {
    fn speak(&mut self) {
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        if !text.is_empty() {
            self.waiting.push_back(text.to_owned());
        }
        if let Some(waker) = self.parked.take() {
            waker.wake();
        }
    }

    fn request(&self, text: &str) -> BoxFuture<'static, Result<Samples, ProviderError>> {
        let body = SpeechBody {
            model: &self.config.model,
            input: text,
            voice: self.options.voice.as_deref().unwrap_or(&self.config.voice),
            response_format: "pcm",
            instructions: self.config.instructions.as_deref(),
            speed: self.options.speed.or(self.config.speed),
        };
        let post = self.endpoint.post("audio/speech").json(&body);
        let endpoint = self.endpoint.clone();
        Box::pin(async move { Samples::new(endpoint.send(post).await?) })
    }

    /// The whole milliseconds that are full with these samples more: all chunks together are as long as their sum.
    fn count(&mut self, samples: u64) -> u64 {
        let whole = |samples: u64| samples * 1000 / u64::from(self.config.sample_rate.hertz());
        let before = whole(self.spoken);
        self.spoken += samples;
        whole(self.spoken) - before
    }

    fn poll_speech(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        loop {
            match &mut self.state {
                State::Quiet => match (self.waiting.pop_front(), self.ending) {
                    (Some(text), _) => {
                        let characters = text.chars().count() as u64;
                        self.state = State::Opening { request: self.request(&text), characters };
                    }
                    (None, Ending::Open) => {
                        self.parked = Some(cx.waker().clone());
                        return Poll::Pending;
                    }
                    (None, Ending::Finishing | Ending::Over) => return Poll::Ready(None),
                },
                State::Opening { request, characters } => {
                    let characters = *characters;
                    match ready!(request.as_mut().poll(cx)) {
                        Ok(samples) => self.state = State::Reading { samples, characters },
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    }
                }
                State::Reading { samples, characters } => match ready!(samples.poll_chunk(cx)) {
                    None => self.state = State::Quiet,
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    Some(Ok(chunk)) => {
                        let characters = std::mem::take(characters);
                        let audio_out_ms = self.count(chunk.len() as u64);
                        let usage = Usage { audio_out_ms, characters, ..Usage::default() };
                        let words = Vec::new();
                        return Poll::Ready(Some(Ok(SpeechChunk {
                            samples: chunk,
                            words,
                            usage: Some(usage),
                        })));
                    }
                },
            }
        }
    }
}

impl TtsStream for Speaking {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn flush(&mut self) {
        self.speak();
    }

    fn finish(&mut self) {
        if self.ending == Ending::Open {
            self.ending = Ending::Finishing;
        }
        self.speak();
    }

    fn has_begun(&self) -> bool {
        self.spoken > 0 || !matches!(self.state, State::Quiet)
    }

    fn poll_audio(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        if self.ending == Ending::Over {
            return Poll::Ready(None);
        }
        let answer = ready!(self.poll_speech(cx));
        if matches!(answer, Some(Err(_))) {
            self.ending = Ending::Over;
            self.state = State::Quiet;
        }
        Poll::Ready(answer)
    }
}

/// Samples out of a response, whatever pieces its bytes come in.
struct Samples {
    body: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    /// The first byte of a sample whose second has not come.
    half: Option<u8>,
    any: bool,
}

impl Samples {
    fn new(response: Response) -> Result<Self, ProviderError> {
        let content =
            response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let content = content.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if content.starts_with("text/") || content == "application/json" {
            return Err(malformed("the answer is not audio; check the base URL"));
        }
        if OTHER_FORMATS.contains(&content.as_str()) {
            let message = "the server sends another audio format than the pcm that was asked for";
            return Err(ProviderError::new(PROVIDER, ErrorKind::Unsupported, message));
        }
        Ok(Self { body: Box::pin(response.bytes_stream()), half: None, any: false })
    }

    /// The next samples, at least one; `None` at the end.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Vec<i16>, ProviderError>>> {
        loop {
            match ready!(self.body.as_mut().poll_next(cx)) {
                Some(Err(error)) => return Poll::Ready(Some(Err(transport(PROVIDER, error)))),
                Some(Ok(bytes)) => {
                    let samples = self.take(&bytes);
                    if !samples.is_empty() {
                        self.any = true;
                        return Poll::Ready(Some(Ok(samples)));
                    }
                }
                None if self.half.is_some() => {
                    return Poll::Ready(Some(Err(cut("the speech ended within a sample"))));
                }
                None if !self.any => {
                    return Poll::Ready(Some(Err(cut("the speech ended before its first sample"))));
                }
                None => return Poll::Ready(None),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Vec<i16> {
        let mut samples = Vec::with_capacity(bytes.len() / 2 + 1);
        let mut rest = bytes;
        if let (Some(first), [second, after @ ..]) = (self.half, rest) {
            samples.push(i16::from_le_bytes([first, *second]));
            self.half = None;
            rest = after;
        }
        let (whole, odd) = rest.as_chunks::<2>();
        samples.extend(whole.iter().map(|bytes| i16::from_le_bytes(*bytes)));
        if let [half] = odd {
            self.half = Some(*half);
        }
        samples
    }
}

impl fmt::Debug for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Samples").field("half", &self.half).finish_non_exhaustive()
    }
}

/// Content types of audio that would be noise when taken for samples.
const OTHER_FORMATS: &[&str] = &[
    "audio/aac",
    "audio/flac",
    "audio/mp3",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/opus",
    "audio/wav",
    "audio/wave",
    "audio/webm",
    "audio/x-wav",
];
