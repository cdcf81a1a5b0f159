//! One expectation as it stands in a file: a kind of event, and any of that kind's fields.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use serde_json::{Value, json};
use toml::Spanned;

use super::read::Wrong;
use crate::{event::KINDS, judge::Expectation, seconds::Seconds};

/// How much earlier or later an event may be, if the file does not say.
const WITHIN: Duration = Duration::from_millis(20);

/// Keys and values, with where they stand.
pub(super) type Raw = BTreeMap<Spanned<String>, Spanned<toml::Value>>;

/// Reads an expectation; `line_of` says in which line a byte stands.
pub(super) fn parse(raw: Spanned<Raw>, line_of: impl Fn(usize) -> usize) -> Result<Expectation, Wrong> {
    let whole = raw.span();
    let (mut at, mut within, mut name, mut rest) = (None, WITHIN, None, Vec::new());
    for (key, value) in raw.into_inner() {
        match key.get_ref().as_str() {
            "at" => at = Some(time("at", &value)?),
            "within" => within = time("within", &value)?,
            "event" => name = Some(value),
            _ => rest.push((key, value)),
        }
    }
    let Some(name) = name else { return Err(Wrong::new(&whole, "missing key `event`")) };
    let kind = KINDS.iter().find(|kind| name.get_ref().as_str() == Some(kind.name)).ok_or_else(|| {
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        let unknown = name.get_ref().as_str().map_or_else(|| name.get_ref().to_string(), str::to_owned);
        Wrong::new(&name.span(), format!("unknown event `{unknown}`, expected one of {}", known.join(", ")))
    })?;
    let mut fields = Vec::new();
    for (key, value) in rest {
        let own = key.get_ref();
        let Some((_, field)) = kind.fields.iter().find(|(field, _)| field == own) else {
            let known: Vec<&str> = kind.fields.iter().map(|(field, _)| *field).collect();
            let known = if known.is_empty() { "no field".to_owned() } else { known.join(", ") };
            let problem = format!("unknown key `{own}` of event `{}`, which has {known}", kind.name);
            return Err(Wrong::new(&key.span(), problem));
        };
        let expected = to_json(value.get_ref());
        if !field.admits(&expected) {
            let problem = format!("`{own}` of event `{}` is {}", kind.name, field.describe());
            return Err(Wrong::new(&value.span(), problem));
        }
        fields.push((own.clone(), expected));
    }
    Ok(Expectation { line: line_of(whole.start), at, within, name: kind.name, fields })
}

fn time(key: &str, value: &Spanned<toml::Value>) -> Result<Duration, Wrong> {
    let number = match value.get_ref() {
        toml::Value::Integer(number) => Some(*number as f64),
        toml::Value::Float(number) => Some(*number),
        toml::Value::String(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_)
        | toml::Value::Array(_)
        | toml::Value::Table(_) => None,
    };
    let seconds = number.and_then(Seconds::from_number).map(|seconds| seconds.0);
    let span: Range<usize> = value.span();
    seconds.ok_or_else(|| Wrong::new(&span, format!("`{key}` is a number of seconds from 0 to 86400")))
}

fn to_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(flag) => json!(flag),
        toml::Value::Array(values) => values.iter().map(to_json).collect(),
        toml::Value::Datetime(_) | toml::Value::Table(_) => Value::Null,
    }
}
