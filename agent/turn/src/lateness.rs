//! How late final transcripts come, learned as the call goes on: nineteen of twenty come within the deadline.

use std::{collections::VecDeque, time::Duration};

use crate::TranscriptConfig;

/// How many delays are remembered; the oldest is forgotten first, so that a recogniser that gets slower is believed.
const REMEMBERED: usize = 32;
/// How many must be known before they count for more than what is known from earlier calls.
const ENOUGH: usize = 4;

/// The delays of final transcripts after the end of speech.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Lateness(VecDeque<Duration>);

impl Lateness {
    /// A final transcript came so long after the end of its speech.
    pub(crate) fn learn(&mut self, delay: Duration) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(delay);
    }

    /// The delay that nineteen of twenty did not exceed; `None` while too few are known.
    pub(crate) fn usual(&self) -> Option<Duration> {
        if self.0.len() < ENOUGH {
            return None;
        }
        let mut sorted: Vec<_> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let rank = (sorted.len() * 19).div_ceil(20);
        sorted.get(rank - 1).copied()
    }

    /// How long a final transcript is awaited: twice the usual delay, within bounds, for the one that is late is later
    /// than the others.
    pub(crate) fn deadline(&self, config: &TranscriptConfig) -> Duration {
        let Some(usual) = self.usual().or(config.known) else { return config.ceiling };
        (usual * 2).max(config.floor).min(config.ceiling.max(config.floor))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Lateness;
    use crate::TranscriptConfig;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_deadline_is_twice_what_nineteen_of_twenty_needed_within_bounds() {
        let config = TranscriptConfig { floor: millis(500), ceiling: millis(3000), known: None };
        let known = TranscriptConfig { known: Some(millis(400)), ..config };
        for (delays, config, expected) in [
            (vec![], config, 3000),
            (vec![], known, 800),
            (vec![100, 100, 100], known, 800),
            (vec![100; 4], known, 500),
            (vec![300; 20], known, 600),
            ([vec![300; 19], vec![900]].concat(), known, 600),
            ([vec![300; 18], vec![900, 900]].concat(), known, 1800),
            (vec![9000; 32], known, 3000),
            ([vec![9000; 32], vec![400; 32]].concat(), config, 800),
        ] {
            let mut lateness = Lateness::default();
            delays.iter().for_each(|delay| lateness.learn(millis(*delay)));
            assert_eq!(lateness.deadline(&config), millis(expected), "{delays:?}");
        }
    }
}
