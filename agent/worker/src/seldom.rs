//! What may happen hundreds of times a second and is said once in a while, with how often it was not said.

use std::time::{Duration, Instant};

/// Says when something that happened again is worth a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seldom {
    every: Duration,
    said: Option<Instant>,
    unsaid: u64,
}

impl Seldom {
    pub(crate) fn new(every: Duration) -> Self {
        Self { every, said: None, unsaid: 0 }
    }

    /// It happened again: how often it was not said since the last line, when it is time for one.
    pub(crate) fn take(&mut self, now: Instant) -> Option<u64> {
        if self.said.is_some_and(|said| now.saturating_duration_since(said) < self.every) {
            self.unsaid += 1;
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_said_at_once_and_the_others_once_in_a_while() {
        let start = Instant::now();
        let mut seldom = Seldom::new(Duration::from_secs(10));
        let said =
            [0, 1, 9_999, 10_000, 10_001, 60_000].map(|ms| seldom.take(start + Duration::from_millis(ms)));
        assert_eq!(said, [Some(0), None, None, Some(2), None, Some(1)]);
    }
}
