//! The steps in which a text is said: words with the white space before them, and how many hyphens each has.

use hypher::{Lang, hyphenate_bounded};

/// Where the first token of `text` ends, which follows the letter `before`. `None` while the text to come could make
/// it longer.
pub(super) fn first(text: &str, before: Option<char>, is_all: bool) -> Option<usize> {
    let gap = text.len() - text.trim_start().len();
    let mut before = before.filter(|_| gap == 0);
    for (at, letter) in text[gap..].char_indices() {
        let at = at + gap;
        if letter.is_whitespace() {
            return Some(at);
        }
        if is_own_word(letter) {
            let end = if at > 0 { at } else { letter.len_utf8() };
            return (end < text.len() || is_all).then_some(end);
        }
        if ends_clause(letter)
            && before.is_some_and(|before| is_wide(before) && !is_digit_mark(before, letter))
        {
            let end = at + letter.len_utf8();
            return (end < text.len() || is_all).then_some(end);
        }
        before = Some(letter);
    }
    (is_all && !text.is_empty()).then_some(text.len())
}

/// The hyphens of all tokens of `text`.
pub(super) fn hyphens(text: &str) -> u32 {
    let mut rest = text;
    let (mut sum, mut before) = (0, None);
    while let Some(end) = first(rest, before, true) {
        let (token, after) = rest.split_at(end);
        sum += hyphens_of(token);
        before = token.chars().next_back();
        rest = after;
    }
    sum
}

/// The pieces at which one token could be hyphenated: by the patterns of American English, which serve for the
/// pace of other languages as well.
fn hyphens_of(token: &str) -> u32 {
    if token.chars().count() <= 4 {
        return 1;
    }
    let known = token.is_ascii().then(|| token.to_ascii_lowercase());
    if let Some((_, pieces)) = known.and_then(|token| EXCEPTIONS.iter().find(|(word, _)| *word == token)) {
        return *pieces;
    }
    u32::try_from(hyphenate_bounded(token, Lang::English, 2, 2).count()).unwrap_or(u32::MAX)
}

/// Words that the patterns get wrong: the list that belongs to them.
const EXCEPTIONS: &[(&str, u32)] = &[
    ("associate", 3),
    ("associates", 3),
    ("obligatory", 4),
    ("philanthropic", 4),
    ("present", 1),
    ("presents", 1),
    ("project", 1),
    ("projects", 1),
    ("reciprocity", 3),
    ("recognizance", 4),
    ("reformation", 4),
    ("table", 2),
];

/// Ideographs, kana and Thai: each is a word.
const fn is_own_word(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{e00}'..='\u{e7f}')
}

const fn ends_clause(letter: char) -> bool {
    matches!(letter, '，' | '。' | '！' | '？' | '；' | '：' | '、')
}

/// Letters after which such a mark ends a word.
const fn is_wide(letter: char) -> bool {
    matches!(letter, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{ff00}'..='\u{ffef}')
}

/// A mark within a number.
fn is_digit_mark(before: char, mark: char) -> bool {
    before.is_numeric() && matches!(mark, '，' | '：')
}

#[cfg(test)]
mod tests {
    use super::{first, hyphens};

    fn tokens(text: &str) -> Vec<&str> {
        let (mut rest, mut before) = (text, None);
        std::iter::from_fn(|| {
            let (token, after) = rest.split_at(first(rest, before, true)?);
            before = token.chars().next_back();
            rest = after;
            Some(token)
        })
        .collect()
    }

    #[test]
    fn white_space_belongs_to_the_word_after_it() {
        for (text, expected) in [
            ("Here is\n  a. ", vec!["Here", " is", "\n  a.", " "]),
            ("你好 吗，a", vec!["你", "好", " ", "吗", "，", "a"]),
            ("안녕。네", vec!["안녕。", "네"]),
            ("", vec![]),
        ] {
            assert_eq!(tokens(text), expected, "{text:?}");
        }
        assert_eq!(first("Here", None, false), None);
        assert_eq!(first("Here ", None, false), Some(4));
    }

    #[test]
    fn words_have_the_hyphens_of_a_dictionary() {
        for (text, expected) in [
            ("Here", 1),
            (" story", 3),
            ("Unfortunately,", 5),
            (" appointment", 3),
            ("communication", 5),
            ("window", 2),
            ("segment", 2),
            ("expected", 3),
            ("welcome", 2),
            ("bedroom", 2),
            ("table", 2),
            (" ", 1),
            ("안녕하세요", 1),
            ("Hello! How can I help you today?", 9),
        ] {
            assert_eq!(hyphens(text), expected, "{text:?}");
        }
    }
}
