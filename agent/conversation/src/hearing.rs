//! What the recogniser says, gathered into the words of the open turn.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use agent_language::words;
use providers_core::{ErrorKind, SpeechToText, SttEvent, SttOptions, SttStream, Usage, VoiceEdge};
use tokio::time::Sleep;

use crate::Segment;

/// The recogniser's stream, opened again when it fails, and the words of the open turn.
pub(crate) struct Hearing {
    stt: Arc<dyn SpeechToText>,
    options: SttOptions,
    backoff: Duration,
    stream: Stream,
    /// Whether the stream reported a failure and nothing since.
    has_failed: bool,
    /// Words that will not change.
    finals: String,
    /// Words that may change, since the last that will not.
    interim: String,
    /// What is transcribed now.
    segment: Option<Segment>,
    /// Whether interim words were committed for final ones: what comes of them before the user speaks again is known.
    promoted: bool,
}

enum Stream {
    Closed,
    Open(Box<dyn SttStream>),
    OpensLater(Pin<Box<Sleep>>),
}

/// The words of a turn that is committed.
pub(crate) struct Turn {
    pub(crate) text: String,
    /// The segment that was shown without being final, and its words.
    pub(crate) unfinished: Option<(Segment, String)>,
}

/// News of the recogniser.
#[derive(Debug)]
pub(crate) enum News {
    /// Words, so many, that may change unless `is_final`.
    Words { text: String, words: u32, is_final: bool },
    /// Used so far.
    Used(Usage),
    /// It failed; with `is_final` the stream is dead and another will be opened.
    Failed { kind: ErrorKind, message: String, is_final: bool },
    /// It works.
    Alive,
}

impl Hearing {
    pub(crate) fn new(stt: Arc<dyn SpeechToText>, options: SttOptions, backoff: Duration) -> Self {
        Self {
            stt,
            options,
            backoff,
            stream: Stream::Closed,
            has_failed: false,
            finals: String::new(),
            interim: String::new(),
            segment: None,
            promoted: false,
        }
    }

    /// Someone is there to be heard.
    pub(crate) fn open(&mut self) {
        if let Stream::Closed = self.stream {
            self.stream = Stream::Open(self.stt.open(self.options.clone()));
        }
    }

    /// Hears through this ear from now on. The words of the open turn are kept.
    pub(crate) fn replace(&mut self, stt: &Arc<dyn SpeechToText>, options: &SttOptions) {
        if Arc::ptr_eq(&self.stt, stt) && self.options == *options {
            return;
        }
        self.stt = stt.clone();
        self.options = options.clone();
        self.has_failed = false;
        match self.stream {
            Stream::Closed => {}
            Stream::Open(_) | Stream::OpensLater(_) => {
                self.stream = Stream::Open(self.stt.open(self.options.clone()));
            }
        }
    }

    /// Audio while the stream is being opened again is lost to it; the turn goes on with what comes after.
    pub(crate) fn push(&mut self, samples: &[i16]) {
        if let Stream::Open(stream) = &mut self.stream {
            stream.push(samples);
        }
    }

    pub(crate) fn voice(&mut self, edge: VoiceEdge) {
        match edge {
            VoiceEdge::Started { .. } => self.promoted = false,
            VoiceEdge::Stopped { .. } => {}
        }
        if let Stream::Open(stream) = &mut self.stream {
            stream.voice(edge);
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        loop {
            match &mut self.stream {
                Stream::Closed => return Poll::Pending,
                Stream::OpensLater(sleep) => {
                    std::task::ready!(sleep.as_mut().poll(cx));
                    self.stream = Stream::Open(self.stt.open(self.options.clone()));
                }
                Stream::Open(stream) => {
                    let event = std::task::ready!(stream.poll_event(cx));
                    if let Some(news) = self.on_event(event) {
                        return Poll::Ready(news);
                    }
                }
            }
        }
    }

    fn on_event(&mut self, event: Option<Result<SttEvent, providers_core::ProviderError>>) -> Option<News> {
        match event {
            Some(Ok(event)) => {
                self.has_failed = false;
                self.on_heard(event)
            }
            Some(Err(error)) if error.kind.is_transient() => {
                self.has_failed = true;
                Some(News::Failed { kind: error.kind, message: error.message, is_final: false })
            }
            Some(Err(error)) => {
                self.open_later();
                Some(News::Failed { kind: error.kind, message: error.message, is_final: true })
            }
            None => {
                let was_told = std::mem::take(&mut self.has_failed);
                self.open_later();
                let message = "the stream ended".to_owned();
                (!was_told).then_some(News::Failed { kind: ErrorKind::StreamCut, message, is_final: true })
            }
        }
    }

    fn open_later(&mut self) {
        self.stream = Stream::OpensLater(Box::pin(tokio::time::sleep(self.backoff)));
    }

    fn on_heard(&mut self, event: SttEvent) -> Option<News> {
        match event {
            SttEvent::Interim(transcript) | SttEvent::Preflight(transcript) => {
                self.words(transcript.text, false)
            }
            SttEvent::Final(transcript) => self.words(transcript.text, true),
            SttEvent::SpeechStarted | SttEvent::SpeechEnded => Some(News::Alive),
            SttEvent::Usage(usage) => Some(News::Used(usage)),
        }
    }

    fn words(&mut self, text: String, is_final: bool) -> Option<News> {
        if self.promoted {
            return None;
        }
        let words = words::count(&text);
        if is_final {
            self.interim.clear();
            if words > 0 {
                append(&mut self.finals, &text);
            }
        } else {
            self.interim.clone_from(&text);
        }
        Some(News::Words { text, words, is_final })
    }

    /// The segment of the words that were just heard; a final ends it.
    pub(crate) fn segment(&mut self, is_final: bool, next: impl FnOnce() -> Segment) -> Segment {
        let segment = *self.segment.get_or_insert_with(next);
        if is_final {
            self.segment = None;
        }
        segment
    }

    /// The final words of the open turn so far.
    pub(crate) fn so_far(&self) -> &str {
        &self.finals
    }

    /// The words of the turn that is committed: also those that are still interim, which the commitment makes final.
    pub(crate) fn take_turn(&mut self) -> Turn {
        let mut text = std::mem::take(&mut self.finals);
        let interim = std::mem::take(&mut self.interim);
        if words::count(&interim) > 0 {
            append(&mut text, &interim);
            self.promoted = true;
        }
        Turn { text, unfinished: self.segment.take().map(|segment| (segment, interim)) }
    }
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(more.trim());
}
