//! The words at hand: where they begin and end, and whether the next one is known yet.

/// How long a word may be that is looked at; a longer one passes as it is.
pub(super) const LONGEST_WORD: usize = 80;

/// How many words are looked at together.
const MOST_WORDS: usize = 6;

/// What is asked for has not come yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait;

/// A word with the punctuation around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// Opening marks.
    pub(super) lead: &'a str,
    /// What it is.
    pub(super) core: &'a str,
    /// Closing marks.
    pub(super) trail: &'a str,
}

impl<'a> Word<'a> {
    fn of(text: &'a str) -> Self {
        let from = text.len() - text.trim_start_matches(opens).len();
        let core = text[from..].trim_end_matches(closes);
        let (core, from) = if core.is_empty() { (text, 0) } else { (core, from) };
        Self { lead: &text[..from], core, trail: &text[from + core.len()..] }
    }

    /// How many bytes it has with its marks.
    pub(super) const fn len(&self) -> usize {
        self.lead.len() + self.core.len() + self.trail.len()
    }

    /// Whether it begins with a capital.
    pub(super) fn is_capitalised(&self) -> bool {
        self.core.starts_with(char::is_uppercase)
    }

    /// Whether it is letters that begin with a small one.
    pub(super) fn is_small(&self) -> bool {
        self.core.starts_with(char::is_lowercase)
    }
}

/// The first words of a text, on one line, with single spaces between them.
pub(super) struct Words<'a> {
    list: Vec<Word<'a>>,
    /// What they are cut from.
    pub(super) text: &'a str,
    /// Whether no word follows these.
    ended: bool,
    /// The word before, in lower case; empty at a beginning.
    pub(super) before: &'a str,
    /// Whether the word before begins with a capital, or is a number, and does not begin its sentence.
    pub(super) after_name: bool,
}

impl<'a> Words<'a> {
    /// The words of `text`, whose end is the end of all if `is_end`. `None` if not even the first is whole.
    pub(super) fn of(text: &'a str, is_end: bool, before: &'a str, after_name: bool) -> Option<Self> {
        let mut words = Self { list: Vec::new(), text, ended: false, before, after_name };
        let mut rest = text;
        while words.list.len() < MOST_WORDS {
            match end_of_word(rest, is_end) {
                End::At(end) => words.list.push(Word::of(&rest[..end])),
                End::Unknown => return (!words.list.is_empty()).then_some(words),
                End::TooFar => break,
            }
            rest = &rest[words.list.last().map_or(0, Word::len)..];
            let gap = rest.len() - rest.trim_start().len();
            if gap == rest.len() && !is_end {
                let may_go_on = gap == 0 || is_one_space(rest);
                words.ended = gap > 0 && !may_go_on;
                return Some(words);
            }
            if !is_one_space(&rest[..gap]) || gap == rest.len() {
                break;
            }
            rest = &rest[gap..];
        }
        words.ended = true;
        (!words.list.is_empty()).then_some(words)
    }

    /// The first word.
    pub(super) fn first(&self) -> Word<'a> {
        self.list[0]
    }

    /// The word after the first `n`, whatever marks are between.
    pub(super) fn after(&self, n: usize) -> Result<Option<Word<'a>>, Wait> {
        match self.list.get(n) {
            Some(word) => Ok(Some(*word)),
            None if self.ended => Ok(None),
            None => Err(Wait),
        }
    }

    /// The word after the first `n`, if no mark stands between.
    pub(super) fn joined(&self, n: usize) -> Result<Option<Word<'a>>, Wait> {
        if n > 0 && self.list.get(n - 1).is_some_and(|word| !word.trail.is_empty()) {
            return Ok(None);
        }
        Ok(self.after(n)?.filter(|word| word.lead.is_empty()))
    }

    /// Where the first `n` words end, with the marks around them, in bytes.
    pub(super) fn end(&self, n: usize) -> usize {
        let own: usize = self.list[..n].iter().map(Word::len).sum();
        let mut end = own;
        let mut at = 0;
        for word in &self.list[..n - 1] {
            at += word.len();
            let gap = self.text[at..].chars().next().map_or(0, char::len_utf8);
            at += gap;
            end += gap;
        }
        end
    }

    /// A word of those that are known.
    pub(super) fn word(&self, n: usize) -> Word<'a> {
        self.list[n]
    }
}

enum End {
    At(usize),
    Unknown,
    TooFar,
}

/// Where the word at the beginning of `text` ends. Every letter of a script without spaces is a word of its own.
fn end_of_word(text: &str, is_end: bool) -> End {
    let mut letters = text.char_indices();
    match letters.next() {
        Some((_, first)) if crate::words::is_spaceless(first) => return End::At(first.len_utf8()),
        Some((_, first)) if first.is_whitespace() => return End::TooFar,
        Some(_) => {}
        None => return if is_end { End::TooFar } else { End::Unknown },
    }
    match letters.find(|(_, c)| c.is_whitespace() || crate::words::is_spaceless(*c)) {
        Some((end, _)) if end <= LONGEST_WORD => End::At(end),
        Some(_) => End::TooFar,
        None if text.len() > LONGEST_WORD => End::TooFar,
        None if is_end => End::At(text.len()),
        None => End::Unknown,
    }
}

/// A space, or one at which no line breaks.
fn is_one_space(gap: &str) -> bool {
    matches!(gap, " " | "\u{a0}" | "\u{202f}")
}

const fn opens(c: char) -> bool {
    matches!(c, '(' | '[' | '{' | '"' | '\'' | '“' | '‘' | '«' | '„' | '‚' | '¿' | '¡')
}

const fn closes(c: char) -> bool {
    matches!(
        c,
        '.' | ',' | ';' | ':' | '!' | '?' | ')' | ']' | '}' | '"' | '\'' | '”' | '’' | '»' | '…' | '“' | '‘'
    )
}
