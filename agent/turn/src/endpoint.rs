//! The policy of the endpoint: how long after the end of speech a turn is committed.

use std::time::Duration;

use crate::{EndpointConfig, ear::Judgement};

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

/// The wait after the end of speech: the usual one unless a judge says that the user has not finished, or the user asked
/// for patience.
pub(crate) fn delay(
    usual: Duration,
    config: &EndpointConfig,
    judgement: Judgement,
    asks_patience: bool,
) -> Duration {
    let is_unfinished = match judgement {
        Judgement::Given(score) => !score.is_complete(),
        Judgement::Unasked | Judgement::Asked { .. } | Judgement::Failed => false,
    };
    if is_unfinished || asks_patience { config.max_delay.max(usual) } else { usual }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Score, delay};
    use crate::{EndpointConfig, Moment, Pace, PauseId, ear::Judgement};

    #[test]
    fn only_a_score_below_its_threshold_or_a_wish_for_patience_makes_the_wait_longer() {
        let usual = Duration::from_millis(500);
        let config =
            EndpointConfig { min_delay: usual, max_delay: Duration::from_secs(3), pace: Pace::Fixed };
        let score =
            |complete_permille| Judgement::Given(Score { complete_permille, threshold_permille: 500 });
        let asked = Judgement::Asked { pause: PauseId(1), at: Moment::START };
        for (judgement, asks_patience, millis) in [
            (Judgement::Unasked, false, 500),
            (asked, false, 500),
            (Judgement::Failed, false, 500),
            (score(499), false, 3000),
            (score(500), false, 500),
            (score(900), true, 3000),
        ] {
            let delay = delay(usual, &config, judgement, asks_patience);
            assert_eq!(delay, Duration::from_millis(millis), "{judgement:?}");
        }
    }
}
