//! Arguments against their schema: each fault told by its place, what stands there and what must.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use super::{
    compile::{Format, Kind, Node, Others},
    describe::{described, shown},
};

/// Schemas entered one within the other, at most: a definition may refer to itself without end.
const DEEPEST: usize = 64;

/// Schemas entered for one call, at most: alternatives that refer to themselves are twice as many with each step.
const STEPS: usize = 10_000;

/// Checks a value and mends it where only one thing can be meant.
pub(super) struct Checker<'a> {
    definitions: &'a BTreeMap<String, Node>,
    depth: usize,
    /// Schemas that may still be entered.
    steps: usize,
    /// What does not fit, in sentences.
    pub(super) faults: Vec<String>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(definitions: &'a BTreeMap<String, Node>) -> Self {
        Self { definitions, depth: 0, steps: STEPS, faults: Vec::new() }
    }

    /// Checks the value at `path`; the path of the whole is empty.
    pub(super) fn check(&mut self, node: &Node, value: &mut Value, path: &str) {
        if self.depth == DEEPEST || self.steps == 0 {
            return self.fault(path, "is nested too deeply, or too large");
        }
        self.depth += 1;
        self.steps -= 1;
        self.check_within(node, value, path);
        self.depth -= 1;
    }

    fn check_within(&mut self, node: &Node, value: &mut Value, path: &str) {
        if let Some(definition) = node.reference.as_ref().and_then(|name| self.definitions.get(name)) {
            self.check(definition, value, path);
        }
        mend(&node.kinds, value);
        let fits = node.kinds.is_empty() || node.kinds.iter().any(|kind| kind.fits(value));
        let is_allowed = node.allowed.as_ref().is_none_or(|allowed| allowed.contains(value));
        if !fits || !is_allowed || !is_within(node, value) {
            return self.fault(path, &format!("is {}; it must be {}", shown(value), described(node)));
        }
        match value {
            Value::Object(map) => self.check_properties(node, map, path),
            Value::Array(values) => {
                let Some(items) = &node.items else { return };
                for (n, value) in values.iter_mut().enumerate() {
                    self.check(items, value, &format!("{path}[{n}]"));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        for inner in &node.all {
            self.check(inner, value, path);
        }
        for group in &node.alternatives {
            self.check_alternatives(group, value, path);
        }
    }

    fn check_properties(&mut self, node: &Node, map: &mut Map<String, Value>, path: &str) {
        // What may be left out and is null was meant to be left out, unless null is a value of its own there.
        map.retain(|name, value| {
            !value.is_null()
                || node.required.contains(name)
                || node.properties.get(name).is_none_or(|node| self.takes_null(node))
        });
        for name in &node.required {
            if !map.contains_key(name) {
                let must = node.properties.get(name).map_or_else(String::new, |node| {
                    let about =
                        node.description.as_ref().map_or_else(String::new, |text| format!(" ({text})"));
                    format!("; it must be {}{about}", described(node))
                });
                self.fault(&join(path, name), &format!("is missing{must}"));
            }
        }
        for (name, value) in map {
            let place = join(path, name);
            match (node.properties.get(name), &node.others) {
                (Some(inner), _) => self.check(inner, value, &place),
                (None, Others::Any) => {}
                (None, Others::Fit(inner)) => self.check(inner, value, &place),
                (None, Others::None) => {
                    let names: Vec<&str> = node.properties.keys().map(String::as_str).collect();
                    self.fault(&place, &format!("is no argument; there are {}", names.join(", ")));
                }
            }
        }
    }

    /// One of the alternatives must fit; if none does, the one with the fewest faults is what was meant.
    fn check_alternatives(&mut self, group: &[Node], value: &mut Value, path: &str) {
        let mut nearest: Option<Vec<String>> = None;
        for node in group {
            let mut mended = value.clone();
            let faults = self.attempt(node, &mut mended, path);
            if faults.is_empty() {
                *value = mended;
                return;
            }
            if nearest.as_ref().is_none_or(|nearest| faults.len() < nearest.len()) {
                nearest = Some(faults);
            }
        }
        self.faults.extend(nearest.unwrap_or_default());
    }

    fn takes_null(&mut self, node: &Node) -> bool {
        self.attempt(node, &mut Value::Null, "").is_empty()
    }

    /// What would not fit; noted nowhere.
    fn attempt(&mut self, node: &Node, value: &mut Value, path: &str) -> Vec<String> {
        let before = std::mem::take(&mut self.faults);
        self.check(node, value, path);
        std::mem::replace(&mut self.faults, before)
    }

    fn fault(&mut self, path: &str, problem: &str) {
        let path = if path.is_empty() { "the arguments" } else { path };
        self.faults.push(format!("{path} {problem}"));
    }
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Whole, Value::Number(number)) => !number.is_f64(),
            (Self::Null, Value::Null)
            | (Self::Flag, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::Text, Value::String(_))
            | (Self::Array, Value::Array(_))
            | (Self::Object, Value::Object(_)) => true,
            (
                Self::Null
                | Self::Flag
                | Self::Whole
                | Self::Number
                | Self::Text
                | Self::Array
                | Self::Object,
                _,
            ) => false,
        }
    }
}

