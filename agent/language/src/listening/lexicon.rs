//! The words of one language that are no statement: read from the lists beside this file.

use std::sync::OnceLock;

use super::phrases::{Phrase, begins_with, consists_of, ends_with, words};

/// The lists, by the first part of a language's tag.
const LISTS: [(&str, &str); 7] = [
    ("en", include_str!("en.txt")),
    ("de", include_str!("de.txt")),
    ("fr", include_str!("fr.txt")),
    ("es", include_str!("es.txt")),
    ("it", include_str!("it.txt")),
    ("pt", include_str!("pt.txt")),
    ("nl", include_str!("nl.txt")),
];

/// How many words may follow a plea for patience that begins a text, or stand before one that ends it.
const BESIDE_A_PLEA: usize = 8;

/// The words of one language that are no statement.
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    pub(super) backchannels: Vec<Phrase>,
    pub(super) fillers: Vec<Phrase>,
    pub(super) laughter: Vec<Phrase>,
    pub(super) stops: Vec<Phrase>,
    pub(super) asides: Vec<Phrase>,
    /// With the words that may not follow.
    pleas: Vec<(Phrase, Vec<String>)>,
    unfinished: Vec<Phrase>,
    finished: Vec<Phrase>,
}

impl Lexicon {
    /// The words of a language (BCP 47 tag), if this house has them. Read once a process, at first use.
    #[must_use]
    pub fn of(language: &str) -> Option<&'static Self> {
        static READ: [OnceLock<Lexicon>; LISTS.len()] = [const { OnceLock::new() }; LISTS.len()];
        let base = language.split(['-', '_']).next().unwrap_or_default();
        let at = LISTS.iter().position(|(tag, _)| tag.eq_ignore_ascii_case(base))?;
        Some(READ[at].get_or_init(|| Self::read(LISTS[at].1)))
    }

    /// Whether this house has words of a language.
    #[must_use]
    pub fn knows(language: &str) -> bool {
        let base = language.split(['-', '_']).next().unwrap_or_default();
        LISTS.iter().any(|(tag, _)| tag.eq_ignore_ascii_case(base))
    }

    fn read(list: &str) -> Self {
        let mut lexicon = Self::default();
        let mut section = "";
        for line in list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name;
                continue;
            }
            let (phrase, not_before) = line.split_once('!').unwrap_or((line, ""));
            let phrase = words(phrase);
            match section {
                "backchannel" => lexicon.backchannels.push(phrase),
                "filler" => lexicon.fillers.push(phrase),
                "laughter" => lexicon.laughter.push(phrase),
                "stop" => lexicon.stops.push(phrase),
                "aside" => lexicon.asides.push(phrase),
                "patience" => lexicon.pleas.push((phrase, words(not_before))),
                "unfinished" => lexicon.unfinished.push(phrase),
                "finished" => lexicon.finished.push(phrase),
                _ => {}
            }
        }
        lexicon
    }

    /// Whether somebody asks to be waited for: a plea that begins or ends what is said.
    #[must_use]
    pub fn asks_for_patience(&self, text: &str) -> bool {
        let all = words(text);
        let lead = self.noise_before(&all);
        let said = &all[lead..];
        self.pleas.iter().any(|(plea, not_before)| {
            let rest = said.len().saturating_sub(plea.len());
            let begins =
                said.starts_with(plea) && said.get(plea.len()).is_none_or(|next| !not_before.contains(next));
            rest <= BESIDE_A_PLEA && (begins || said.ends_with(plea))
        })
    }

    /// Whether a text breaks off.
    #[must_use]
    pub fn seems_unfinished(&self, text: &str) -> bool {
        if breaks_off(text) {
            return true;
        }
        let said = words(text);
        let is_question = text.trim_end().ends_with(['?', '？']);
        !is_question && ends_with(&said, &self.unfinished) && !ends_with(&said, &self.finished)
    }

    /// Whether it is nothing but listener's noises, fillers and laughter.
    #[must_use]
    pub fn is_noise(&self, text: &str) -> bool {
        consists_of(&words(text), &[&self.backchannels, &self.fillers, &self.laughter])
    }

    /// How many of the first words are fillers or noises.
    fn noise_before(&self, all: &[String]) -> usize {
        let mut at = 0;
        while let Some(length) =
            begins_with(&all[at..], &self.fillers).or_else(|| begins_with(&all[at..], &self.backchannels))
            && at + length < all.len()
        {
            at += length;
        }
        at
    }
}

/// Whether a text ends in a mark that does not end a sentence.
pub(super) fn breaks_off(text: &str) -> bool {
    let text = text.trim_end();
    text.ends_with([',', '，', '、', ';', ':', '-', '–', '—', '…']) || text.ends_with("...")
}

#[cfg(test)]
mod tests {
    use super::{LISTS, Lexicon};

    #[test]
    fn every_list_has_every_section() {
        for (language, _) in LISTS {
            let lexicon = Lexicon::of(language).expect("a language of the list");
            for (section, least) in [
                (lexicon.backchannels.len(), 30),
                (lexicon.fillers.len(), 4),
                (lexicon.laughter.len(), 3),
                (lexicon.stops.len(), 25),
                (lexicon.asides.len(), 2),
                (lexicon.pleas.len(), 15),
                (lexicon.unfinished.len(), 50),
                (lexicon.finished.len(), 10),
            ] {
                assert!(section >= least, "{language}: {section} of {least}");
            }
        }
        assert!(Lexicon::of("de-AT").is_some() && Lexicon::of("xx").is_none());
    }
}
