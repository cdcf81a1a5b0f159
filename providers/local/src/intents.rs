//! What can be said to the local mind, what it answers, and the ear's grammar: one file.
//!
//! `providers/local/intents/default.toml` is the file that ships, and says in its head how one is written.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

mod file;
mod grammar;
mod index;
mod number;
mod pattern;
mod template;
mod words;

pub(crate) use file::{Ask, ToolRule};
use index::Index;
use pattern::{Captures, Found, Pattern};
pub(crate) use template::Template;
pub(crate) use words::tokens;

/// Before a slot's name in the argument of a call: its value may be one that an earlier sentence gave.
pub(crate) const REMEMBERED: &str = "remembered.";

/// The value that is the agent's last answer.
pub(crate) const LAST_ANSWER: &str = "last_answer";

/// Values that every answer may name.
pub(crate) const ALWAYS: [&str; 6] = ["time", "date", "weekday", "examples", LAST_ANSWER, "user_text"];

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
    /// The words that change what a sentence means: where one is left over, it is not understood.
    qualifiers: BTreeSet<String>,
    pronunciations: BTreeMap<String, Vec<String>>,
    slots: BTreeMap<String, Slot>,
    intents: Vec<Intent>,
    index: Index,
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
    /// The slot of the sum that `{result}` is of.
    pub(crate) arithmetic: Option<String>,
    pub(crate) answer: Vec<Template>,
    pub(crate) call: Option<ToolRule>,
    /// What the call needs, and how it is asked for.
    pub(crate) ask: Vec<Ask>,
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
        /// Typed or freely recognised text may hold any single word instead, but these.
        any_but: Option<BTreeSet<String>>,
    },
    /// Numbers from 0 to `greatest`, two at least, with operators between them.
    Sum {
        /// The greatest number.
        greatest: u32,
        /// Ways of saying each operator, and the operator.
        operators: Vec<(Vec<String>, String)>,
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
    ///
    /// What is left over must not turn the meaning around: where a call or a sum is meant nothing is left over but
    /// fillers, and elsewhere no qualifier ("not", "in"), no number and no value of a slot.
    pub(crate) fn understand(&self, text: &str) -> Option<Understood<'_>> {
        let words = tokens(text);
        let said = self.index.said(&words);
        let mut best: Option<(f32, Understood<'_>)> = None;
        for (place, intent) in self.intents.iter().enumerate() {
            for (n, pattern) in intent.patterns().enumerate() {
                if !self.index.may_be(place, n, &said) {
                    continue;
                }
                for found in pattern.find(&words, &self.slots) {
                    let Some(score) = self.score(intent, &found, &words) else { continue };
                    if best.as_ref().is_none_or(|(most, _)| score > *most) {
                        best = Some((score, Understood { intent, slots: found.captures }));
                    }
                }
            }
        }
        best.map(|(_, understood)| understood)
    }

    /// How well a pattern that was found accounts for all that was said; `None` if it does not.
    fn score(&self, intent: &Intent, found: &Found, words: &[String]) -> Option<f32> {
        let outside = [&words[..found.start], &words[found.end..]];
        let left_over =
            outside.iter().copied().flatten().filter(|word| !self.fillers.contains(*word)).count();
        let is_exact = intent.call.is_some() || intent.arithmetic.is_some();
        if left_over > 0 && (is_exact || outside.iter().any(|words| self.turns(words))) {
            return None;
        }
        let covered = found.end - found.start;
        let share = covered as f32 / (covered + left_over) as f32;
        // A word that the pattern itself names is stronger evidence than one that filled a slot.
        (share >= self.coverage).then_some(share + found.literals as f32 * 0.001)
    }

    /// Whether words that are left over may change what the others mean.
    fn turns(&self, words: &[String]) -> bool {
        let is_value = |rest: &[String]| {
            self.slots.values().any(|slot| match slot {
                Slot::Values { ways, .. } => ways.iter().any(|(way, _)| rest.starts_with(way)),
                Slot::Number(_) | Slot::Digits | Slot::Sum { .. } => false,
            })
        };
        let turns = |word: &String| self.qualifiers.contains(word) || number::is_one(word);
        words.iter().any(turns) || (0..words.len()).any(|at| is_value(&words[at..]))
    }

    /// What was said, as the answer to what an intent asks for: nothing but values that it lacks, and fillers. The value
    /// that is asked for first goes first where a word may be either.
    pub(crate) fn answer_to<'a>(&'a self, asked: &Understood<'a>, text: &str) -> Option<Understood<'a>> {
        let words = tokens(text);
        let mut slots = Captures::new();
        let mut at = 0;
        while at < words.len() {
            let lacking = asked
                .intent
                .ask
                .iter()
                .filter(|ask| !asked.slots.contains_key(&ask.slot) && !slots.contains_key(&ask.slot));
            let ways = lacking
                .enumerate()
                .flat_map(|(n, ask)| ask.hear.iter().chain(&ask.also).map(move |way| (n, way)));
            let found = ways.flat_map(|(n, way)| {
                way.find_at(at, &words, &self.slots).into_iter().map(move |found| (n, found))
            });
            let best = found.max_by_key(|(n, found)| (found.literals, std::cmp::Reverse(*n), found.end));
            match best {
                Some((_, found)) => {
                    at = found.end;
                    slots.extend(found.captures);
                }
                None if self.fillers.contains(&words[at]) => at += 1,
                None => return None,
            }
        }
        (!slots.is_empty()).then_some(Understood { intent: asked.intent, slots })
    }

    /// Whether a sentence may be one that leaves something to be asked for. Cheap, and never wrong when it says no.
    pub(crate) fn may_ask(&self, text: &str) -> bool {
        self.may_be(text, |intent| !intent.ask.is_empty())
    }

    /// Whether a sentence may be one of which one of these slots is remembered. Cheap, and never wrong when it says no.
    pub(crate) fn may_remember(&self, text: &str, slots: &BTreeSet<&str>) -> bool {
        self.may_be(text, |intent| intent.remember.iter().any(|slot| slots.contains(slot.as_str())))
    }

    fn may_be(&self, text: &str, is_one: impl Fn(&Intent) -> bool) -> bool {
        let said = self.index.said(&tokens(text));
        let mut ones = self.intents.iter().enumerate().filter(|(_, intent)| is_one(intent));
        ones.any(|(place, _)| self.index.may_be_any(place, &said))
    }

    /// The slots that are remembered.
    pub(crate) fn remembered(&self) -> BTreeSet<&str> {
        self.intents.iter().flat_map(|intent| intent.remember.iter().map(String::as_str)).collect()
    }

    /// Whether a slot is remembered.
    pub(crate) fn remembers(&self, slot: &str) -> bool {
        self.intents.iter().any(|intent| intent.remember.iter().any(|own| own == slot))
    }
}

