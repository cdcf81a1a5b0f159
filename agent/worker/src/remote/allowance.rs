//! How many requests a call takes: so many a second, and no more at once.

use agent_conversation::Moment;

/// What is left of a second's requests. It fills as time passes, and holds one second's worth at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    per_second: u32,
    /// In parts of a request, of which there are [`ONE`].
    left: u64,
    at: Moment,
}

impl Allowance {
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second, left: u64::from(per_second) * ONE, at: Moment::START }
    }

    /// Takes one request; false when there is none left.
    pub(super) fn take(&mut self, now: Moment) -> bool {
        let passed = u64::try_from(now.since(self.at).as_nanos()).unwrap_or(u64::MAX);
        let full = u64::from(self.per_second) * ONE;
        self.left = passed.saturating_mul(u64::from(self.per_second)).saturating_add(self.left).min(full);
        self.at = now;
        let is_left = self.left >= ONE;
        self.left -= if is_left { ONE } else { 0 };
        is_left
    }
}

/// A request: what a nanosecond brings is then a whole number, and no time is lost.
const ONE: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use agent_conversation::Moment;

    use super::Allowance;

    #[test]
    fn a_second_brings_so_many_and_what_is_not_used_is_not_saved() {
        let mut allowance = Allowance::new(2);
        let taken = |allowance: &mut Allowance, ms| {
            let now = Moment(Duration::from_millis(ms));
            (0..10).filter(|_| allowance.take(now)).count()
        };
        for (at, expected) in
            [(0, 2), (0, 0), (499, 0), (500, 1), (999, 0), (1_000, 1), (60_000, 2), (60_001, 0)]
        {
            assert_eq!(taken(&mut allowance, at), expected, "at {at} ms");
        }
    }

    #[test]
    fn no_time_is_lost_by_asking_often() {
        let mut allowance = Allowance::new(2);
        let asked = (0..4_000).map(|n| Moment(Duration::from_micros(n * 500 + n % 7)));
        let taken = asked.filter(|now| allowance.take(*now)).count();
        assert_eq!(taken, 5, "two at once, and one each half of two seconds but the last");
    }
}
