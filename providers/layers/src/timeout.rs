//! Ports that never wait for ever: time for the first result, between results, and in all.
//!
//! A timer runs only while the layer waits for the provider, never while the reader holds back. The time to connect
//! is the HTTP client's own (`providers/http`): a port does not show when its connection stands.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use providers_core::{
    BatchRecogniser, BoxFuture, ChatRequest, ErrorKind, LanguageModel, LlmEvent, LlmStream, PauseContext,
    ProviderError, ProviderInfo, Recognition, SampleRate, SpeechChunk, SpeechToText, SttCapabilities,
    SttEvent, SttOptions, SttStream, TextToSpeech, TtsCapabilities, TtsOptions, TtsStream, TurnDetector,
    TurnVerdict, VoiceEdge,
};

use tokio::time::Instant;

use crate::deadline::Deadline;

/// How long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MindTimeouts {
    /// From the request to the first piece.
    pub first: Duration,
    /// Between two pieces.
    pub idle: Duration,
    /// From the request to the end.
    pub total: Duration,
}

/// How long an ear may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarTimeouts {
    /// From a flush or finish to the next event. Nothing else is timed: an ear may rightly be silent, and how late
    /// a final transcript may be is the turn's business.
    pub answer: Duration,
}

/// How long a voice may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoiceTimeouts {
    /// From the first flush or finish with text to the first audio.
    pub first: Duration,
    /// Between two chunks, once the whole text is known.
    pub idle: Duration,
    /// Waiting in all. Speech is read as slowly as it is played, so the reader's own pauses are not counted.
    pub total: Duration,
}

/// A mind with timeouts.
pub struct TimedMind {
    mind: Arc<dyn LanguageModel>,
    timeouts: MindTimeouts,
}

impl TimedMind {
    /// `mind`, within `timeouts`.
    #[must_use]
    pub fn new(mind: Arc<dyn LanguageModel>, timeouts: MindTimeouts) -> Self {
        Self { mind, timeouts }
    }
}

impl LanguageModel for TimedMind {
    fn info(&self) -> &ProviderInfo {
        self.mind.info()
    }

    fn answer(&self, request: ChatRequest) -> LlmStream {
        let mut total = Deadline::default();
        total.start(self.timeouts.total);
        Box::pin(TimedAnswer {
            provider: self.mind.info().provider,
            answer: Some(self.mind.answer(request)),
            timeouts: self.timeouts,
            answered: false,
            next: Deadline::default(),
            total,
        })
    }

    fn follows_instructions(&self) -> bool {
        self.mind.follows_instructions()
    }

    fn prewarm(&self) {
        self.mind.prewarm();
    }
}

struct TimedAnswer {
    provider: &'static str,
    /// Gone after an error: the request is cancelled.
    answer: Option<LlmStream>,
    timeouts: MindTimeouts,
    answered: bool,
    next: Deadline,
    total: Deadline,
}

impl Stream for TimedAnswer {
    type Item = Result<LlmEvent, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(answer) = &mut this.answer else { return Poll::Ready(None) };
        if let Poll::Ready(event) = answer.as_mut().poll_next(cx) {
            this.answered = true;
            this.next.clear();
            return Poll::Ready(event);
        }
        let (wait, kind) = match this.answered {
            false => (this.timeouts.first, ErrorKind::FirstByteTimeout),
            true => (this.timeouts.idle, ErrorKind::IdleTimeout),
        };
        this.next.start(wait);
        let error = if this.next.poll(cx).is_ready() {
            late(this.provider, kind, wait)
        } else if this.total.poll(cx).is_ready() {
            late(this.provider, ErrorKind::TotalTimeout, this.timeouts.total)
        } else {
            return Poll::Pending;
        };
        this.answer = None;
        Poll::Ready(Some(Err(error)))
    }
}

fn late(provider: &'static str, kind: ErrorKind, after: Duration) -> ProviderError {
    let what = match kind {
        ErrorKind::FirstByteTimeout => "no result",
        ErrorKind::IdleTimeout => "nothing more",
        _ => "not finished",
    };
    ProviderError::new(provider, kind, format!("{what} within {} ms", after.as_millis()))
}

