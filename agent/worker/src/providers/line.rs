//! One port's providers in this process, with what is learned of them and counted at them.

use std::{cell::RefCell, sync::Arc};

use config_schema::Provider;
use providers_core::Usage;
use providers_layers::{Chain, ChainTally, Retries};

use super::{BuildError, REST};

/// The providers of one port: the one that is configured, and those that take its place when it fails.
pub(super) struct Line<P: ?Sized> {
    pub(super) chain: Arc<Chain<P>>,
    /// How those are tried again that are, by name.
    retries: Arc<[(&'static str, Arc<Retries>)]>,
}

/// What is counted at one provider of one port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProviderTally {
    /// Requests that failed for good, as far as it was concerned.
    pub(crate) failures: u64,
    /// Attempts that failed.
    pub(crate) failed_attempts: u64,
    /// Attempts made again.
    pub(crate) retries: u64,
    /// Retries that the budget did not allow.
    pub(crate) refused: u64,
    /// What failed attempts used.
    pub(crate) wasted: Usage,
}

/// Where a provider that is being built leaves how it is tried again.
#[derive(Default)]
pub(super) struct Kept(RefCell<Vec<(&'static str, Arc<Retries>)>>);

impl Kept {
    pub(super) fn keep(&self, provider: &'static str, retries: &Arc<Retries>) {
        self.0.borrow_mut().push((provider, Arc::clone(retries)));
    }
}

impl<P: ?Sized> Line<P> {
    pub(super) fn build(
        first: Provider,
        others: &[Provider],
        build: impl Fn(Provider, &Kept) -> Result<Arc<P>, BuildError>,
    ) -> Result<Self, BuildError> {
        let kept = Kept::default();
        let others = others.iter().filter(|other| **other != first).map(|other| build(*other, &kept));
        let others = others.collect::<Result<_, _>>()?;
        let chain = Chain::new(build(first, &kept)?, others, REST);
        Ok(Self { chain, retries: kept.0.into_inner().into() })
    }

    /// One that is never asked.
    pub(super) fn unused(provider: Arc<P>) -> Self {
        Self { chain: Chain::new(provider, Vec::new(), REST), retries: Arc::default() }
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chain, &other.chain)
    }

    /// Adds what is counted at its providers, of which the chain tells `told`.
    pub(super) fn tally(&self, told: Vec<ChainTally>, mut add: impl FnMut(&'static str, ProviderTally)) {
        for ChainTally { provider, failures, wasted } in told {
            add(provider, ProviderTally { failures, wasted, ..ProviderTally::default() });
        }
        for (provider, retries) in self.retries.iter() {
            let tally = retries.tally();
            add(
                provider,
                ProviderTally {
                    failures: 0,
                    failed_attempts: tally.failed_attempts,
                    retries: tally.retries,
                    refused: tally.refused_by_budget,
                    wasted: tally.wasted,
                },
            );
        }
    }
}

impl<P: ?Sized> Clone for Line<P> {
    fn clone(&self) -> Self {
        Self { chain: Arc::clone(&self.chain), retries: Arc::clone(&self.retries) }
    }
}

impl std::ops::AddAssign for ProviderTally {
    fn add_assign(&mut self, other: Self) {
        self.failures += other.failures;
        self.failed_attempts += other.failed_attempts;
        self.retries += other.retries;
        self.refused += other.refused;
        self.wasted += other.wasted;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::StreamExt;
    use providers_core::{ChatRequest, ErrorKind, LanguageModel};
    use providers_fake::{Answer, FakeMind, Fault, Faults, Mishap, When};
    use providers_layers::{RetryBudget, RetryPolicy, RetryingMind};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_tried_again_and_what_another_must_do_is_counted_by_provider() {
        let line: Line<dyn LanguageModel> =
            Line::build(Provider::Openai, &[Provider::Fake], |provider, kept| {
                let overloaded = Mishap::Error { kind: ErrorKind::Overloaded, retry_after: None };
                let faults = Faults::always(Fault { after: 0, what: overloaded });
                let (text, ttft) = ("Hello.".to_owned(), Duration::from_millis(10));
                let answer = Answer { when: When::Any, text, calls: Vec::new(), ttft, duration: ttft };
                let mind = FakeMind::new(vec![answer]);
                if provider == Provider::Fake {
                    return Ok(Arc::new(mind) as _);
                }
                let pause = Duration::from_millis(10);
                let policy = RetryPolicy { attempts: 3, base: pause, cap: pause, longest_asked: pause };
                let retries = Retries::new(policy, RetryBudget::new(0, 1), 1);
                kept.keep("openai", &retries);
                Ok(Arc::new(RetryingMind::new(Arc::new(mind.with_faults(faults)), retries)) as _)
            })
            .unwrap();
        let mut answer =
            providers_layers::FallbackMind::new(Arc::clone(&line.chain)).answer(ChatRequest::default());
        while answer.next().await.is_some() {}
        let mut tallies = Vec::new();
        line.tally(line.chain.tally(), |provider, tally| tallies.push((provider, tally)));
        let failed = ProviderTally { failures: 1, ..ProviderTally::default() };
        let tried = ProviderTally { failed_attempts: 2, retries: 1, refused: 1, ..ProviderTally::default() };
        assert_eq!(tallies, [("fake", failed), ("fake", ProviderTally::default()), ("openai", tried)]);
    }
}
