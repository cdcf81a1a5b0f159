//! Speech over the agent's own: does the person want the floor?

use std::time::Duration;

use providers_core::{Interruption, InterruptionVerdict, Overlap};

use super::{
    Lexicon,
    echo::{self, Source},
    phrases::{Phrase, begins_with, consists_of, may_become, words},
};

/// How long a listener's noise takes, and each of its words: what lasts longer has words that did not come yet.
const NOISE: Duration = Duration::from_millis(1200);
const NOISE_WORD: Duration = Duration::from_millis(400);

/// More words than this are no noise, whatever they are.
const MOST_NOISE_WORDS: usize = 6;

/// Judges overlaps by their interim words and their length.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The words that are taken where an overlap does not say its language, or one that this house has no words of.
    own: Option<&'static Lexicon>,
}

impl Listener {
    /// A judge of overlaps; `language` (BCP 47 tag) is taken where an overlap does not say, and English where this
    /// house has no words of it.
    #[must_use]
    pub fn new(language: &str) -> Self {
        Self { own: Lexicon::of(language).or_else(|| Lexicon::of("en")) }
    }
}

impl Interruption for Listener {
    fn judge(&mut self, overlap: &Overlap<'_>) -> InterruptionVerdict {
        let heard = words(overlap.words);
        if heard.is_empty() {
            return InterruptionVerdict::Undecided;
        }
        let Some(lexicon) = overlap.language.and_then(Lexicon::of).or(self.own) else {
            return InterruptionVerdict::Undecided;
        };
        let source = echo::source(&heard, overlap.said_before, overlap.said_since);
        if source == Source::Echo {
            return InterruptionVerdict::Echo;
        }
        let noises: [&[Phrase]; 3] = [&lexicon.backchannels, &lexicon.fillers, &lexicon.laughter];
        if heard.len() <= MOST_NOISE_WORDS && consists_of(&heard, &noises) {
            return noise(overlap.speech, heard.len());
        }
        if source == Source::Repetition {
            return InterruptionVerdict::Repetition;
        }
        if begins_with(&heard, &lexicon.asides).is_some() {
            return InterruptionVerdict::Backchannel;
        }
        let wanting = after_noise(&heard, &noises);
        if begins_with(wanting, &lexicon.stops).is_some() {
            let is_echo =
                wanting.len() == 1 && echo::contains(&wanting[0], overlap.said_before, overlap.said_since);
            return if is_echo { InterruptionVerdict::Undecided } else { InterruptionVerdict::Interruption };
        }
        let may_be_noise = noises.iter().any(|list| may_become(wanting, list) || may_become(&heard, list));
        let may_be_aside = may_become(&heard, &lexicon.asides) && heard.len() < 3;
        let is_echo = heard.len() == 1 && echo::contains(&heard[0], overlap.said_before, overlap.said_since);
        if is_echo || ((may_be_noise || may_be_aside) && overlap.speech < NOISE + NOISE_WORD) {
            return InterruptionVerdict::Undecided;
        }
        InterruptionVerdict::Interruption
    }
}

/// Few words in a short time are a noise; in a long time there is more to come.
fn noise(speech: Duration, words: usize) -> InterruptionVerdict {
    let longest = NOISE + NOISE_WORD * u32::try_from(words).unwrap_or(u32::MAX);
    if speech <= longest { InterruptionVerdict::Backchannel } else { InterruptionVerdict::Undecided }
}

/// What is left after noises at the beginning: of `yeah but wait` it is `but wait`.
fn after_noise<'a>(heard: &'a [String], noises: &[&[Phrase]]) -> &'a [String] {
    let mut rest = heard;
    while let Some(length) = noises.iter().filter_map(|list| begins_with(rest, list)).max()
        && length < rest.len()
    {
        rest = &rest[length..];
    }
    rest
}
