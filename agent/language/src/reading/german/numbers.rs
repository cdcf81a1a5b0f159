//! Numbers in German words.

use crate::reading::spelling;

const SMALL: [&str; 20] = [
    "null",
    "eins",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
    "dreizehn",
    "vierzehn",
    "fünfzehn",
    "sechzehn",
    "siebzehn",
    "achtzehn",
    "neunzehn",
];

const TENS: [&str; 10] =
    ["", "zehn", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"];

const GROUPS: [(u64, &str, &str); 4] = [
    (1_000_000_000_000_000, "eine Billiarde", "Billiarden"),
    (1_000_000_000_000, "eine Billion", "Billionen"),
    (1_000_000_000, "eine Milliarde", "Milliarden"),
    (1_000_000, "eine Million", "Millionen"),
];

/// `21` is einundzwanzig, `1` eins.
pub(super) fn cardinal(value: u64) -> String {
    let mut words = Vec::new();
    let mut rest = value;
    for (worth, one, many) in GROUPS {
        match rest / worth {
            0 => {}
            1 => words.push(one.to_owned()),
            several => words.push(format!("{} {many}", cardinal(several))),
        }
        rest %= worth;
    }
    if rest > 0 || words.is_empty() {
        words.push(below_million(rest));
    }
    words.join(" ")
}

/// Before what is counted: `1` is ein, `101` hundertein.
pub(super) fn counted(value: u64) -> String {
    let words = cardinal(value);
    match words.strip_suffix("eins") {
        Some(stem) => format!("{stem}ein"),
        None => words,
    }
}

fn below_million(value: u64) -> String {
    match (value / 1000, value % 1000) {
        (0, rest) => below_thousand(rest),
        (thousands, 0) => format!("{}tausend", stem(thousands)),
        (thousands, rest) => format!("{}tausend{}", stem(thousands), below_thousand(rest)),
    }
}

fn below_thousand(value: u64) -> String {
    match (value / 100, value % 100) {
        (0, rest) => below_hundred(rest),
        (hundreds, 0) => format!("{}hundert", stem(hundreds)),
        (hundreds, rest) => format!("{}hundert{}", stem(hundreds), below_hundred(rest)),
    }
}

fn below_hundred(value: u64) -> String {
    match (value / 10, value % 10) {
        (0 | 1, _) => small(value).to_owned(),
        (tens, 0) => TENS[(tens % 10) as usize].to_owned(),
        (tens, ones) => format!("{}und{}", stem(ones), TENS[(tens % 10) as usize]),
    }
}

/// Within a word `eins` is `ein`.
fn stem(value: u64) -> String {
    let word = below_thousand(value);
    word.strip_suffix("eins").map_or_else(|| word.clone(), |stem| format!("{stem}ein"))
}

fn small(value: u64) -> &'static str {
    SMALL[(value % 20) as usize]
}

/// `21` is einundzwanzigste with this ending: nothing, `n`, `r`.
pub(super) fn ordinal(value: u64, ending: &str) -> String {
    let words = cardinal(value);
    let last = value % 100;
    let stem = match last {
        1 => words.strip_suffix("eins").map(|stem| format!("{stem}erste")),
        3 => words.strip_suffix("drei").map(|stem| format!("{stem}dritte")),
        7 => words.strip_suffix("sieben").map(|stem| format!("{stem}siebte")),
        8 => words.strip_suffix("acht").map(|stem| format!("{stem}achte")),
        _ if (2..20).contains(&last) => Some(format!("{words}te")),
        _ => None,
    };
    format!("{}{ending}", stem.unwrap_or_else(|| format!("{words}ste")))
}

/// `1984` is neunzehnhundertvierundachtzig.
pub(super) fn year(value: u32) -> String {
    let value = u64::from(value);
    if !(1100..2000).contains(&value) {
        return cardinal(value);
    }
    let rest = value % 100;
    let century = below_hundred(value / 100);
    if rest == 0 { format!("{century}hundert") } else { format!("{century}hundert{}", below_hundred(rest)) }
}

/// Each digit.
pub(super) fn digit_by_digit(text: &str) -> String {
    spelling::digits(text, small)
}

#[cfg(test)]
mod tests {
    use super::{cardinal, ordinal, year};

    #[test]
    fn numbers_are_said_as_people_say_them() {
        for (value, expected) in [
            (0, "null"),
            (1, "eins"),
            (16, "sechzehn"),
            (21, "einundzwanzig"),
            (101, "einhunderteins"),
            (1_000, "eintausend"),
            (1_234, "eintausendzweihundertvierunddreißig"),
            (21_000, "einundzwanzigtausend"),
            (1_000_000, "eine Million"),
            (2_500_001, "zwei Millionen fünfhunderttausendeins"),
        ] {
            assert_eq!(cardinal(value), expected);
        }
        assert!(!cardinal(u64::MAX).is_empty());
        for (value, expected) in [
            (1, "erster"),
            (3, "dritter"),
            (7, "siebter"),
            (19, "neunzehnter"),
            (21, "einundzwanzigster"),
            (101, "einhunderterster"),
        ] {
            assert_eq!(ordinal(value, "r"), expected);
        }
        for (value, expected) in [
            (1984, "neunzehnhundertvierundachtzig"),
            (1900, "neunzehnhundert"),
            (2026, "zweitausendsechsundzwanzig"),
        ] {
            assert_eq!(year(value), expected);
        }
    }
}
