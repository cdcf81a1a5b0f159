//! Numbers in digits, and what is made of them alone: ordinals, decades, fractions, versions, heights.

use super::{Hit, Verdict};
use crate::reading::{Conventions, Expression, Number, OrdinalMark, words::Words};

/// More digits than this are no number but a sign of their own.
const MOST_DIGITS: usize = 15;

/// The number at the beginning of `text` without its sign, and where it ends.
pub(super) fn number(text: &str, of: &Conventions) -> Option<(Number, usize)> {
    let mut end = digits(text);
    if end == 0 || end > MOST_DIGITS {
        return None;
    }
    let mut whole = text[..end].to_owned();
    if end <= 3 && !text.starts_with('0') {
        let mark = text[end..].chars().next().filter(|mark| of.thousands.contains(mark));
        while let Some(group) = mark.and_then(|mark| text[end..].strip_prefix(mark))
            && digits(group) == 3
            && whole.len() + 3 <= MOST_DIGITS
        {
            whole.push_str(&group[..3]);
            end = text.len() - group.len() + 3;
        }
    }
    let mut fraction = String::new();
    if let Some(after) = text[end..].strip_prefix(of.decimal)
        && digits(after) > 0
    {
        fraction.push_str(&after[..digits(after)]);
        end = text.len() - after.len() + fraction.len();
    }
    Some((Number { whole: whole.parse().ok()?, fraction, ..Number::default() }, end))
}

/// How many digits `text` begins with.
pub(super) fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// All of `text` as a whole number of at most `most` digits.
pub(super) fn whole(text: &str, most: usize) -> Option<u64> {
    let is_one = !text.is_empty() && text.len() <= most && digits(text) == text.len();
    if is_one { text.parse().ok() } else { None }
}

/// `21st`; `1990s` and `'90s`.
pub(super) fn ordinal(words: &Words<'_>, of: &Conventions) -> Verdict {
    let word = words.first();
    let end = digits(word.core);
    let (number, ending) = word.core.split_at(end);
    let Some(value) = whole(number, 9) else { return Ok(None) };
    if let Some(decade) = decade(value, ending, of) {
        return Ok(Some(Hit::of(1, decade)));
    }
    match of.ordinals {
        OrdinalMark::Ending(endings) => {
            let is_one = endings.iter().any(|one| one.eq_ignore_ascii_case(ending));
            Ok(is_one.then(|| Hit::of(1, Expression::Ordinal(value))))
        }
        OrdinalMark::FullStop(cues) => {
            if !ending.is_empty() || word.trail != "." || end > 3 {
                return Ok(None);
            }
            let Some(next) = words.after(1)? else { return Ok(None) };
            let is_one = next.is_small() || cues.contains(&words.before);
            Ok(is_one.then_some(Hit { words: 1, what: Expression::Ordinal(value), eats: 1 }))
        }
    }
}

fn decade(value: u64, ending: &str, of: &Conventions) -> Option<Expression> {
    let is_mark = match of.ordinals {
        OrdinalMark::Ending(_) => matches!(ending, "s" | "'s" | "’s"),
        OrdinalMark::FullStop(_) => ending == "er",
    };
    let is_one =
        is_mark && value.is_multiple_of(10) && ((20..100).contains(&value) || (1100..2100).contains(&value));
    if is_one { u32::try_from(value).ok().map(Expression::Decade) } else { None }
}

/// `3/4`, `2½`, `3 1/2`, `24/7`.
pub(super) fn fraction(words: &Words<'_>, _: &Conventions) -> Verdict {
    let word = words.first();
    if let Some((whole, upper, lower)) = one_fraction(word.core) {
        return Ok(Some(Hit::of(1, Expression::Fraction(whole, upper, lower))));
    }
    if let "24/7" | "9/11" = word.core {
        let parts = word.core.split('/').filter_map(|part| whole(part, 2)).map(Number::of);
        return Ok(Some(Hit::of(1, Expression::Parts(parts.map(Expression::Number).collect()))));
    }
    let Some(integer) = whole(word.core, 4) else { return Ok(None) };
    let Some(next) = words.joined(1)? else { return Ok(None) };
    Ok(one_fraction(next.core)
        .filter(|(own, ..)| *own == 0)
        .map(|(_, upper, lower)| Hit::of(2, Expression::Fraction(integer, upper, lower))))
}

/// What stands below a fraction that people say as one.
const LOWER: &[u64] = &[2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 32, 64, 100];

fn one_fraction(text: &str) -> Option<(u64, u64, u64)> {
    if let Some((upper, lower)) = text.split_once('/') {
        let (upper, lower) = (whole(upper, 2)?, whole(lower, 3)?);
        return (upper > 0 && upper < lower && LOWER.contains(&lower)).then_some((0, upper, lower));
    }
    let sign = text.chars().next_back()?;
    let (_, upper, lower) = SIGNS.iter().find(|(known, ..)| *known == sign)?;
    let before = &text[..text.len() - sign.len_utf8()];
    let integer = if before.is_empty() { 0 } else { whole(before, 4)? };
    Some((integer, *upper, *lower))
}

const SIGNS: &[(char, u64, u64)] = &[
    ('½', 1, 2),
    ('⅓', 1, 3),
    ('⅔', 2, 3),
    ('¼', 1, 4),
    ('¾', 3, 4),
    ('⅕', 1, 5),
    ('⅖', 2, 5),
    ('⅗', 3, 5),
    ('⅘', 4, 5),
    ('⅙', 1, 6),
    ('⅛', 1, 8),
    ('⅜', 3, 8),
    ('⅝', 5, 8),
    ('⅞', 7, 8),
];

/// `1.2.3`, `v2.0`, `192.168.0.1`.
pub(super) fn version(words: &Words<'_>, _: &Conventions) -> Verdict {
    let core = words.first().core;
    let marked = core.strip_prefix(['v', 'V']);
    let parts: Option<Vec<u64>> = marked.unwrap_or(core).split('.').map(|part| whole(part, 5)).collect();
    Ok(parts
        .filter(|parts| parts.len() <= 6 && (parts.len() > 2 || marked.is_some()))
        .map(|parts| Hit::of(1, Expression::Version(parts))))
}

/// `5'11"`, `6′2″`.
pub(super) fn height(words: &Words<'_>, _: &Conventions) -> Verdict {
    let word = words.first();
    let core = word.core.trim_end_matches(['″', '"', '”']);
    let Some((feet, inches)) = core.split_once(['\'', '’', '′']) else { return Ok(None) };
    let (Some(feet), Some(inches)) = (whole(feet, 1), whole(inches, 2)) else { return Ok(None) };
    let eats = word.trail.chars().next().filter(|mark| matches!(mark, '"' | '”')).map_or(0, char::len_utf8);
    Ok((inches < 12).then_some(Hit { words: 1, what: Expression::Height(feet, inches), eats }))
}
