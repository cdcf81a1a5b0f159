//! What a recogniser says of one person, gathered into the words of their open turn.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use providers_core::{ErrorKind, SpeechToText, SttEvent, SttOptions, SttStream, Usage, VoiceEdge};
use tokio::time::Sleep;

pub(crate) use self::turn::Committed;
use self::turn::OpenTurn;
use crate::Segment;

mod turn;

/// The recogniser's stream, opened again when it fails, and the words of the open turn.
pub(crate) struct Hearing {
    stt: Arc<dyn SpeechToText>,
    options: SttOptions,
    backoff: Duration,
    stream: Stream,
    /// Whether the stream reported a failure and nothing since.
    has_failed: bool,
    turn: OpenTurn,
    /// What is transcribed now.
    segment: Option<Segment>,
    /// The language that was heard last, when the recogniser says.
    language: Option<String>,
}

enum Stream {
    Closed,
    Open(Box<dyn SttStream>),
    OpensLater(Pin<Box<Sleep>>),
}

/// How sure the words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sureness {
    /// They may change.
    Interim,
    /// They may change, and are probably all.
    Preflight,
    /// They will not change.
    Final,
}

/// News of the recogniser.
#[derive(Debug)]
pub(crate) enum News {
    /// Words, so many. `foreseen`: the turn says what a preflight transcript has said.
    Words { text: String, words: u32, sureness: Sureness, foreseen: bool },
    /// The recogniser itself heard speech begin.
    SpeechStarted,
    /// The recogniser itself heard speech end.
    SpeechEnded,
    /// Used so far.
    Used(Usage),
    /// It failed; with `is_final` the stream is dead and another will be opened.
    Failed { kind: ErrorKind, message: String, is_final: bool },
}

impl Hearing {
    pub(crate) fn new(stt: Arc<dyn SpeechToText>, options: SttOptions, backoff: Duration) -> Self {
        Self {
            stt,
            options,
            backoff,
            stream: Stream::Closed,
            has_failed: false,
            turn: OpenTurn::default(),
            segment: None,
            language: None,
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
            VoiceEdge::Started { .. } => self.turn.spoken_anew(),
            VoiceEdge::Stopped { .. } => {}
        }
        if let Stream::Open(stream) = &mut self.stream {
            stream.voice(edge);
        }
    }

    /// Asks for a final transcript of what was heard.
    pub(crate) fn flush(&mut self) {
        if let Stream::Open(stream) = &mut self.stream {
            stream.flush();
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
        let (transcript, sureness) = match event {
            SttEvent::Interim(transcript) => (transcript, Sureness::Interim),
            SttEvent::Preflight(transcript) => (transcript, Sureness::Preflight),
            SttEvent::Final(transcript) => (transcript, Sureness::Final),
            SttEvent::SpeechStarted => return Some(News::SpeechStarted),
            SttEvent::SpeechEnded => return Some(News::SpeechEnded),
            SttEvent::Usage(usage) => return Some(News::Used(usage)),
        };
        if transcript.language.is_some() {
            self.language = transcript.language;
        }
        let text = transcript.text;
        let (words, foreseen) = self.turn.heard(&text, sureness)?;
        Some(News::Words { text, words, sureness, foreseen })
    }

    /// The segment of the words that were just heard; a final ends it.
    pub(crate) fn segment(&mut self, is_final: bool, next: impl FnOnce() -> Segment) -> Segment {
        let segment = *self.segment.get_or_insert_with(next);
        if is_final {
            self.segment = None;
        }
        segment
    }

    /// The words of the open turn so far, those that may change included.
    pub(crate) fn so_far(&self) -> String {
        self.turn.text()
    }

    /// The language that is spoken, as far as is known.
    pub(crate) fn language(&self) -> Option<&str> {
        self.language.as_deref().or(self.options.language.as_deref())
    }

    /// The words of the turn that is committed: also those that are still interim, which the commitment makes final.
    /// With them the segment that was shown without being final.
    pub(crate) fn take_turn(&mut self) -> (Committed, Option<Segment>) {
        (self.turn.take(), self.segment.take())
    }

    /// The last words were no turn.
    pub(crate) fn set_aside(&mut self, words: u32) -> String {
        self.turn.set_aside(words)
    }

    /// What was set aside is part of the turn after all.
    pub(crate) fn take_back(&mut self) {
        self.turn.take_back();
    }

    /// The open turn is forgotten. What was shown of it without being final is all that will be shown.
    pub(crate) fn forget(&mut self) -> Option<(Segment, String)> {
        let interim = self.turn.forget();
        Some((self.segment.take()?, interim))
    }
}
