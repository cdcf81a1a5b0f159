//! Words, and how long they take to say where the voice does not tell.

/// Beats a second of ordinary speech; a beat is about a syllable.
pub const BEATS_PER_SECOND: f64 = 3.83;

/// How many words a text has. Scripts without spaces have a word for each character.
#[must_use]
pub fn count(text: &str) -> u32 {
    text.split_whitespace()
        .map(|word| spaceless(word).max(u32::from(word.chars().any(char::is_alphanumeric))))
        .sum()
}

/// How many characters of a word are of scripts that are written without spaces.
fn spaceless(word: &str) -> u32 {
    word.chars().filter(|c| is_spaceless(*c)).count() as u32
}

/// Han, Hiragana, Katakana, Thai, Lao, Khmer and Burmese.
pub(crate) fn is_spaceless(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The beats of one word with the punctuation around it: its vowel groups, or its characters in scripts without
/// spaces, or its digits; at least one if anything in it is spoken.
#[must_use]
pub fn beats(word: &str) -> u32 {
    let mut beats = spaceless(word);
    let mut in_vowels = false;
    for c in word.chars() {
        let vowel = is_vowel(c);
        if (vowel && !in_vowels) || c.is_numeric() {
            beats += 1;
        }
        in_vowels = vowel;
    }
    let spoken = word.trim_end_matches(|c: char| !c.is_alphanumeric());
    if beats > 1 && ends_silently(spoken) {
        beats -= 1;
    }
    beats.max(u32::from(word.chars().any(char::is_alphanumeric)))
}

/// Whether an English word ends in an `e` that is not spoken: `here`, not `table`, `free` or `be`.
fn ends_silently(word: &str) -> bool {
    let mut from_end = word.chars().rev();
    from_end.next() == Some('e') && from_end.next().is_some_and(|c| !is_vowel(c) && c != 'l')
}

/// The beats of a text.
#[must_use]
pub fn beats_of(text: &str) -> u32 {
    pieces(text).map(beats).sum()
}

/// Vowels of the Latin, Cyrillic and Greek alphabets.
fn is_vowel(c: char) -> bool {
    const VOWELS: &str = "aeiouyàáâãäåæèéêëìíîïòóôõöøœùúûüýÿąęıőűаеёиіїоуыэюяαεηιουω";
    c.to_lowercase().any(|c| VOWELS.contains(c))
}

/// The words of a text with the spaces after them: each piece is `word + spaces`, and all pieces are the text.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let word = rest.len() - rest.trim_start().len();
        let gap = rest[word..].find(char::is_whitespace).map_or(rest.len(), |n| word + n);
        let end = rest[gap..].find(|c: char| !c.is_whitespace()).map_or(rest.len(), |n| gap + n);
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::{beats, count, pieces};

    #[test]
    fn words_are_counted_as_people_count_them() {
        for (text, words) in [
            ("Hello, how are you?", 4),
            ("", 0),
            ("... !", 0),
            ("Stop!", 1),
            ("你好 吗", 3),
            ("it's 5 o'clock", 3),
        ] {
            assert_eq!(count(text), words, "{text}");
        }
    }

    #[test]
    fn beats_are_about_syllables() {
        for (word, expected) in
            [("communication,", 5), ("bedroom", 2), ("42", 2), ("hm", 1), ("--", 0), ("你好", 2)]
        {
            assert_eq!(beats(word), expected, "{word}");
        }
    }

    #[test]
    fn pieces_together_are_the_text() {
        let text = "  Here is\na  long story. ";
        assert_eq!(pieces(text).collect::<String>(), text);
        assert_eq!(pieces(text).count(), 5);
    }
}
