//! So much of something: numbers, money, percentages, measures, years; and from so much to so much.

use super::{
    Hit, Verdict, date,
    numeral::{digits, number, whole},
    own_stop,
};
use crate::reading::{
    Conventions, Currency, Expression, Number, Scale, Unit,
    words::{Wait, Words},
};

/// An amount in one word.
#[derive(Clone, Debug)]
struct Amount {
    number: Number,
    of: Of,
    /// As it was written: whole digits and nothing else.
    bare_digits: bool,
}

/// Of what an amount is.
#[derive(Clone, Copy, Debug)]
enum Of {
    Nothing,
    Money(Currency),
    Percent,
    Unit(&'static Unit),
}

impl Amount {
    fn expression(self) -> Expression {
        match self.of {
            Of::Nothing => Expression::Number(self.number),
            Of::Money(currency) => Expression::Money(self.number, currency),
            Of::Percent => Expression::Percent(self.number),
            Of::Unit(unit) => Expression::Measure(self.number, unit),
        }
    }
}

/// `-5`, `$5.50`, `£2m`, `5 million`, `5%`, `20 °C`, `1984`, `007`, `21 November`.
pub(super) fn amount(words: &Words<'_>, of: &Conventions) -> Verdict {
    let word = words.first();
    if let Some(known) = code(words, of)? {
        return Ok(Some(known));
    }
    let Some(one) = parse(word.core, of) else { return Ok(digit_string(word.core)) };
    if one.bare_digits {
        if let Some(hit) = date::day_first(words, of)? {
            return Ok(Some(hit));
        }
        if let Some(what) = special_digits(word.core, words, of)? {
            return Ok(Some(Hit::of(1, what)));
        }
    }
    completed(one, words, 1, of).map(Some)
}

/// The amount at the beginning of a word of several parts, up to the mark that joins the next, and where it ends.
pub(super) fn leading(text: &str, of: &Conventions) -> Option<(Expression, usize)> {
    let is_joint = |c: char| !c.is_alphanumeric() && !matches!(c, '.' | ',' | '%' | '°');
    let first = leading_currency(text).map_or(0, |(_, rest)| text.len() - rest.len());
    let end = text[first..].find(is_joint).map_or(text.len(), |at| first + at);
    let one = parse(&text[..end], of)?;
    if one.bare_digits && end > 1 && text.starts_with('0') {
        return None;
    }
    // Nobody adds up years, or pays so much by the month.
    let mut after = text[end..].chars();
    let counts = match (after.next(), after.next()) {
        (Some('+' | '=' | '*' | '×' | '·' | '÷' | '<' | '>'), _) => true,
        (Some('/'), Some(next)) => next.is_alphabetic(),
        _ => false,
    };
    let year = year(&one).filter(|year| *year >= 1900 && !counts).map(Expression::Year);
    Some((year.unwrap_or_else(|| one.expression()), end))
}

/// `USD 5`, `EUR 3,50`: the currency before the number, apart.
fn code(words: &Words<'_>, of: &Conventions) -> Verdict {
    let word = words.first();
    let is_code =
        word.core.len() == 3 && word.trail.is_empty() && word.core.bytes().all(|b| b.is_ascii_uppercase());
    let Some(currency) = currency(word.core).filter(|_| is_code) else { return Ok(None) };
    let Some(next) = words.joined(1)? else { return Ok(None) };
    Ok(bare(next.core, of).map(|number| Hit::of(2, Expression::Money(number, currency))))
}

/// The amount that is all of `text`.
fn parse(text: &str, of: &Conventions) -> Option<Amount> {
    let (mut negative, mut rest) = sign(text);
    let mut kind = Of::Nothing;
    if let Some((currency, after)) = leading_currency(rest) {
        kind = Of::Money(currency);
        let (also, after) = sign(after);
        (negative, rest) = (negative || also, after);
    }
    let (mut number, end) = number(rest, of)?;
    let bare_digits = end == text.len() && digits(text) == text.len();
    let mut ending = &rest[end..];
    if let Of::Money(_) = kind
        && let Some(scale) = scale(ending, of)
    {
        number.scale = Some(scale);
        ending = "";
    } else if let "k" | "K" = ending {
        number.scale = Some(Scale::Thousand);
        ending = "";
    } else if let "M" | "bn" = ending {
        number.scale = Some(if ending == "M" { Scale::Million } else { Scale::Billion });
        ending = "";
    }
    number.negative = negative;
    if !ending.is_empty() {
        if !matches!(kind, Of::Nothing) {
            return None;
        }
        kind = trailing(ending, of)?;
    }
    Some(Amount { number, of: kind, bare_digits })
}

fn sign(text: &str) -> (bool, &str) {
    text.strip_prefix(['-', '−']).map_or((false, text), |rest| (true, rest))
}

fn trailing(ending: &str, of: &Conventions) -> Option<Of> {
    if ending == "%" {
        return Some(Of::Percent);
    }
    if let Some(currency) = currency(ending) {
        return Some(Of::Money(currency));
    }
    unit(ending, of).map(Of::Unit)
}

fn unit(symbol: &str, of: &Conventions) -> Option<&'static Unit> {
    of.units.iter().find(|unit| unit.symbol == symbol)
}

