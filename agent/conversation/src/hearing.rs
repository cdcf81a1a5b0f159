//! What a recogniser says of one person, gathered into the words of their open turn.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use agent_audio::Recent;
use agent_language::words;
use providers_core::{
    ErrorKind, ProviderError, SampleRate, SpeechToText, SttEvent, SttOptions, SttStream, Usage, VoiceEdge,
};
use tokio::time::Sleep;

pub(crate) use self::turn::Committed;
use self::{fate::Fate, turn::OpenTurn};
use crate::Segment;

mod fate;
#[cfg(test)]
mod tests;
mod turn;

/// The recogniser's stream, opened again when it fails, and the words of the open turn.
pub(crate) struct Hearing {
    stt: Arc<dyn SpeechToText>,
    options: SttOptions,
    backoff: Duration,
    stream: Stream,
    /// An ear that was replaced while words were to come of it, until they have. What it may still change does not count.
    leaving: Option<Leaving>,
    /// Whether the stream reported a failure and nothing since.
    has_failed: bool,
    /// What becomes of what they said last.
    fate: Fate,
    /// Samples that were pushed.
    pushed: u64,
    /// While their voice is heard: from which sample on there are no final words of it.
    speaks_from: Option<u64>,
    turn: OpenTurn,
    /// What is transcribed now.
    segment: Option<Segment>,
    /// The language that was heard last, when the recogniser says.
    language: Option<String>,
}

