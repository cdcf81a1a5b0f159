//! What a realtime session reports, as news for the call.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use agent_turn::ReplyId;
use providers_core::{AnswerId, ErrorKind, HeardId, RealtimeEvent, Usage};

use super::{
    Live, LiveTurns, Session, UserAudio,
    book::{Piece, Started},
};

/// How often the wait before another session is doubled at most.
const DOUBLINGS: u32 = 6;

/// News of a realtime session.
#[derive(Debug)]
pub(crate) enum News {
    /// It is to be opened ([`Live::open`]).
    Due,
    /// A piece of a reply.
    Piece(ReplyId, Piece),
    /// The model heard speech begin.
    SpeechStarted,
    /// The model heard a turn end, or answers one already.
    SpeechEnded,
    /// What a turn said.
    Transcript { audio: UserAudio, text: String, is_final: bool },
    /// Used so far.
    Used(Usage),
    /// It broke; these replies end where they are. Another will be opened.
    Lost { kind: ErrorKind, message: String, broken: Vec<ReplyId> },
    /// Nothing to report, but there may be more.
    More,
}

impl Live {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        if let Some((reply, piece)) = self.kept.pop_front() {
            return Poll::Ready(News::Piece(reply, piece));
        }
        self.replace_if_idle();
        match &mut self.session {
            Session::Closed => Poll::Pending,
            Session::Due if self.microphone.prepare() => Poll::Ready(News::Due),
            Session::Due => {
                // Others on this thread have their turn.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Session::OpensLater(sleep) => {
                std::task::ready!(sleep.as_mut().poll(cx));
                self.session = Session::Due;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Session::Open(session) => match std::task::ready!(session.poll_event(cx)) {
                Some(Ok(event)) => {
                    self.failures = 0;
                    Poll::Ready(self.on_event(event))
                }
                Some(Err(error)) => Poll::Ready(self.on_lost(error.kind, error.message, error.retry_after)),
                None => Poll::Ready(self.on_lost(ErrorKind::StreamCut, "the session ended".to_owned(), None)),
            },
        }
    }

    fn on_event(&mut self, event: RealtimeEvent) -> News {
        match event {
            RealtimeEvent::SpeechStarted => match self.turns {
                LiveTurns::Model => {
                    self.hears_speech = true;
                    News::SpeechStarted
                }
                LiveTurns::Voice | LiveTurns::Words => News::More,
            },
            RealtimeEvent::SpeechEnded { heard } => match self.turns {
                LiveTurns::Model => self.on_turn(heard),
                LiveTurns::Voice | LiveTurns::Words => News::More,
            },
            RealtimeEvent::UserTranscript { heard, text, is_final } => match self.heard.get(&heard) {
                Some(audio) => News::Transcript { audio: *audio, text, is_final },
                None => News::More,
            },
            RealtimeEvent::AnswerStarted { answer, to } => self.on_started(answer, to),
            RealtimeEvent::Audio { answer, item, samples } => {
                self.on_piece(answer, Piece::Audio(item, samples))
            }
            RealtimeEvent::Text { answer, item, text } => self.on_piece(answer, Piece::Text(item, text)),
            RealtimeEvent::Call { answer, call } => self.on_piece(answer, Piece::Call(call)),
            RealtimeEvent::AnswerFinished { answer, .. } => self.on_piece(answer, Piece::Finished),
            RealtimeEvent::AnswerFailed { answer, error } => self.on_piece(answer, Piece::Failed(error)),
            RealtimeEvent::Usage(usage) => News::Used(usage),
        }
    }

    /// The model has heard a turn end. Of two for neither of which a reply was begun the later is answered.
    fn on_turn(&mut self, heard: HeardId) -> News {
        self.hears_speech = false;
        if self.heard.contains_key(&heard) {
            // It was told already, by an answer to it.
            return News::More;
        }
        if let Some(before) = self.ended.replace(heard).filter(|before| *before != heard) {
            self.decline_turn(before);
        }
        News::SpeechEnded
    }

    fn on_started(&mut self, answer: AnswerId, to: Option<HeardId>) -> News {
        let started = match (to, self.turns) {
            (Some(heard), LiveTurns::Model) => self.book.started(answer, heard),
            (None, _) => self.book.went_on(answer),
            // There is nothing that it could be a reply to.
            (Some(_), LiveTurns::Voice | LiveTurns::Words) => Started::Unwanted,
        };
        let is_news = to.is_some_and(|heard| !self.heard.contains_key(&heard) && self.ended != Some(heard));
        match started {
            Started::Claimed => News::More,
            Started::Unwanted => {
                self.cancel(answer);
                News::More
            }
            Started::Waits(before) => {
                self.discard(before);
                match to.filter(|_| is_news) {
                    Some(heard) => self.on_turn(heard),
                    None => News::More,
                }
            }
        }
    }

    fn on_piece(&mut self, answer: AnswerId, piece: Piece) -> News {
        let had_begun = self.book.has_begun(answer);
        let has_failed = matches!(piece, Piece::Failed(_));
        let piece = self.book.piece(answer, piece);
        if !had_begun && !has_failed && self.book.has_begun(answer) {
            self.turn_is_answered();
        }
        piece.map_or(News::More, |(reply, piece)| News::Piece(reply, piece))
    }

    fn on_lost(&mut self, kind: ErrorKind, message: String, retry_after: Option<Duration>) -> News {
        let wait = self.backoff * 2_u32.pow(self.failures.min(DOUBLINGS));
        self.failures = self.failures.saturating_add(1);
        let wait = wait.max(retry_after.unwrap_or_default());
        self.session = Session::OpensLater(Box::pin(tokio::time::sleep(wait)));
        News::Lost { kind, message, broken: self.lose_session() }
    }
}
