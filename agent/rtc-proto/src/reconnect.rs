//! When to try again, and how: a pure function of what was tried and a seed (R3).
//!
//! What is tried again is the link: as long as none can be had, the stay may be alive. A link that was resumed without
//! media following shows that the stay is past saving, and a new one is asked for at once.

use std::time::Duration;

use crate::config::Patience;
use crate::link::LinkFailure;

/// How to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The same stay on a new link.
    Resume,
    /// A new stay.
    Restart,
}

/// The time between losing the server and having it back, or giving up.
#[derive(Clone, Debug)]
pub(crate) struct Outage {
    /// Resumes tried.
    pub(crate) resumes: u32,
    /// New stays tried.
    pub(crate) restarts: u32,
    /// Whether the stay is past saving.
    pub(crate) restart_only: bool,
    /// How the last attempt failed.
    pub(crate) last: LinkFailure,
}

impl Outage {
    pub(crate) fn new(failure: LinkFailure) -> Self {
        Self { resumes: 0, restarts: 0, restart_only: false, last: failure }
    }

    /// What to try next, and after how long; `None`: nothing is left to try.
    pub(crate) fn next(&self, patience: &Patience, seed: u64) -> Option<(Attempt, Duration)> {
        if self.last.is_final() {
            return None;
        }
        if !self.restart_only && self.resumes < patience.resumes {
            return Some((Attempt::Resume, delay(self.resumes, seed)));
        }
        (self.restarts < patience.restarts).then(|| (Attempt::Restart, delay(self.restarts, seed ^ u64::MAX)))
    }

    /// All attempts so far.
    pub(crate) fn attempts(&self) -> u32 {
        self.resumes + self.restarts
    }
}

/// How long to wait before the `attempt`th attempt, counted from 0: none, 0.3, 1.2, 2.7, 4.8 and then 7 s, each up to
/// a quarter longer by the seed, the first up to 100 ms: a thousand rooms of one server do not come back at once.
fn delay(attempt: u32, seed: u64) -> Duration {
    const STEP: u64 = 300;
    const MAX: u64 = 7_000;
    let base = (STEP * u64::from(attempt) * u64::from(attempt)).min(MAX);
    let spread = if attempt == 0 { 100 } else { base / 4 };
    Duration::from_millis(base + mix(seed.wrapping_add(u64::from(attempt))) % (spread + 1))
}

/// The finalizer of SplitMix64: every bit of the result hangs on every bit of the seed.
fn mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(mut outage: Outage, seed: u64) -> Vec<(Attempt, Duration)> {
        let mut plan = Vec::new();
        while let Some((attempt, delay)) = outage.next(&Patience::USUAL, seed) {
            match attempt {
                Attempt::Resume => outage.resumes += 1,
                Attempt::Restart => outage.restarts += 1,
            }
            plan.push((attempt, delay));
        }
        plan
    }

    #[test]
    fn r3_a_stay_is_resumed_before_a_new_one_is_asked_for_and_that_before_giving_up() {
        let plan = plan(Outage::new(LinkFailure::TimedOut), 7);
        let kinds: Vec<Attempt> = plan.iter().map(|(attempt, _)| *attempt).collect();
        assert_eq!(kinds[..4], [Attempt::Resume; 4]);
        assert_eq!(kinds[4..], [Attempt::Restart; 12]);
        let total: Duration = plan.iter().map(|(_, delay)| *delay).sum();
        assert!((60..90).contains(&total.as_secs()), "{total:?}");
    }

    #[test]
    fn r3_the_delays_are_a_function_of_attempt_and_seed_alone() {
        let once = plan(Outage::new(LinkFailure::TimedOut), 7);
        assert_eq!(once, plan(Outage::new(LinkFailure::Media), 7));
        assert_ne!(once, plan(Outage::new(LinkFailure::TimedOut), 8));
        for attempt in 0..40 {
            for seed in 0..100 {
                assert!(delay(attempt, seed) <= Duration::from_millis(8_750));
            }
        }
    }

    #[test]
    fn a_stay_past_saving_is_not_resumed_and_a_refused_token_is_not_tried_again() {
        let past = Outage { restart_only: true, ..Outage::new(LinkFailure::Media) };
        assert_eq!(past.next(&Patience::USUAL, 1).map(|(attempt, _)| attempt), Some(Attempt::Restart));
        let refused = Outage::new(LinkFailure::Unauthorized { status: 401, text: String::new() });
        assert_eq!(refused.next(&Patience::USUAL, 1), None);
    }
}