impl Intent {
    /// The patterns that it is understood by.
    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.say.iter().chain(&self.also)
    }

    /// What can be heard when it asks for something.
    fn heard_when_asked(&self) -> impl Iterator<Item = &Pattern> {
        self.ask.iter().flat_map(|ask| &ask.hear)
    }
}

impl ToolRule {
    /// Whether an argument may be a value that an earlier sentence gave.
    pub(crate) fn takes_remembered(&self, slot: &str) -> bool {
        let mut values = self.arguments.values().flat_map(Template::values);
        values.any(|value| value.strip_prefix(REMEMBERED) == Some(slot))
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
            ("What's 7 + 5?", "arithmetic", vec![("sum", "7 plus 5")]),
            ("what is seven plus five plus three", "arithmetic", vec![("sum", "7 plus 5 plus 3")]),
            ("3+4*5", "arithmetic", vec![("sum", "3 plus 4 times 5")]),
            ("9 - 4", "arithmetic", vec![("sum", "9 minus 4")]),
            (
                "what is one hundred and twenty three divided by three",
                "arithmetic",
                vec![("sum", "123 divided by 3")],
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
    fn what_is_left_over_must_not_turn_the_meaning_around() {
        for text in [
            "don't turn on the light",
            "don't hang up",
            "never turn on the kitchen light",
            "turn on the light no don't",
            "turn on the light tomorrow",
            "please never hang up",
            "what is seven plus five plus",
            "what is seven plus five apples",
            "what day is it tomorrow",
            "what time is it in tokyo",
            "what time is it in reykjavik",
            "what time is it not",
            "what is the date on monday",
            "book a table for four tomorrow at eight thirty",
            "set a timer for ten minutes and thirty seconds",
            "this is great",
            "call me back",
            "call me later please",
            "my name is not important",
            "will it rain in new zealand",
        ] {
            assert_eq!(understood(text).0, "-", "{text:?}");
        }
        for (text, intent) in [
            ("so what time is it right now", "time"),
            ("okay goodbye then", "goodbye"),
            ("well tell me a joke about cats", "joke"),
            ("my name is mark smith", "name"),
        ] {
            assert_eq!(understood(text).0, intent, "{text:?}");
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
