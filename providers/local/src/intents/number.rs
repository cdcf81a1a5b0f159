//! Numbers as they are said: from words to digits, and as rules of the grammar.

const UNITS: [&str; 9] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS: [&str; 10] = [
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
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// The greatest number that can be said.
pub(super) const GREATEST: u32 = 999_999;

/// The number at the start of `words`, and how many words it takes: digits or words, the longest reading.
pub(super) fn read(words: &[String]) -> Option<(u32, usize)> {
    let first = words.first()?;
    if let Ok(number) = first.parse::<u32>() {
        return (number <= GREATEST).then_some((number, 1));
    }
    if first == "zero" {
        return Some((0, 1));
    }
    let (high, taken) = below_thousand(words)?;
    if words.get(taken).is_none_or(|word| word != "thousand") {
        return Some((high, taken));
    }
    let taken = taken + 1;
    Some(match below_thousand(after_and(&words[taken..])) {
        Some((low, more)) => (
            high * 1000 + low,
            taken + more + usize::from(words[taken..].len() != after_and(&words[taken..]).len()),
        ),
        None => (high * 1000, taken),
    })
}

/// The digits at the start of `words`, and how many words they take.
pub(super) fn read_digits(words: &[String]) -> Option<(String, usize)> {
    let digit = |word: &String| match word.as_str() {
        "zero" | "oh" => Some("0".to_owned()),
        digits if digits.chars().all(|c| c.is_ascii_digit()) => Some(digits.to_owned()),
        word => UNITS.iter().position(|unit| *unit == word).map(|place| (place + 1).to_string()),
    };
    let (mut digits, mut taken) = (String::new(), 0);
    while let Some(more) = words.get(taken).and_then(digit) {
        digits.push_str(&more);
        taken += 1;
        // A hyphen between typed digits was read as a sum.
        let is_hyphen = more.len() > 1 && words.get(taken).is_some_and(|word| word == "minus");
        let goes_on = || words.get(taken + 1).is_some_and(|next| next.parse::<u64>().is_ok());
        taken += usize::from(is_hyphen && goes_on());
    }
    (taken > 0).then_some((digits, taken))
}

/// Whether a word is a number, or a part of one that nothing else is.
pub(super) fn is_one(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        || vocabulary().any(|known| known == word && !matches!(word, "a" | "and" | "oh"))
}

/// The rules that `<n9>`, `<n99>`, `<n999>`, `<n999999>` and `<digit>` stand for.
pub(super) fn rules() -> String {
    format!(
        "<n9> = {};\n<n19> = {};\n<tens> = {};\n<n99> = <n9> | <n19> | <tens> [<n9>];\n\
         <n999> = <n99> | (a | <n9>) hundred [[and] <n99>];\n\
         <n999999> = <n999> | <n999> thousand [[and] <n999>];\n<digit> = zero | oh | <n9>;\n",
        UNITS.join(" | "),
        TEENS.join(" | "),
        TENS.join(" | "),
    )
}

/// The rule for whole numbers from 0 to `greatest`, or to the next rule's limit above it.
pub(super) fn rule(greatest: u32) -> &'static str {
    match greatest {
        0..=9 => "(zero | <n9>)",
        10..=99 => "(zero | <n99>)",
        100..=999 => "(zero | <n999>)",
        _ => "(zero | <n999999>)",
    }
}

/// The words that [`rules`] uses.
pub(super) fn vocabulary() -> impl Iterator<Item = &'static str> {
    let joints = ["zero", "oh", "a", "and", "hundred", "thousand"];
    UNITS.into_iter().chain(TEENS).chain(TENS).chain(joints)
}

fn below_thousand(words: &[String]) -> Option<(u32, usize)> {
    let second = words.get(1).map(String::as_str);
    let hundreds = match words.first()?.as_str() {
        "a" => Some(1),
        word => unit(word),
    };
    if let (Some(hundreds), Some("hundred")) = (hundreds, second) {
        let rest = &words[2..];
        return Some(match below_hundred(after_and(rest)) {
            Some((low, more)) => {
                (hundreds * 100 + low, 2 + more + usize::from(after_and(rest).len() != rest.len()))
            }
            None => (hundreds * 100, 2),
        });
    }
    below_hundred(words)
}

fn below_hundred(words: &[String]) -> Option<(u32, usize)> {
    let first = words.first()?;
    if let Some(place) = TENS.iter().position(|tens| tens == first) {
        let tens = (place as u32 + 2) * 10;
        return Some(match words.get(1).and_then(|word| unit(word)) {
            Some(unit) => (tens + unit, 2),
            None => (tens, 1),
        });
    }
    if let Some(place) = TEENS.iter().position(|teen| teen == first) {
        return Some((place as u32 + 10, 1));
    }
    unit(first).map(|unit| (unit, 1))
}

fn unit(word: &str) -> Option<u32> {
    UNITS.iter().position(|unit| *unit == word).map(|place| place as u32 + 1)
}

fn after_and(words: &[String]) -> &[String] {
    match words.split_first() {
        Some((first, rest)) if first == "and" => rest,
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use super::{read, read_digits};
    use crate::intents::tokens;

    #[test]
    fn numbers_are_read_as_far_as_they_go() {
        for (said, expected) in [
            ("zero", Some((0, 1))),
            ("seven apples", Some((7, 1))),
            ("twenty", Some((20, 1))),
            ("twenty five", Some((25, 2))),
            ("nineteen", Some((19, 1))),
            ("a hundred", Some((100, 2))),
            ("one hundred and five", Some((105, 4))),
            ("nine hundred ninety nine", Some((999, 4))),
            ("two thousand and six", Some((2006, 4))),
            ("two thousand and", Some((2000, 2))),
            ("one hundred and apples", Some((100, 2))),
            ("twelve thousand three hundred", Some((12_300, 4))),
            ("42 apples", Some((42, 1))),
            ("1000000", None),
            ("a dog", None),
            ("apples", None),
            ("", None),
        ] {
            assert_eq!(read(&tokens(said)), expected, "{said:?}");
        }
    }

    #[test]
    fn digits_are_read_one_after_the_other() {
        assert_eq!(read_digits(&tokens("four seven oh nine please")), Some(("4709".to_owned(), 4)));
        assert_eq!(read_digits(&tokens("47 2 nine")), Some(("4729".to_owned(), 3)));
        assert_eq!(read_digits(&tokens("47-29")), Some(("4729".to_owned(), 3)));
        assert_eq!(read_digits(&tokens("47 minus")), Some(("47".to_owned(), 1)));
        assert_eq!(read_digits(&tokens("twenty")), None);
    }
}
