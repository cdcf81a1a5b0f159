//! The pronouncing dictionary: the words that a grammar needs, out of the model's file.

use std::{collections::BTreeSet, path::Path};

use crate::{
    error::LocalError,
    intents::{Intents, IntentsError},
};

/// A word as the decoder is told of it: its spelling, with a number for a further pronunciation, and its phones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) spelling: String,
    pub(super) phones: String,
}

/// The entries for all words of the grammar, from the model's dictionary and from the intents file.
pub(super) fn of_grammar(model: &Path, intents: &Intents) -> Result<Vec<Entry>, LocalError> {
    let path = model.join("cmudict-en-us.dict");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) => {
            let remedy = "run `apt-get install pocketsphinx-en-us`".to_owned();
            return Err(LocalError::ModelMissing { path, remedy, source });
        }
    };
    let mut missing = intents.vocabulary();
    let mut entries = own(intents, &missing);
    for entry in &entries {
        missing.remove(&entry.spelling);
    }
    let wanted = missing.clone();
    for line in text.lines() {
        let Some((spelling, phones)) = line.split_once(' ') else { continue };
        let word = spelling.split_once('(').map_or(spelling, |(word, _)| word);
        if wanted.contains(word) {
            missing.remove(word);
            entries.push(Entry { spelling: spelling.to_owned(), phones: phones.trim().to_owned() });
        }
    }
    if missing.is_empty() {
        return Ok(entries);
    }
    let words = missing.into_iter().collect::<Vec<_>>().join(", ");
    let message = format!("give [pronunciations] for words that the dictionary lacks: {words}");
    Err(IntentsError { origin: intents.origin().to_owned(), message }.into())
}

/// The entries that the intents file gives for these words.
fn own(intents: &Intents, words: &BTreeSet<String>) -> Vec<Entry> {
    let numbered = |(word, place, phones): (&String, usize, &String)| {
        let spelling = if place == 0 { word.clone() } else { format!("{word}({})", place + 1) };
        Entry { spelling, phones: phones.clone() }
    };
    words
        .iter()
        .flat_map(|word| {
            let said = intents.pronunciations(word).iter().enumerate();
            said.map(move |(place, phones)| numbered((word, place, phones)))
        })
        .collect()
}
