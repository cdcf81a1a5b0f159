//! Numbers in English words.

use crate::reading::spelling;

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const TENS: [&str; 10] =
    ["", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

const GROUPS: [(u64, &str); 5] = [
    (1_000_000_000_000_000, "quadrillion"),
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
];

/// `1234` is one thousand two hundred thirty-four, in Britain two hundred and thirty-four.
pub(super) fn cardinal(value: u64, british: bool) -> String {
    let mut words = Vec::new();
    let mut rest = value;
    for (worth, name) in GROUPS {
        if rest >= worth {
            words.push(format!("{} {name}", cardinal(rest / worth, british)));
            rest %= worth;
        }
    }
    if rest > 0 || words.is_empty() {
        if british && !words.is_empty() && rest < 100 {
            words.push("and".to_owned());
        }
        words.push(below_thousand(rest, british));
    }
    words.join(" ")
}

fn below_thousand(value: u64, british: bool) -> String {
    let (hundreds, rest) = (value / 100, value % 100);
    match (hundreds, rest) {
        (0, rest) => below_hundred(rest),
        (hundreds, 0) => format!("{} hundred", small(hundreds)),
        (hundreds, rest) => {
            let and = if british { "and " } else { "" };
            format!("{} hundred {and}{}", small(hundreds), below_hundred(rest))
        }
    }
}

fn below_hundred(value: u64) -> String {
    match (value / 10, value % 10) {
        (0 | 1, _) => small(value).to_owned(),
        (tens, 0) => ten(tens).to_owned(),
        (tens, ones) => format!("{}-{}", ten(tens), small(ones)),
    }
}

fn small(value: u64) -> &'static str {
    SMALL[(value % 20) as usize]
}

fn ten(value: u64) -> &'static str {
    TENS[(value % 10) as usize]
}

/// `21` is twenty-first.
pub(super) fn ordinal(value: u64, british: bool) -> String {
    let words = cardinal(value, british);
    let at = words.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (before, last) = words.split_at(at);
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        word => match word.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{word}th"),
        },
    };
    format!("{before}{last}")
}

/// `1984` is nineteen eighty-four, `2005` two thousand five, `1900` nineteen hundred.
pub(super) fn year(value: u32, british: bool) -> String {
    let value = u64::from(value);
    let (century, rest) = (value / 100, value % 100);
    if !(1000..=9999).contains(&value) || value % 1000 < 10 {
        return cardinal(value, british);
    }
    match rest {
        0 => format!("{} hundred", below_hundred(century)),
        1..10 => format!("{} oh {}", below_hundred(century), below_hundred(rest)),
        _ => format!("{} {}", below_hundred(century), below_hundred(rest)),
    }
}

/// Each digit; anything else is a pause.
pub(super) fn digit_by_digit(text: &str) -> String {
    spelling::digits(text, small)
}

#[cfg(test)]
mod tests {
    use super::{cardinal, ordinal, year};

    #[test]
    fn numbers_are_said_as_people_say_them() {
        for (value, american, british) in [
            (0, "zero", "zero"),
            (13, "thirteen", "thirteen"),
            (40, "forty", "forty"),
            (99, "ninety-nine", "ninety-nine"),
            (100, "one hundred", "one hundred"),
            (105, "one hundred five", "one hundred and five"),
            (1_001, "one thousand one", "one thousand and one"),
            (1_234, "one thousand two hundred thirty-four", "one thousand two hundred and thirty-four"),
            (1_000_000, "one million", "one million"),
            (2_000_019, "two million nineteen", "two million and nineteen"),
        ] {
            assert_eq!(cardinal(value, false), american);
            assert_eq!(cardinal(value, true), british);
        }
        assert!(!cardinal(u64::MAX, true).is_empty());
        for (value, expected) in [
            (1, "first"),
            (12, "twelfth"),
            (20, "twentieth"),
            (101, "one hundred first"),
            (1000, "one thousandth"),
        ] {
            assert_eq!(ordinal(value, false), expected);
        }
        for (value, expected) in [
            (1066, "ten sixty-six"),
            (1900, "nineteen hundred"),
            (1905, "nineteen oh five"),
            (2000, "two thousand"),
            (2007, "two thousand seven"),
            (2026, "twenty twenty-six"),
        ] {
            assert_eq!(year(value, false), expected);
        }
    }
}
