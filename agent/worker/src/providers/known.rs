//! How late an ear's final transcripts come, as the calls of this process have found it: a new call does not wait for as
//! long as one that knows nothing.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// One ear's delay, shared by its calls; touched when a call begins and when it ends.
#[derive(Debug, Default)]
pub(crate) struct KnownDelay {
    /// Microseconds; 0 while nothing is known.
    micros: AtomicU64,
}

/// What a call has found counts for one part in so many; what was known for the rest.
const WEIGHT: u64 = 4;

impl KnownDelay {
    /// What is known.
    pub(crate) fn get(&self) -> Option<Duration> {
        Some(self.micros.load(Relaxed)).filter(|micros| *micros > 0).map(Duration::from_micros)
    }

    /// A call that is over has found this.
    pub(crate) fn learn(&self, delay: Duration) {
        let found = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX).max(1);
        let blend = |known: u64| {
            let blended =
                (u128::from(known) * u128::from(WEIGHT - 1) + u128::from(found)) / u128::from(WEIGHT);
            Some(if known == 0 { found } else { u64::try_from(blended).unwrap_or(u64::MAX).max(1) })
        };
        let _before = self.micros.fetch_update(Relaxed, Relaxed, blend);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::KnownDelay;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_first_call_is_believed_and_each_further_one_by_a_fourth() {
        let known = KnownDelay::default();
        assert_eq!(known.get(), None);
        for (found, expected) in [(400, 400), (800, 500), (500, 500), (100, 400)] {
            known.learn(millis(found));
            assert_eq!(known.get(), Some(millis(expected)));
        }
        known.learn(Duration::MAX);
        known.learn(Duration::ZERO);
        assert!(known.get().is_some());
    }
}
