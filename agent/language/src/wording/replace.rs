//! Words said otherwise: a list of words and phrases, and what is said in their place.
//!
//! Case does not count, whole words only; the marks and spaces around a word stay. Of several that fit, the longest is
//! taken. Held back is what may yet become a phrase of the list, which is at most as long as the longest of them.

use super::{Transform, plain};
use crate::reading::Said;

/// Says listed words otherwise.
#[derive(Clone, Debug)]
pub struct Replace {
    entries: Vec<Entry>,
    held: String,
    /// The last character before what is held.
    before: Option<char>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// In small letters; a space stands for any white space.
    letters: Vec<char>,
    spoken: String,
}

/// How a phrase fits a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Not,
    /// The text to come decides.
    Perhaps,
    /// So many bytes of the text.
    Fits(usize),
}

impl Replace {
    /// These words and what is said in their place. Empty words are left out.
    #[must_use]
    pub fn new(entries: &[(String, String)]) -> Self {
        let entries = entries
            .iter()
            .map(|(written, spoken)| Entry { letters: small(written.trim()), spoken: spoken.clone() })
            .filter(|entry| !entry.letters.is_empty())
            .collect();
        Self { entries, held: String::new(), before: None }
    }

    fn take(&mut self, is_end: bool, out: &mut Vec<Said>) {
        let held = std::mem::take(&mut self.held);
        let (mut rest, mut from) = (held.as_str(), 0);
        while let Some(first) = rest[from..].chars().next() {
            match self.best(&rest[from..], is_end) {
                None => break,
                Some((0, _)) => {
                    self.before = Some(first);
                    from += first.len_utf8();
                }
                Some((length, entry)) => {
                    plain(out, &rest[..from]);
                    let written = rest[from..from + length].to_owned();
                    self.before = written.chars().next_back();
                    out.push(Said::Read { written, spoken: self.entries[entry].spoken.clone() });
                    (rest, from) = (&rest[from + length..], 0);
                }
            }
        }
        plain(out, &rest[..from]);
        self.held = rest[from..].to_owned();
    }

    /// The longest phrase at the beginning of `text`: its length and number; a length of zero where there is none.
    /// `None` if the text to come decides.
    fn best(&self, text: &str, is_end: bool) -> Option<(usize, usize)> {
        let mut best = (0, 0);
        for (n, entry) in self.entries.iter().enumerate() {
            match entry.fits(text, self.before, is_end) {
                Fit::Not => {}
                Fit::Perhaps => return None,
                Fit::Fits(length) if length > best.0 => best = (length, n),
                Fit::Fits(_) => {}
            }
        }
        Some(best)
    }
}

impl Entry {
    fn fits(&self, text: &str, before: Option<char>, is_end: bool) -> Fit {
        let starts_word = self.letters.first().is_some_and(|first| first.is_alphanumeric());
        if starts_word && before.is_some_and(char::is_alphanumeric) {
            return Fit::Not;
        }
        let mut letters = text.char_indices().peekable();
        for wanted in &self.letters {
            match letters.next() {
                None if is_end => return Fit::Not,
                None => return Fit::Perhaps,
                Some((_, letter)) if *wanted == ' ' && letter.is_whitespace() => {}
                Some((_, letter)) if same(letter, *wanted) => {}
                Some(_) => return Fit::Not,
            }
        }
        let ends_word = self.letters.last().is_some_and(|last| last.is_alphanumeric());
        match letters.peek() {
            None if is_end || !ends_word => Fit::Fits(text.len()),
            None => Fit::Perhaps,
            Some((_, next)) if ends_word && next.is_alphanumeric() => Fit::Not,
            Some((end, _)) => Fit::Fits(*end),
        }
    }
}

impl Transform for Replace {
    fn push(&mut self, text: &str, out: &mut Vec<Said>) {
        self.held.push_str(text);
        self.take(false, out);
    }

    fn finish(&mut self, out: &mut Vec<Said>) {
        self.take(true, out);
        self.before = None;
    }
}

/// One small letter for each letter.
fn small(text: &str) -> Vec<char> {
    text.chars()
        .map(
            |letter| {
                if letter.is_whitespace() { ' ' } else { letter.to_lowercase().next().unwrap_or(letter) }
            },
        )
        .collect()
}

fn same(letter: char, small: char) -> bool {
    letter == small || letter.to_lowercase().next() == Some(small)
}

#[cfg(test)]
mod tests {
    use super::Replace;
    use crate::{reading::Said, wording::Transform};

    fn spoken(text: &str, size: usize) -> String {
        let list = [
            ("livekit", "live kit"),
            ("New York", "the big city"),
            ("New", "old"),
            ("C++", "see plus plus"),
            ("über", "uber"),
        ];
        let list: Vec<(String, String)> =
            list.iter().map(|(written, spoken)| ((*written).to_owned(), (*spoken).to_owned())).collect();
        let (mut replace, mut out) = (Replace::new(&list), Vec::new());
        let letters: Vec<char> = text.chars().collect();
        for piece in letters.chunks(size) {
            replace.push(&piece.iter().collect::<String>(), &mut out);
        }
        replace.finish(&mut out);
        assert_eq!(out.iter().map(Said::written).collect::<String>(), text);
        out.iter().map(Said::spoken).collect()
    }

    #[test]
    fn whole_words_are_said_otherwise_whatever_their_case_and_marks_stay() {
        for (text, expected) in [
            ("LiveKit, and LIVEKIT!", "live kit, and live kit!"),
            ("livekits and my-livekit", "livekits and my-live kit"),
            ("New York is new.", "the big city is old."),
            ("New\nYork, New Yorkers", "the big city, old Yorkers"),
            ("I use C++.", "I use see plus plus."),
            ("ÜBER 'livekit'", "uber 'live kit'"),
            ("renew new", "renew old"),
            ("New Yor", "old Yor"),
            ("", ""),
        ] {
            for size in 1..=20 {
                assert_eq!(spoken(text, size), expected, "by {size}: {text:?}");
            }
        }
    }

    #[test]
    fn text_that_fits_nothing_is_not_held_back() {
        let mut replace = Replace::new(&[("livekit".to_owned(), String::new())]);
        let mut out = Vec::new();
        replace.push("Hello li", &mut out);
        assert_eq!(out, [Said::Plain("Hello ".to_owned())]);
    }
}
