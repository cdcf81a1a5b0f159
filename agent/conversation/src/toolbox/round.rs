//! The calls of one reply, and what their answers come to together.

use providers_core::{Then, ToolOutcome};

/// The calls of one reply while they are answered.
#[derive(Clone, Debug)]
pub(crate) struct Tally(Vec<Slot>);

#[derive(Clone, Debug)]
struct Slot {
    name: String,
    answer: Option<Answer>,
}

#[derive(Clone, Debug)]
struct Answer {
    is_error: bool,
    reply: bool,
    then: Then,
}

/// The calls of one reply, answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Round {
    /// The tools, in the order of the calls.
    pub(crate) names: Vec<String>,
    /// How many failed.
    pub(crate) errors: usize,
    /// Whether the mind is to speak about what they returned: if one of them wants it.
    pub(crate) reply: bool,
    /// What becomes of the conversation then: the end goes before all, else the wish of the first call that has one.
    pub(crate) then: Then,
}

/// What part an answer has in its round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Others of the round are out.
    One,
    /// It is the last of its round.
    Last,
    /// The round did not wait for it.
    Late,
}

impl Tally {
    /// Calls of these tools, none of them answered.
    pub(crate) fn new(names: impl Iterator<Item = String>) -> Self {
        Self(names.map(|name| Slot { name, answer: None }).collect())
    }

    /// Takes the answer to a call; the first one counts.
    pub(crate) fn take(&mut self, call: usize, outcome: &ToolOutcome) -> Part {
        let Some(slot) = self.0.get_mut(call).filter(|slot| slot.answer.is_none()) else { return Part::Late };
        let ToolOutcome { output: _, is_error, reply, then } = outcome;
        slot.answer = Some(Answer { is_error: *is_error, reply: *reply, then: then.clone() });
        if self.is_over() { Part::Last } else { Part::One }
    }

    /// Whether all calls are answered.
    pub(crate) fn is_over(&self) -> bool {
        self.0.iter().all(|slot| slot.answer.is_some())
    }

    /// What the answers come to together.
    pub(crate) fn round(self) -> Round {
        let answers = || self.0.iter().filter_map(|slot| slot.answer.as_ref());
        let wishes = || answers().map(|answer| &answer.then).filter(|then| **then != Then::GoOn);
        let then = wishes().find(|then| **then == Then::Close).or_else(|| wishes().next());
        Round {
            errors: answers().filter(|answer| answer.is_error).count(),
            reply: answers().any(|answer| answer.reply),
            then: then.cloned().unwrap_or_default(),
            names: self.0.into_iter().map(|slot| slot.name).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use providers_core::{AgentName, Then, ToolOutcome};

    use super::{Part, Tally};

    fn hand_off(to: &str) -> ToolOutcome {
        ToolOutcome::returned("").silently().then(Then::HandOff(AgentName(to.to_owned())))
    }

    #[test]
    fn the_order_of_the_calls_decides_and_not_that_of_the_answers() {
        let close = ToolOutcome::returned("").silently().then(Then::Close);
        for (answers, expected) in [
            (vec![hand_off("a"), hand_off("b")], Then::HandOff(AgentName("a".to_owned()))),
            (vec![hand_off("a"), close], Then::Close),
            (vec![ToolOutcome::returned(""), hand_off("b")], Then::HandOff(AgentName("b".to_owned()))),
            (vec![ToolOutcome::failed(""), ToolOutcome::returned("")], Then::GoOn),
        ] {
            let mut tally = Tally::new(["one".to_owned(), "two".to_owned()].into_iter());
            assert_eq!(tally.take(1, &answers[1]), Part::One);
            assert_eq!(tally.take(1, &answers[0]), Part::Late, "the first answer counts");
            assert_eq!(tally.take(0, &answers[0]), Part::Last);
            assert_eq!(tally.take(7, &answers[0]), Part::Late);
            let round = tally.round();
            assert_eq!(round.then, expected);
            assert_eq!(round.names, ["one", "two"]);
            assert_eq!(round.reply, answers.iter().any(|answer| answer.reply));
            assert_eq!(round.errors, usize::from(answers[0].is_error));
        }
    }
}
