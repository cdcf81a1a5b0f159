//! Which patterns a sentence may fit at all: by the words that they need. Most are out of the question at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Intent, Slot, pattern::DIGITS};

/// Words as bits: one for each word that any pattern needs.
type Bits = Box<[u64]>;

/// What the patterns of a file need.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    places: BTreeMap<String, usize>,
    /// By intent, and by its patterns: sets of words of each of which one must be there.
    needs: Vec<Vec<Vec<Bits>>>,
}

/// The words of a sentence that patterns need.
pub(super) struct Said(Bits);

impl Index {
    /// What the patterns of these intents need.
    pub(super) fn of(intents: &[Intent], slots: &BTreeMap<String, Slot>) -> Self {
        let needs: Vec<Vec<Vec<BTreeSet<String>>>> = intents
            .iter()
            .map(|intent| intent.patterns().map(|pattern| pattern.needs(slots)).collect())
            .collect();
        let words: BTreeSet<&String> = needs.iter().flatten().flatten().flatten().collect();
        let places: BTreeMap<String, usize> = words.into_iter().cloned().zip(0..).collect();
        let needs = needs
            .iter()
            .map(|patterns| {
                let sets = patterns.iter().map(|sets| sets.iter().map(|set| bits(&places, set)).collect());
                sets.collect()
            })
            .collect();
        Self { places, needs }
    }

    /// The words of a sentence, as [`Index::may_be`] reads them.
    pub(super) fn said(&self, words: &[String]) -> Said {
        // Digits may be a number, or what a file says for a value.
        let words = words.iter().flat_map(|word| {
            let digits = word.starts_with(|c: char| c.is_ascii_digit()).then_some(DIGITS);
            [Some(word.as_str()), digits].into_iter().flatten()
        });
        Said(bits(&self.places, words))
    }

    /// Whether the sentence has what a pattern of an intent needs; both by their places.
    pub(super) fn may_be(&self, intent: usize, pattern: usize, said: &Said) -> bool {
        self.needs[intent][pattern].iter().all(|set| set.iter().zip(&said.0).any(|(any, has)| any & has != 0))
    }

    /// Whether the sentence may be the intent at this place.
    pub(super) fn may_be_any(&self, intent: usize, said: &Said) -> bool {
        (0..self.needs[intent].len()).any(|pattern| self.may_be(intent, pattern, said))
    }
}

fn bits(places: &BTreeMap<String, usize>, words: impl IntoIterator<Item = impl AsRef<str>>) -> Bits {
    let mut bits = vec![0_u64; places.len().div_ceil(64)].into_boxed_slice();
    for word in words {
        if let Some(place) = places.get(word.as_ref()) {
            bits[place / 64] |= 1 << (place % 64);
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use crate::Intents;

    #[test]
    fn few_patterns_are_looked_at_and_none_is_missed() {
        let intents = Intents::embedded();
        let n_all: usize = intents.intents.iter().map(|intent| intent.patterns().count()).sum();
        for said in intents.examples().chain(["what do you think of the novels of jane austen"]) {
            let words = super::super::tokens(said);
            let has = intents.index.said(&words);
            let mut n_looked_at = 0;
            for (place, intent) in intents.intents.iter().enumerate() {
                for (n, pattern) in intent.patterns().enumerate() {
                    let may_be = intents.index.may_be(place, n, &has);
                    n_looked_at += usize::from(may_be);
                    assert!(
                        may_be || pattern.find(&words, &intents.slots).is_empty(),
                        "{said:?}: {pattern:?}"
                    );
                }
            }
            assert!(n_looked_at * 5 < n_all, "{said:?}: {n_looked_at} of {n_all}");
        }
    }
}
