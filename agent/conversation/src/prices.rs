//! What was used, in money: a table of prices and the sums that follow from it.

use std::{iter::Sum, ops::AddAssign};

use providers_core::Usage;

use crate::Component;

/// Money, in millionths of whatever the prices are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub u64);

impl AddAssign for Micros {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl Sum for Micros {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), |mut sum, amount| {
            sum += amount;
            sum
        })
    }
}

/// What providers cost. Zero where nothing is known, or nothing is to be paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// The mind, for a million tokens read.
    pub llm_input: Micros,
    /// The mind, for a million tokens read from its cache.
    pub llm_cached: Micros,
    /// The mind, for a million tokens written.
    pub llm_output: Micros,
    /// The voice, for a million characters.
    pub tts_characters: Micros,
    /// The voice, for an hour of speech, where it is paid by time.
    pub tts_hour: Micros,
    /// The recogniser, for an hour of audio.
    pub stt_hour: Micros,
}

const MILLION: u64 = 1_000_000;
const HOUR_MS: u64 = 3_600_000;

impl Prices {
    /// What this costs, rounded down to a millionth.
    #[must_use]
    pub fn cost(&self, component: Component, usage: Usage) -> Micros {
        match component {
            // A realtime model's tokens cost what those of a mind do: where there is one, it is the mind.
            Component::Llm | Component::Realtime => [
                part(self.llm_input, usage.input_tokens.saturating_sub(usage.cached_tokens), MILLION),
                part(self.llm_cached, usage.cached_tokens.min(usage.input_tokens), MILLION),
                part(self.llm_output, usage.output_tokens, MILLION),
            ]
            .into_iter()
            .sum(),
            Component::Tts => [
                part(self.tts_characters, usage.characters, MILLION),
                part(self.tts_hour, usage.audio_out_ms, HOUR_MS),
            ]
            .into_iter()
            .sum(),
            Component::Stt => part(self.stt_hour, usage.audio_in_ms, HOUR_MS),
            Component::Judge => Micros(0),
        }
    }
}

fn part(price: Micros, amount: u64, of: u64) -> Micros {
    let cost = u128::from(price.0) * u128::from(amount) / u128::from(of);
    Micros(u64::try_from(cost).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use providers_core::Usage;

    use super::{Micros, Prices};
    use crate::Component;

    #[test]
    fn tokens_characters_and_hours_have_their_prices_and_what_was_cached_is_cheaper() {
        let prices = Prices {
            llm_input: Micros(150_000),
            llm_cached: Micros(75_000),
            llm_output: Micros(600_000),
            tts_characters: Micros(15_000_000),
            tts_hour: Micros(0),
            stt_hour: Micros(360_000),
        };
        let usage = Usage {
            input_tokens: 10_000,
            cached_tokens: 4_000,
            output_tokens: 500,
            audio_in_ms: 60_000,
            audio_out_ms: 5_000,
            characters: 200,
        };
        assert_eq!(prices.cost(Component::Llm, usage), Micros(900 + 300 + 300));
        assert_eq!(prices.cost(Component::Tts, usage), Micros(3_000));
        assert_eq!(prices.cost(Component::Stt, usage), Micros(6_000));
        assert_eq!(Prices::default().cost(Component::Llm, usage), Micros(0));
        let much = Usage { output_tokens: u64::MAX, ..Usage::default() };
        let dear = Prices { llm_output: Micros(u64::MAX), ..prices };
        assert_eq!(dear.cost(Component::Llm, much), Micros(u64::MAX), "it does not overflow");
    }
}