/// An ear that was replaced.
struct Leaving {
    stream: Box<dyn SttStream>,
    /// Whether the next ear hears the rest of the same utterance: then it is for that one to say that nothing came of it.
    is_shared: bool,
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
    /// Nothing more comes of what they said last, and nothing of it was understood, for the recogniser failed.
    Lost,
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
            leaving: None,
            has_failed: false,
            fate: Fate::default(),
            pushed: 0,
            speaks_from: None,
            turn: OpenTurn::default(),
            segment: None,
            language: None,
        }
    }

    /// Someone is there to be heard.
    pub(crate) fn open(&mut self) {
        if let Stream::Closed = self.stream {
            self.open_stream(None);
        }
    }

    /// A new stream, which is told who speaks already, and given as much of it as the tape has.
    fn open_stream(&mut self, tape: Option<&Recent>) {
        let mut stream = self.stt.open(self.options.clone());
        if let Some(from) = self.speaks_from {
            stream.voice(VoiceEdge::Started { lead: Duration::ZERO });
            let (older, newer) = tape.map(|tape| tape.since(from)).unwrap_or_default();
            older.chunks(PIECE).chain(newer.chunks(PIECE)).for_each(|piece| stream.push(piece));
        }
        self.stream = Stream::Open(stream);
    }

    /// Hears through this ear from now on. The words of the open turn are kept, and those awaited are still taken from
    /// the ear before.
    pub(crate) fn replace(&mut self, stt: &Arc<dyn SpeechToText>, options: &SttOptions) {
        if Arc::ptr_eq(&self.stt, stt) && self.options == *options {
            return;
        }
        self.stt = stt.clone();
        self.options = options.clone();
        self.has_failed = false;
        match std::mem::replace(&mut self.stream, Stream::Closed) {
            Stream::Closed => return,
            Stream::Open(mut before) => {
                if self.fate.is_open() {
                    before.finish();
                    self.leaving = Some(Leaving { stream: before, is_shared: self.speaks_from.is_some() });
                }
            }
            Stream::OpensLater(_) => {}
        }
        self.open_stream(None);
    }

    /// Audio while the stream is being opened again is lost to it, unless there is a tape; the turn goes on with what
    /// comes after.
    pub(crate) fn push(&mut self, samples: &[i16]) {
        self.pushed += samples.len() as u64;
        if let Stream::Open(stream) = &mut self.stream {
            stream.push(samples);
        }
    }

    pub(crate) fn voice(&mut self, edge: VoiceEdge) {
        match edge {
            VoiceEdge::Started { lead } => {
                self.turn.spoken_anew();
                self.fate.started();
                self.speaks_from = Some(self.pushed.saturating_sub(SampleRate::HEARING.samples_in(lead)));
            }
            VoiceEdge::Stopped { .. } => self.speaks_from = None,
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

    /// What there is to tell. `tape` is what was pushed last, if it is kept.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, tape: Option<&Recent>) -> Poll<News> {
        if let Some(news) = self.poll_leaving(cx) {
            return Poll::Ready(news);
        }
        loop {
            match &mut self.stream {
                Stream::Closed => return Poll::Pending,
                Stream::OpensLater(sleep) => {
                    let is_due = sleep.as_mut().poll(cx).is_ready();
                    if let Some(news) = self.give_up() {
                        return Poll::Ready(news);
                    }
                    if !is_due {
                        return Poll::Pending;
                    }
                    self.open_stream(tape);
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

    fn poll_leaving(&mut self, cx: &mut Context<'_>) -> Option<News> {
        while let Some(Leaving { stream, is_shared }) = &mut self.leaving {
            let is_shared = *is_shared;
            let Poll::Ready(event) = stream.poll_event(cx) else { return None };
            let news = match event {
                Some(Ok(SttEvent::Interim(_) | SttEvent::Preflight(_))) => None,
                Some(Ok(SttEvent::SpeechStarted | SttEvent::SpeechEnded)) => None,
                Some(Ok(event @ (SttEvent::Final(_) | SttEvent::Usage(_)))) => self.on_heard(event),
                Some(Err(error)) => {
                    if !is_shared {
                        self.fate.failed();
                    }
                    Some(failed(error, false))
                }
                None => {
                    self.leaving = None;
                    if is_shared { None } else { self.give_up() }
                }
            };
            if news.is_some() {
                return news;
            }
        }
        None
    }

    fn on_event(&mut self, event: Option<Result<SttEvent, ProviderError>>) -> Option<News> {
        match event {
            Some(Ok(event)) => {
                self.has_failed = false;
                self.on_heard(event)
            }
            Some(Err(error)) => {
                self.fate.failed();
                let is_final = !error.kind.is_transient();
                if is_final {
                    self.open_later();
                } else {
                    self.has_failed = true;
                }
                Some(failed(error, is_final))
            }
            None => {
                let was_told = std::mem::take(&mut self.has_failed);
                self.fate.failed();
                self.open_later();
                let message = "the stream ended".to_owned();
                (!was_told).then_some(News::Failed { kind: ErrorKind::StreamCut, message, is_final: true })
            }
        }
    }

    fn open_later(&mut self) {
        self.stream = Stream::OpensLater(Box::pin(tokio::time::sleep(self.backoff)));
    }

    /// Of what was said to a stream that is gone nothing more comes: the words that it had heard so far count.
    fn give_up(&mut self) -> Option<News> {
        if self.speaks_from.is_some() || !self.fate.is_open() {
            return None;
        }
        self.on_words(self.turn.interim().to_owned(), Sureness::Final)
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
        self.on_words(transcript.text, sureness)
    }

    fn on_words(&mut self, text: String, sureness: Sureness) -> Option<News> {
        let is_lost = sureness == Sureness::Final && self.settle(words::count(&text));
        let (words, foreseen) = self.turn.heard(&text, sureness)?;
        if is_lost && self.turn.text().is_empty() {
            return Some(News::Lost);
        }
        Some(News::Words { text, words, sureness, foreseen })
    }

    /// A final transcript of so many words came; whether what was said last is lost.
    fn settle(&mut self, words: u32) -> bool {
        let goes_on = self.speaks_from.is_some();
        if words == 0 {
            return self.fate.wordless(goes_on);
        }
        self.fate.understood(goes_on);
        self.speaks_from = self.speaks_from.map(|_| self.pushed);
        false
    }

    /// What they said last is no longer awaited. Whether it is lost: there is nothing of it, and the recogniser failed.
    pub(crate) fn missed(&mut self, recovered: u32) -> bool {
        self.leaving = None;
        if recovered > 0 {
            self.fate.understood(self.speaks_from.is_some());
            return false;
        }
        self.fate.missed()
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
        self.fate.understood(self.speaks_from.is_some());
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
        self.fate.understood(self.speaks_from.is_some());
        let interim = self.turn.forget();
        Some((self.segment.take()?, interim))
    }
}

fn failed(error: ProviderError, is_final: bool) -> News {
    News::Failed { kind: error.kind, message: error.message, is_final }
}

/// How much is given at once to an ear that hears again: within what an ear must take.
const PIECE: usize = 960;
