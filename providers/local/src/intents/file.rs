//! The intents file as it is written, and the checks that make [`Intents`] of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use super::{
    ALWAYS, Answers, Intent, Intents, IntentsError, REMEMBERED, Slot, grammar,
    index::Index,
    number,
    pattern::{Part, Pattern},
    template::Template,
    words::tokens,
};

/// A tool that an intent calls.
#[derive(Clone, Debug)]
pub(crate) struct ToolRule {
    /// The tool's name.
    pub(crate) tool: String,
    /// Its arguments, by name.
    pub(crate) arguments: BTreeMap<String, Template>,
}

/// How a value is asked for without which a tool cannot be called.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// The slot that it fills.
    pub(crate) slot: String,
    /// The question.
    pub(crate) say: Vec<Template>,
    /// The answers that can be heard and read.
    pub(super) hear: Vec<Pattern>,
    /// Those that are only read: a word alone is heard in every noise.
    pub(super) also: Vec<Pattern>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    language: String,
    speech: RawSpeech,
    #[serde(default)]
    pronunciations: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    slots: BTreeMap<String, Spanned<RawSlot>>,
    answers: RawAnswers,
    intents: Vec<RawIntent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpeech {
    coverage: Spanned<f32>,
    before: Texts,
    after: Texts,
    fillers: Vec<String>,
    #[serde(default)]
    qualifiers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSlot {
    values: Option<BTreeMap<String, Vec<String>>>,
    like: Option<String>,
    #[serde(default)]
    any_word: bool,
    number_up_to: Option<u32>,
    #[serde(default)]
    digits: bool,
    sum_of: Option<[String; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAnswers {
    greeting: Texts,
    nothing: Texts,
    fallback: Texts,
    tool_done: Texts,
    tool_failed: Texts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIntent {
    name: Spanned<String>,
    #[serde(default)]
    say: Texts,
    #[serde(default)]
    also: Texts,
    examples: Texts,
    #[serde(default)]
    remember: Vec<String>,
    arithmetic: Option<String>,
    answer: Texts,
    call: Option<RawCall>,
    #[serde(default)]
    ask: Vec<RawAsk>,
    #[serde(default)]
    tool_answer: Texts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCall {
    tool: String,
    #[serde(default)]
    arguments: BTreeMap<String, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAsk {
    slot: Spanned<String>,
    say: Texts,
    hear: Texts,
    #[serde(default)]
    also: Texts,
}

/// Texts that know where they stand.
type Texts = Vec<Spanned<String>>;

/// Reads a file's text.
pub(super) fn parse(origin: &str, text: &str) -> Result<Intents, IntentsError> {
    let reader = Reader { origin, text };
    let raw: RawFile = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        reader.wrong(at, error.message())
    })?;
    let mut fillers: BTreeSet<String> = raw.speech.fillers.iter().flat_map(|word| tokens(word)).collect();
    let qualifiers: BTreeSet<String> = raw.speech.qualifiers.iter().flat_map(|word| tokens(word)).collect();
    let refused: BTreeSet<String> = fillers.union(&qualifiers).cloned().collect();
    let slots = raw
        .slots
        .iter()
        .map(|(name, slot)| Ok((name.clone(), reader.slot(name, slot, &raw.slots, &refused)?)));
    let slots = slots.collect::<Result<BTreeMap<_, _>, IntentsError>>()?;
    let coverage = *raw.speech.coverage.get_ref();
    if !(0.1..=1.0).contains(&coverage) {
        return Err(reader.wrong(raw.speech.coverage.span().start, "coverage lies between 0.1 and 1"));
    }
    let remembered: BTreeSet<&str> =
        raw.intents.iter().flat_map(|intent| intent.remember.iter().map(String::as_str)).collect();
    let before = reader.patterns("before", &raw.speech.before, &slots)?;
    let after = reader.patterns("after", &raw.speech.after, &slots)?;
    for pattern in before.iter().chain(&after) {
        pattern.for_each(&mut |part| {
            if let Part::Word(word) = part {
                fillers.insert(word.clone());
            }
        });
    }
    let answers = reader.answers(&raw.answers, &remembered)?;
    let read = raw.intents.iter().map(|intent| reader.intent(intent, &slots, &remembered));
    let read = read.collect::<Result<Vec<_>, _>>()?;
    let index = Index::of(&read, &slots);
    let intents = Intents {
        origin: origin.to_owned(),
        intents: read,
        index,
        language: raw.language,
        coverage,
        before,
        after,
        fillers,
        qualifiers,
        pronunciations: raw.pronunciations,
        slots,
        answers,
    };
    reader.check_examples(&intents, &raw.intents)?;
    Ok(intents)
}

/// The file, to say where in it something is wrong.
struct Reader<'a> {
    origin: &'a str,
    text: &'a str,
}

impl Reader<'_> {
    fn wrong(&self, at: usize, message: impl AsRef<str>) -> IntentsError {
        let line = self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        IntentsError { origin: self.origin.to_owned(), message: format!("line {line}: {}", message.as_ref()) }
    }

    fn slot(
        &self,
        name: &str,
        slot: &Spanned<RawSlot>,
        all: &BTreeMap<String, Spanned<RawSlot>>,
        refused: &BTreeSet<String>,
    ) -> Result<Slot, IntentsError> {
        let wrong = |message: &str| self.wrong(slot.span().start, format!("slot {name:?}: {message}"));
        let raw = slot.get_ref();
        if !is_name(name) {
            return Err(wrong("a name is made of small letters and _"));
        }
        let values_of = |other: &str| all.get(other).and_then(|slot| slot.get_ref().values.as_ref());
        let values = match (&raw.values, &raw.like) {
            (None, Some(other)) => {
                Some(values_of(other).ok_or_else(|| wrong(&format!("{other:?} has no values")))?)
            }
            (Some(_), Some(_)) => return Err(wrong("it has values of its own or those of another")),
            (values, None) => values.as_ref(),
        };
        match (values, raw.number_up_to, raw.digits, &raw.sum_of) {
            (Some(values), None, false, None) => match ways(values) {
                Some(ways) => {
                    let any_but = raw.any_word.then(|| refused.clone());
                    Ok(Slot::Values { ways, any_but })
                }
                None => Err(wrong("values need at least one way of saying each, of at least one word")),
            },
            (None, Some(greatest), false, None) if greatest <= number::GREATEST => Ok(Slot::Number(greatest)),
            (None, Some(_), false, None) => Err(wrong("number_up_to is at most 999999")),
            (None, None, true, None) => Ok(Slot::Digits),
            (None, None, false, Some([number, operator])) => {
                let greatest = all.get(number).and_then(|slot| slot.get_ref().number_up_to);
                let operators = values_of(operator).and_then(ways);
                match (greatest, operators) {
                    (Some(greatest), Some(operators)) if greatest <= number::GREATEST => {
                        Ok(Slot::Sum { greatest, operators })
                    }
                    _ => Err(wrong("sum_of names a slot of numbers and one of values, the operators")),
                }
            }
            _ => Err(wrong("it has one of values, like, number_up_to, digits and sum_of")),
        }
    }

    fn patterns(
        &self,
        owner: &str,
        texts: &Texts,
        slots: &BTreeMap<String, Slot>,
    ) -> Result<Vec<Pattern>, IntentsError> {
        let pattern = |text: &Spanned<String>| {
            let wrong = |why: &str| {
                self.wrong(text.span().start, format!("{owner}: pattern {:?}: {why}", text.get_ref()))
            };
            let pattern = Pattern::parse(text.get_ref()).map_err(|why| wrong(&why))?;
            let mut unknown = None;
            pattern.for_each(&mut |part| {
                if let Part::Slot { of, .. } = part
                    && !slots.contains_key(of)
                {
                    unknown = Some(of.clone());
                }
            });
            match unknown {
                Some(slot) => Err(wrong(&format!("no slot {slot:?}"))),
                None => Ok(pattern),
            }
        };
        texts.iter().map(pattern).collect()
    }

    fn templates<'t>(
        &self,
        owner: &str,
        texts: impl IntoIterator<Item = &'t Spanned<String>>,
        known: impl Fn(&str) -> bool,
    ) -> Result<Vec<Template>, IntentsError> {
        let template = |text: &Spanned<String>| {
            let wrong =
                |why: &str| self.wrong(text.span().start, format!("{owner} {:?}: {why}", text.get_ref()));
            let template = Template::parse(text.get_ref()).map_err(|why| wrong(&why))?;
            if let Some(value) = template.values().find(|value| !ALWAYS.contains(value) && !known(value)) {
                return Err(wrong(&format!("no value {value:?}")));
            }
            Ok(template)
        };
        texts.into_iter().map(template).collect()
    }

    fn answers(&self, raw: &RawAnswers, remembered: &BTreeSet<&str>) -> Result<Answers, IntentsError> {
        let read =
            |key: &str, texts: &Texts| {
                let known = |value: &str| remembered.contains(value) || is_of_output(value);
                let templates = self.templates(&format!("answers.{key}"), texts, known)?;
                match templates.iter().any(|template| {
                    template.values().all(|value| ALWAYS.contains(&value) || is_of_output(value))
                }) {
                    true => Ok(templates),
                    false => Err(self
                        .wrong(0, format!("answers.{key}: one answer must do without a remembered value"))),
                }
            };
        Ok(Answers {
            greeting: read("greeting", &raw.greeting)?,
            nothing: read("nothing", &raw.nothing)?,
            fallback: read("fallback", &raw.fallback)?,
            tool_done: read("tool_done", &raw.tool_done)?,
            tool_failed: read("tool_failed", &raw.tool_failed)?,
        })
    }

    fn intent(
        &self,
        raw: &RawIntent,
        slots: &BTreeMap<String, Slot>,
        remembered: &BTreeSet<&str>,
    ) -> Result<Intent, IntentsError> {
        let name = raw.name.get_ref().clone();
        let owner = format!("intent {name:?}");
        let wrong = |message: &str| self.wrong(raw.name.span().start, format!("{owner}: {message}"));
        let say = self.patterns(&owner, &raw.say, slots)?;
        let also = self.patterns(&owner, &raw.also, slots)?;
        let mut own = BTreeSet::new();
        for pattern in say.iter().chain(&also) {
            pattern.for_each(&mut |part| {
                if let Part::Slot { into, .. } = part {
                    own.insert(into.clone());
                }
            });
        }
        if own.is_empty() && say.is_empty() && also.is_empty() {
            return Err(wrong("it has neither `say` nor `also`"));
        }
        let asked = raw.ask.iter().map(|ask| ask.slot.get_ref());
        let named = raw.remember.iter().chain(raw.arithmetic.iter()).chain(asked);
        if let Some(stray) = named.into_iter().find(|slot| !own.contains(*slot)) {
            return Err(wrong(&format!("no pattern of it fills {stray:?}")));
        }
        let known = |value: &str| {
            own.contains(value)
                || remembered.contains(value)
                || (matches!(value, "result" | "too_great") && raw.arithmetic.is_some())
        };
        let call = raw.call.as_ref().map(|call| {
            let argument = |(name, text): (&String, &Spanned<String>)| {
                let of_call = |value: &str| match value.strip_prefix(REMEMBERED) {
                    Some(slot) => remembered.contains(slot),
                    None => own.contains(value),
                };
                let mut templates = self.templates(&format!("{owner}: argument"), [text], of_call)?;
                Ok((name.clone(), templates.remove(0)))
            };
            let arguments = call.arguments.iter().map(argument).collect::<Result<_, IntentsError>>()?;
            Ok(ToolRule { tool: call.tool.clone(), arguments })
        });
        if call.is_none() && !raw.ask.is_empty() {
            return Err(wrong("it asks, but has no `call` to ask for"));
        }
        let ask = raw.ask.iter().map(|ask| {
            Ok(Ask {
                slot: ask.slot.get_ref().clone(),
                say: self.templates(&format!("{owner}: question"), &ask.say, |_| false)?,
                hear: self.patterns(&owner, &ask.hear, slots)?,
                also: self.patterns(&owner, &ask.also, slots)?,
            })
        });
        let of_tool = |value: &str| known(value) || is_of_output(value);
        Ok(Intent {
            answer: self.templates(&format!("{owner}: answer"), &raw.answer, known)?,
            tool_answer: self.templates(&format!("{owner}: tool_answer"), &raw.tool_answer, of_tool)?,
            call: call.transpose()?,
            ask: ask.collect::<Result<_, IntentsError>>()?,
            examples: raw.examples.iter().map(|example| example.get_ref().clone()).collect(),
            remember: raw.remember.clone(),
            arithmetic: raw.arithmetic.clone(),
            name,
            say,
            also,
        })
    }

    /// Every example must be understood as its own intent, and be in the grammar when the intent is.
    fn check_examples(&self, intents: &Intents, raw: &[RawIntent]) -> Result<(), IntentsError> {
        for (intent, raw) in intents.intents.iter().zip(raw) {
            for example in &raw.examples {
                let wrong = |why: &str| {
                    let message = format!("intent {:?}: example {:?} {why}", intent.name, example.get_ref());
                    Err(self.wrong(example.span().start, message))
                };
                if !intent.say.is_empty() && !grammar::accepts(intents, example.get_ref()) {
                    return wrong("is not in the grammar");
                }
                match intents.understand(example.get_ref()) {
                    Some(found) if found.intent == intent => {}
                    Some(other) => return wrong(&format!("is understood as {:?}", other.intent.name)),
                    None => return wrong("is not understood"),
                }
            }
        }
        Ok(())
    }
}

/// Ways of saying values, the longest first ("living room" before "living"); `None` if one is missing.
fn ways(values: &BTreeMap<String, Vec<String>>) -> Option<Vec<(Vec<String>, String)>> {
    let ways =
        values.iter().flat_map(|(value, ways)| ways.iter().map(move |way| (tokens(way), value.clone())));
    let mut ways: Vec<_> = ways.collect();
    ways.sort_by_key(|(way, _)| std::cmp::Reverse(way.len()));
    let is_whole = !ways.is_empty() && ways.iter().all(|(way, _)| !way.is_empty());
    is_whole.then_some(ways)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

fn is_of_output(value: &str) -> bool {
    value == "output" || value.starts_with("output.")
}
