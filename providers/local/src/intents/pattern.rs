//! Patterns: `turn <state> the <room> light`, `(hello | hi) [there]`, `what is <left:number> plus <right:number>`.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::Peekable,
    str::Chars,
};

use super::{Slot, number};

/// The slots that a match filled.
pub(crate) type Captures = BTreeMap<String, String>;

/// Stands for every number in digits in [`Pattern::needs`].
pub(super) const DIGITS: &str = "0";

/// Matches of one pattern followed at the same time, at most: a bound on what a strange file can cost.
const MOST_THREADS: usize = 64;

/// A pattern: its parts stand one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(pub(super) Vec<Part>);

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// This word.
    Word(String),
    /// What the slot `of` may be, kept under the name `into`.
    Slot { into: String, of: String },
    /// May be left out.
    Optional(Vec<Pattern>),
    /// One of these.
    Choice(Vec<Pattern>),
}

/// Where a pattern was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    /// How many words were the pattern's own, not a slot's.
    pub(super) literals: usize,
    pub(super) captures: Captures,
}

impl Pattern {
    /// Reads a pattern.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut chars = text.chars().peekable();
        let mut choices = parse_choices(&mut chars)?;
        match chars.next() {
            Some(stray) => Err(format!("a {stray} closes nothing")),
            None if choices.len() == 1 => Ok(choices.remove(0)),
            None => Ok(Self(vec![Part::Choice(choices)])),
        }
    }

    /// Every place where the pattern stands in these words.
    pub(super) fn find(&self, words: &[String], slots: &BTreeMap<String, Slot>) -> Vec<Found> {
        (0..words.len()).flat_map(|start| self.find_at(start, words, slots)).collect()
    }

    /// Every way in which the pattern stands at this place.
    pub(super) fn find_at(
        &self,
        start: usize,
        words: &[String],
        slots: &BTreeMap<String, Slot>,
    ) -> Vec<Found> {
        let begin = Found { start, end: start, literals: 0, captures: Captures::new() };
        let found = self.step(BTreeSet::from([begin]), words, slots);
        found.into_iter().filter(|found| found.end > found.start).collect()
    }

    /// Sets of words of each of which one must be there for the pattern to be found; numbers in digits count as
    /// [`DIGITS`].
    pub(super) fn needs(&self, slots: &BTreeMap<String, Slot>) -> Vec<BTreeSet<String>> {
        let need = |part: &Part| match part {
            Part::Word(word) => vec![BTreeSet::from([word.clone()])],
            Part::Slot { of, .. } => slots[of].needs(),
            Part::Optional(_) => Vec::new(),
            Part::Choice(choices) => {
                let of_each: Vec<_> = choices.iter().map(|choice| choice.needs(slots)).collect();
                match of_each.iter().any(Vec::is_empty) {
                    true => Vec::new(),
                    false => vec![of_each.into_iter().flatten().flatten().collect()],
                }
            }
        };
        self.0.iter().flat_map(need).collect()
    }

    /// Calls `visit` for every part, those inside others too.
    pub(super) fn for_each(&self, visit: &mut impl FnMut(&Part)) {
        for part in &self.0 {
            visit(part);
            match part {
                Part::Word(_) | Part::Slot { .. } => {}
                Part::Optional(choices) | Part::Choice(choices) => {
                    choices.iter().for_each(|choice| choice.for_each(visit));
                }
            }
        }
    }

    /// All ways on from these beginnings.
    fn step(
        &self,
        from: BTreeSet<Found>,
        words: &[String],
        slots: &BTreeMap<String, Slot>,
    ) -> BTreeSet<Found> {
        let mut threads = from;
        for part in &self.0 {
            threads = match part {
                Part::Word(word) => threads.into_iter().filter_map(|found| found.past(word, words)).collect(),
                Part::Slot { into, of } => {
                    threads.into_iter().flat_map(|found| found.filling(into, &slots[of], words)).collect()
                }
                Part::Choice(choices) => {
                    choices.iter().flat_map(|choice| choice.step(threads.clone(), words, slots)).collect()
                }
                Part::Optional(choices) => {
                    let taken = choices.iter().flat_map(|choice| choice.step(threads.clone(), words, slots));
                    taken.collect::<BTreeSet<_>>().into_iter().chain(threads).collect()
                }
            };
            while threads.len() > MOST_THREADS {
                threads.pop_first();
            }
            if threads.is_empty() {
                break;
            }
        }
        threads
    }
}

