//! What can be said to the local mind, what it answers, and the ear's grammar: one file.
//!
//! `providers/local/intents/default.toml` is the file that ships, and says in its head how one is written.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

mod file;
mod grammar;
mod number;
mod pattern;
mod template;
mod words;

pub(crate) use file::ToolRule;
use pattern::{Captures, Pattern};
pub(crate) use template::Template;
pub(crate) use words::tokens;

/// An intents file, read and checked.
#[derive(Clone, Debug)]
pub struct Intents {
    origin: String,
    language: String,
    /// The share of an utterance's words that an intent must account for.
    coverage: f32,
    /// What may stand before and after any intent.
    before: Vec<Pattern>,
    after: Vec<Pattern>,
    /// The words that do not count when an intent is judged by how much it covers.
    fillers: BTreeSet<String>,
    pronunciations: BTreeMap<String, Vec<String>>,
    slots: BTreeMap<String, Slot>,
    intents: Vec<Intent>,
    answers: Answers,
}

/// One thing that can be asked.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    /// Its name, for logs and for `arithmetic` and the like.
    pub(crate) name: String,
    say: Vec<Pattern>,
    also: Vec<Pattern>,
    pub(crate) examples: Vec<String>,
    /// The slots that later answers may use.
    pub(crate) remember: Vec<String>,
    /// Left operand, operator and right operand: slots from which `{result}` is computed.
    pub(crate) arithmetic: Option<[String; 3]>,
    pub(crate) answer: Vec<Template>,
    pub(crate) call: Option<ToolRule>,
    pub(crate) tool_answer: Vec<Template>,
}

/// What is said when no intent says it.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    pub(crate) greeting: Vec<Template>,
    pub(crate) nothing: Vec<Template>,
    pub(crate) fallback: Vec<Template>,
    pub(crate) tool_done: Vec<Template>,
    pub(crate) tool_failed: Vec<Template>,
}

/// What may stand in a pattern's `<slot>`.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// One of these ways of saying (tokens), each standing for a value.
    Values {
        ways: Vec<(Vec<String>, String)>,
        /// Typed or freely recognised text may hold any single word instead.
        any_word: bool,
    },
    /// A whole number from 0 to this.
    Number(u32),
    /// Digits, one after the other.
    Digits,
}

/// What was understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Understood<'a> {
    pub(crate) intent: &'a Intent,
    pub(crate) slots: Captures,
}

impl PartialEq for Intent {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Intents {
    /// The file that ships with this crate: `providers/local/intents/default.toml`.
    #[must_use]
    pub fn embedded() -> Self {
        Self::parse("intents/default.toml (embedded)", include_str!("../intents/default.toml"))
            .expect("the embedded file is checked by a test of this crate")
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is wrong; the text names the file, the line and the key.
    pub fn read(path: &Path) -> Result<Self, IntentsError> {
        let origin = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&origin, &text),
            Err(error) => Err(IntentsError { origin, message: format!("cannot be read: {error}") }),
        }
    }

    /// Reads the text of a file; `origin` names it in errors.
    ///
    /// # Errors
    /// As [`Intents::read`].
    pub fn parse(origin: &str, text: &str) -> Result<Self, IntentsError> {
        file::parse(origin, text)
    }

    /// BCP 47 tag of the language that the file is written in.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// The sentences that the file gives as examples, in its order. Each is understood, and each is in the grammar.
    pub fn examples(&self) -> impl Iterator<Item = &str> {
        self.intents.iter().flat_map(|intent| intent.examples.iter().map(String::as_str))
    }