/// A batch recogniser with a timeout.
pub struct TimedRecogniser {
    recogniser: Arc<dyn BatchRecogniser>,
    total: Duration,
}

impl TimedRecogniser {
    /// `recogniser`, which answers each utterance within `total`.
    #[must_use]
    pub fn new(recogniser: Arc<dyn BatchRecogniser>, total: Duration) -> Self {
        Self { recogniser, total }
    }
}

impl BatchRecogniser for TimedRecogniser {
    fn info(&self) -> &ProviderInfo {
        self.recogniser.info()
    }

    fn word_times(&self) -> bool {
        self.recogniser.word_times()
    }

    fn recognise(
        &self,
        utterance: Vec<i16>,
        options: &SttOptions,
    ) -> BoxFuture<'static, Result<Recognition, ProviderError>> {
        let (provider, total) = (self.recogniser.info().provider, self.total);
        let recognition = self.recogniser.recognise(utterance, options);
        Box::pin(async move {
            let in_time = tokio::time::timeout(total, recognition).await;
            in_time.unwrap_or_else(|_| Err(late(provider, ErrorKind::TotalTimeout, total)))
        })
    }

    fn prewarm(&self) {
        self.recogniser.prewarm();
    }
}

/// A turn detector with a deadline.
pub struct TimedDetector {
    detector: Arc<dyn TurnDetector>,
    total: Duration,
}

impl TimedDetector {
    /// `detector`, which judges each pause within `total`; a judgement that is given up is dropped.
    #[must_use]
    pub fn new(detector: Arc<dyn TurnDetector>, total: Duration) -> Self {
        Self { detector, total }
    }
}

impl TurnDetector for TimedDetector {
    fn info(&self) -> &ProviderInfo {
        self.detector.info()
    }

    fn supports(&self, language: &str) -> bool {
        self.detector.supports(language)
    }

    fn judge(&self, pause: PauseContext) -> BoxFuture<'static, Result<TurnVerdict, ProviderError>> {
        let (provider, total) = (self.detector.info().provider, self.total);
        let judgement = self.detector.judge(pause);
        Box::pin(async move {
            let in_time = tokio::time::timeout(total, judgement).await;
            in_time.unwrap_or_else(|_| Err(late(provider, ErrorKind::TotalTimeout, total)))
        })
    }
}

/// An ear with timeouts.
pub struct TimedEar {
    ear: Arc<dyn SpeechToText>,
    timeouts: EarTimeouts,
}

impl TimedEar {
    /// `ear`, within `timeouts`.
    #[must_use]
    pub fn new(ear: Arc<dyn SpeechToText>, timeouts: EarTimeouts) -> Self {
        Self { ear, timeouts }
    }
}

impl SpeechToText for TimedEar {
    fn info(&self) -> &ProviderInfo {
        self.ear.info()
    }

    fn capabilities(&self) -> SttCapabilities {
        self.ear.capabilities()
    }

    fn open(&self, options: SttOptions) -> Box<dyn SttStream> {
        Box::new(TimedEarStream {
            provider: self.ear.info().provider,
            stream: Some(self.ear.open(options)),
            timeouts: self.timeouts,
            asked: false,
            answer: Deadline::default(),
        })
    }

    fn prewarm(&self) {
        self.ear.prewarm();
    }
}

struct TimedEarStream {
    provider: &'static str,
    /// Gone after a timeout: the request is cancelled.
    stream: Option<Box<dyn SttStream>>,
    timeouts: EarTimeouts,
    /// Something was asked for and has not come.
    asked: bool,
    answer: Deadline,
}

impl SttStream for TimedEarStream {
    fn push(&mut self, samples: &[i16]) {
        if let Some(stream) = &mut self.stream {
            stream.push(samples);
        }
    }

    fn voice(&mut self, edge: VoiceEdge) {
        if let Some(stream) = &mut self.stream {
            stream.voice(edge);
        }
    }

    fn flush(&mut self) {
        self.asked = true;
        if let Some(stream) = &mut self.stream {
            stream.flush();
        }
    }

