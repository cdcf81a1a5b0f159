//! A mind that tries again, as long as nothing of the answer was given.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use providers_core::{ChatRequest, LanguageModel, LlmEvent, LlmStream, ProviderError, ProviderInfo};
use tokio::time::Sleep;

use super::{Attempts, Retries};
use crate::trial::{Trial, Tried};

/// A mind that tries again.
pub struct RetryingMind {
    mind: Arc<dyn LanguageModel>,
    retries: Arc<Retries>,
}

impl RetryingMind {
    /// `mind`, tried again as `retries` says.
    #[must_use]
    pub fn new(mind: Arc<dyn LanguageModel>, retries: Arc<Retries>) -> Self {
        Self { mind, retries }
    }
}

impl LanguageModel for RetryingMind {
    fn info(&self) -> &ProviderInfo {
        self.mind.info()
    }

    fn answer(&self, request: ChatRequest) -> LlmStream {
        Box::pin(Retrying {
            state: State::Trying(Trial::new(self.mind.answer(request.clone()))),
            mind: Arc::clone(&self.mind),
            request,
            attempts: self.retries.request(),
        })
    }

    fn follows_instructions(&self) -> bool {
        self.mind.follows_instructions()
    }

    fn prewarm(&self) {
        self.mind.prewarm();
    }
}

/// One answer.
struct Retrying {
    state: State,
    mind: Arc<dyn LanguageModel>,
    request: ChatRequest,
    attempts: Attempts,
}

enum State {
    Trying(Trial),
    /// Between two attempts.
    Pausing(Pin<Box<Sleep>>),
    Over,
}

impl Stream for Retrying {
    type Item = Result<LlmEvent, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Trying(trial) => match ready!(trial.poll(this.mind.info().provider, cx)) {
                    Tried::Begun(event) => return Poll::Ready(Some(Ok(event))),
                    Tried::Goes(item) => return Poll::Ready(item),
                    Tried::Failed { error, wasted } => match this.attempts.pause_after(&error, wasted) {
                        Some(pause) => this.state = State::Pausing(Box::pin(tokio::time::sleep(pause))),
                        None => {
                            this.state = State::Over;
                            return Poll::Ready(Some(Err(error)));
                        }
                    },
                },
                State::Pausing(pause) => {
                    ready!(pause.as_mut().poll(cx));
                    this.state = State::Trying(Trial::new(this.mind.answer(this.request.clone())));
                }
                State::Over => return Poll::Ready(None),
            }
        }
    }
}
