//! What can be written in digits and signs, as values: what a text means, before a language says it.

use super::{Abbreviation, Unit};

/// Something that is not written as words.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// `-1,234.5`, `5 million`.
    Number(Number),
    /// `21st`.
    Ordinal(u64),
    /// `1984`, where it is a year.
    Year(u32),
    /// `1990s`, `'90s`; below 100 without its century.
    Decade(u32),
    /// `007`: digit by digit; other characters are pauses.
    Digits(String),
    /// `+1 555 123 4567`, its groups apart by spaces; a `+` leads it, if it has one.
    Phone(String),
    /// `10–20`.
    Range(Box<Expression>, Box<Expression>),
    /// `$5.50`, `£2m`.
    Money(Number, Currency),
    /// `5%`.
    Percent(Number),
    /// `5 km`.
    Measure(Number, &'static Unit),
    /// `5'11"`: feet and inches.
    Height(u64, u64),
    /// `3x4`.
    By(Number, Number),
    /// `16:9`.
    Ratio(u64, u64),
    /// `3 1/2`: whole, upper, lower.
    Fraction(u64, u64, u64),
    /// `1.2.3`.
    Version(Vec<u64>),
    /// A date.
    Date(Date),
    /// Two days of one month.
    Days(Date, u8),
    /// A time of day.
    Time(TimeOfDay),
    /// `jane.doe@example.com`, `docs.rs/x`, `@jane`; without its scheme.
    Address(String),
    /// `#5`.
    NumberSign(u64),
    /// `#rust`.
    Hashtag(String),
    /// `Henry VIII`.
    Regnal(u64),
    /// `Mr.`
    Short(&'static Abbreviation),
    /// `&`, `=`, and the like.
    Sign(char),
    /// `/` between an amount and what it is counted by: `$5/month`.
    Per,
    /// Parts that are said one after the other: `A4`, `R&D`, `20-minute`.
    Parts(Vec<Expression>),
    /// Said as it is written.
    Text(String),
}

/// A number in digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    /// Whether it is below zero.
    pub negative: bool,
    /// Before the decimal mark.
    pub whole: u64,
    /// The digits after the decimal mark; empty if there is none.
    pub fraction: String,
    /// A word of thousands that multiplies it.
    pub scale: Option<Scale>,
}

impl Number {
    /// A whole number.
    #[must_use]
    pub fn of(whole: u64) -> Self {
        Self { whole, ..Self::default() }
    }

    /// Whether it is exactly one thing.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.whole == 1 && self.fraction.is_empty() && self.scale.is_none()
    }
}

/// Words for many zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// 10³.
    Thousand,
    /// 10⁶.
    Million,
    /// 10⁹.
    Billion,
    /// 10¹².
    Trillion,
}

/// Money of a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Currency {
    /// `$`, `US$`, `USD`.
    Dollar,
    /// `€`, `EUR`.
    Euro,
    /// `£`, `GBP`.
    Pound,
    /// `¥`, `JPY`.
    Yen,
    /// `₹`, `INR`.
    Rupee,
    /// `₩`, `KRW`.
    Won,
    /// `CHF`.
    Franc,
    /// `₽`, `RUB`.
    Rouble,
    /// `zł`, `PLN`.
    Zloty,
    /// `¢`.
    Cent,
}

/// A day, a month, or a month of a year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Date {
    /// The year, if it was written.
    pub year: Option<u32>,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31, if it was written.
    pub day: Option<u8>,
    /// Whether the day was written before the month's name.
    pub day_first: bool,
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay {
    /// 0 to 24.
    pub hour: u8,
    /// 0 to 59, if it was written.
    pub minute: Option<u8>,
    /// 0 to 59, if it was written.
    pub second: Option<u8>,
    /// Of twelve hours, which.
    pub half: Option<HalfDay>,
}

/// A half of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HalfDay {
    /// Before noon.
    Morning,
    /// After noon.
    Afternoon,
}
