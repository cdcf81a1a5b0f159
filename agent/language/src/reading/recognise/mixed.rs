//! What is left: signs between words, and words of letters and digits.

use super::{
    Hit, Verdict, amount,
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

/// `A4`, `COVID-19`, `20-minute`, `R&D`, `C++`, `~100`, `and/or`, `§5`, `$5/month`, `1,500+`, `10-2=8`.
pub(super) fn parts(words: &Words<'_>, of: &Conventions) -> Verdict {
    let core = words.first().core;
    let has_digit = core.bytes().any(|b| b.is_ascii_digit());
    let has_sign = core.contains(['&', '§', '~', '≈', '<', '>', '=', '%', '°']) || core.ends_with("++");
    if (!has_digit && !has_sign) || core.chars().count() < 2 {
        return Ok(None);
    }
    let mut parts = Vec::new();
    let mut before = Before::Nothing;
    let mut rest = core;
    while let Some(first) = rest.chars().next() {
        let (part, end, now) = if let Some((amount, end)) = before.amount(rest, of) {
            (Some(amount), end, Before::Amount)
        } else if first.is_ascii_digit() {
            let end = digits(rest);
            (Some(read_digits(&rest[..end])), end, Before::Amount)
        } else if first.is_alphanumeric() {
            let end = run(rest, first);
            let letters = &rest[..end];
            (Some(Expression::Text(letters.to_owned())), end, Before::letters(letters))
        } else {
            let (end, next) = (first.len_utf8(), rest.chars().nth(1));
            (joint(first, before, next, core.contains('=')), end, before.after(first))
        };
        parts.extend(part);
        (before, rest) = (now, &rest[end..]);
    }
    Ok((!parts.is_empty()).then(|| Hit::of(1, Expression::Parts(parts))))
}

/// What stands before a part of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Nothing, or a sign that belongs to what follows.
    Nothing,
    /// A number, or so much of something.
    Amount,
    /// Letters: digits after them are read one by one.
    Letters,
    /// Letters of a code (`BA`, `F`): the same, also after a hyphen.
    Code,
}

impl Before {
    fn letters(letters: &str) -> Self {
        if letters.contains(char::is_uppercase) { Self::Code } else { Self::Letters }
    }

    /// The same past a mark.
    const fn after(self, mark: char) -> Self {
        match (self, mark) {
            (Self::Code | Self::Letters, '.' | '_') | (Self::Code, '-' | '–') => self,
            (Self::Amount, _) => Self::Amount,
            (Self::Nothing | Self::Letters | Self::Code, _) => Self::Nothing,
        }
    }

    /// The amount at the beginning of the rest of a word, and where it ends.
    fn amount(self, rest: &str, of: &Conventions) -> Option<(Expression, usize)> {
        match self {
            Self::Nothing | Self::Amount => amount::leading(rest, of),
            Self::Letters | Self::Code => None,
        }
    }
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

/// A mark within a word: said, or what joins the parts. In a sum, marks between numbers calculate.
fn joint(mark: char, before: Before, next: Option<char>, is_sum: bool) -> Option<Expression> {
    let after_amount = before == Before::Amount;
    let between_numbers = after_amount && next.is_some_and(|next| next.is_ascii_digit());
    let inside = before != Before::Nothing;
    match mark {
        '-' | '−' | '–' if is_sum && between_numbers => Some(Expression::Sign('-')),
        '/' if is_sum && between_numbers => Some(Expression::Sign('÷')),
        '*' | '×' | '·' if between_numbers => Some(Expression::Sign('×')),
        '/' if after_amount && next.is_some_and(char::is_alphabetic) => Some(Expression::Per),
        '&' | '+' | '=' | '§' | '~' | '≈' | '<' | '>' | '°' | '%' | '@' => Some(Expression::Sign(mark)),
        '-' | '–' if inside => Some(Expression::Text("-".to_owned())),
        '.' if inside => Some(Expression::Sign('.')),
        '_' if inside => Some(Expression::Text(" ".to_owned())),
        '/' if inside => Some(Expression::Sign('/')),
        ',' | ';' | ':' => Some(Expression::Text(mark.to_string())),
        _ => None,
    }
}
