//! What a scenario prints: events in seconds since the session began, and how an expected one is compared.

use std::time::Duration;

use serde_json::{Map, Value, json};

/// How far seconds inside an event may be from what is expected.
const CLOSE: f64 = 0.02;

/// Something that came out of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When, since the session began.
    pub at: Duration,
    /// What, by a name of [`KINDS`].
    pub name: &'static str,
    /// The kind's fields, in its order; what is not known is left out.
    pub fields: Vec<(&'static str, Value)>,
}

/// A kind of event and its fields.
pub struct Kind {
    /// As in the files.
    pub name: &'static str,
    /// What an event of the kind may carry.
    pub fields: &'static [(&'static str, Field)],
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A text, compared exactly.
    Text,
    /// Seconds, compared within 0.02.
    Seconds,
    /// True or false.
    Flag,
    /// Texts, compared exactly.
    Texts,
    /// How many failed. Also expected as a list that says of each whether it failed, or as whether any did.
    Failures,
}

/// All kinds of events.
pub const KINDS: &[Kind] = &[
    Kind { name: "user_state", fields: &[("value", Field::OneOf(&["speaking", "listening", "away"]))] },
    Kind {
        name: "agent_state",
        fields: &[("value", Field::OneOf(&["initializing", "listening", "thinking", "speaking"]))],
    },
    Kind {
        name: "transcript",
        fields: &[("text", Field::Text), ("final", Field::Flag), ("speaker", Field::Text)],
    },
    Kind { name: "speech_created", fields: &[("source", Field::OneOf(&["say", "generate_reply", "tool"]))] },
    Kind { name: "playout_started", fields: &[] },
    Kind { name: "playout_paused", fields: &[] },
    Kind { name: "playout_resumed", fields: &[] },
    Kind { name: "playout_finished", fields: &[("position", Field::Seconds), ("interrupted", Field::Flag)] },
    Kind {
        name: "message",
        fields: &[
            ("role", Field::OneOf(&["user", "assistant"])),
            ("text", Field::Text),
            ("interrupted", Field::Flag),
        ],
    },
    Kind { name: "tools_executed", fields: &[("names", Field::Texts), ("errors", Field::Failures)] },
    Kind { name: "handoff", fields: &[("new", Field::Text)] },
    Kind { name: "false_interruption", fields: &[("resumed", Field::Flag)] },
    Kind { name: "closed", fields: &[("reason", Field::Text)] },
    Kind {
        name: "metrics",
        fields: &[
            ("transcription_delay", Field::Seconds),
            ("end_of_turn_delay", Field::Seconds),
            ("llm_ttft", Field::Seconds),
            ("tts_ttfb", Field::Seconds),
            ("e2e", Field::Seconds),
        ],
    },
];

impl Event {
    /// The line that is printed.
    #[must_use]
    pub fn to_json(&self, file: &str) -> String {
        let fields = self.fields.iter().map(|(name, value)| format!(",\"{name}\":{value}"));
        let at = seconds(self.at);
        let name = self.name;
        format!("{{\"file\":{},\"at\":{at},\"event\":\"{name}\"{}}}", json!(file), fields.collect::<String>())
    }

    /// The same as an object, without the file.
    #[must_use]
    pub fn to_object(&self) -> Value {
        let mut object =
            Map::from_iter([("at".to_owned(), seconds(self.at)), ("event".to_owned(), json!(self.name))]);
        object.extend(self.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Object(object)
    }

    /// Whether the field is there and holds what is expected.
    #[must_use]
    pub fn has(&self, name: &str, expected: &Value) -> bool {
        let Some((_, value)) = self.fields.iter().find(|(own, _)| *own == name) else { return false };
        let kind = KINDS.iter().find(|kind| kind.name == self.name);
        let field = kind.and_then(|kind| kind.fields.iter().find(|(own, _)| *own == name));
        field.is_some_and(|(_, field)| field.is_met(value, expected))
    }
}

impl Field {
    /// Whether a value can be expected of this field.
    #[must_use]
    pub fn admits(self, expected: &Value) -> bool {
        match self {
            Self::OneOf(words) => expected.as_str().is_some_and(|word| words.contains(&word)),
            Self::Text => expected.is_string(),
            Self::Seconds => expected.is_number(),
            Self::Flag => expected.is_boolean(),
            Self::Texts => expected.as_array().is_some_and(|texts| texts.iter().all(Value::is_string)),
            Self::Failures => {
                let all_flags = |flags: &Vec<Value>| flags.iter().all(Value::is_boolean);
                expected.is_boolean() || expected.is_u64() || expected.as_array().is_some_and(all_flags)
            }
        }
    }

