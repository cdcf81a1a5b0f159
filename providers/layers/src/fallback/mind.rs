//! A mind that is replaced by the next one when it fails before its first piece.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use providers_core::{ChatRequest, LanguageModel, LlmEvent, LlmStream, ProviderError, ProviderInfo};

use super::{Attempt, Chain};
use crate::trial::{Trial, Tried};

/// A mind of one call that is one of a chain.
pub struct FallbackMind {
    chain: Arc<Chain<dyn LanguageModel>>,
    /// With whom the call stays.
    number: Arc<AtomicUsize>,
}

impl FallbackMind {
    /// A mind for one call.
    #[must_use]
    pub fn new(chain: Arc<Chain<dyn LanguageModel>>) -> Self {
        Self { chain, number: Arc::default() }
    }
}

impl LanguageModel for FallbackMind {
    /// The one with whom the call is now.
    fn info(&self) -> &ProviderInfo {
        self.chain.provider(self.number.load(Relaxed)).info()
    }

    fn answer(&self, request: ChatRequest) -> LlmStream {
        let attempt = Attempt::first(&self.chain, self.number.load(Relaxed));
        let trial = Some(Trial::new(self.chain.provider(attempt.number).answer(request.clone())));
        let (chain, number) = (Arc::clone(&self.chain), Arc::clone(&self.number));
        Box::pin(Answer { chain, number, request, trial, attempt })
    }

    /// Whether all do: any of them may come to answer.
    fn follows_instructions(&self) -> bool {
        self.chain.providers.iter().all(|mind| mind.follows_instructions())
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
    number: Arc<AtomicUsize>,
    request: ChatRequest,
    /// `None` when it is over.
    trial: Option<Trial>,
    attempt: Attempt,
}

impl Stream for Answer {
    type Item = Result<LlmEvent, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { chain, number, request, trial, attempt } = &mut *self;
        loop {
            let Some(tried) = trial else { return Poll::Ready(None) };
            match ready!(tried.poll(chain.provider(attempt.number).info().provider, cx)) {
                // The call stays with who gave it.
                Tried::Begun(event) => {
                    chain.succeeded(attempt.number);
                    number.store(attempt.number, Relaxed);
                    return Poll::Ready(Some(Ok(event)));
                }
                Tried::Goes(item) => return Poll::Ready(item),
                Tried::Failed { error, wasted } => {
                    if !attempt.next(chain, &error, wasted) {
                        *trial = None;
                        return Poll::Ready(Some(Err(error)));
                    }
                    *tried = Trial::new(chain.provider(attempt.number).answer(request.clone()));
                }
            }
        }
    }
}