fn scale(text: &str, of: &Conventions) -> Option<Scale> {
    let lower = text.to_lowercase();
    of.scales.iter().find(|(word, _)| *word == lower).map(|(_, scale)| *scale)
}

/// What follows an amount of `n` words may belong to it: `million`, `km`, `%`, `EUR`.
fn completed(mut one: Amount, words: &Words<'_>, n: usize, of: &Conventions) -> Result<Hit, Wait> {
    let mut n = n;
    if one.number.scale.is_none()
        && !matches!(one.of, Of::Percent | Of::Unit(_))
        && let Some(next) = words.joined(n)?
        && next.core.chars().count() > 2
        && let Some(scale) = scale(next.core, of)
    {
        one.number.scale = Some(scale);
        n += 1;
    }
    if matches!(one.of, Of::Nothing)
        && let Some(next) = words.joined(n)?
    {
        let apart = trailing(next.core, of).filter(|what| !matches!(what, Of::Unit(unit) if !unit.apart));
        if let Some(what) = apart {
            one.of = what;
            n += 1;
        }
    }
    let is_short = matches!(one.of, Of::Unit(_)) || one.number.scale.is_some();
    let is_dotted = is_short && dotted(words.word(n - 1).core);
    let goes_on = is_dotted && one.number.scale.is_some() && words.after(n)?.is_some();
    let eats = match (is_dotted, goes_on) {
        (true, true) => usize::from(words.word(n - 1).trail.starts_with('.')),
        (true, false) => own_stop(words, n, of)?,
        (false, _) => 0,
    };
    Ok(Hit { words: n, what: one.expression(), eats })
}

/// Whether the word is a short form whose full stop would be its own: `Mio.`, `ft.`, `hrs.`; not `km`.
fn dotted(word: &str) -> bool {
    let ending = word.trim_start_matches(|c: char| !c.is_alphabetic());
    matches!(
        ending,
        "Mio"
            | "Mrd"
            | "ft"
            | "lb"
            | "lbs"
            | "oz"
            | "min"
            | "sec"
            | "hr"
            | "hrs"
            | "mi"
            | "Std"
            | "Min"
            | "Sek"
    )
}

/// Digits that are no quantity: years, and numbers with leading zeros.
fn special_digits(core: &str, words: &Words<'_>, of: &Conventions) -> Result<Option<Expression>, Wait> {
    if core.len() > 1 && core.starts_with('0') {
        return Ok(Some(Expression::Digits(core.to_owned())));
    }
    let Some(value) = whole(core, 4).filter(|value| core.len() == 4 && (1100..=2099).contains(value)) else {
        return Ok(None);
    };
    let year = Some(Expression::Year(u32::try_from(value).unwrap_or_default()));
    if of.year_follows.contains(&words.before) || of.months.iter().any(|(name, _)| *name == words.before) {
        return Ok(match words.joined(1)? {
            Some(next) if trailing(next.core, of).is_some() => None,
            Some(_) | None => year,
        });
    }
    if value < 1900 {
        return Ok(None);
    }
    Ok(match words.joined(1)? {
        Some(next) if next.is_small() && !of.after_year.contains(&next.core) => None,
        Some(next) if trailing(next.core, of).is_some() => None,
        Some(next) if next.core.starts_with(is_operator) => None,
        Some(_) | None => year,
    })
}

