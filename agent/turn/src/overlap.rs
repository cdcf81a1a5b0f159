//! The policy of overlap: when the user's speech takes the floor from a reply.

use std::time::Duration;

use crate::{InterruptionConfig, Moment};

/// From when on speech that began at `since` interrupts, if it is still heard then. Not before echo cancellation has
/// learned the agent's voice.
pub(crate) fn due(config: &InterruptionConfig, since: Moment, aec_until: Option<Moment>) -> Moment {
    let spoken = since + config.min_duration;
    aec_until.map_or(spoken, |until| spoken.max(until))
}

/// Whether so many words are enough to interrupt by voice.
pub(crate) const fn enough_to_pause(config: &InterruptionConfig, words: u32) -> bool {
    words >= config.min_words
}

/// Whether so many final words prove that the interruption is real.
pub(crate) const fn enough_to_stop(config: &InterruptionConfig, words: u32) -> bool {
    words > 0 && words >= config.min_words
}

/// What an interruption does first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Pause, and decide later; go on after so much silence without words.
    Pause(Duration),
    /// Stop at once.
    Stop,
}

/// Pausing is for replies that could go on.
pub(crate) const fn manner(config: &InterruptionConfig) -> Manner {
    match config.false_interruption {
        Some(silence) => Manner::Pause(silence),
        None => Manner::Stop,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Manner, due, enough_to_pause, enough_to_stop, manner};
    use crate::{InterruptionConfig, Moment};

    fn config(min_words: u32) -> InterruptionConfig {
        InterruptionConfig {
            enabled: true,
            min_duration: Duration::from_millis(500),
            min_words,
            false_interruption: None,
            aec_warmup: Duration::ZERO,
        }
    }

    #[test]
    fn speech_interrupts_after_its_least_duration_and_after_the_warm_up() {
        let since = Moment::from_millis(1000);
        for (aec_until, millis) in [(None, 1500), (Some(1200), 1500), (Some(3000), 3000)] {
            let due = due(&config(0), since, aec_until.map(Moment::from_millis));
            assert_eq!(due, Moment::from_millis(millis), "{aec_until:?}");
        }
    }

    #[test]
    fn a_stop_needs_at_least_one_word_and_a_pause_may_need_none() {
        for (min_words, words, pause, stop) in
            [(0, 0, true, false), (0, 1, true, true), (3, 2, false, false), (3, 3, true, true)]
        {
            let config = config(min_words);
            assert_eq!((enough_to_pause(&config, words), enough_to_stop(&config, words)), (pause, stop));
        }
    }

    #[test]
    fn without_a_way_back_an_interruption_stops() {
        assert_eq!(manner(&config(0)), Manner::Stop);
    }
}
