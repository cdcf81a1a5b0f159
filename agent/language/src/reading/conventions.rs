//! How a language writes numbers, dates and the like: data, no code.

use super::Scale;

/// How a language writes what is not words.
#[derive(Clone, Copy, Debug)]
pub struct Conventions {
    /// What stands before a fraction: `.` or `,`.
    pub decimal: char,
    /// What may stand between thousands.
    pub thousands: &'static [char],
    /// The order of a date in digits with slashes or full stops.
    pub dates: DateOrder,
    /// How ordinals are marked.
    pub ordinals: OrdinalMark,
    /// Names of months and their short forms, in lower case without a full stop, and 1 to 12.
    pub months: &'static [(&'static str, u8)],
    /// Short forms of weekdays without a full stop, in lower case, and the whole name.
    pub weekdays: &'static [(&'static str, &'static str)],
    /// Short forms. The longest that fits is taken.
    pub abbreviations: &'static [Abbreviation],
    /// Words of thousands after a number, in lower case without a full stop.
    pub scales: &'static [(&'static str, Scale)],
    /// Units of measure after a number.
    pub units: &'static [Unit],
    /// Words after which four digits are a year, in lower case.
    pub year_follows: &'static [&'static str],
    /// Words that may come after a year and are not counted things, in lower case.
    pub after_year: &'static [&'static str],
    /// The word after a time of day that belongs to it, in lower case: `uhr`.
    pub hour_word: Option<&'static str>,
    /// Words after which a Roman numeral is a number: `chapter`, in lower case.
    pub roman_parts: &'static [&'static str],
    /// Names after which a Roman numeral is an ordinal: `henry`, in lower case.
    pub roman_names: &'static [&'static str],
}

/// The order of a date in digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// 11/21/2026.
    MonthDay,
    /// 21/11/2026.
    DayMonth,
}

/// How ordinals are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrdinalMark {
    /// By one of these endings.
    Ending(&'static [&'static str]),
    /// By a full stop, after one of these words (in lower case) or before a word in lower case.
    FullStop(&'static [&'static str]),
}

/// A short form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abbreviation {
    /// As it is written, with its full stops; case counts if it has capitals. A space stands for one space.
    pub written: &'static str,
    /// As it is said.
    pub spoken: &'static str,
    /// When it is that.
    pub expands: Expands,
}

/// When a short form is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expands {
    /// Always; it never ends a sentence.
    Always,
    /// Always; it may end a sentence, and then its full stop stays.
    MayEnd,
    /// Before a digit.
    BeforeDigit,
    /// Before a name: the next word begins with a capital, and the word before is no name.
    BeforeName,
    /// After a name or a number; it may end a sentence.
    AfterName,
}

/// A unit of measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// As it is written; case counts.
    pub symbol: &'static str,
    /// One of it, with the word for one: `one kilometer`.
    pub one: &'static str,
    /// Several, without the number: `kilometers`.
    pub many: &'static str,
    /// Whether it may stand apart from its number: not `in`, which is a word.
    pub apart: bool,
}
