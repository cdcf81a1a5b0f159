//! Times of day.

use super::{
    Hit, Verdict,
    numeral::{digits, whole},
    own_stop,
};
use crate::reading::{
    Conventions, Expression, HalfDay, TimeOfDay,
    words::{Wait, Words},
};

/// `9:42`, `14:05 Uhr`, `5pm`, `5 p.m.`, `9–5pm`, `9:00-17:00`.
pub(super) fn time(words: &Words<'_>, of: &Conventions) -> Verdict {
    let core = words.first().core;
    if digits(core) == 0 {
        return Ok(None);
    }
    if let Some((from, to)) = core.split_once(['-', '–'])
        && let (Some((mut from, _)), Some((to, is_sure))) = (clock(from), clock(to))
    {
        let Some(hit) = completed(to, is_sure, words, of)? else { return Ok(None) };
        if let (None, Expression::Time(to)) = (from.half, &hit.what)
            && to.minute.is_none()
            && from.minute.is_none()
            && to.half.is_none()
        {
            from.minute = None;
        }
        let what = Expression::Range(Box::new(Expression::Time(from)), Box::new(hit.what));
        return Ok(Some(Hit { what, ..hit }));
    }
    let Some((clock, is_sure)) = clock(core) else { return Ok(None) };
    completed(clock, is_sure, words, of)
}

/// A time in one word, and whether it is surely one.
fn clock(text: &str) -> Option<(TimeOfDay, bool)> {
    let at =
        digits(text) + text[digits(text)..].bytes().take_while(|b| b.is_ascii_digit() || *b == b':').count();
    let (numbers, ending) = text.split_at(at);
    let half = if ending.is_empty() { None } else { Some(half(ending)?) };
    let mut parts = numbers.split(':');
    let hour = parts.next().and_then(|hour| whole(hour, 2))?;
    let minute = parts.next();
    let second = parts.next();
    if parts.next().is_some()
        || minute.is_some_and(|minute| minute.len() != 2)
        || second.is_some_and(|one| one.len() != 2)
    {
        return None;
    }
    let small = |text: Option<&str>| match text {
        Some(text) => whole(text, 2).and_then(|n| u8::try_from(n).ok()).filter(|n| *n < 60).map(Some),
        None => Some(None),
    };
    let time =
        TimeOfDay { hour: u8::try_from(hour).ok()?, minute: small(minute)?, second: small(second)?, half };
    let most = if half.is_some() { 12 } else { 24 };
    (time.hour <= most).then_some((time, half.is_some() || minute.is_some()))
}

/// What follows: `pm`, `Uhr`.
fn completed(time: TimeOfDay, is_sure: bool, words: &Words<'_>, of: &Conventions) -> Verdict {
    if time.half.is_some() {
        let eats = own_stop_of_half(words, 1, of)?;
        return Ok(Some(Hit { words: 1, what: Expression::Time(time), eats }));
    }
    if let Some(next) = words.joined(1)? {
        if time.hour <= 12
            && let Some(half) = half(next.core)
        {
            let eats = own_stop_of_half(words, 2, of)?;
            return Ok(Some(Hit {
                words: 2,
                what: Expression::Time(TimeOfDay { half: Some(half), ..time }),
                eats,
            }));
        }
        if of.hour_word.is_some_and(|word| next.core.to_lowercase() == word) {
            return Ok(Some(Hit::of(2, Expression::Time(time))));
        }
    }
    Ok(is_sure.then(|| Hit::of(1, Expression::Time(time))))
}

fn own_stop_of_half(words: &Words<'_>, n: usize, of: &Conventions) -> Result<usize, Wait> {
    let has_stops = words.word(n - 1).core.contains('.');
    if has_stops { own_stop(words, n, of) } else { Ok(0) }
}

fn half(text: &str) -> Option<HalfDay> {
    match text {
        "am" | "AM" | "a.m" | "A.M" => Some(HalfDay::Morning),
        "pm" | "PM" | "p.m" | "P.M" => Some(HalfDay::Afternoon),
        _ => None,
    }
}
