//! Telephone numbers: in groups, with a plus, brackets or marks; read digit by digit.

use super::{
    Hit, Verdict,
    numeral::{digits, whole},
};
use crate::reading::{Conventions, Expression, words::Words};

/// How many digits a telephone number has at most, and at least.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// `+1 555 123 4567`, `(555) 123-4567`, `555-123-4567`, `555-1234`, `030 1234567`, `1-800-555-0199`. Not `0.333333`,
/// a number, and not `500-1000`, from so much to so much.
pub(super) fn phone(words: &Words<'_>, _: &Conventions) -> Verdict {
    let first = words.first();
    let in_brackets = first.lead == "(" && first.trail == ")";
    let text = first.core;
    if !text.starts_with(['+', '0', '(']) && !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(None);
    }
    let Some(groups) = groups(text) else { return Ok(None) };
    if is_decimal(text) || is_range(text) {
        return Ok(None);
    }
    let mut number = Number { plus: text.starts_with('+'), brackets: in_brackets, groups };
    let mut n = 1;
    if !number.may_go_on() || !(first.trail.is_empty() || in_brackets) {
        return Ok(number.hit(n));
    }
    while let Some(next) = words.after(n)? {
        let Some(more) =
            self::groups(next.core).filter(|_| next.lead.is_empty() && !next.core.starts_with('+'))
        else {
            break;
        };
        if number.digits() + more.iter().map(String::len).sum::<usize>() > *DIGITS.end() {
            break;
        }
        number.groups.extend(more);
        n += 1;
        if !next.trail.is_empty() {
            break;
        }
    }
    Ok(number.hit(n))
}

struct Number {
    plus: bool,
    brackets: bool,
    groups: Vec<String>,
}

impl Number {
    fn digits(&self) -> usize {
        self.groups.iter().map(String::len).sum()
    }

    /// Whether a group after a space may belong to it.
    fn may_go_on(&self) -> bool {
        let first = &self.groups[0];
        self.plus || self.brackets || first.starts_with('0') || (self.groups.len() == 1 && first.len() == 3)
    }

    fn hit(self, words: usize) -> Option<Hit> {
        let lengths: Vec<usize> = self.groups.iter().map(String::len).collect();
        let in_groups = lengths.len() > 1 && DIGITS.contains(&self.digits());
        let is_known = matches!(lengths.as_slice(), [3, 3, 4] | [1, 3, 3, 4] | [3, 4]);
        let starts_with_zero = self.groups[0].starts_with('0') && !is_date(&lengths);
        let is_one = (self.plus && DIGITS.contains(&self.digits()))
            || (in_groups && (self.brackets || is_known || starts_with_zero));
        let plus = if self.plus { "+" } else { "" };
        is_one.then(|| Hit::of(words, Expression::Phone(format!("{plus}{}", self.groups.join(" ")))))
    }
}

fn is_date(lengths: &[usize]) -> bool {
    matches!(lengths, [2, 2, 4] | [2, 2, 2] | [4, 2, 2])
}

/// Whether it is two groups with a full stop between them.
fn is_decimal(text: &str) -> bool {
    text.split_once('.').is_some_and(|(whole, rest)| is_digits(whole) && is_digits(rest))
}

/// Whether it is two round numbers, the greater last. Round is what few telephone numbers are: `500-1000`, `550-1200`.
fn is_range(text: &str) -> bool {
    let round =
        |text: &str| whole(text, 4).filter(|value| !text.starts_with('0') && value.is_multiple_of(50));
    text.split_once(['-', '\u{2011}'])
        .and_then(|(from, to)| Some((round(from)?, round(to)?)))
        .is_some_and(|(from, to)| from < to)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && digits(text) == text.len()
}

/// Groups of digits with one mark between them.
fn groups(text: &str) -> Option<Vec<String>> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let groups: Vec<String> = text
        .split(['-', '.', '/', '(', ')', '\u{2011}'])
        .filter(|group| !group.is_empty())
        .map(str::to_owned)
        .collect();
    let is_one = !groups.is_empty() && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_digit()));
    is_one.then_some(groups)
}