const fn is_operator(c: char) -> bool {
    matches!(c, '+' | '=' | '*' | '×' | '÷' | '/' | '<' | '>')
}

/// More digits than a number has.
fn digit_string(core: &str) -> Option<Hit> {
    let is_one = !core.is_empty() && digits(core) == core.len();
    is_one.then(|| Hit::of(1, Expression::Digits(core.to_owned())))
}

/// `10–20`, `$5-10`, `5–10 km`, `1990-1995`; `3x4`, `3 x 4`; `16:9`.
pub(super) fn range(words: &Words<'_>, of: &Conventions) -> Verdict {
    let word = words.first();
    if let Some((left, right)) = word.core.split_once(['x', '×'])
        && let (Some(left), Some(right)) = (bare(left, of), bare(right, of))
    {
        return Ok(Some(Hit::of(1, Expression::By(left, right))));
    }
    if let Some((left, right)) = word.core.split_once(':')
        && let (Some(left), Some(right)) = (whole(left, 4), whole(right, 4))
    {
        return Ok(Some(Hit::of(1, Expression::Ratio(left, right))));
    }
    if word.trail.is_empty()
        && let Some(left) = bare(word.core, of)
        && let Some(next) = words.joined(1)?
        && next.core == "x"
        && let Some(last) = words.joined(2)?
        && let Some(right) = bare(last.core, of)
    {
        return Ok(Some(Hit::of(3, Expression::By(left, right))));
    }
    let Some((left, right)) = split_range(word.core) else { return Ok(None) };
    let (Some(mut left), Some(right)) = (parse(left, of), parse(right, of)) else { return Ok(None) };
    if let (Some(from), Some(to)) = (year(&left), year(&right))
        && from < to
    {
        return Ok(Some(Hit::of(1, between(Expression::Year(from), Expression::Year(to)))));
    }
    let mut right = right;
    if matches!(right.of, Of::Nothing) {
        right.of = left.of;
    }
    let hit = completed(right, words, 1, of)?;
    left.number.scale = None;
    let from = Expression::Number(left.number);
    Ok(Some(Hit { what: between(from, hit.what), ..hit }))
}

fn between(from: Expression, to: Expression) -> Expression {
    Expression::Range(Box::new(from), Box::new(to))
}

fn split_range(core: &str) -> Option<(&str, &str)> {
    let (at, mark) = core.char_indices().skip(1).find(|(_, c)| matches!(c, '-' | '–' | '—'))?;
    let right = &core[at + mark.len_utf8()..];
    let is_one = !right.starts_with(['-', '−', '–', '—']) && !core[..at].ends_with(char::is_alphabetic);
    is_one.then_some((&core[..at], right))
}

/// A number alone.
fn bare(text: &str, of: &Conventions) -> Option<Number> {
    number(text, of).filter(|(_, end)| *end == text.len()).map(|(number, _)| number)
}

fn year(amount: &Amount) -> Option<u32> {
    let value = u32::try_from(amount.number.whole).ok()?;
    (amount.bare_digits && (1100..=2099).contains(&value)).then_some(value)
}

fn leading_currency(text: &str) -> Option<(Currency, &str)> {
    CURRENCIES
        .iter()
        .filter(|(sign, _)| sign.chars().any(|c| !c.is_ascii_alphabetic()))
        .find_map(|(sign, currency)| text.strip_prefix(sign).map(|rest| (*currency, rest)))
}

fn currency(sign: &str) -> Option<Currency> {
    CURRENCIES.iter().find(|(known, _)| *known == sign).map(|(_, currency)| *currency)
}

const CURRENCIES: &[(&str, Currency)] = &[
    ("US$", Currency::Dollar),
    ("$", Currency::Dollar),
    ("USD", Currency::Dollar),
    ("€", Currency::Euro),
    ("EUR", Currency::Euro),
    ("£", Currency::Pound),
    ("GBP", Currency::Pound),
    ("¥", Currency::Yen),
    ("JPY", Currency::Yen),
    ("₹", Currency::Rupee),
    ("INR", Currency::Rupee),
    ("₩", Currency::Won),
    ("KRW", Currency::Won),
    ("₽", Currency::Rouble),
    ("RUB", Currency::Rouble),
    ("zł", Currency::Zloty),
    ("PLN", Currency::Zloty),
    ("CHF", Currency::Franc),
    ("¢", Currency::Cent),
];