impl Found {
    fn past(mut self, word: &str, words: &[String]) -> Option<Self> {
        let fits = words.get(self.end).is_some_and(|said| said == word);
        self.end += 1;
        self.literals += 1;
        fits.then_some(self)
    }

    fn filling(self, into: &str, slot: &Slot, words: &[String]) -> Vec<Self> {
        let rest = &words[self.end..];
        let with = |value: String, taken: usize| {
            let mut found = self.clone();
            found.end += taken;
            found.captures.insert(into.to_owned(), value);
            found
        };
        match slot {
            Slot::Number(greatest) => number::read(rest)
                .filter(|(number, _)| number <= greatest)
                .map(|(number, taken)| with(number.to_string(), taken))
                .into_iter()
                .collect(),
            Slot::Digits => {
                number::read_digits(rest).map(|(digits, taken)| with(digits, taken)).into_iter().collect()
            }
            Slot::Values { ways, any_but } => {
                let known = ways.iter().filter(|(way, _)| rest.starts_with(way));
                let mut found: Vec<Self> = known.map(|(way, value)| with(value.clone(), way.len())).collect();
                if let (true, Some(refused), Some(word)) = (found.is_empty(), any_but, rest.first())
                    && !refused.contains(word)
                {
                    found.push(with(word.clone(), 1));
                }
                found
            }
            Slot::Sum { greatest, operators } => {
                sum(rest, *greatest, operators).map(|(sum, taken)| with(sum, taken)).into_iter().collect()
            }
        }
    }
}

impl Slot {
    /// What the slot needs to be there, as [`Pattern::needs`] has it.
    fn needs(&self) -> Vec<BTreeSet<String>> {
        let numbers = || number::vocabulary().chain([DIGITS]).map(str::to_owned).collect();
        let firsts = |ways: &[(Vec<String>, String)]| {
            ways.iter().filter_map(|(way, _)| way.first().cloned()).collect()
        };
        match self {
            Self::Values { any_but: Some(_), .. } => Vec::new(),
            Self::Values { ways, any_but: None } => vec![firsts(ways)],
            Self::Number(_) | Self::Digits => vec![numbers()],
            Self::Sum { operators, .. } => vec![numbers(), firsts(operators)],
        }
    }
}

/// The longest sum at the beginning of `words`: `7 plus 5 times 3`, and how many words it takes.
fn sum(words: &[String], greatest: u32, operators: &[(Vec<String>, String)]) -> Option<(String, usize)> {
    let operand = |at: usize| number::read(words.get(at..)?).filter(|(number, _)| *number <= greatest);
    let (first, mut end) = operand(0)?;
    let mut sum = first.to_string();
    let mut operations = 0;
    while let Some((way, operator)) = operators.iter().find(|(way, _)| words[end..].starts_with(way))
        && let Some((number, taken)) = operand(end + way.len())
    {
        sum.push_str(&format!(" {operator} {number}"));
        end += way.len() + taken;
        operations += 1;
    }
    (operations > 0).then_some((sum, end))
}

