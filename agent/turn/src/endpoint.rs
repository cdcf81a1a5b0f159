//! The policy of the endpoint: how long after the end of speech a turn is committed.

use std::time::Duration;

use crate::EndpointConfig;

/// What a turn detector said of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Score {
    /// How probable it is that the user has finished, in thousandths.
    pub complete_permille: u16,
    /// From which probability on it counts as finished, in thousandths.
    pub threshold_permille: u16,
}

impl Score {
    /// Whether the user counts as finished.
    #[must_use]
    pub const fn is_complete(self) -> bool {
        self.complete_permille >= self.threshold_permille
    }
}

/// The wait after the end of speech: the shorter one unless a detector says that the user has not finished.
pub(crate) fn delay(config: &EndpointConfig, score: Option<Score>) -> Duration {
    match score {
        Some(score) if !score.is_complete() => config.max_delay.max(config.min_delay),
        Some(_) | None => config.min_delay,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Score, delay};
    use crate::EndpointConfig;

    #[test]
    fn only_a_score_below_its_threshold_makes_the_wait_longer() {
        let config = EndpointConfig {
            min_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(3),
            transcript_limit: Duration::from_secs(5),
        };
        for (score, millis) in [
            (None, 500),
            (Some(Score { complete_permille: 499, threshold_permille: 500 }), 3000),
            (Some(Score { complete_permille: 500, threshold_permille: 500 }), 500),
        ] {
            assert_eq!(delay(&config, score), Duration::from_millis(millis), "{score:?}");
        }
    }
}
