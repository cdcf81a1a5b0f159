//! The policy of overlap: when the user's speech takes the floor from a reply.
//!
//! What a judge says of it decides whether it is a turn:
//! - an interruption, and what cannot be judged, is;
//! - the agent's echo, and what is said to others, never is;
//! - a listener's noise is none, unless it is an answer: the agent has only just begun, or ends within
//!   [`InterruptionConfig::backchannel_boundary`];
//! - a repetition of what the agent said before the person began neither stops the reply nor is lost: an echo would end
//!   with it, and who waits for an answer, or adds words of their own, has meant it. Its words are taken back when the
//!   agent has said all or other words of theirs come. So that an agent which hears itself does not answer itself for
//!   ever, no more than [`MOST_REPETITIONS`] transcripts in a row count so; one in other words begins the count anew.

use std::time::Duration;

use crate::{InterruptionConfig, Manner, Verdict};

/// How many transcripts in a row may be nothing but the agent's own words, and be answered.
pub(crate) const MOST_REPETITIONS: u8 = 2;

/// How long speech over this reply must last to interrupt it.
pub(crate) fn min_duration(config: &InterruptionConfig, manner: &Manner) -> Duration {
    manner.min_duration.unwrap_or(config.min_duration)
}

/// Whether so many words are enough to interrupt by voice.
pub(crate) fn enough_to_pause(config: &InterruptionConfig, manner: &Manner, words: u32) -> bool {
    words >= manner.min_words.unwrap_or(config.min_words)
}

/// Whether words are counted at all.
pub(crate) fn counts_words(config: &InterruptionConfig, manner: &Manner) -> bool {
    manner.min_words.unwrap_or(config.min_words) > 0
}

/// Whether so many final words prove that the interruption is real.
pub(crate) fn enough_to_stop(config: &InterruptionConfig, manner: &Manner, words: u32) -> bool {
    words > 0 && enough_to_pause(config, manner, words)
}

/// What an interruption does first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Pause, and decide later; go on after so much silence without words.
    Pause(Duration),
    /// Stop at once.
    Stop,
}

/// Pausing is for replies that could go on.
pub(crate) const fn way(config: &InterruptionConfig) -> Way {
    match config.false_interruption {
        Some(silence) => Way::Pause(silence),
        None => Way::Stop,
    }
}

/// Whether speech so judged is no turn, when the agent has been heard for `heard_for` without a break (`None`: it is
/// not heard). A listener's noise answers when the agent has only just begun, or says nothing.
pub(crate) fn is_dismissed(
    config: &InterruptionConfig,
    verdict: Verdict,
    heard_for: Option<Duration>,
) -> bool {
    match verdict {
        Verdict::Undecided | Verdict::Interruption => false,
        Verdict::Echo | Verdict::SideSpeech => true,
        Verdict::Repetition => heard_for.is_some(),
        Verdict::Backchannel => heard_for.is_some_and(|heard| heard >= config.backchannel_boundary),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Way, enough_to_pause, enough_to_stop, is_dismissed, min_duration, way};
    use crate::{InterruptionConfig, Manner, Verdict};

    fn config(min_words: u32) -> InterruptionConfig {
        InterruptionConfig {
            enabled: true,
            min_duration: Duration::from_millis(500),
            min_words,
            false_interruption: None,
            aec_warmup: Duration::ZERO,
            backchannel_boundary: Duration::from_secs(1),
        }
    }

    #[test]
    fn a_stop_needs_at_least_one_word_and_a_pause_may_need_none() {
        let manner = Manner::normal(true);
        for (min_words, words, pause, stop) in
            [(0, 0, true, false), (0, 1, true, true), (3, 2, false, false), (3, 3, true, true)]
        {
            let config = config(min_words);
            let enough = (enough_to_pause(&config, &manner, words), enough_to_stop(&config, &manner, words));
            assert_eq!(enough, (pause, stop));
        }
    }

    #[test]
    fn a_speech_may_have_its_own_measure() {
        let long = Duration::from_secs(2);
        let manner = Manner { min_duration: Some(long), min_words: Some(1), ..Manner::normal(true) };
        assert_eq!(min_duration(&config(3), &manner), long);
        assert!(enough_to_stop(&config(3), &manner, 1));
    }

    #[test]
    fn without_a_way_back_an_interruption_stops() {
        assert_eq!(way(&config(0)), Way::Stop);
    }

    #[test]
    fn a_listeners_noise_is_an_answer_close_to_the_beginning_of_what_the_agent_says() {
        for (verdict, heard_millis, expected) in [
            (Verdict::Backchannel, None, false),
            (Verdict::Backchannel, Some(999), false),
            (Verdict::Backchannel, Some(1000), true),
            (Verdict::Echo, Some(10), true),
            (Verdict::Repetition, Some(10), true),
            (Verdict::Repetition, None, false),
            (Verdict::SideSpeech, None, true),
            (Verdict::Interruption, Some(5000), false),
            (Verdict::Undecided, Some(5000), false),
        ] {
            let heard = heard_millis.map(Duration::from_millis);
            assert_eq!(is_dismissed(&config(0), verdict, heard), expected, "{verdict:?} {heard:?}");
        }
    }
}
