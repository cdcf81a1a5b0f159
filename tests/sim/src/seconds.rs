//! Numbers of a scenario: seconds with the precision of a millisecond, and shares in thousandths.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, de};

/// The longest time that a file may name: a day.
const LONGEST: f64 = 86_400.0;

/// A time or a span, from 0 to a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub Duration);

/// A span, or `"off"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Never.
    Off,
    /// After so long.
    After(Duration),
}

/// A number from 0 to 1.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "f64")]
pub struct Probability {
    /// In thousandths.
    pub permille: u16,
}

impl TryFrom<f64> for Probability {
    type Error = &'static str;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        let is_share = (0.0..=1.0).contains(&number);
        is_share
            .then(|| Self { permille: (number * 1000.0).round() as u16 })
            .ok_or("not a number from 0 to 1")
    }
}

/// The share of an old average that is kept: more than 0, at most 1.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "f64")]
pub struct Alpha(pub agent_turn::Keep);

impl TryFrom<f64> for Alpha {
    type Error = &'static str;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        let wrong = "not a number above 0 and up to 1";
        let Probability { permille } = Probability::try_from(number).map_err(|_| wrong)?;
        agent_turn::Keep::from_permille(permille).map(Self).ok_or(wrong)
    }
}

impl Seconds {
    /// So many thousandths.
    #[must_use]
    pub const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// What a number in a file means; `None` if it is no time.
    #[must_use]
    pub fn from_number(number: f64) -> Option<Self> {
        let is_time = (0.0..=LONGEST).contains(&number);
        is_time.then(|| Self::millis((number * 1000.0).round() as u64))
    }
}

impl Limit {
    /// The span, if there is one.
    #[must_use]
    pub const fn span(self) -> Option<Duration> {
        match self {
            Self::Off => None,
            Self::After(span) => Some(span),
        }
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OfNumber)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OfNumberOrOff)
    }
}

struct OfNumber;

struct OfNumberOrOff;

impl de::Visitor<'_> for OfNumber {
    type Value = Seconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds from 0 to 86400")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Seconds, E> {
        self.visit_f64(number as f64)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Seconds, E> {
        Seconds::from_number(number).ok_or_else(|| E::invalid_value(de::Unexpected::Float(number), &self))
    }
}

impl de::Visitor<'_> for OfNumberOrOff {
    type Value = Limit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds from 0 to 86400, or \"off\"")
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Limit, E> {
        if flag { Err(E::invalid_value(de::Unexpected::Bool(flag), &self)) } else { Ok(Limit::Off) }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Limit, E> {
        match text {
            "off" | "none" => Ok(Limit::Off),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Limit, E> {
        self.visit_f64(number as f64)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Limit, E> {
        match Seconds::from_number(number) {
            Some(Seconds(span)) => Ok(Limit::After(span)),
            None => Err(E::invalid_value(de::Unexpected::Float(number), &self)),
        }
    }
}
