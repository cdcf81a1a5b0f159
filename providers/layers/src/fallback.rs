//! A chain of providers: what the first cannot do, the next does, and the person does not notice.
//!
//! Another provider is asked only while nothing has reached the person: the next mind before the first piece, the next
//! voice before the first sample, the next ear with the audio of the utterance that was under way. A provider that
//! fails rests for a while, longer each time, and is not asked meanwhile unless all rest; after its rest it has its
//! place again. One value of a layer belongs to one call, and stays with the provider that it changed to: the person
//! hears one voice. The [`Chain`] is shared by all calls, so that what one has found out spares the others.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use providers_core::{ErrorKind, LanguageModel, ProviderError, SpeechToText, TextToSpeech, Usage};
use tokio::time::Instant;
use tracing::warn;

mod ear;
mod mind;
mod voice;

pub use ear::FallbackEar;
pub use mind::FallbackMind;
pub use voice::FallbackVoice;

/// How long a provider that failed rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestPolicy {
    /// After its first failure; doubled with each further one in a row.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
}

/// Providers of one port in order of preference, and how each of them fares. Shared by all calls.
pub struct Chain<P: ?Sized> {
    providers: Vec<Arc<P>>,
    policy: RestPolicy,
    health: Mutex<Vec<Health>>,
}

/// How a provider fares.
#[derive(Clone, Copy, Debug, Default)]
struct Health {
    /// Failures since its last success.
    in_a_row: u32,
    rests_until: Option<Instant>,
    failures: u64,
    /// What its failed attempts used.
    wasted: Usage,
}

/// What a provider of a chain has failed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainTally {
    /// Its name.
    pub provider: &'static str,
    /// How often it failed, its own retries done.
    pub failures: u64,
    /// What attempts used that another took the place of: paid for, part of no answer's usage.
    pub wasted: Usage,
}

/// A port that says who stands behind it.
trait Named {
    fn provider(&self) -> &'static str;
}

impl Named for dyn SpeechToText {
    fn provider(&self) -> &'static str {
        self.info().provider
    }
}

impl Named for dyn LanguageModel {
    fn provider(&self) -> &'static str {
        self.info().provider
    }
}

impl Named for dyn TextToSpeech {
    fn provider(&self) -> &'static str {
        self.info().provider
    }
}

#[expect(private_bounds, reason = "what a chain is made of is one of the ports above")]
impl<P: ?Sized + Named> Chain<P> {
    /// What each provider has failed at, in the order of the chain.
    #[must_use]
    pub fn tally(&self) -> Vec<ChainTally> {
        let health = self.health();
        let all = self.providers.iter().zip(health.iter());
        all.map(|(provider, Health { failures, wasted, .. })| ChainTally {
            provider: provider.provider(),
            failures: *failures,
            wasted: *wasted,
        })
        .collect()
    }
}

impl<P: ?Sized> Chain<P> {
    /// `first`, and those that take its place, in this order.
    #[must_use]
    pub fn new(first: Arc<P>, others: Vec<Arc<P>>, policy: RestPolicy) -> Arc<Self> {
        let providers: Vec<_> = std::iter::once(first).chain(others).collect();
        let health = Mutex::new(vec![Health::default(); providers.len()]);
        Arc::new(Self { providers, policy, health })
    }

    /// The provider, when there is no other: what needs no layer.
    #[must_use]
    pub fn alone(&self) -> Option<&Arc<P>> {
        match self.providers.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    fn provider(&self, number: usize) -> &Arc<P> {
        let provider = self.providers.get(number).or(self.providers.first());
        provider.expect("a chain has at least one provider")
    }

    /// Whom to ask next: the preferred one if it is neither tried nor resting, else the first such; if all that are
    /// left rest, the one whose rest ends first. `None` when all were tried.
    fn next(&self, preferred: usize, tried: &[usize]) -> Option<usize> {
        let (health, now) = (self.health(), Instant::now());
        let order = std::iter::once(preferred).chain(0..self.providers.len());
        let left: Vec<usize> = order.filter(|number| !tried.contains(number)).collect();
        let rest = |number: &usize| health.get(*number).and_then(|health| health.rests_until);
        let awake = left.iter().find(|number| rest(number).is_none_or(|until| until <= now));
        awake.or_else(|| left.iter().min_by_key(|number| rest(number))).copied()
    }

    fn succeeded(&self, number: usize) {
        if let Some(health) = self.health().get_mut(number) {
            health.in_a_row = 0;
            health.rests_until = None;
        }
    }

    fn failed(&self, number: usize, error: &ProviderError, wasted: Usage) {
        let policy = self.policy;
        let mut all = self.health();
        let Some(health) = all.get_mut(number) else { return };
        health.failures += 1;
        health.wasted += wasted;
        if !is_the_providers_fault(error.kind) {
            return;
        }
        let rest = policy.first.saturating_mul(1_u32.checked_shl(health.in_a_row).unwrap_or(u32::MAX));
        let rest = rest.min(policy.longest).max(error.retry_after.unwrap_or_default());
        health.in_a_row = health.in_a_row.saturating_add(1);
        health.rests_until = Some(Instant::now() + rest);
        warn!(provider = error.provider, kind = error.kind.name(), ?rest, "a provider failed and rests");
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Vec<Health>> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether another provider may succeed where one failed so.
const fn is_worth_another(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::Cancelled | ErrorKind::ContentFiltered)
}

/// Whether the provider will fail others as well; if not, only the request was wrong for it.
const fn is_the_providers_fault(kind: ErrorKind) -> bool {
    kind.is_transient() || matches!(kind, ErrorKind::Unauthorised | ErrorKind::NotFound | ErrorKind::Internal)
}

/// The way of one request through a chain.
struct Attempt {
    number: usize,
    tried: Vec<usize>,
}

impl Attempt {
    fn first<P: ?Sized>(chain: &Chain<P>, preferred: usize) -> Self {
        Self { number: chain.next(preferred, &[]).unwrap_or(preferred), tried: Vec::new() }
    }

    /// Goes on to the next provider after a failure that had used `wasted`; false when this failure is the answer.
    fn next<P: ?Sized>(&mut self, chain: &Chain<P>, error: &ProviderError, wasted: Usage) -> bool {
        chain.failed(self.number, error, wasted);
        self.tried.push(self.number);
        let next = if is_worth_another(error.kind) { chain.next(self.number, &self.tried) } else { None };
        match next {
            Some(number) => {
                self.number = number;
                true
            }
            None => false,
        }
    }
}
