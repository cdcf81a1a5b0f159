//! Dates: in digits, and with the names of months.

use super::{Hit, Verdict, numeral::whole, own_stop};
use crate::reading::{
    Conventions, Date, DateOrder, Expression, OrdinalMark,
    words::{Wait, Word, Words},
};

/// `2026-11-21`, `11/21/2026`, `21.11.2026`, `11/21`.
pub(super) fn in_digits(words: &Words<'_>, of: &Conventions) -> Verdict {
    let word = words.first();
    let core = word.core;
    let date = iso(core)
        .or_else(|| parted(core, '/', of.dates))
        .or_else(|| parted(core, '.', DateOrder::DayMonth).filter(|_| may_be_dotted(core, of)))
        .or_else(|| parted(core, '-', of.dates));
    if let Some(date) = date {
        return Ok(Some(Hit::of(1, Expression::Date(date))));
    }
    let without_year = match of.ordinals {
        OrdinalMark::Ending(_) => short(core, '/', of.dates).map(|date| (date, 0)),
        OrdinalMark::FullStop(_) if word.trail.starts_with('.') => {
            short(core, '.', DateOrder::DayMonth).map(|date| (date, 1))
        }
        OrdinalMark::FullStop(_) => None,
    };
    Ok(without_year.map(|(date, eats)| Hit { words: 1, what: Expression::Date(date), eats }))
}

/// Whether three numbers with full stops between them may be a date: `3.11.12` is a version, where days are not written
/// so.
fn may_be_dotted(text: &str, of: &Conventions) -> bool {
    match of.ordinals {
        OrdinalMark::FullStop(_) => true,
        OrdinalMark::Ending(_) => text.rsplit('.').next().is_some_and(|year| year.len() == 4),
    }
}

fn iso(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_one = year.len() == 4 && month.len() == 2 && day.len() == 2 && parts.next().is_none();
    if is_one { date(whole(year, 4)?, whole(month, 2)?, whole(day, 2)?) } else { None }
}

/// Day, month and year with a mark between them; the year has two or four digits.
fn parted(text: &str, mark: char, order: DateOrder) -> Option<Date> {
    let mut parts = text.split(mark);
    let (first, second, year) = (whole(parts.next()?, 2)?, whole(parts.next()?, 2)?, parts.next()?);
    if parts.next().is_some() || (mark == '-' && year.len() != 4) {
        return None;
    }
    let year = match year.len() {
        4 => whole(year, 4)?,
        2 if mark == '/' || mark == '.' => 2000 + whole(year, 2)?,
        _ => return None,
    };
    ordered(order, first, second).and_then(|(month, day)| date(year, month, day))
}

fn short(text: &str, mark: char, order: DateOrder) -> Option<Date> {
    let (first, second) = text.split_once(mark)?;
    let (month, day) = ordered(order, whole(first, 2)?, whole(second, 2)?)?;
    date(0, month, day).map(|date| Date { year: None, ..date })
}

/// The month and the day; where only the other order makes a date, it is that.
fn ordered(order: DateOrder, first: u64, second: u64) -> Option<(u64, u64)> {
    let own = if order == DateOrder::MonthDay { (first, second) } else { (second, first) };
    let other = (own.1, own.0);
    [own, other].into_iter().find(|(month, day)| (1..=12).contains(month) && (1..=31).contains(day))
}

fn date(year: u64, month: u64, day: u64) -> Option<Date> {
    let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    let is_one = (1..=12).contains(&month) && (1..=31).contains(&day);
    is_one.then_some(Date { year: u32::try_from(year).ok(), month, day: Some(day), day_first: false })
}

/// `Nov 21, 2026`, `Nov. 21st`, `November 3–5`, `Nov 2026`; `Sept.`, alone.
pub(super) fn month_first(words: &Words<'_>, of: &Conventions) -> Verdict {
    let word = words.first();
    let Some(month) = month(&word, of) else { return Ok(None) };
    let stop = usize::from(word.trail.starts_with('.'));
    let rest = &word.trail[stop..];
    let next = if rest.is_empty() { words.after(1)? } else { None };
    let Some(next) = next.filter(|next| next.lead.is_empty()) else {
        return alone(words, month, stop, of);
    };
    let named = Date { month, ..Date::default() };
    if let Some(year) = year(&next) {
        return Ok(Some(Hit::of(2, Expression::Date(Date { year: Some(year), ..named }))));
    }
    if let Some((from, to)) = days(next.core) {
        let date = Date { day: Some(from), ..named };
        return Ok(Some(Hit::of(2, Expression::Days(date, to))));
    }
    let Some(day) = day(next.core, of) else { return alone(words, month, stop, of) };
    let date = Date { day: Some(day), ..named };
    with_year(date, words, 2).map(Some)
}

