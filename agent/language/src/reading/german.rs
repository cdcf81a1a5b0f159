//! German: how it is read aloud.

mod data;
mod numbers;

use super::{
    Conventions, Currency, Date, Expression, HalfDay, Normaliser, Number, Scale, TimeOfDay, spelling,
};
use numbers::{cardinal, counted, digit_by_digit, ordinal, year};

/// German.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct German;

impl Normaliser for German {
    fn language(&self) -> &'static str {
        "de"
    }

    fn conventions(&self) -> &Conventions {
        &data::GERMAN
    }

    fn say(&self, what: &Expression, before: &str, out: &mut String) {
        out.push_str(&said(what, before));
    }
}

fn said(what: &Expression, before: &str) -> String {
    match what {
        Expression::Number(one) => number(one),
        Expression::Ordinal(value) | Expression::Regnal(value) => ordinal(*value, ending(before)),
        Expression::Year(value) => year(*value),
        Expression::Decade(value) if *value < 100 => format!("{}er", cardinal(u64::from(*value))),
        Expression::Decade(value) => format!("{}er", year(*value)),
        Expression::Digits(digits) => digit_by_digit(digits),
        Expression::Phone(groups) => phone(groups),
        Expression::Range(from, to) => format!("{} bis {}", said(from, before), said(to, "")),
        Expression::Money(amount, currency) => money(amount, *currency),
        Expression::Percent(amount) => format!("{} Prozent", counting(amount)),
        Expression::Measure(amount, unit) if amount.is_one() => {
            format!("{}{}", if amount.negative { "minus " } else { "" }, unit.one)
        }
        Expression::Measure(amount, unit) => format!("{} {}", number(amount), unit.many),
        Expression::Height(feet, inches) => format!("{} Fuß {}", cardinal(*feet), cardinal(*inches)),
        Expression::By(left, right) => format!("{} mal {}", number(left), number(right)),
        Expression::Ratio(left, right) => format!("{} zu {}", cardinal(*left), cardinal(*right)),
        Expression::Fraction(whole, upper, lower) => fraction(*whole, *upper, *lower),
        Expression::Version(parts) => {
            parts.iter().map(|part| cardinal(*part)).collect::<Vec<_>>().join(" Punkt ")
        }
        Expression::Date(one) => date(*one, before),
        Expression::Days(one, to) => format!("{} bis {}", date(*one, before), ordinal(u64::from(*to), "n")),
        Expression::Time(one) => time(*one),
        Expression::Address(address) => spelling::address(address, cardinal, digit_by_digit, address_sign),
        Expression::NumberSign(value) => format!("Nummer {}", cardinal(*value)),
        Expression::Hashtag(tag) => format!("Hashtag {}", tag.replace('_', " ")),
        Expression::Short(short) => short.spoken.to_owned(),
        Expression::Sign(sign) => spoken_sign(*sign).to_owned(),
        Expression::Per => "pro".to_owned(),
        Expression::Parts(parts) => joined(parts),
        Expression::Text(text) => text.clone(),
    }
}

/// The case of an ordinal, by the word before it.
fn ending(before: &str) -> &'static str {
    match before {
        "am" | "dem" | "den" | "des" | "im" | "vom" | "zum" | "zur" | "beim" | "ab" | "bis" | "seit" => "n",
        "der" | "die" | "das" => "",
        _ => "r",
    }
}

fn number(number: &Number) -> String {
    let mut said = if number.negative { "minus ".to_owned() } else { String::new() };
    match number.scale {
        Some(scale) if number.whole == 1 && number.fraction.is_empty() => {
            said.push_str(scale_words(scale)[0]);
            return said;
        }
        Some(_) | None => said.push_str(&cardinal(number.whole)),
    }
    if !number.fraction.is_empty() {
        said.push_str(" Komma ");
        said.push_str(&digit_by_digit(&number.fraction));
    }
    if let Some(scale) = number.scale {
        said.push(' ');
        said.push_str(scale_words(scale)[1]);
    }
    said
}

/// A number before what is counted: `ein Prozent`.
fn counting(amount: &Number) -> String {
    if amount.is_one() && !amount.negative { "ein".to_owned() } else { number(amount) }
}

fn money(amount: &Number, currency: Currency) -> String {
    let name = coin(currency);
    let cents = match amount.fraction.len() {
        0 => Some(0),
        1 => amount.fraction.parse::<u64>().ok().map(|tens| tens * 10),
        2 => amount.fraction.parse().ok(),
        _ => None,
    };
    let (Some(cents), None) = (cents, amount.scale) else { return format!("{} {name}", number(amount)) };
    let minus = if amount.negative { "minus " } else { "" };
    match (amount.whole, cents) {
        (0, cents) if cents > 0 => format!("{minus}{} Cent", counted(cents)),
        (whole, 0) => format!("{minus}{} {name}", counted(whole)),
        (whole, cents) => format!("{minus}{} {name} {}", counted(whole), cardinal(cents)),
    }
}

