//! The words of one person's open turn: final ones, interim ones, those that were foreseen, and those set aside.

use std::mem;

use agent_language::words;

use super::Sureness;

/// The words of an open turn.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenTurn {
    /// Final transcripts, oldest first, and how many words each has.
    finals: Vec<(String, u32)>,
    /// Words that may change, since the last that will not.
    interim: String,
    /// Whether they spoke again after these: what comes then is of something else.
    is_past: bool,
    /// What the whole turn was when it was probably complete.
    foreseen: Option<String>,
    /// Words that were taken off the turn; they may be taken back.
    aside: Vec<(String, u32)>,
    /// Whether interim words were committed for final ones: what comes of them is known, up to their final transcript,
    /// unless they speak again before it.
    promoted: bool,
}

/// The words of a turn that is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) text: String,
    /// Of them, those that were not final; empty if all were.
    pub(crate) interim: String,
}

impl OpenTurn {
    /// They speak again: what is heard from now on is new.
    pub(crate) const fn spoken_anew(&mut self) {
        self.promoted = false;
        self.is_past = true;
    }

    /// Words were heard. Returns how many, and whether the turn says now what was foreseen; `None` when they are known.
    pub(crate) fn heard(&mut self, text: &str, sureness: Sureness) -> Option<(u32, bool)> {
        if self.promoted {
            self.promoted = sureness != Sureness::Final;
            return None;
        }
        let words = words::count(text);
        match sureness {
            Sureness::Final => {
                self.interim.clear();
                if words > 0 {
                    self.finals.push((text.trim().to_owned(), words));
                }
            }
            Sureness::Interim | Sureness::Preflight => {
                text.clone_into(&mut self.interim);
                self.is_past = false;
            }
        }
        let whole = self.text();
        let is_foreseen = self.foreseen.as_ref().is_some_and(|foreseen| is_equivalent(foreseen, &whole));
        match sureness {
            Sureness::Preflight => self.foreseen = Some(whole),
            Sureness::Interim if !is_foreseen => self.foreseen = None,
            Sureness::Interim | Sureness::Final => {}
        }
        Some((words, is_foreseen))
    }

    /// The words that may change.
    pub(crate) fn interim(&self) -> &str {
        &self.interim
    }

    /// All of it, interim words included.
    pub(crate) fn text(&self) -> String {
        let interim = Some(self.interim.trim()).filter(|interim| words::count(interim) > 0);
        let finals = self.finals.iter().map(|(text, _)| text.as_str());
        finals.chain(interim).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn take(&mut self) -> Committed {
        let text = self.text();
        let interim = mem::take(&mut self.interim);
        let is_promoted = words::count(&interim) > 0;
        self.promoted = is_promoted && !self.is_past;
        self.finals.clear();
        self.foreseen = None;
        self.aside.clear();
        Committed { text, interim: if is_promoted { interim } else { String::new() } }
    }

    /// Takes the last final transcripts off, as many as have so many words, and returns what they say.
    pub(crate) fn set_aside(&mut self, words: u32) -> String {
        let mut n = 0;
        let keep = self.finals.iter().rposition(|(_, count)| {
            n += count;
            n > words
        });
        self.aside = self.finals.split_off(keep.map_or(0, |last| last + 1));
        self.foreseen = None;
        self.aside.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn take_back(&mut self) {
        self.finals.splice(0..0, self.aside.drain(..));
    }

    /// Forgets all of it, and returns what was not final.
    pub(crate) fn forget(&mut self) -> String {
        let promoted = self.promoted;
        mem::replace(self, Self { promoted, ..Self::default() }).interim
    }
}

/// Whether two texts have the same words: letters and digits, whatever their case and what stands between them.
pub(crate) fn is_equivalent(one: &str, other: &str) -> bool {
    fn spoken(text: &str) -> impl Iterator<Item = Vec<char>> {
        text.split_whitespace()
            .map(|word| word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect())
            .filter(|word: &Vec<char>| !word.is_empty())
    }
    spoken(one).eq(spoken(other))
}

#[cfg(test)]
mod tests {
    use super::{OpenTurn, Sureness::*, is_equivalent};

    #[test]
    fn finals_add_up_and_interim_words_take_the_place_of_those_before() {
        let mut turn = OpenTurn::default();
        assert_eq!(turn.heard("I would", Interim), Some((2, false)));
        assert_eq!(turn.heard("I would like to", Final), Some((4, false)));
        assert_eq!(turn.heard("", Final), Some((0, false)));
        assert_eq!(turn.heard("book", Interim), Some((1, false)));
        assert_eq!(turn.text(), "I would like to book");
        let committed = turn.take();
        assert_eq!((committed.text.as_str(), committed.interim.as_str()), ("I would like to book", "book"));
        assert_eq!(turn.heard("book a table", Final), None, "it is the final of words that were committed");
        assert_eq!(turn.heard("thanks", Final), Some((1, false)), "what comes after that one is not");
        turn.heard("no", Interim);
        turn.take();
        turn.spoken_anew();
        assert_eq!(turn.heard("please", Final), Some((1, false)), "neither is what is said anew");
    }

    #[test]
    fn words_of_what_was_said_after_those_that_were_committed_are_new() {
        let mut turn = OpenTurn::default();
        turn.heard("no", Interim);
        turn.spoken_anew();
        assert_eq!(turn.take().interim, "no", "its final never came");
        assert_eq!(turn.heard("please wait", Final), Some((2, false)));
    }

    #[test]
    fn what_was_foreseen_is_recognised_whatever_its_punctuation() {
        let mut turn = OpenTurn::default();
        assert_eq!(turn.heard("hello there", Preflight), Some((2, false)));
        assert_eq!(turn.heard("Hello, there", Interim), Some((2, true)));
        assert_eq!(turn.heard("Hello there.", Final), Some((2, true)));
        assert_eq!(turn.heard("How", Interim), Some((1, false)), "more than was foreseen");
        assert_eq!(turn.heard("", Interim), Some((0, false)), "what was foreseen is forgotten by then");
    }

    #[test]
    fn words_are_set_aside_and_taken_back_by_whole_transcripts() {
        let mut turn = OpenTurn::default();
        for text in ["book a table", "mhm", "yes yes"] {
            turn.heard(text, Final);
        }
        assert_eq!(turn.set_aside(3), "mhm yes yes");
        assert_eq!(turn.text(), "book a table");
        turn.heard("please", Final);
        turn.take_back();
        assert_eq!(turn.text(), "mhm yes yes book a table please");
        turn.forget();
        assert_eq!(turn.text(), "");
        assert_eq!(turn.set_aside(1), "");
    }

    #[test]
    fn texts_are_equivalent_if_their_words_are() {
        for (one, other, is) in [
            ("Hello, there!", "hello there", true),
            ("it's", "its", true),
            ("one - two", "one two", true),
            ("Straße", "STRASSE", false),
            ("one two", "onetwo", false),
            ("", "...", true),
        ] {
            assert_eq!(is_equivalent(one, other), is, "{one:?} {other:?}");
        }
    }
}