/// Alternatives up to the end or to a closing bracket, which stays unread.
fn parse_choices(chars: &mut Peekable<Chars<'_>>) -> Result<Vec<Pattern>, String> {
    let mut choices = vec![Pattern(Vec::new())];
    while let Some(&c) = chars.peek() {
        if matches!(c, ')' | ']' | '>') {
            break;
        }
        let last = choices.last_mut().expect("it starts with one and only grows");
        match c {
            '|' => choices.push(Pattern(Vec::new())),
            '(' | '[' => {
                chars.next();
                let inner = parse_choices(chars)?;
                match (c, chars.peek()) {
                    ('(', Some(')')) => last.0.push(Part::Choice(inner)),
                    ('[', Some(']')) => last.0.push(Part::Optional(inner)),
                    _ => return Err(format!("a {c} is not closed")),
                }
            }
            '<' => {
                chars.next();
                let inside: String = std::iter::from_fn(|| chars.next_if(|c| *c != '>')).collect();
                if chars.peek().is_none() {
                    return Err("a < is not closed".to_owned());
                }
                let (into, of) = inside.split_once(':').unwrap_or((&inside, &inside));
                last.0.push(Part::Slot { into: into.trim().to_owned(), of: of.trim().to_owned() });
            }
            c if c.is_whitespace() => {}
            c if is_of_word(c) => {
                let word = std::iter::from_fn(|| chars.next_if(|c| is_of_word(*c))).collect();
                last.0.push(Part::Word(word));
                continue;
            }
            c => return Err(format!("{c:?} is neither a small letter nor a sign of patterns")),
        }
        chars.next();
    }
    match choices.iter().any(|choice| choice.0.is_empty()) {
        true => Err("an alternative is empty".to_owned()),
        false => Ok(choices),
    }
}

fn is_of_word(c: char) -> bool {
    c == '\'' || (c.is_alphabetic() && !c.is_uppercase())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::Pattern;
    use crate::intents::{Slot, tokens};

    fn slots() -> BTreeMap<String, Slot> {
        let ways = vec![
            (vec!["living".into(), "room".into()], "lounge".into()),
            (vec!["hall".into()], "hall".into()),
        ];
        BTreeMap::from([
            ("room".to_owned(), Slot::Values { ways, any_but: None }),
            ("number".to_owned(), Slot::Number(99)),
        ])
    }

    #[test]
    fn a_pattern_is_found_anywhere_and_its_slots_are_kept() {
        for (pattern, text, expected) in [
            ("(hello | hi) [there]", "well hi there", "1..3 {}"),
            ("light [in] the <room>", "the light in the living room", "1..6 {\"room\": \"lounge\"}"),
            ("<a:number> and <b:number>", "seven and 12", "0..3 {\"a\": \"7\", \"b\": \"12\"}"),
            ("a | b c", "b c", "0..2 {}"),
            ("one hundred", "two hundred", "-"),
            ("<number>", "one hundred", "-"),
        ] {
            let pattern = Pattern::parse(pattern).expect("well formed");
            let longest =
                pattern.find(&tokens(text), &slots()).into_iter().max_by_key(|found| found.end - found.start);
            let shown =
                longest.map_or("-".to_owned(), |f| format!("{}..{} {:?}", f.start, f.end, f.captures));
            assert_eq!(shown, expected, "{text:?}");
        }
    }

    #[test]
    fn a_malformed_pattern_is_refused() {
        for (pattern, why) in [
            ("(a", "a ( is not closed"),
            ("[a)", "a [ is not closed"),
            ("<a", "a < is not closed"),
            ("a)", "a ) closes nothing"),
            ("a |", "an alternative is empty"),
            ("", "an alternative is empty"),
            ("Hello", "'H' is neither a small letter nor a sign of patterns"),
        ] {
            assert_eq!(Pattern::parse(pattern), Err(why.to_owned()), "{pattern:?}");
        }
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in "[a-c()<>|\\[\\] :A]{0,24}", text in "[a-c ]{0,24}") {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                let mut known = true;
                pattern.for_each(&mut |part| if let super::Part::Slot { of, .. } = part { known &= slots().contains_key(of) });
                if known {
                    let words = tokens(&text);
                    for found in pattern.find(&words, &slots()) {
                        prop_assert!(found.start < found.end && found.end <= words.len());
                    }
                }
            }
        }
    }
}