fn fraction(whole: u64, upper: u64, lower: u64) -> String {
    let part = match (upper, lower) {
        (1, 2) if whole > 0 => "halb".to_owned(),
        (1, 2) => return "ein halb".to_owned(),
        (_, 2) => "Halbe".to_owned(),
        (_, 3) => "Drittel".to_owned(),
        (_, 7) => "Siebtel".to_owned(),
        (_, 8) => "Achtel".to_owned(),
        (_, 4..20) => format!("{}tel", capital(&cardinal(lower))),
        _ => format!("{}stel", capital(&cardinal(lower))),
    };
    match (whole, part.as_str()) {
        (0, _) => format!("{} {part}", counted(upper)),
        (_, "halb") => format!("{}einhalb", counted(whole)),
        (..) => format!("{} {} {part}", cardinal(whole), counted(upper)),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn date(date: Date, before: &str) -> String {
    let month = data::MONTHS[usize::from(date.month.clamp(1, 12)) - 1];
    let mut said = match date.day {
        Some(day) => format!("{} {month}", ordinal(u64::from(day), ending(before))),
        None => month.to_owned(),
    };
    if let Some(number) = date.year {
        said.push(' ');
        said.push_str(&year(number));
    }
    said
}

fn time(time: TimeOfDay) -> String {
    let hour = match time.half {
        Some(HalfDay::Afternoon) if time.hour < 12 => time.hour + 12,
        Some(HalfDay::Morning) if time.hour == 12 => 0,
        Some(_) | None => time.hour,
    };
    let mut said = format!("{} Uhr", counted(u64::from(hour)));
    if let Some(minute) = time.minute.filter(|minute| *minute > 0) {
        said.push(' ');
        said.push_str(&cardinal(u64::from(minute)));
    }
    if let Some(second) = time.second {
        said.push_str(" und ");
        said.push_str(&counted(u64::from(second)));
        said.push_str(if second == 1 { "e Sekunde" } else { " Sekunden" });
    }
    said
}

fn phone(number: &str) -> String {
    let (plus, groups) = number.strip_prefix('+').map_or(("", number), |groups| ("plus ", groups));
    let said: Vec<String> = groups.split(' ').map(digit_by_digit).collect();
    format!("{plus}{}", said.join(", "))
}

fn joined(parts: &[Expression]) -> String {
    let mut said = String::new();
    for part in parts {
        let next = match part {
            Expression::Sign('.') => "Punkt".to_owned(),
            Expression::Sign('/') => "Schrägstrich".to_owned(),
            part => self::said(part, ""),
        };
        if !(said.is_empty() || said.ends_with(['-', ' ']) || next.starts_with(['-', ',', ';', ':'])) {
            said.push(' ');
        }
        said.push_str(&next);
    }
    said
}

/// One of it, and several.
const fn scale_words(scale: Scale) -> [&'static str; 2] {
    match scale {
        Scale::Thousand => ["eintausend", "tausend"],
        Scale::Million => ["eine Million", "Millionen"],
        Scale::Billion => ["eine Milliarde", "Milliarden"],
        Scale::Trillion => ["eine Billion", "Billionen"],
    }
}

const fn coin(currency: Currency) -> &'static str {
    match currency {
        Currency::Dollar => "Dollar",
        Currency::Euro => "Euro",
        Currency::Pound => "Pfund",
        Currency::Yen => "Yen",
        Currency::Rupee => "Rupien",
        Currency::Won => "Won",
        Currency::Franc => "Franken",
        Currency::Rouble => "Rubel",
        Currency::Zloty => "Zloty",
        Currency::Cent => "Cent",
    }
}

const fn spoken_sign(sign: char) -> &'static str {
    match sign {
        '&' => "und",
        '+' => "plus",
        '=' => "gleich",
        '@' => "at",
        '%' => "Prozent",
        '*' | '×' => "mal",
        '/' | '÷' => "geteilt durch",
        '±' => "plus minus",
        '~' | '≈' => "etwa",
        '≠' => "ungleich",
        '≤' => "höchstens",
        '≥' => "mindestens",
        '<' => "kleiner als",
        '>' => "größer als",
        '→' => "nach",
        '§' => "Paragraph",
        '°' => "Grad",
        '€' => "Euro",
        '£' => "Pfund",
        '$' => "Dollar",
        '-' | '−' | '–' => "minus",
        _ => "",
    }
}

const fn address_sign(sign: char) -> &'static str {
    match sign {
        '@' => "at",
        '.' => "Punkt",
        '/' => "Schrägstrich",
        '_' => "Unterstrich",
        '-' => "Bindestrich",
        '+' => "plus",
        ':' => "Doppelpunkt",
        '?' => "Fragezeichen",
        '=' => "gleich",
        '&' => "und",
        '#' => "Raute",
        '%' => "Prozent",
        '~' => "Tilde",
        _ => "",
    }
}