    /// What the field holds, for a message.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::Text => "a text".to_owned(),
            Self::Seconds => "a number of seconds".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Failures => "a count, a list of true and false, or true or false".to_owned(),
        }
    }

    fn is_met(self, value: &Value, expected: &Value) -> bool {
        match self {
            Self::OneOf(_) | Self::Text | Self::Flag | Self::Texts => value == expected,
            Self::Seconds => match (value.as_f64(), expected.as_f64()) {
                // A thousandth of slack: 2.02 - 2.00 is a little more than 0.02 in binary.
                (Some(value), Some(expected)) => (value - expected).abs() <= CLOSE + 0.001 / 2.0,
                _ => false,
            },
            Self::Failures => match expected {
                Value::Bool(any) => value.as_u64().is_some_and(|count| *any == (count > 0)),
                Value::Number(_) => value == expected,
                Value::Array(flags) => {
                    let count = flags.iter().filter(|flag| **flag == Value::Bool(true)).count();
                    value.as_u64() == Some(count as u64)
                }
                Value::Null | Value::String(_) | Value::Object(_) => false,
            },
        }
    }
}

/// Seconds with the precision of a millisecond.
#[must_use]
pub fn seconds(duration: Duration) -> Value {
    json!((duration.as_secs_f64() * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{Event, KINDS, seconds};

    #[test]
    fn an_event_is_one_line_of_json_in_seconds() {
        let position = ("position", seconds(Duration::from_micros(2_300_400)));
        let event = Event {
            at: Duration::from_millis(6200),
            name: "playout_finished",
            fields: vec![position, ("interrupted", json!(true))],
        };
        assert_eq!(
            event.to_json("a \"b\".toml"),
            r#"{"file":"a \"b\".toml","at":6.2,"event":"playout_finished","position":2.3,"interrupted":true}"#
        );
    }

    #[test]
    fn fields_are_compared_by_their_kind() {
        let event = |name: &'static str, field: &'static str, value| Event {
            at: Duration::ZERO,
            name,
            fields: vec![(field, value)],
        };
        for (name, field, value, expected, met) in [
            ("message", "text", json!("Here is"), json!("Here is"), true),
            ("message", "text", json!("Here is"), json!("here is"), false),
            ("playout_finished", "position", json!(2.0), json!(2.02), true),
            ("playout_finished", "position", json!(2.0), json!(2.022), false),
            ("playout_finished", "position", json!(2.0), json!(2), true),
            ("playout_finished", "interrupted", json!(true), json!(false), false),
            ("tools_executed", "names", json!(["a", "b"]), json!(["a", "b"]), true),
            ("tools_executed", "names", json!(["a", "b"]), json!(["a"]), false),
            ("tools_executed", "errors", json!(1), json!(1), true),
            ("tools_executed", "errors", json!(1), json!([false, true]), true),
            ("tools_executed", "errors", json!(1), json!([false, false]), false),
            ("tools_executed", "errors", json!(0), json!(true), false),
            ("message", "role", json!("user"), json!("assistant"), false),
            ("message", "interrupted", json!(true), json!("true"), false),
        ] {
            assert_eq!(event(name, field, value.clone()).has(field, &expected), met, "{value} {expected}");
        }
        assert!(
            !event("message", "text", json!("x")).has("role", &json!("user")),
            "what is not there is not met"
        );
    }

    #[test]
    fn kinds_have_names_of_their_own() {
        let mut names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
    }
}
