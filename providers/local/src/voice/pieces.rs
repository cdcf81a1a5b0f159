//! Text cut into pieces that Flite reads in one go, each with the words that its times belong to.

/// A piece ends at the end of a sentence when it is at least this long: shorter ones are "Dr. " more often than not.
const SHORTEST: usize = 24;
/// A piece without an end of a sentence is cut at a space before this length: 240 characters are about 15 s of speech.
const LONGEST: usize = 240;
/// A longer word is read in parts.
const LONGEST_WORD: usize = 48;

/// What Flite reads in one go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Piece {
    /// What is read: words of plain ASCII with one space between.
    pub(super) spoken: String,
    /// The text that each word stands for, with the white space around it: together the piece's text.
    pub(super) words: Vec<String>,
    /// How many characters the text has.
    pub(super) characters: usize,
}

/// Takes a whole piece off the front of a text that may go on.
pub(super) fn take(text: &mut String) -> Option<Piece> {
    let mut end_of_word = None;
    let mut before = ' ';
    for (characters, (at, c)) in text.char_indices().enumerate() {
        if c.is_whitespace() {
            let ends = matches!(before, '.' | '!' | '?' | '…' | '\n') || c == '\n';
            if ends && characters >= SHORTEST {
                return Some(Piece::of(&cut(text, at + c.len_utf8())));
            }
            end_of_word = Some(at + c.len_utf8());
        }
        if characters >= LONGEST {
            let at = end_of_word.unwrap_or(at);
            return Some(Piece::of(&cut(text, at)));
        }
        before = c;
    }
    None
}

/// All that is left of a text.
pub(super) fn take_rest(text: &mut String) -> Option<Piece> {
    (!text.is_empty()).then(|| Piece::of(&std::mem::take(text)))
}

fn cut(text: &mut String, at: usize) -> String {
    let rest = text.split_off(at);
    std::mem::replace(text, rest)
}

impl Piece {
    fn of(text: &str) -> Self {
        let mut piece = Self { characters: text.chars().count(), ..Self::default() };
        let mut silent = String::new();
        for written in words(text) {
            let read = readable(written);
            if read.is_empty() {
                // What cannot be read goes with the word before it, or with the first one.
                piece.words.last_mut().unwrap_or(&mut silent).push_str(written);
                continue;
            }
            if !piece.spoken.is_empty() {
                piece.spoken.push(' ');
            }
            piece.spoken.push_str(&read);
            piece.words.push(std::mem::take(&mut silent) + written);
        }
        if piece.words.is_empty() {
            piece.words.push(silent);
        }
        piece
    }
}

/// The words of a text, each with the white space after it (the first also with that before it).
fn words(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut begins, mut length, mut in_gap, mut any) = (0, 0, false, false);
    for (at, c) in text.char_indices() {
        let space = c.is_whitespace();
        if any && !space && (in_gap || length >= LONGEST_WORD) {
            found.push(&text[begins..at]);
            (begins, length) = (at, 0);
        }
        any |= !space;
        in_gap = space;
        length += 1;
    }
    found.push(&text[begins..]);
    found
}

/// A word as Flite can read it; empty when nothing of it can be.
fn readable(word: &str) -> String {
    let mut read = String::new();
    for c in word.trim().chars() {
        match c {
            ' '..='~' => read.push(c),
            '‘' | '’' => read.push('\''),
            '–' | '—' | '‐' | '\u{2011}' => read.push('-'),
            '…' => read.push('.'),
            '€' => read.push_str("euro"),
            '£' => read.push_str("pound"),
            '°' => read.push_str("degrees"),
            'ß' => read.push_str("ss"),
            'Æ' | 'æ' => read.push_str("ae"),
            'Œ' | 'œ' => read.push_str("oe"),
            c => read.extend(folded(c)),
        }
    }
    match read.chars().any(|c| c.is_ascii_alphanumeric() || "$%&+=@#".contains(c)) {
        true => read,
        false => String::new(),
    }
}

/// A Latin letter without its accent.
fn folded(c: char) -> Option<char> {
    const FOLDS: [(&str, char); 14] = [
        ("àáâãäåāăą", 'a'),
        ("çćč", 'c'),
        ("ďđð", 'd'),
        ("èéêëēėęě", 'e'),
        ("ğģ", 'g'),
        ("ìíîïīį", 'i'),
        ("ł", 'l'),
        ("ñńň", 'n'),
        ("òóôõöøōő", 'o'),
        ("ř", 'r'),
        ("śşš", 's'),
        ("ťţ", 't'),
        ("ùúûüūůű", 'u'),
        ("ýÿ", 'y'),
    ];
    let small = c.to_lowercase().next()?;
    let (_, plain) = FOLDS.iter().find(|(accented, _)| accented.contains(small))?;
    Some(if c.is_uppercase() { plain.to_ascii_uppercase() } else { *plain })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Piece, take, take_rest};

    fn pieces(text: &str) -> Vec<Piece> {
        let mut rest = text.to_owned();
        let mut pieces: Vec<Piece> = std::iter::from_fn(|| take(&mut rest)).collect();
        pieces.extend(take_rest(&mut rest));
        pieces
    }

    #[test]
    fn text_is_cut_after_sentences_and_read_without_signs() {
        for (text, spoken) in [
            ("Hello there. It is late.", vec!["Hello there. It is late."]),
            (
                "Dr. Smith is here now. He said “naïve” — twice! 😀 Ok.",
                vec!["Dr. Smith is here now. He said naive twice!", "Ok."],
            ),
            ("a\u{0}b", vec!["ab"]),
            ("😀", vec![""]),
            ("5 € or 20 %", vec!["5 euro or 20 %"]),
        ] {
            let read: Vec<String> = pieces(text).into_iter().map(|piece| piece.spoken).collect();
            assert_eq!(read, spoken, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn words_together_are_the_text_and_match_what_is_read(text in "[a-zA-Z.!? \n😀é—0-9\u{0}]{0,600}") {
            let pieces = pieces(&text);
            let whole: String = pieces.iter().flat_map(|piece| piece.words.concat().chars().collect::<Vec<_>>()).collect();
            prop_assert_eq!(&whole, &text);
            for piece in pieces {
                let read = piece.spoken.split(' ').filter(|word| !word.is_empty()).count();
                prop_assert!(read == piece.words.len() || piece.spoken.is_empty());
                prop_assert!(piece.characters <= super::LONGEST + 1);
            }
        }
    }
}
