//! A mind that tries again, as long as nothing of the answer was given.
//!
//! Tried again is only what may succeed ([`ErrorKind::is_transient`](providers_core::ErrorKind::is_transient)), after a random pause that grows, or after the
//! pause that the provider asks for; and only while retries stay a small share of all requests, so that a provider
//! in trouble is not drowned.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use providers_core::{ChatRequest, LanguageModel, LlmEvent, LlmStream, ProviderError, ProviderInfo, Usage};
use tokio::time::Sleep;
use tracing::debug;

use crate::trial::{Trial, Tried};

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// The pause before the second attempt is random, up to this; before each further one up to twice as long.
    pub base: Duration,
    /// No pause of ours is longer.
    pub cap: Duration,
    /// A provider that asks for a longer pause than this is not tried again: the caller would wait too long.
    pub longest_asked: Duration,
}

/// The pause before attempt `attempt + 1`: evenly random between nothing and `base · 2^(attempt - 1)`, at most `cap`
/// ("full jitter"), but never shorter than the provider asked for. `fraction` is 0 to 1.
#[must_use]
pub fn backoff(policy: &RetryPolicy, attempt: u32, asked: Option<Duration>, fraction: f64) -> Duration {
    let doubled =
        policy.base.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(policy.cap).mul_f64(fraction.clamp(0.0, 1.0)).max(asked.unwrap_or_default())
}

/// How many retries a provider may be burdened with, shared by all that use it.
#[derive(Debug)]
pub struct RetryBudget {
    /// Thousandths of a retry.
    saved: AtomicU64,
    share: u64,
    most: u64,
}

impl RetryBudget {
    /// Each request saves `share_permille` thousandths of a retry; at most `reserve` whole ones are saved, and so
    /// many are there at the beginning.
    #[must_use]
    pub fn new(share_permille: u16, reserve: u32) -> Arc<Self> {
        let most = u64::from(reserve) * 1000;
        Arc::new(Self { saved: AtomicU64::new(most), share: u64::from(share_permille), most })
    }

    fn save(&self) {
        let add = |saved: u64| Some((saved + self.share).min(self.most));
        let _previous = self.saved.fetch_update(Relaxed, Relaxed, add);
    }

    fn spend(&self) -> bool {
        self.saved.fetch_update(Relaxed, Relaxed, |saved| saved.checked_sub(1000)).is_ok()
    }
}

/// What became of the attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryTally {
    /// Answers asked for.
    pub answers: u64,
    /// Attempts that failed before their first piece.
    pub failed_attempts: u64,
    /// Attempts made again.
    pub retries: u64,
    /// Retries that the budget did not allow.
    pub refused_by_budget: u64,
    /// What failed attempts used: paid for, part of no answer's usage.
    pub wasted: Usage,
}

/// A mind that tries again.
pub struct RetryingMind {
    shared: Arc<Shared>,
    seed: u64,
}

struct Shared {
    mind: Arc<dyn LanguageModel>,
    policy: RetryPolicy,
    budget: Arc<RetryBudget>,
    tally: Mutex<RetryTally>,
}

impl Shared {
    fn note(&self, change: impl FnOnce(&mut RetryTally)) {
        change(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl RetryingMind {
    /// `mind`, tried again by `policy` within `budget`; the pauses are drawn from `seed`.
    #[must_use]
    pub fn new(
        mind: Arc<dyn LanguageModel>,
        policy: RetryPolicy,
        budget: Arc<RetryBudget>,
        seed: u64,
    ) -> Self {
        let tally = Mutex::new(RetryTally::default());
        Self { shared: Arc::new(Shared { mind, policy, budget, tally }), seed }
    }

    /// What became of the attempts so far.
    #[must_use]
    pub fn tally(&self) -> RetryTally {
        *self.shared.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LanguageModel for RetryingMind {
    fn info(&self) -> &ProviderInfo {
        self.shared.mind.info()
    }

    fn answer(&self, request: ChatRequest) -> LlmStream {
        self.shared.budget.save();
        let mut number = 0;
        self.shared.note(|tally| {
            tally.answers += 1;
            number = tally.answers;
        });
        Box::pin(Retrying {
            state: State::Trying(Trial::new(self.shared.mind.answer(request.clone()))),
            shared: Arc::clone(&self.shared),
            request,
            attempt: 1,
            random: fastrand::Rng::with_seed(self.seed.wrapping_add(number)),
        })
    }

    fn prewarm(&self) {
        self.shared.mind.prewarm();
    }
}

/// One answer.
struct Retrying {
    state: State,
    shared: Arc<Shared>,
    request: ChatRequest,
    attempt: u32,
    random: fastrand::Rng,
}

enum State {
    Trying(Trial),
    /// Between two attempts.
    Pausing(Pin<Box<Sleep>>),
    Over,
}

impl Retrying {
    /// The pause before the next attempt, or `None` when this error is the answer.
    fn pause_after(&mut self, error: &ProviderError, wasted: Usage) -> Option<Duration> {
        let Shared { policy, budget, .. } = &*self.shared;
        self.shared.note(|tally| {
            tally.failed_attempts += 1;
            tally.wasted += wasted;
        });
        let worth_it = error.kind.is_transient()
            && self.attempt < policy.attempts
            && error.retry_after.is_none_or(|asked| asked <= policy.longest_asked);
        if !worth_it {
            return None;
        }
        if !budget.spend() {
            self.shared.note(|tally| tally.refused_by_budget += 1);
            return None;
        }
        self.shared.note(|tally| tally.retries += 1);
        let pause = backoff(policy, self.attempt, error.retry_after, self.random.f64());
        debug!(
            provider = error.provider,
            kind = error.kind.name(),
            attempt = self.attempt,
            ?pause,
            "answer tried again"
        );
        Some(pause)
    }
}

impl Stream for Retrying {
    type Item = Result<LlmEvent, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Trying(trial) => match ready!(trial.poll(this.shared.mind.info().provider, cx)) {
                    Tried::Begun(event) => return Poll::Ready(Some(Ok(event))),
                    Tried::Goes(item) => return Poll::Ready(item),
                    Tried::Failed { error, wasted } => match this.pause_after(&error, wasted) {
                        Some(pause) => this.state = State::Pausing(Box::pin(tokio::time::sleep(pause))),
                        None => {
                            this.state = State::Over;
                            return Poll::Ready(Some(Err(error)));
                        }
                    },
                },
                State::Pausing(pause) => {
                    ready!(pause.as_mut().poll(cx));
                    this.attempt += 1;
                    this.state = State::Trying(Trial::new(this.shared.mind.answer(this.request.clone())));
                }
                State::Over => return Poll::Ready(None),
            }
        }
    }
}
