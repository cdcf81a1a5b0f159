//! Whether what came out is what was expected: each expectation is met by an event of its own.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::event::{Event, seconds};

/// One thing that must come out.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Where it stands in the file.
    pub line: usize,
    /// When; `None` at any time.
    pub at: Option<Duration>,
    /// How much earlier or later it may be.
    pub within: Duration,
    /// The event's kind.
    pub name: &'static str,
    /// The fields that are compared.
    pub fields: Vec<(String, Value)>,
}

/// What a scenario came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Expectations that no event meets, with the nearest event of their kind.
    pub missing: Vec<Value>,
    /// Events that meet no expectation, if the scenario is strict.
    pub unexpected: Vec<Value>,
    /// What else was wrong: with the conversation itself, not with what it said.
    pub faults: Vec<String>,
}

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.faults.is_empty()
    }

    /// The closing line of a file.
    #[must_use]
    pub fn to_json(&self, file: &str) -> String {
        let verdict = if self.is_ok() { "ok" } else { "failed" };
        let faults = if self.faults.is_empty() {
            String::new()
        } else {
            format!(",\"faults\":{}", json!(self.faults))
        };
        format!(
            "{{\"file\":{},\"verdict\":\"{verdict}\",\"missing\":{},\"unexpected\":{}{faults}}}",
            json!(file),
            json!(self.missing),
            json!(self.unexpected)
        )
    }
}

impl Expectation {
    fn is_met_by(&self, event: &Event) -> bool {
        event.name == self.name
            && self.at.is_none_or(|at| event.at.abs_diff(at) <= self.within)
            && self.fields.iter().all(|(name, value)| event.has(name, value))
    }

    fn to_object(&self) -> Map<String, Value> {
        let mut object = Map::new();
        if let Some(at) = self.at {
            object.insert("at".to_owned(), seconds(at));
        }
        object.insert("event".to_owned(), json!(self.name));
        object.extend(self.fields.iter().cloned());
        object.insert("line".to_owned(), json!(self.line));
        object
    }
}

/// Compares what came out with what was expected.
#[must_use]
pub fn judge(expected: &[Expectation], events: &[Event], strict: bool) -> Verdict {
    let met_by = assign(expected, events);
    let missing = expected.iter().zip(&met_by).filter(|(_, event)| event.is_none());
    let missing = missing.map(|(expectation, _)| {
        let mut object = expectation.to_object();
        if let Some(nearest) = nearest(expectation, events) {
            object.insert("nearest".to_owned(), nearest.to_object());
        }
        Value::Object(object)
    });
    let unexpected = events
        .iter()
        .enumerate()
        .filter(|(n, _)| strict && !met_by.contains(&Some(*n)))
        .map(|(_, event)| event.to_object());
    Verdict { missing: missing.collect(), unexpected: unexpected.collect(), faults: Vec::new() }
}

/// For each expectation the event that meets it, no event twice, as many as can be: a maximum matching by augmenting
/// paths. Who takes the first event that fits may take it from one that no other fits.
fn assign(expected: &[Expectation], events: &[Event]) -> Vec<Option<usize>> {
    let fits: Vec<Vec<usize>> = expected
        .iter()
        .map(|expectation| (0..events.len()).filter(|n| expectation.is_met_by(&events[*n])).collect())
        .collect();
    let mut taken_by: Vec<Option<usize>> = vec![None; events.len()];
    for n in 0..expected.len() {
        let mut visited = vec![false; events.len()];
        find_place(n, &fits, &mut taken_by, &mut visited);
    }
    let mut met_by = vec![None; expected.len()];
    for (event, expectation) in taken_by.iter().enumerate() {
        if let Some(expectation) = expectation {
            met_by[*expectation] = Some(event);
        }
    }
    met_by
}

/// Finds an event for the expectation, moving others that have another one to go to.
fn find_place(n: usize, fits: &[Vec<usize>], taken_by: &mut [Option<usize>], visited: &mut [bool]) -> bool {
    for &event in &fits[n] {
        if std::mem::replace(&mut visited[event], true) {
            continue;
        }
        if taken_by[event].is_none_or(|other| find_place(other, fits, taken_by, visited)) {
            taken_by[event] = Some(n);
            return true;
        }
    }
    false
}

/// The event of the kind that is nearest: by its fields, then by its time.
fn nearest<'a>(expectation: &Expectation, events: &'a [Event]) -> Option<&'a Event> {
    let distance = |event: &&Event| {
        let wrong = expectation.fields.iter().filter(|(name, value)| !event.has(name, value)).count();
        (wrong, expectation.at.map(|at| event.at.abs_diff(at)))
    };
    events.iter().filter(|event| event.name == expectation.name).min_by_key(distance)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{Expectation, judge};
    use crate::event::Event;

    fn event(millis: u64, text: &str) -> Event {
        Event {
            at: Duration::from_millis(millis),
            name: "message",
            fields: vec![("role", json!("user")), ("text", json!(text)), ("interrupted", json!(false))],
        }
    }

    fn expect(millis: u64, within: u64, text: Option<&str>) -> Expectation {
        Expectation {
            line: 1,
            at: Some(Duration::from_millis(millis)),
            within: Duration::from_millis(within),
            name: "message",
            fields: text.iter().map(|text| ("text".to_owned(), json!(text))).collect(),
        }
    }

    #[test]
    fn an_expectation_is_met_at_its_time_within_the_tolerance() {
        for (at, ok) in [(980, true), (1000, true), (1020, true), (979, false), (1021, false)] {
            assert_eq!(judge(&[expect(1000, 20, None)], &[event(at, "a")], true).is_ok(), ok, "{at}");
        }
        let whenever = Expectation { at: None, ..expect(0, 0, Some("a")) };
        assert!(judge(&[whenever], &[event(5000, "a")], true).is_ok());
    }

    #[test]
    fn an_event_meets_at_most_one_expectation() {
        let twice = [expect(1000, 20, None), expect(1000, 20, None)];
        let verdict = judge(&twice, &[event(1000, "a")], false);
        assert_eq!(verdict.missing.len(), 1);
        assert!(judge(&twice, &[event(1000, "a"), event(1010, "b")], true).is_ok());
    }

    #[test]
    fn an_event_goes_to_the_expectation_that_no_other_event_meets() {
        let expected = [expect(1000, 100, None), expect(1000, 20, Some("a")), expect(1050, 60, None)];
        let events = [event(1000, "a"), event(1040, "b"), event(1100, "c")];
        assert!(judge(&expected, &events, true).is_ok());
    }

    #[test]
    fn a_missing_one_is_shown_with_what_came_in_its_place() {
        let verdict = judge(&[expect(1000, 20, Some("a"))], &[event(1500, "a"), event(1000, "b")], false);
        assert_eq!(
            verdict.missing,
            [json!({ "at": 1.0, "event": "message", "text": "a", "line": 1,
                "nearest": { "at": 1.5, "event": "message", "role": "user", "text": "a", "interrupted": false } })]
        );
        assert!(verdict.to_json("f").starts_with(r#"{"file":"f","verdict":"failed","missing":[{"#));
    }

    #[test]
    fn only_a_strict_scenario_minds_what_nobody_expects() {
        let events = [event(1000, "a"), event(2000, "b")];
        assert!(judge(&[expect(1000, 20, None)], &events, false).is_ok());
        let verdict = judge(&[expect(1000, 20, None)], &events, true);
        assert_eq!(verdict.unexpected.len(), 1);
        assert_eq!(verdict.unexpected[0]["at"], json!(2.0));
    }
}
