//! The policy of speculation: whether a reply may begin before its turn is committed.

use std::time::Duration;

use crate::{Reply, SpeakerId, SpeculationConfig};

/// The speculative reply of an open turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Speculation(pub(crate) Option<(SpeakerId, Reply)>);

/// Whether another attempt is worth its price, when the utterance lasts `speech` already.
pub(crate) fn is_worth(config: &SpeculationConfig, attempts: u32, speech: Duration) -> bool {
    config.enabled && attempts < config.max_attempts && speech <= config.max_speech
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::is_worth;
    use crate::SpeculationConfig;

    #[test]
    fn attempts_and_speech_are_bounded() {
        let config =
            SpeculationConfig { enabled: true, max_attempts: 3, max_speech: Duration::from_secs(10) };
        let off = SpeculationConfig { enabled: false, ..config };
        for (config, attempts, seconds, expected) in [
            (&config, 0, 0, true),
            (&config, 2, 10, true),
            (&config, 3, 1, false),
            (&config, 0, 11, false),
            (&off, 0, 0, false),
        ] {
            assert_eq!(is_worth(config, attempts, Duration::from_secs(seconds)), expected);
        }
    }
}
