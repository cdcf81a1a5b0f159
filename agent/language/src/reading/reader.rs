//! Text in pieces of any size, out as what was written and what is said; the same at any chunking.
//!
//! Held back are the word that is not whole yet, and the words after one that may go on: `5` may become `5 km`, `Nov`
//! may become `Nov 21, 2026`. Six words of eighty bytes are the most; plain words are not held beyond their end.

use std::sync::Arc;

use super::{
    Normaliser,
    recognise::{Hit, recognise},
    words::{LONGEST_WORD, Wait, Word, Words},
};

/// A piece of text: what was written, and what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Said as it is written.
    Plain(String),
    /// Written so, said otherwise.
    Read {
        /// What was written.
        written: String,
        /// What is said; may be empty.
        spoken: String,
    },
}

impl Said {
    /// What was written.
    #[must_use]
    pub fn written(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Read { written, .. } => written,
        }
    }

    /// What is said.
    #[must_use]
    pub fn spoken(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Read { spoken, .. } => spoken,
        }
    }
}

/// Reads a stream of text aloud in one language.
#[derive(Clone)]
pub struct Reader {
    normaliser: Arc<dyn Normaliser>,
    held: String,
    /// Whether what is held goes on a word that is too long to be looked at.
    in_long_word: bool,
    before: Before,
}

/// What is known of the word before.
#[derive(Clone, Debug)]
struct Before {
    /// In lower case; empty at a beginning.
    word: String,
    /// A capital that begins no sentence, or a number.
    is_name: bool,
    /// Whether a sentence ended with it.
    ended: bool,
}

impl Before {
    const fn beginning() -> Self {
        Self { word: String::new(), is_name: false, ended: true }
    }

    fn word(&mut self, word: &Word<'_>) {
        self.is_name =
            (word.is_capitalised() && !self.ended) || word.core.ends_with(|c: char| c.is_numeric());
        self.ended = word.trail.contains(['.', '!', '?', '…']);
        self.word.clear();
        self.word.extend(word.core.chars().flat_map(char::to_lowercase));
        if !word.trail.is_empty() {
            self.is_name = false;
        }
    }
}

impl Reader {
    /// A reader of one text.
    #[must_use]
    pub const fn new(normaliser: Arc<dyn Normaliser>) -> Self {
        Self { normaliser, held: String::new(), in_long_word: false, before: Before::beginning() }
    }

    /// More text; what is certain is appended to `out`.
    pub fn push(&mut self, text: &str, out: &mut Vec<Said>) {
        self.held.push_str(text);
        self.take(false, out);
    }

    /// No more text comes; the next push begins a new text.
    pub fn finish(&mut self, out: &mut Vec<Said>) {
        self.take(true, out);
        self.in_long_word = false;
        self.before = Before::beginning();
    }

    fn take(&mut self, is_end: bool, out: &mut Vec<Said>) {
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_str();
        while !rest.is_empty() {
            let Some(passed) = self.step(rest, is_end, out) else { break };
            rest = &rest[passed..];
        }
        self.held = rest.to_owned();
    }

    /// How many bytes at the beginning of `text` are done with, if any.
    fn step(&mut self, text: &str, is_end: bool, out: &mut Vec<Said>) -> Option<usize> {
        let gap = text.len() - text.trim_start().len();
        if gap > 0 {
            self.in_long_word = false;
            if text[..gap].contains('\n') {
                self.before = Before::beginning();
            }
            plain(out, &text[..gap]);
            return Some(gap);
        }
        if self.in_long_word {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            plain(out, &text[..end]);
            return Some(end);
        }
        let before = std::mem::take(&mut self.before.word);
        let Some(words) = Words::of(text, is_end, &before, self.before.is_name) else {
            self.before.word = before;
            if text.len() <= LONGEST_WORD {
                return None;
            }
            self.in_long_word = true;
            self.before = Before::beginning();
            return Some(0);
        };
        let first = words.first();
        let found =
            if is_plain(&first) { Ok(None) } else { recognise(&words, self.normaliser.conventions()) };
        match found {
            Err(Wait) => {
                self.before.word = before;
                None
            }
            Ok(None) => {
                plain(out, &text[..first.len()]);
                self.before.word(&first);
                Some(first.len())
            }
            Ok(Some(hit)) => Some(self.read(&words, &hit, &before, out)),
        }
    }

    /// Says what the first words mean; how many bytes they are.
    fn read(&mut self, words: &Words<'_>, hit: &Hit, before: &str, out: &mut Vec<Said>) -> usize {
        let (first, last, end) = (words.first(), words.word(hit.words - 1), words.end(hit.words));
        let core_end = end - last.trail.len() + hit.eats;
        plain(out, first.lead);
        let mut spoken = String::new();
        self.normaliser.say(&hit.what, before, &mut spoken);
        out.push(Said::Read { written: words.text[first.lead.len()..core_end].to_owned(), spoken });
        plain(out, &words.text[core_end..end]);
        self.before.word(&Word { trail: &last.trail[hit.eats..], ..last });
        end
    }
}

/// Whether a word is surely no more than it seems.
fn is_plain(word: &Word<'_>) -> bool {
    let small = |c: char| c.is_lowercase() || c == '\'' || c == '’';
    word.core.len() > 2 && word.core.chars().all(small) && !word.trail.starts_with('.')
}

/// Appends text that is said as it is written.
fn plain(out: &mut Vec<Said>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Said::Plain(last)) = out.last_mut() {
        last.push_str(text);
    } else {
        out.push(Said::Plain(text.to_owned()));
    }
}