/// Writes a value as one of the kinds, where it says the same.
fn mend(kinds: &[Kind], value: &mut Value) {
    if kinds.is_empty() || kinds.iter().any(|kind| kind.fits(value)) {
        return;
    }
    let mended = kinds.iter().find_map(|kind| match (kind, &*value) {
        (Kind::Whole, Value::Number(number)) => whole(number.as_f64()?),
        (Kind::Whole, Value::String(text)) => {
            text.trim().parse::<i64>().ok().map(Value::from).or_else(|| whole(text.trim().parse().ok()?))
        }
        (Kind::Number, Value::String(text)) => Number::from_f64(text.trim().parse().ok()?).map(Value::Number),
        (Kind::Flag, Value::String(text)) => text.trim().to_lowercase().parse().ok().map(Value::Bool),
        (Kind::Text, Value::Number(number)) => Some(Value::String(number.to_string())),
        (
            Kind::Null | Kind::Flag | Kind::Whole | Kind::Number | Kind::Text | Kind::Array | Kind::Object,
            _,
        ) => None,
    });
    if let Some(mended) = mended {
        *value = mended;
    }
}

/// A number without a fraction as a whole one.
fn whole(number: f64) -> Option<Value> {
    /// Up to here every whole number has its own float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then(|| Value::from(number as i64))
}

/// Whether a value keeps the bounds, lengths and grammars that concern its kind.
fn is_within(node: &Node, value: &Value) -> bool {
    let has_length = |length: usize| {
        let length = length as u64;
        node.length.least.is_none_or(|least| length >= least)
            && node.length.most.is_none_or(|most| length <= most)
    };
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|number| {
            let bounds = &node.bounds;
            bounds.least.is_none_or(|least| number >= least)
                && bounds.most.is_none_or(|most| number <= most)
                && bounds.above.is_none_or(|above| number > above)
                && bounds.below.is_none_or(|below| number < below)
        }),
        Value::String(text) => {
            has_length(text.chars().count()) && node.format.is_none_or(|format| format.fits(text))
        }
        Value::Array(values) => has_length(values.len()),
        Value::Null | Value::Bool(_) | Value::Object(_) => true,
    }
}

impl Format {
    fn fits(self, text: &str) -> bool {
        match self {
            Self::Date => is_date(text),
            Self::Time => is_time(text),
            Self::DateTime => {
                text.split_once(['T', 't', ' ']).is_some_and(|(date, time)| is_date(date) && is_time(time))
            }
            Self::Email => text.split_once('@').is_some_and(|(name, host)| {
                !name.is_empty()
                    && host.contains('.')
                    && !host.contains('@')
                    && !text.contains(char::is_whitespace)
            }),
        }
    }
}

/// `2026-11-21`, a day that exists.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let lengths = [year.len(), month.len(), day.len()] == [4, 2, 2];
    let (Some(year), Some(month), Some(day)) = (digits(year), digits(month), digits(day)) else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap),
        _ => 31,
    };
    lengths && (1..=12).contains(&month) && (1..=days).contains(&day)
}

/// `19:30`, with seconds and an offset or without.
fn is_time(text: &str) -> bool {
    let clock = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let (clock, offset) = match clock.rfind(['+', '-']) {
        Some(at) => (&clock[..at], Some(&clock[at + 1..])),
        None => (clock, None),
    };
    is_clock(clock) && offset.is_none_or(|offset| offset.len() == 5 && is_clock(offset))
}

fn is_clock(text: &str) -> bool {
    let (text, fraction) =
        text.split_once('.').map_or((text, None), |(clock, fraction)| (clock, Some(fraction)));
    let parts: Vec<&str> = text.split(':').collect();
    let within = |part: &str, most: u32| part.len() == 2 && digits(part).is_some_and(|n| n <= most);
    let fits = match parts[..] {
        [hour, minute] => within(hour, 23) && within(minute, 59) && fraction.is_none(),
        [hour, minute, second] => within(hour, 23) && within(minute, 59) && within(second, 60),
        _ => false,
    };
    fits && fraction.is_none_or(|fraction| (1..=9).contains(&fraction.len()) && digits(fraction).is_some())
}

fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