    fn finish(&mut self) {
        self.asked = true;
        if let Some(stream) = &mut self.stream {
            stream.finish();
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SttEvent, ProviderError>>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
        if let Poll::Ready(event) = stream.poll_event(cx) {
            self.asked = false;
            self.answer.clear();
            return Poll::Ready(event);
        }
        if self.asked {
            self.answer.start(self.timeouts.answer);
        }
        std::task::ready!(self.answer.poll(cx));
        self.stream = None;
        Poll::Ready(Some(Err(late(self.provider, ErrorKind::FirstByteTimeout, self.timeouts.answer))))
    }
}

/// A voice with timeouts.
pub struct TimedVoice {
    voice: Arc<dyn TextToSpeech>,
    timeouts: VoiceTimeouts,
}

impl TimedVoice {
    /// `voice`, within `timeouts`.
    #[must_use]
    pub fn new(voice: Arc<dyn TextToSpeech>, timeouts: VoiceTimeouts) -> Self {
        Self { voice, timeouts }
    }
}

impl TextToSpeech for TimedVoice {
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
        Box::new(TimedSpeech {
            provider: self.voice.info().provider,
            stream: Some(self.voice.open(options)),
            timeouts: self.timeouts,
            text: false,
            asked: false,
            spoke: false,
            finished: false,
            waited: Duration::ZERO,
            waits_since: None,
            next: Deadline::default(),
            total: Deadline::default(),
        })
    }

    fn prewarm(&self) {
        self.voice.prewarm();
    }
}

struct TimedSpeech {
    provider: &'static str,
    /// Gone after a timeout: the request is cancelled.
    stream: Option<Box<dyn TtsStream>>,
    timeouts: VoiceTimeouts,
    /// There was something to say.
    text: bool,
    /// Audio was asked for.
    asked: bool,
    spoke: bool,
    finished: bool,
    /// Waits that are over.
    waited: Duration,
    /// Since when it waits now.
    waits_since: Option<Instant>,
    next: Deadline,
    total: Deadline,
}

impl TimedSpeech {
    /// How long the voice may be silent now, if that is bounded.
    fn allowed(&self) -> Option<(Duration, ErrorKind)> {
        if self.asked && !self.spoke {
            return Some((self.timeouts.first, ErrorKind::FirstByteTimeout));
        }
        self.finished.then_some((self.timeouts.idle, ErrorKind::IdleTimeout))
    }

    fn note(&mut self, answer: &Option<Result<SpeechChunk, ProviderError>>) {
        self.next.clear();
        self.total.clear();
        if let Some(since) = self.waits_since.take() {
            self.waited += since.elapsed();
        }
        self.spoke |= matches!(answer, Some(Ok(chunk)) if !chunk.samples.is_empty());
    }
}

impl TtsStream for TimedSpeech {
    fn push(&mut self, text: &str) {
        self.text |= !text.trim().is_empty();
        if let Some(stream) = &mut self.stream {
            stream.push(text);
        }
    }

    fn flush(&mut self) {
        self.asked |= self.text;
        if let Some(stream) = &mut self.stream {
            stream.flush();
        }
    }

    fn finish(&mut self) {
        self.asked |= self.text;
        self.finished = true;
        if let Some(stream) = &mut self.stream {
            stream.finish();
        }
    }

    fn sample_rate(&self) -> Option<SampleRate> {
        self.stream.as_ref().and_then(|stream| stream.sample_rate())
    }

    fn has_begun(&self) -> bool {
        self.stream.as_ref().is_none_or(|stream| stream.has_begun())
    }

    fn poll_audio(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SpeechChunk, ProviderError>>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
        if let Poll::Ready(answer) = stream.poll_audio(cx) {
            self.note(&answer);
            return Poll::Ready(answer);
        }
        let Some((wait, kind)) = self.allowed() else { return Poll::Pending };
        self.waits_since.get_or_insert_with(Instant::now);
        self.next.start(wait);
        self.total.start(self.timeouts.total.saturating_sub(self.waited));
        let error = if self.next.poll(cx).is_ready() {
            late(self.provider, kind, wait)
        } else if self.total.poll(cx).is_ready() {
            late(self.provider, ErrorKind::TotalTimeout, self.timeouts.total)
        } else {
            return Poll::Pending;
        };
        self.stream = None;
        Poll::Ready(Some(Err(error)))
    }
}
