//! What is left: signs between words, and words of letters and digits.

use super::{
    Hit, Verdict,
    numeral::{digits, whole},
};
use crate::reading::{Conventions, Expression, Number, words::Words};

/// Signs that are said wherever they stand alone.
const ALONE: &[char] =
    &['&', '+', '=', '@', '%', '×', '÷', '±', '≈', '≠', '≤', '≥', '<', '>', '→', '§', '°', '€', '£', '$'];

/// Signs that are said only between numbers.
const BETWEEN_NUMBERS: &[char] = &['-', '−', '*', '/', '–'];

/// `&`, `=`, `2 - 1`, `w/o`.
pub(super) fn sign(words: &Words<'_>, _: &Conventions) -> Verdict {
    let core = words.first().core;
    let mut letters = core.chars();
    let (Some(sign), None) = (letters.next(), letters.next()) else { return Ok(None) };
    if ALONE.contains(&sign) {
        return Ok(Some(Hit::of(1, Expression::Sign(sign))));
    }
    let after_number = words.before.ends_with(|c: char| c.is_ascii_digit());
    if !BETWEEN_NUMBERS.contains(&sign) || !after_number {
        return Ok(None);
    }
    let is_one = words.after(1)?.is_some_and(|next| next.core.starts_with(|c: char| c.is_ascii_digit()));
    Ok(is_one.then(|| Hit::of(1, Expression::Sign(sign))))
}

/// `A4`, `COVID-19`, `20-minute`, `R&D`, `C++`, `~5`, `and/or`, `§5`.
pub(super) fn parts(words: &Words<'_>, _: &Conventions) -> Verdict {
    let core = words.first().core;
    let has_digit = core.bytes().any(|b| b.is_ascii_digit());
    let has_sign = core.contains(['&', '§', '~', '≈', '<', '>', '=', '%', '°']) || core.ends_with("++");
    if (!has_digit && !has_sign) || core.chars().count() < 2 {
        return Ok(None);
    }
    let mut parts = Vec::new();
    let mut rest = core;
    while let Some(first) = rest.chars().next() {
        let end = if first.is_ascii_digit() { digits(rest) } else { run(rest, first) };
        let (part, after) = rest.split_at(end);
        rest = after;
        if first.is_ascii_digit() {
            parts.push(read_digits(part));
        } else if first.is_alphanumeric() {
            parts.push(Expression::Text(part.to_owned()));
        } else {
            parts.extend(joint(first, !parts.is_empty()));
        }
    }
    Ok((!parts.is_empty()).then(|| Hit::of(1, Expression::Parts(parts))))
}

/// How far the text is like its first letter.
fn run(text: &str, first: char) -> usize {
    let alike = |c: char| c.is_alphabetic() || matches!(c, '\'' | '’');
    if alike(first) { text.find(|c| !alike(c)).unwrap_or(text.len()) } else { first.len_utf8() }
}

fn read_digits(part: &str) -> Expression {
    match whole(part, 2) {
        Some(value) if part.len() == 1 || !part.starts_with('0') => Expression::Number(Number::of(value)),
        Some(_) | None => Expression::Digits(part.to_owned()),
    }
}

/// A mark within a word: said, or what joins the parts.
fn joint(mark: char, inside: bool) -> Option<Expression> {
    match mark {
        '&' | '+' | '=' | '§' | '~' | '≈' | '<' | '>' | '°' | '%' | '@' => Some(Expression::Sign(mark)),
        '-' | '–' if inside => Some(Expression::Text("-".to_owned())),
        '.' if inside => Some(Expression::Sign('.')),
        '_' if inside => Some(Expression::Text(" ".to_owned())),
        '/' if inside => Some(Expression::Sign('/')),
        ',' | ';' | ':' => Some(Expression::Text(mark.to_string())),
        _ => None,
    }
}
