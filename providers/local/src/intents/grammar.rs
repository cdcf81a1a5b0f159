//! The ear's grammar, made from the intents: JSGF text, its words, and whether it holds a sentence.

use std::{
    collections::BTreeSet,
    fmt::{self, Display, Write},
};

use super::{
    Intent, Intents, Slot, number,
    pattern::{Part, Pattern},
    words::tokens,
};

/// The grammar as JSGF, with one public rule.
pub(super) fn jsgf(intents: &Intents) -> String {
    let mut text = String::from("#JSGF V1.0;\ngrammar intents;\n");
    let rule = |text: &mut String, name: &dyn Display, body: &str| {
        writeln!(text, "<{name}> = {body};").expect("a string takes all text");
    };
    text.push_str(&number::rules());
    for (name, slot) in &intents.slots {
        let body = match slot {
            Slot::Number(greatest) => number::rule(*greatest).to_owned(),
            Slot::Digits => "<digit>+".to_owned(),
            Slot::Values { ways, .. } => alternatives(ways),
            Slot::Sum { greatest, operators } => {
                let (number, operator) = (number::rule(*greatest), alternatives(operators));
                format!("{number} (({operator}) {number})+")
            }
        };
        rule(&mut text, &format_args!("slot_{name}"), &body);
    }
    for (place, intent) in intents.intents.iter().enumerate() {
        if !intent.say.is_empty() {
            rule(&mut text, &format_args!("intent_{place}"), &Choices(&intent.say).to_string());
        }
    }
    let heard: Vec<&Pattern> = intents.intents.iter().flat_map(Intent::heard_when_asked).collect();
    if !heard.is_empty() {
        let ways: Vec<String> =
            heard.iter().map(|way| Choices(std::slice::from_ref(*way)).to_string()).collect();
        rule(&mut text, &"asked_for", &ways.join(" | "));
    }
    let mut asked: Vec<String> = (0..intents.intents.len())
        .filter(|&place| !intents.intents[place].say.is_empty())
        .map(|place| format!("<intent_{place}>"))
        .collect();
    asked.extend((!heard.is_empty()).then(|| "<asked_for>".to_owned()));
    let around = |patterns: &[Pattern]| match patterns {
        [] => String::new(),
        patterns => format!("[{}]", Choices(patterns)),
    };
    let (before, after) = (around(&intents.before), around(&intents.after));
    writeln!(text, "public <utterance> = {before} ({}) {after};", asked.join(" | "))
        .expect("a string takes all text");
    text
}

/// The words of the grammar.
pub(super) fn vocabulary(intents: &Intents) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut numbers = false;
    for slot in intents.slots.values() {
        match slot {
            Slot::Values { ways, .. } => words.extend(ways.iter().flat_map(|(way, _)| way.iter().cloned())),
            Slot::Number(_) | Slot::Digits => numbers = true,
            Slot::Sum { operators, .. } => {
                words.extend(operators.iter().flat_map(|(way, _)| way.iter().cloned()));
                numbers = true;
            }
        }
    }
    if numbers {
        words.extend(number::vocabulary().map(str::to_owned));
    }
    for pattern in spoken(intents) {
        pattern.for_each(&mut |part| {
            if let Part::Word(word) = part {
                words.insert(word.clone());
            }
        });
    }
    words
}

/// Whether the grammar holds this sentence from its first word to its last.
pub(super) fn accepts(intents: &Intents, sentence: &str) -> bool {
    let words = tokens(sentence);
    let says = |patterns: &[Pattern], words: &[String]| {
        patterns
            .iter()
            .flat_map(|pattern| pattern.find(words, &intents.slots))
            .any(|found| found.start == 0 && found.end == words.len())
    };
    let heard = |words: &[String]| intents.intents.iter().any(|intent| says(&intent.say, words));
    let ends_well = |words: &[String]| {
        (0..words.len()).any(|cut| {
            heard(&words[..words.len() - cut])
                && (cut == 0 || says(&intents.after, &words[words.len() - cut..]))
        })
    };
    (0..words.len()).any(|cut| (cut == 0 || says(&intents.before, &words[..cut])) && ends_well(&words[cut..]))
}

fn spoken(intents: &Intents) -> impl Iterator<Item = &Pattern> {
    let asked = intents.intents.iter().flat_map(|intent| &intent.say);
    let answers = intents.intents.iter().flat_map(Intent::heard_when_asked);
    intents.before.iter().chain(&intents.after).chain(asked).chain(answers)
}

/// Ways of saying values, as alternatives.
fn alternatives(ways: &[(Vec<String>, String)]) -> String {
    ways.iter().map(|(way, _)| way.join(" ")).collect::<Vec<_>>().join(" | ")
}

/// Patterns as the alternatives of a JSGF rule.
struct Choices<'a>(&'a [Pattern]);

impl Display for Choices<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, pattern) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(" | ")?;
            }
            for (place, part) in pattern.0.iter().enumerate() {
                if place > 0 {
                    f.write_str(" ")?;
                }
                match part {
                    Part::Word(word) => f.write_str(word)?,
                    Part::Slot { of, .. } => write!(f, "<slot_{of}>")?,
                    Part::Optional(choices) => write!(f, "[{}]", Choices(choices))?,
                    Part::Choice(choices) => write!(f, "({})", Choices(choices))?,
                }
            }
        }
        Ok(())
    }
}
