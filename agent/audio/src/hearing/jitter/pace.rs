//! How far what is heard may run ahead of the clock. Whoever sends decides which times stand in its packets, and how many
//! it sends; how much of that is decoded, judged and recognised is decided here: no more than time has passed, and a
//! credit for what the network held back.

use std::time::{Duration, Instant};

use crate::hearing::delay::micros;

/// How much may be heard at once although no time has passed for it: a stall of 5 s, whose packets all come in its last
/// moment. The longest that a mobile network was seen to hold packets back is 3 s.
pub(super) const CREDIT: Duration = Duration::from_secs(5);

/// Time that passes is worth a tenth more than it is: clocks drift, and a credit that a stall has used comes back.
const WORTH: (i64, i64) = (11, 10);

/// What was given and what has passed.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Microseconds that were given beyond those that passed; never negative: time unused is not saved.
    ahead: i64,
    /// Up to when time was counted.
    counted: Option<Instant>,
}

impl Pace {
    /// It is `now`.
    pub(super) fn pass(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(*self.counted.get_or_insert(now));
        let elapsed = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX / WORTH.0);
        self.ahead = (self.ahead - elapsed.min(i64::MAX / WORTH.0) * WORTH.0 / WORTH.1).max(0);
        self.counted = self.counted.max(Some(now));
    }

    /// So much is given.
    pub(super) const fn give(&mut self, ticks: i64) {
        self.ahead += micros(ticks);
    }

    /// Whether the credit is used up: what comes now is not to be heard.
    pub(super) const fn is_spent(&self) -> bool {
        self.ahead >= CREDIT.as_micros() as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_the_pace_of_time_is_never_held_back_and_what_does_not_is_after_the_credit() {
        let mut now = crate::testing::start();
        let mut pace = Pace::default();
        for _ in 0..100_000 {
            pace.pass(now);
            assert!(!pace.is_spent());
            pace.give(960);
            now += Duration::from_millis(20);
        }
        let n_given = (0..1_000)
            .take_while(|_| {
                pace.pass(now);
                pace.give(960);
                !pace.is_spent()
            })
            .count();
        assert!((245..=250).contains(&n_given), "5 s of 20 ms: {n_given}");
        now += Duration::from_secs(1);
        pace.pass(now);
        assert!(!pace.is_spent(), "a second later there is room for 1.1 s");
        pace.give(48_000 * 11 / 10);
        assert!(pace.is_spent());
        pace.pass(now + Duration::from_secs(u64::MAX >> 34));
        assert!(!pace.is_spent());
    }
}
