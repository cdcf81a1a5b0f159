//! How a speaker paces their speech: the usual pause between two utterances of one turn, learned as the call goes on.
//!
//! ```text
//! [utterance] [pause] [utterance]                 a pause inside a turn: the endpoint should have waited at least so long
//! [utterance] [pause . . . . ] [interruption]     the turn was ended too early: the pause should have been covered
//!                 [agent, cut off]
//! ```
//!
//! An agent's turn between two utterances teaches nothing. All arithmetic is in whole microseconds.

use std::time::Duration;

use crate::{EndpointConfig, Moment, Pace};

/// Speech that begins so close to the agent's was not said over it: the agent's first sound is often silence.
const GRACE: Duration = Duration::from_millis(250);

/// What is learned of one speaker's pauses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Learned {
    /// The moving average, in microseconds, before it is bounded by a configuration.
    average: Option<u64>,
    began: Option<Moment>,
    ended: Option<Moment>,
    agent_began: Option<Moment>,
    agent_ended: Option<Moment>,
    /// Whether the present utterance is over the agent's.
    overlaps: bool,
}

impl Learned {
    /// The usual delay, as far as it is known.
    pub(crate) fn delay(&self, config: &EndpointConfig) -> Duration {
        let Some(average) = self.average else { return config.min_delay };
        bounded(average, config)
    }

    /// An utterance began.
    pub(crate) fn utterance_began(&mut self, at: Moment, over_agent: bool) {
        if self.overlaps {
            return;
        }
        // The utterance goes on while the agent begins: what ended is taken to have ended just before that.
        if let (Some(began), Some(ended), Some(agent)) = (self.began, self.ended, self.agent_began)
            && ended < began
            && over_agent
        {
            self.ended = Some(agent.before(Duration::from_millis(1)));
        }
        self.began = Some(at);
        self.overlaps = over_agent;
    }

    /// An utterance ended. One that was `dismissed`, a listener's noise, teaches nothing.
    pub(crate) fn utterance_ended(&mut self, at: Moment, dismissed: bool, config: &EndpointConfig) {
        if dismissed && self.overlaps && !self.began_with_agent() {
            self.overlaps = false;
            (self.began, self.ended) = (None, None);
            return;
        }
        let agent_speaks = self.overlaps || (self.agent_began.is_some() && self.agent_ended.is_none());
        let pause = match (self.began, self.ended) {
            (Some(began), Some(ended)) => began.since(ended),
            (Some(_) | None, Some(_) | None) => Duration::ZERO,
        };
        let teaches = if agent_speaks {
            self.was_cut_off_at_once(pause, config)
        } else {
            self.agent_began.is_none() && self.agent_ended.is_none()
        };
        if teaches && !pause.is_zero() {
            self.learn(pause, config);
        }
        self.ended = Some(at);
        (self.agent_began, self.agent_ended) = (None, None);
        self.overlaps = false;
    }

    /// The agent is heard.
    pub(crate) fn agent_began(&mut self, at: Moment) {
        self.agent_began = Some(at);
        self.agent_ended = None;
        self.overlaps = false;
    }

    /// The agent is no longer heard.
    pub(crate) fn agent_ended(&mut self, at: Moment) {
        if self.agent_began.is_some() {
            self.agent_ended.get_or_insert(at);
        }
        self.overlaps = false;
    }

    fn began_with_agent(&self) -> bool {
        let (Some(began), Some(agent)) = (self.began, self.agent_began) else { return false };
        began.since(agent).max(agent.since(began)) < GRACE
    }

    fn was_cut_off_at_once(&self, pause: Duration, config: &EndpointConfig) -> bool {
        let (Some(ended), Some(agent), Some(_)) = (self.ended, self.agent_began, self.began) else {
            return false;
        };
        let until_agent = agent.since(ended);
        let over_agent = pause.abs_diff(until_agent);
        !until_agent.is_zero()
            && until_agent <= config.max_delay
            && !over_agent.is_zero()
            && over_agent <= self.delay(config)
    }

    fn learn(&mut self, pause: Duration, config: &EndpointConfig) {
        let Pace::Learned { keep } = config.pace else { return };
        let keep = u64::from(keep.permille());
        let old = micros(self.delay(config));
        let new = old.saturating_mul(keep).saturating_add(micros(pause).saturating_mul(1000 - keep)) / 1000;
        self.average = Some(micros(bounded(new, config)));
    }
}

/// Not below the least delay, nor above the greatest.
fn bounded(average: u64, config: &EndpointConfig) -> Duration {
    Duration::from_micros(average).max(config.min_delay).min(config.max_delay.max(config.min_delay))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Learned;
    use crate::{EndpointConfig, Keep, Moment, Pace};

    /// `E` and `S`: the user's speech ends and starts; `A` and `Z`: the agent's starts and ends; `o` after a start: over
    /// the agent's; `x` after an end: it was a listener's noise. Moments in milliseconds.
    fn delay_after(events: &str) -> u128 {
        let config = EndpointConfig {
            min_delay: Duration::from_millis(300),
            max_delay: Duration::from_secs(1),
            pace: Pace::Learned { keep: Keep::from_permille(500).unwrap() },
        };
        let mut learned = Learned::default();
        for event in events.split_whitespace() {
            let (name, rest) = event.split_at(1);
            let number = rest.trim_end_matches(['o', 'x']);
            let at = Moment::from_millis(number.parse().unwrap());
            match name {
                "S" => learned.utterance_began(at, rest.ends_with('o')),
                "E" => learned.utterance_ended(at, rest.ends_with('x'), &config),
                "A" => learned.agent_began(at),
                _ => learned.agent_ended(at),
            }
        }
        learned.delay(&config).as_millis()
    }

    #[test]
    fn the_usual_delay_follows_the_pauses_that_an_endpoint_should_have_covered() {
        for (events, expected) in [
            ("E100000", 300),
            ("E100000 S100400 E100500", 350),
            ("E100000 S100400 E100500 S101100 E101500", 475),
            ("E100000 S105000 E105500", 1000),
            ("E100000 A100150 S100400o E100800", 350),
            ("E100000 A100500 Z101000 S101400 E101900", 300),
            ("E100000 A100150 S100350o E100800x", 325),
            ("E100000 A100150 S100450o E100800x", 300),
            ("E100000 A100150 S100500o E100800", 300),
            ("E100000 A101500 S101600o E101800", 300),
        ] {
            assert_eq!(delay_after(events), expected, "{events}");
        }
    }

    #[test]
    fn what_is_kept_is_more_than_nothing_and_at_most_all() {
        for (permille, valid) in [(0, false), (1, true), (1000, true), (1001, false)] {
            assert_eq!(Keep::from_permille(permille).is_some(), valid, "{permille}");
        }
    }

    #[test]
    fn other_bounds_hold_for_what_was_learned() {
        let mut config = EndpointConfig {
            min_delay: Duration::from_millis(300),
            max_delay: Duration::from_secs(1),
            pace: Pace::Learned { keep: Keep::from_permille(500).unwrap() },
        };
        let mut learned = Learned::default();
        learned.utterance_ended(Moment::from_millis(1000), false, &config);
        learned.utterance_began(Moment::from_millis(1800), false);
        learned.utterance_ended(Moment::from_millis(2000), false, &config);
        assert_eq!(learned.delay(&config), Duration::from_millis(550));
        config.max_delay = Duration::from_millis(400);
        assert_eq!(learned.delay(&config), Duration::from_millis(400));
        config.min_delay = Duration::from_secs(2);
        assert_eq!(learned.delay(&config), Duration::from_secs(2));
    }
}
