//! Texts as words to be compared, and phrases found in them.

/// The words of a text: small letters, without marks, with drawn-out letters made one (`hmmm`, `yeahhh`).
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | '…' | '/'))
        .map(word)
        .filter(|word| !word.is_empty())
        .collect()
}

fn word(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    let mut run = 0;
    for letter in text.chars().flat_map(char::to_lowercase) {
        let letter = if matches!(letter, '’' | '‘') { '\'' } else { letter };
        if !letter.is_alphanumeric() && letter != '\'' {
            continue;
        }
        run = if word.ends_with(letter) { run + 1 } else { 0 };
        if run == 2 && letter.is_alphabetic() {
            word.pop();
        }
        if run < 2 || !letter.is_alphabetic() {
            word.push(letter);
        }
    }
    word.trim_matches('\'').to_owned()
}

/// One phrase: its words.
pub(super) type Phrase = Vec<String>;

/// How many of the first words a phrase of the list makes; the longest.
pub(super) fn begins_with(words: &[String], list: &[Phrase]) -> Option<usize> {
    list.iter().filter(|phrase| words.starts_with(phrase)).map(Vec::len).max()
}

/// Whether the words end with a phrase of the list.
pub(super) fn ends_with(words: &[String], list: &[Phrase]) -> bool {
    list.iter().any(|phrase| words.ends_with(phrase))
}

/// Whether the words are phrases of the lists and nothing else.
pub(super) fn consists_of(words: &[String], lists: &[&[Phrase]]) -> bool {
    let mut reached = vec![false; words.len() + 1];
    reached[0] = true;
    for at in 0..words.len() {
        if reached[at] {
            for phrase in lists.iter().flat_map(|list| list.iter()) {
                if words[at..].starts_with(phrase) {
                    reached[at + phrase.len()] = true;
                }
            }
        }
    }
    !words.is_empty() && reached[words.len()]
}

/// Whether more words could make a phrase of the list of these; the last word may be cut.
pub(super) fn may_become(words: &[String], list: &[Phrase]) -> bool {
    let Some((last, before)) = words.split_last() else { return true };
    list.iter().any(|phrase| {
        phrase.len() >= words.len()
            && phrase.starts_with(before)
            && phrase[before.len()].starts_with(last.as_str())
            && (phrase.len() > words.len() || phrase[before.len()] != *last)
    })
}

#[cfg(test)]
mod tests {
    use super::{consists_of, may_become, words};

    #[test]
    fn words_are_small_without_marks_and_not_drawn_out() {
        for (text, expected) in [
            ("Yeahhh, RIGHT!", vec!["yeah", "right"]),
            ("Hmmm… uh-huh", vec!["hm", "uh", "huh"]),
            ("It’s 1000 o'clock", vec!["it's", "1000", "o'clock"]),
            ("mm", vec!["mm"]),
            ("...", vec![]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn phrases_are_found_in_words() {
        let list = [words("i see"), words("yeah")];
        assert!(consists_of(&words("yeah yeah I see"), &[&list]));
        assert!(!consists_of(&words("yeah I saw"), &[&list]));
        assert!(may_become(&words("I"), &list));
        assert!(may_become(&words("ye"), &list));
        assert!(!may_become(&words("I see"), &list));
    }
}