    /// The grammar of all that can be said, as JSGF.
    #[must_use]
    pub fn grammar(&self) -> String {
        grammar::jsgf(self)
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn answers(&self) -> &Answers {
        &self.answers
    }

    /// The words of the grammar.
    pub(crate) fn vocabulary(&self) -> BTreeSet<String> {
        grammar::vocabulary(self)
    }

    /// The file's own pronunciations of a word, in ARPAbet.
    pub(crate) fn pronunciations(&self, word: &str) -> &[String] {
        self.pronunciations.get(word).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn intent_calling(&self, tool: &str) -> Option<&Intent> {
        self.intents.iter().find(|intent| intent.call.as_ref().is_some_and(|call| call.tool == tool))
    }

    /// The intent that accounts best for what was said; on a tie the one that stands first in the file.
    pub(crate) fn understand(&self, text: &str) -> Option<Understood<'_>> {
        let tokens = tokens(text);
        let mut best: Option<(f32, Understood<'_>)> = None;
        for intent in &self.intents {
            for pattern in intent.say.iter().chain(&intent.also) {
                for found in pattern.find(&tokens, &self.slots) {
                    let outside = tokens[..found.start].iter().chain(&tokens[found.end..]);
                    let left_over = outside.filter(|word| !self.fillers.contains(*word)).count();
                    let covered = found.end - found.start;
                    let share = covered as f32 / (covered + left_over) as f32;
                    // A word that the pattern itself names is stronger evidence than one that filled a slot.
                    let score = share + found.literals as f32 * 0.001;
                    if share >= self.coverage && best.as_ref().is_none_or(|(most, _)| score > *most) {
                        best = Some((score, Understood { intent, slots: found.captures }));
                    }
                }
            }
        }
        best.map(|(_, understood)| understood)
    }
}

/// What is wrong with an intents file.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {message}")]
pub struct IntentsError {
    /// The file.
    pub origin: String,
    /// What is wrong, and where.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::{Intents, grammar};

    #[track_caller]
    fn understood(text: &str) -> (String, Vec<(String, String)>) {
        let intents = Intents::embedded();
        match intents.understand(text) {
            Some(found) => (found.intent.name.clone(), found.slots.into_iter().collect()),
            None => ("-".to_owned(), Vec::new()),
        }
    }

    #[test]
    fn every_example_is_understood_as_its_own_intent() {
        let intents = Intents::embedded();
        for intent in &intents.intents {
            assert!(!intent.examples.is_empty(), "{} has no example", intent.name);
            for example in &intent.examples {
                assert_eq!(understood(example).0, intent.name, "{example:?}");
            }
        }
    }

    #[test]
    fn every_example_is_in_the_grammar() {
        let intents = Intents::embedded();
        for example in intents.examples() {
            assert!(grammar::accepts(&intents, example), "{example:?} is not in the grammar");
        }
        assert!(!grammar::accepts(&intents, "the grammar does not hold this sentence"));
    }

    #[test]
    fn slots_are_filled_however_they_are_said() {
        for (text, intent, slots) in [
            ("Turn on the kitchen light!", "light", vec![("room", "kitchen"), ("state", "on")]),
            (
                "um, could you please switch the lounge lights off",
                "light",
                vec![("room", "living room"), ("state", "off")],
            ),
            ("What's 7 + 5?", "arithmetic", vec![("left", "7"), ("operator", "plus"), ("right", "5")]),
            (
                "what is seven plus five",
                "arithmetic",
                vec![("left", "7"), ("operator", "plus"), ("right", "5")],
            ),
            (
                "what is one hundred and twenty three divided by three",
                "arithmetic",
                vec![("left", "123"), ("operator", "divided by"), ("right", "3")],
            ),
            ("My name is Zaphod.", "name", vec![("name", "zaphod")]),
            ("set a timer for twenty-five minutes", "timer", vec![("minutes", "25")]),
            ("purple elephants dance over the moon tonight", "-", vec![]),
            ("", "-", vec![]),
        ] {
            let (name, found) = understood(text);
            let found: Vec<(&str, &str)> = found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            assert_eq!((name.as_str(), found), (intent, slots), "{text:?}");
        }
    }

    #[test]
    fn a_wrong_file_is_told_with_its_line_and_key() {
        for (text, expected) in [
            ("language = \"en\"\ncoverag = 1", "line 2"),
            (BROKEN_PATTERN, "line 15: intent \"a\": pattern \"(hello\": a ( is not closed"),
            (UNKNOWN_SLOT, "line 15: intent \"a\": pattern \"hello <place>\": no slot \"place\""),
            (UNHEARD_EXAMPLE, "line 16: intent \"a\": example \"good bye\" is not in the grammar"),
            (STRAY_VALUE, "line 17: intent \"a\": answer \"Hello {who}.\": no value \"who\""),
        ] {
            let error = Intents::parse("here.toml", text).expect_err(text).to_string();
            assert!(
                error.starts_with("here.toml: ") && error.contains(expected),
                "{error}\n  wanted {expected}"
            );
        }
    }

    macro_rules! file {
        ($say:literal, $examples:literal, $answer:literal) => {
            concat!(
                "language = \"en\"\n[speech]\ncoverage = 0.5\nbefore = []\nafter = []\nfillers = []\n",
                "[answers]\ngreeting = [\"a\"]\nnothing = [\"b\"]\nfallback = [\"c\"]\n",
                "tool_done = [\"d\"]\ntool_failed = [\"e\"]\n[[intents]]\nname = \"a\"\n",
                "say = [\"",
                $say,
                "\"]\nexamples = [\"",
                $examples,
                "\"]\nanswer = [\"",
                $answer,
                "\"]\n",
            )
        };
    }
    const BROKEN_PATTERN: &str = file!("(hello", "hello", "Hello.");
    const UNKNOWN_SLOT: &str = file!("hello <place>", "hello", "Hello.");
    const UNHEARD_EXAMPLE: &str = file!("hello", "good bye", "Hello.");
    const STRAY_VALUE: &str = file!("hello", "hello", "Hello {who}.");
}