/// A month by itself: only its short form, with its full stop or not, needs to be said.
fn alone(words: &Words<'_>, month: u8, stop: usize, of: &Conventions) -> Verdict {
    let name = words.first().core.to_lowercase();
    if stop == 0 || name.chars().count() > 4 || name == "may" || name == "mai" {
        return Ok(None);
    }
    let eats = own_stop(words, 1, of)?;
    let date = Date { month, ..Date::default() };
    Ok(Some(Hit { words: 1, what: Expression::Date(date), eats }))
}

/// `21 Nov 2026`, `21st of November`, `21. November`; its first word is a number.
pub(super) fn day_first(words: &Words<'_>, of: &Conventions) -> Verdict {
    let word = words.first();
    let Some(day) = day(word.core, of) else { return Ok(None) };
    let marks = match of.ordinals {
        OrdinalMark::Ending(_) => "",
        OrdinalMark::FullStop(_) => ".",
    };
    if word.trail != marks {
        return Ok(None);
    }
    let Some(next) = words.after(1)? else { return Ok(None) };
    let Some(month) = month(&next, of) else { return Ok(None) };
    let date = Date { year: None, month, day: Some(day), day_first: true };
    let stop = next.trail == ".";
    if !next.trail.is_empty() && !stop {
        return Ok(Some(Hit::of(2, Expression::Date(date))));
    }
    match words.after(2)?.as_ref().and_then(year) {
        Some(year) => Ok(Some(Hit::of(3, Expression::Date(Date { year: Some(year), ..date })))),
        None => {
            let eats = if next.core.chars().count() <= 4 { own_stop(words, 2, of)? } else { 0 };
            Ok(Some(Hit { words: 2, what: Expression::Date(date), eats }))
        }
    }
}

/// `Mon.`, `Mon, Nov 21`, `Tue 5`, `Thurs`.
pub(super) fn weekday(words: &Words<'_>, of: &Conventions) -> Verdict {
    let word = words.first();
    if !word.is_capitalised() {
        return Ok(None);
    }
    let name = word.core.to_lowercase();
    let Some((_, whole)) = of.weekdays.iter().find(|(short, _)| *short == name) else { return Ok(None) };
    let is_one = match words.after(1)? {
        Some(next) => next.core.starts_with(|c: char| c.is_ascii_digit()) || month(&next, of).is_some(),
        None => false,
    };
    let is_word = word.core.chars().count() < 4 && !matches!(name.as_str(), "tue" | "thu");
    if is_word && !is_one {
        return Ok(None);
    }
    let eats = own_stop(words, 1, of)?;
    Ok(Some(Hit { words: 1, what: Expression::Text((*whole).to_owned()), eats }))
}

/// A year after the date so far.
fn with_year(date: Date, words: &Words<'_>, n: usize) -> Result<Hit, Wait> {
    let trail = words.word(n - 1).trail;
    if matches!(trail, "" | ",")
        && let Some(year) = words.after(n)?.as_ref().and_then(year)
    {
        return Ok(Hit::of(n + 1, Expression::Date(Date { year: Some(year), ..date })));
    }
    Ok(Hit::of(n, Expression::Date(date)))
}

fn year(word: &Word<'_>) -> Option<u32> {
    let value = whole(word.core, 4).filter(|year| word.core.len() == 4 && (1000..2200).contains(year))?;
    if word.lead.is_empty() { u32::try_from(value).ok() } else { None }
}

fn month(word: &Word<'_>, of: &Conventions) -> Option<u8> {
    if !word.is_capitalised() || !word.lead.is_empty() {
        return None;
    }
    let name = word.core.to_lowercase();
    of.months.iter().find(|(known, _)| *known == name).map(|(_, month)| *month)
}

/// `21`, `21st`.
fn day(text: &str, of: &Conventions) -> Option<u8> {
    let number = match of.ordinals {
        OrdinalMark::Ending(endings) => {
            endings.iter().find_map(|ending| text.strip_suffix(ending)).unwrap_or(text)
        }
        OrdinalMark::FullStop(_) => text,
    };
    u8::try_from(whole(number, 2)?).ok().filter(|day| (1..=31).contains(day))
}

fn days(text: &str) -> Option<(u8, u8)> {
    let (from, to) = text.split_once(['-', '–'])?;
    let (from, to) = (whole(from, 2)?, whole(to, 2)?);
    if !(1..=31).contains(&from) || !(1..=31).contains(&to) || from >= to {
        return None;
    }
    Some((u8::try_from(from).ok()?, u8::try_from(to).ok()?))
}
