//! What a conversation stands at: the values that earlier sentences gave, and the call for which a value is still asked.
//!
//! The mind keeps nothing between requests, so all of it is found again in what the person has said. `book a table`,
//! `for four`, `tomorrow`, `at eight` is one call: an intent that calls a tool, and the answers to what its file asks for.
//! Another intent in between ends it; words that are no answer are asked again.

use std::{cell::OnceCell, collections::BTreeMap};

use super::reply::capitalised;
use crate::intents::{Ask, Intents, Understood};

/// How many sentences back a call may have been begun for which values are still asked.
const LONGEST_ASKING: usize = 12;

/// What a conversation stands at after its last sentence.
pub(super) struct Standing<'a> {
    intents: &'a Intents,
    /// What the person said.
    said: Vec<&'a str>,
    /// Slots that sentences filled and an intent remembers; the latest counts. Found when one is asked for.
    remembered: OnceCell<BTreeMap<String, String>>,
    /// What the last sentence means, with the values of those before it that belong to the same call.
    pub(super) understood: Option<Understood<'a>>,
    /// What the call lacks.
    pub(super) missing: Option<&'a Ask>,
}

impl<'a> Standing<'a> {
    /// What the conversation stands at after these sentences of the person, if these tools may be called.
    pub(super) fn after(intents: &'a Intents, said: Vec<&'a str>, may_call: &dyn Fn(&str) -> bool) -> Self {
        let from = since_a_question(intents, &said);
        let mut standing =
            Self { intents, said, remembered: OnceCell::new(), understood: None, missing: None };
        for at in from..standing.said.len() {
            standing.hear(standing.said[at], may_call);
        }
        standing
    }

    /// How many sentences the person has said.
    pub(super) fn turn(&self) -> usize {
        self.said.len()
    }

    /// The value of a slot that an earlier sentence gave.
    pub(super) fn remembered(&self, slot: &str) -> Option<&String> {
        self.remembered.get_or_init(|| remembered(self.intents, &self.said)).get(slot)
    }

    fn hear(&mut self, sentence: &str, may_call: &dyn Fn(&str) -> bool) {
        let intents = self.intents;
        let asked = self.missing.take().and(self.understood.take());
        let heard = match &asked {
            Some(asked) => intents.answer_to(asked, sentence).or_else(|| intents.understand(sentence)),
            None => intents.understand(sentence),
        };
        self.understood = match (asked, heard) {
            (Some(asked), Some(heard)) if asked.intent == heard.intent => {
                let mut slots = asked.slots;
                slots.extend(heard.slots);
                Some(Understood { slots, ..heard })
            }
            (asked, heard) => heard.or(asked),
        };
        let Some(understood) = &self.understood else { return };
        let rule = understood.intent.call.as_ref().filter(|rule| may_call(&rule.tool));
        self.missing = rule.and_then(|rule| {
            let is_known = |ask: &&Ask| {
                let is_remembered = rule.takes_remembered(&ask.slot) && self.remembered(&ask.slot).is_some();
                understood.slots.contains_key(&ask.slot) || is_remembered
            };
            understood.intent.ask.iter().find(|ask| !is_known(ask))
        });
    }
}

/// Where the last sentences begin, from the first on that may have begun a call for which values are asked.
fn since_a_question(intents: &Intents, said: &[&str]) -> usize {
    let last = said.len().saturating_sub(1);
    let from = said.len().saturating_sub(LONGEST_ASKING);
    let began = said[from..last.max(from)].iter().position(|sentence| intents.may_ask(sentence));
    began.map_or(last, |place| from + place)
}

/// The latest value of each slot that is remembered, from the last sentence back until all are found.
fn remembered(intents: &Intents, said: &[&str]) -> BTreeMap<String, String> {
    let mut remembered = BTreeMap::new();
    let mut lacking = intents.remembered();
    for sentence in said.iter().rev() {
        if lacking.is_empty() {
            break;
        }
        if !intents.may_remember(sentence, &lacking) {
            continue;
        }
        let Some(found) = intents.understand(sentence) else { continue };
        for slot in &found.intent.remember {
            if let Some(value) = found.slots.get(slot)
                && lacking.remove(slot.as_str())
            {
                remembered.insert(slot.clone(), capitalised(value));
            }
        }
    }
    remembered
}
