//! Trying again: when, how often, and what came of it; written once for all ports.
//!
//! Tried again is only what may succeed ([`ErrorKind::is_transient`](providers_core::ErrorKind::is_transient)), after a random pause that grows, or after the
//! pause that the provider asks for; and only while retries stay a small share of all requests, so that a provider
//! in trouble is not drowned. What each port can take back decides until when: a mind until its first piece, a voice
//! until its first sample, a recogniser of whole utterances until its answer.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use providers_core::{ProviderError, Usage};
use tracing::debug;

mod mind;
mod recogniser;
mod voice;

pub use mind::RetryingMind;
pub use recogniser::RetryingRecogniser;
pub use voice::RetryingVoice;

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

/// How many retries a provider may be burdened with.
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
    pub fn new(share_permille: u16, reserve: u32) -> Self {
        let most = u64::from(reserve) * 1000;
        Self { saved: AtomicU64::new(most), share: u64::from(share_permille), most }
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
    /// What was asked for: answers, utterances, speeches.
    pub requests: u64,
    /// Attempts that failed and could be taken back.
    pub failed_attempts: u64,
    /// Attempts made again.
    pub retries: u64,
    /// Retries that the budget did not allow.
    pub refused_by_budget: u64,
    /// What failed attempts used: paid for, part of no answer's usage.
    pub wasted: Usage,
}

/// How one provider is tried again, and what came of it. Shared by all that ask it, on any thread; touched once a
/// request and once a failure, never per piece.
#[derive(Debug)]
pub struct Retries {
    policy: RetryPolicy,
    budget: RetryBudget,
    seed: u64,
    tally: Mutex<RetryTally>,
}

impl Retries {
    /// By `policy` within `budget`; the pauses are drawn from `seed`.
    #[must_use]
    pub fn new(policy: RetryPolicy, budget: RetryBudget, seed: u64) -> Arc<Self> {
        Arc::new(Self { policy, budget, seed, tally: Mutex::default() })
    }

    /// What became of the attempts so far.
    #[must_use]
    pub fn tally(&self) -> RetryTally {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note<T>(&self, change: impl FnOnce(&mut RetryTally) -> T) -> T {
        change(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A new request.
    fn request(self: &Arc<Self>) -> Attempts {
        self.budget.save();
        let number = self.note(|tally| {
            tally.requests += 1;
            tally.requests
        });
        let random = fastrand::Rng::with_seed(self.seed.wrapping_add(number));
        Attempts { retries: Arc::clone(self), attempt: 1, random }
    }
}

/// The attempts at one request.
struct Attempts {
    retries: Arc<Retries>,
    /// The present one, counted from 1.
    attempt: u32,
    random: fastrand::Rng,
}

impl Attempts {
    /// The present one failed, having used `wasted`: the pause before the next, or `None` when this error is the answer.
    fn pause_after(&mut self, error: &ProviderError, wasted: Usage) -> Option<Duration> {
        let Retries { policy, budget, .. } = &*self.retries;
        self.retries.note(|tally| {
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
            self.retries.note(|tally| tally.refused_by_budget += 1);
            return None;
        }
        self.retries.note(|tally| tally.retries += 1);
        let pause = backoff(policy, self.attempt, error.retry_after, self.random.f64());
        debug!(
            provider = error.provider,
            kind = error.kind.name(),
            attempt = self.attempt,
            ?pause,
            "tried again"
        );
        self.attempt += 1;
        Some(pause)
    }
}
