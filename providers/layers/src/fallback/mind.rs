//! A mind that is replaced by the next one when it fails before its first piece.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use providers_core::{
    ChatRequest, ErrorKind, LanguageModel, LlmEvent, LlmStream, ProviderError, ProviderInfo, Usage,
};

use super::{Attempt, Chain};

/// A mind of one call that is one of a chain.
pub struct FallbackMind {
    chain: Arc<Chain<dyn LanguageModel>>,
    own: Arc<Own>,
}

/// What belongs to the call.
#[derive(Default)]
struct Own {
    /// With whom the call stays.
    number: AtomicUsize,
    /// What failed attempts used: paid for, part of no answer's usage.
    wasted: Mutex<Usage>,
}

impl FallbackMind {
    /// A mind for one call.
    #[must_use]
    pub fn new(chain: Arc<Chain<dyn LanguageModel>>) -> Self {
        Self { chain, own: Arc::default() }
    }

    /// What attempts that failed used so far.
    #[must_use]
    pub fn wasted(&self) -> Usage {
        *self.own.wasted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LanguageModel for FallbackMind {
    /// The one with whom the call is now.
    fn info(&self) -> &ProviderInfo {
        self.chain.provider(self.own.number.load(Relaxed)).info()
    }

    fn answer(&self, request: ChatRequest) -> LlmStream {
        let attempt = Attempt::first(&self.chain, self.own.number.load(Relaxed));
        let stream = self.chain.provider(attempt.number).answer(request.clone());
        let (chain, own) = (Arc::clone(&self.chain), Arc::clone(&self.own));
        let state = State::Trying { stream, attempt, used: Usage::default() };
        Box::pin(Answer { chain, own, request, state })
    }

    fn prewarm(&self) {
        for mind in &self.chain.providers {
            mind.prewarm();
        }
    }
}

/// One answer.
struct Answer {
    chain: Arc<Chain<dyn LanguageModel>>,
    own: Arc<Own>,
    request: ChatRequest,
    state: State,
}

enum State {
    /// Nothing was given yet.
    Trying {
        stream: LlmStream,
        attempt: Attempt,
        used: Usage,
    },
    /// The rest comes as it comes, after the piece that is held: usage that came before it goes before it.
    Giving {
        stream: LlmStream,
        held: Option<LlmEvent>,
    },
    Over,
}

impl Answer {
    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<LlmEvent, ProviderError>>> {
        loop {
            let State::Trying { stream, attempt, used } = &mut self.state else { return Poll::Ready(None) };
            let error = match ready!(stream.as_mut().poll_next(cx)) {
                Some(Ok(LlmEvent::Usage(more))) => {
                    *used += more;
                    continue;
                }
                Some(Ok(event)) => return Poll::Ready(Some(Ok(self.give(event)))),
                Some(Err(error)) => error,
                None => {
                    let provider = self.chain.provider(attempt.number).info().provider;
                    ProviderError::new(provider, ErrorKind::StreamCut, "ended without its end mark")
                }
            };
            *self.own.wasted.lock().unwrap_or_else(PoisonError::into_inner) += std::mem::take(used);
            if attempt.next(&self.chain, &error) {
                *stream = self.chain.provider(attempt.number).answer(self.request.clone());
            } else {
                self.state = State::Over;
                return Poll::Ready(Some(Err(error)));
            }
        }
    }

    /// From here on the answer cannot be taken back, and the call stays with who gave it.
    fn give(&mut self, first: LlmEvent) -> LlmEvent {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Trying { stream, attempt, used } => {
                self.chain.succeeded(attempt.number);
                self.own.number.store(attempt.number, Relaxed);
                let (event, held) = if used == Usage::default() {
                    (first, None)
                } else {
                    (LlmEvent::Usage(used), Some(first))
                };
                self.state = State::Giving { stream, held };
                event
            }
            State::Giving { .. } | State::Over => first,
        }
    }
}

impl Stream for Answer {
    type Item = Result<LlmEvent, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.state {
            State::Trying { .. } => self.poll_first(cx),
            State::Giving { stream, held } => match held.take() {
                Some(event) => Poll::Ready(Some(Ok(event))),
                None => stream.as_mut().poll_next(cx),
            },
            State::Over => Poll::Ready(None),
        }
    }
}
