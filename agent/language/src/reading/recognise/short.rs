//! Short forms, and Roman numerals.

use super::{Hit, Verdict};
use crate::reading::{
    Abbreviation, Conventions, Expands, Expression, Number,
    words::{Wait, Words},
};

/// `Mr.`, `e.g.`, `z. B.`: the longest that fits and means something here.
pub(super) fn abbreviation(words: &Words<'_>, of: &Conventions) -> Verdict {
    for known in of.abbreviations {
        if let Some(hit) = fits(known, words, of)? {
            return Ok(Some(hit));
        }
    }
    Ok(None)
}

fn fits(known: &'static Abbreviation, words: &Words<'_>, of: &Conventions) -> Verdict {
    let mut n = 0;
    let mut stop = 0;
    for part in known.written.split(' ') {
        let Some(word) = (if n == 0 { Some(words.first()) } else { words.after(n)? }) else {
            return Ok(None);
        };
        let (core, stopped) = part.strip_suffix('.').map_or((part, false), |core| (core, true));
        let is_it = if core.chars().any(char::is_uppercase) {
            word.core == core
        } else {
            word.core.chars().count() == core.chars().count()
                && word.core.chars().flat_map(char::to_lowercase).eq(core.chars())
        };
        if !is_it || (stopped && !word.trail.starts_with('.')) || (n > 0 && !word.lead.is_empty()) {
            return Ok(None);
        }
        stop = usize::from(stopped);
        n += 1;
    }
    let what = Expression::Short(known);
    let trail = words.word(n - 1).trail;
    let next = if trail.len() > stop { None } else { words.after(n)? };
    let before_name = next.is_some_and(|next| next.is_capitalised());
    let is_one = match known.expands {
        Expands::Always | Expands::MayEnd => true,
        Expands::BeforeDigit => next.is_some_and(|next| next.core.starts_with(|c: char| c.is_ascii_digit())),
        Expands::BeforeName => before_name && !words.after_name,
        Expands::AfterName => words.after_name || (!before_name && !words.before.is_empty()),
    };
    if !is_one {
        return Ok(None);
    }
    let eats = match known.expands {
        Expands::Always | Expands::BeforeDigit | Expands::BeforeName => stop,
        Expands::MayEnd | Expands::AfterName if stop == 0 => 0,
        Expands::MayEnd | Expands::AfterName => own_stop_once(words, n, of)?,
    };
    Ok(Some(Hit { words: n, what, eats }))
}

fn own_stop_once(words: &Words<'_>, n: usize, of: &Conventions) -> Result<usize, Wait> {
    super::own_stop(words, n, of)
}

/// `Henry VIII`, `World War II`, `Chapter IV`.
pub(super) fn roman(words: &Words<'_>, of: &Conventions) -> Verdict {
    let word = words.first();
    let Some(value) = value(word.core).filter(|_| word.lead.is_empty()) else { return Ok(None) };
    if of.roman_parts.contains(&words.before) {
        return Ok(Some(Hit::of(1, Expression::Number(Number::of(value)))));
    }
    if !of.roman_names.contains(&words.before) {
        return Ok(None);
    }
    let is_one = value > 1 || !word.trail.is_empty() || words.after(1)?.is_none_or(|next| next.core == "of");
    Ok(is_one.then(|| Hit::of(1, Expression::Regnal(value))))
}

/// A Roman numeral below forty in capitals, written as it should be.
fn value(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 7 {
        return None;
    }
    (1..40).find(|value| written(*value) == text)
}

fn written(mut value: u64) -> String {
    let mut text = String::new();
    for (worth, sign) in [(10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")] {
        while value >= worth {
            text.push_str(sign);
            value -= worth;
        }
    }
    text
}
