//! Values between their text and their type: what a rule has checked, and how a typed field takes it.

use std::{fmt, net::SocketAddr, time::Duration};

use crate::Secret;

/// A value as a file or a variable spells it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// A text.
    Text(String),
    /// A flag.
    Flag(bool),
    /// A whole number.
    Count(i64),
    /// A number with a fraction.
    Decimal(f64),
    /// A list of texts.
    List(Vec<String>),
    /// What no setting takes (a date, an array of numbers); holds its kind's name.
    Other(&'static str),
}

impl fmt::Display for Value {
    /// As TOML spells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Flag(flag) => flag.fmt(f),
            Self::Count(count) => count.fmt(f),
            // `{:?}` keeps the point of a whole number: 1.0 stays a decimal.
            Self::Decimal(number) => write!(f, "{number:?}"),
            Self::List(texts) => {
                let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
                write!(f, "[{}]", texts.join(", "))
            }
            Self::Other(kind) => f.write_str(kind),
        }
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A field's type: how it takes a value that its rule has checked.
pub(crate) trait Setting: Sized {
    /// `None` when the value has not this type's kind, which the rule beside the field excludes.
    fn take(value: &Value) -> Option<Self>;
}

impl Setting for String {
    fn take(value: &Value) -> Option<Self> {
        let Value::Text(text) = value else { return None };
        Some(text.clone())
    }
}

/// Empty is none.
impl Setting for Option<String> {
    fn take(value: &Value) -> Option<Self> {
        let Value::Text(text) = value else { return None };
        Some((!text.is_empty()).then(|| text.clone()))
    }
}

impl Setting for Secret {
    fn take(value: &Value) -> Option<Self> {
        String::take(value).map(Self::new)
    }
}

impl Setting for url::Url {
    fn take(value: &Value) -> Option<Self> {
        let Value::Text(text) = value else { return None };
        Self::parse(text).ok()
    }
}

/// Empty is off.
impl Setting for Option<SocketAddr> {
    fn take(value: &Value) -> Option<Self> {
        let Value::Text(text) = value else { return None };
        if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
    }
}

impl Setting for bool {
    fn take(value: &Value) -> Option<Self> {
        let Value::Flag(flag) = value else { return None };
        Some(*flag)
    }
}

/// Counts of milliseconds; a setting of another unit has another type.
impl Setting for Duration {
    fn take(value: &Value) -> Option<Self> {
        let Value::Count(count) = value else { return None };
        u64::try_from(*count).ok().map(Self::from_millis)
    }
}

/// The word is none.
impl Setting for Option<Duration> {
    fn take(value: &Value) -> Option<Self> {
        match value {
            Value::Text(_) => Some(None),
            Value::Count(_) => Duration::take(value).map(Some),
            Value::Flag(_) | Value::Decimal(_) | Value::List(_) | Value::Other(_) => None,
        }
    }
}

impl Setting for u32 {
    fn take(value: &Value) -> Option<Self> {
        let Value::Count(count) = value else { return None };
        Self::try_from(*count).ok()
    }
}

/// The word is none.
impl Setting for Option<u32> {
    fn take(value: &Value) -> Option<Self> {
        match value {
            Value::Text(_) => Some(None),
            Value::Count(_) => u32::take(value).map(Some),
            Value::Flag(_) | Value::Decimal(_) | Value::List(_) | Value::Other(_) => None,
        }
    }
}

impl Setting for Vec<String> {
    fn take(value: &Value) -> Option<Self> {
        let Value::List(texts) = value else { return None };
        Some(texts.clone())
    }
}

impl Setting for f32 {
    fn take(value: &Value) -> Option<Self> {
        let Value::Decimal(number) = value else { return None };
        Some(*number as Self)
    }
}
