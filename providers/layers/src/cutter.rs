//! Text in pieces of any size, out sentence by sentence; what comes out does not depend on how it came in.
//!
//! A cut is decided by the text around it and by nothing else: where the text to come could still change it, the
//! cutter waits for that text. So `"Mr. Theo"` is never cut, and `"It works. Then"` is cut as soon as the `T` is there.

/// How text is cut. Lengths are in letters; a letter of Chinese, Japanese or Korean counts as three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentenceRules {
    /// A shorter sentence is said together with the next.
    pub minimum: usize,
    /// The same for the first piece, which somebody is waiting for.
    pub first_minimum: usize,
    /// The first piece may also end at a comma, colon, semicolon or dash when it is this long.
    pub first_clause: usize,
    /// A longer sentence is cut: after a clause, else between words, else anywhere.
    pub longest: usize,
    /// Sentences that wait for the voice together are said as one up to this length, and never as more than twice what
    /// was said before: the melody goes over them, and the voice has the time for it.
    pub together: usize,
}

impl SentenceRules {
    /// For speech: the first piece early, the others long enough to be spoken with the right melody.
    pub const SPOKEN: Self =
        Self { minimum: 20, first_minimum: 10, first_clause: 40, longest: 400, together: 300 };
    /// Sentences only.
    pub const PLAIN: Self =
        Self { minimum: 20, first_minimum: 20, first_clause: usize::MAX, longest: 400, together: 0 };
}

/// Cuts text at sentences. Push text, then take pieces until there is none.
///
/// All pieces together are the text that was pushed, except white space at its very end; the white space between
/// two pieces leads the second.
#[derive(Clone, Debug)]
pub struct SentenceCutter {
    rules: SentenceRules,
    text: String,
    scan: Scan,
    first: bool,
    /// No text follows for now.
    ended: bool,
}

/// How far the text was looked at; positions are bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Scan {
    at: usize,
    /// Letters before `at`, leading white space not counted.
    letters: usize,
    /// The end of the last clause.
    clause: Option<usize>,
    /// The end of the last word.
    word: Option<usize>,
}

/// What is known of a place in the text.
enum Verdict {
    /// The text that follows decides.
    Wait,
    /// No cut before this byte.
    Pass(usize),
    /// A piece ends at this byte.
    Cut(usize),
}

impl SentenceCutter {
    /// An empty cutter.
    #[must_use]
    pub const fn new(rules: SentenceRules) -> Self {
        let scan = Scan { at: 0, letters: 0, clause: None, word: None };
        Self { rules, text: String::new(), scan, first: true, ended: false }
    }

    /// How it cuts.
    #[must_use]
    pub const fn rules(&self) -> &SentenceRules {
        &self.rules
    }

    /// Takes text.
    pub fn push(&mut self, text: &str) {
        self.ended = false;
        self.text.push_str(text);
    }

    /// Says that no text follows for now: what is left becomes a piece. Take the pieces before the next push.
    pub fn flush(&mut self) {
        self.ended = true;
    }

    /// The next piece, when one is certain. Never blank.
    pub fn next_piece(&mut self) -> Option<String> {
        loop {
            let Some(next) = self.text[self.scan.at..].chars().next() else {
                return self
                    .ended
                    .then(|| self.release(self.text.len()))
                    .filter(|rest| !rest.trim().is_empty());
            };
            if self.scan.letters >= self.rules.longest {
                let at = self.forced_cut();
                return Some(self.release(at));
            }
            match self.judge(next) {
                Verdict::Wait => return None,
                Verdict::Pass(until) => self.pass(until),
                Verdict::Cut(at) => return Some(self.release(at)),
            }
        }
    }

    /// Whether text waits that was not given yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    fn release(&mut self, at: usize) -> String {
        let rest = self.text.split_off(at);
        self.scan = Scan::default();
        let piece = std::mem::replace(&mut self.text, rest);
        self.first &= piece.trim().is_empty();
        piece
    }

    fn forced_cut(&self) -> usize {
        self.scan.clause.or(self.scan.word).unwrap_or(self.scan.at)
    }

    /// Moves on to `until`, counting.
    fn pass(&mut self, until: usize) {
        for letter in self.text[self.scan.at..until].chars() {
            if self.scan.letters > 0 || !letter.is_whitespace() {
                self.scan.letters += width(letter);
            }
            if letter.is_whitespace() && self.scan.letters > 0 {
                self.scan.word = Some(self.scan.at);
            }
            self.scan.at += letter.len_utf8();
        }
    }

    fn judge(&mut self, next: char) -> Verdict {
        let at = self.scan.at;
        if next == '\n' {
            return self.cut_if_long_enough(at, at + 1);
        }
        if is_terminal(next) {
            return self.judge_terminal(at);
        }
        if is_clause_mark(next) {
            return self.judge_clause(at + next.len_utf8());
        }
        Verdict::Pass(at + next.len_utf8())
    }

    /// Cuts at `end` if the piece is long enough by then, else goes on after `until`.
    fn cut_if_long_enough(&self, end: usize, until: usize) -> Verdict {
        let minimum = if self.first { self.rules.first_minimum } else { self.rules.minimum };
        let letters: usize = self.text[..end].trim().chars().map(width).sum();
        if letters >= minimum.max(1) { Verdict::Cut(end) } else { Verdict::Pass(until) }
    }

    fn judge_clause(&mut self, end: usize) -> Verdict {
        let Some(follows) = self.text[end..].chars().next() else {
            return if self.ended { Verdict::Pass(end) } else { Verdict::Wait };
        };
        if !follows.is_whitespace() && !is_wide(follows) {
            return Verdict::Pass(end);
        }
        self.scan.clause = Some(end);
        if self.first && self.scan.letters >= self.rules.first_clause {
            return Verdict::Cut(end);
        }
        Verdict::Pass(end)
    }

    /// A run of marks that may end a sentence begins at `at`.
    fn judge_terminal(&self, at: usize) -> Verdict {
        let text = &self.text[at..];
        let marks = text.find(|c| !is_terminal(c)).unwrap_or(text.len());
        let closed = marks + text[marks..].find(|c| !is_closer(c)).unwrap_or(text.len() - marks);
        let (run, end) = (&text[..marks], at + closed);
        let Some(follows) = self.text[end..].chars().next() else {
            return if self.ended { Verdict::Pass(end) } else { Verdict::Wait };
        };
        if run.chars().any(is_wide) {
            return self.cut_if_long_enough(end, end);
        }
        if is_wide(follows) {
            return self.cut_if_long_enough(end, end);
        }
        if !follows.is_whitespace() {
            return Verdict::Pass(end);
        }
        if run.contains(['!', '?']) {
            return self.cut_if_long_enough(end, end);
        }
        self.judge_full_stop(at, end, run == ".")
    }

    /// A full stop or dots end at `end`, and white space follows: the next word decides.
    fn judge_full_stop(&self, at: usize, end: usize, single: bool) -> Verdict {
        let rest = &self.text[end..];
        let gap = rest.len() - rest.trim_start().len();
        let word = &rest[gap..];
        let word_end = word.find(|c: char| !c.is_alphanumeric() && c != '\'').unwrap_or(word.len());
        let complete = word_end < word.len() || self.ended;
        let Some(initial) = word.chars().next() else {
            return if self.ended { Verdict::Pass(end) } else { Verdict::Wait };
        };
        let before = last_word(&self.text[..at]);
        if initial.is_lowercase() {
            let is_word = single && before.len() >= SURELY_A_WORD && before.chars().all(char::is_alphabetic);
            let ends = is_word && !is_abbreviation(before);
            return if ends { self.cut_if_long_enough(end, end) } else { Verdict::Pass(end) };
        }
        if !single {
            return self.cut_if_long_enough(end, end);
        }
        if is_abbreviation(before) || is_list_number(before, &self.text[..at]) {
            return Verdict::Pass(end);
        }
        if !is_acronym(before) {
            return self.cut_if_long_enough(end, end);
        }
        match (complete, STARTERS.contains(&&word[..word_end])) {
            (false, _) => Verdict::Wait,
            (true, true) => self.cut_if_long_enough(end, end),
            (true, false) => Verdict::Pass(end),
        }
    }
}

fn last_word(text: &str) -> &str {
    text.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '"' | '[' | '\u{201c}'))
        .next()
        .unwrap_or_default()
}

/// Initials and the like: `J`, `R.T.C`, `p.m`.
fn is_acronym(word: &str) -> bool {
    word.split('.').all(|part| part.chars().count() == 1 && part.chars().all(char::is_alphabetic))
}

fn is_abbreviation(word: &str) -> bool {
    ABBREVIATIONS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// `1` at the beginning of a line, before its full stop.
fn is_list_number(word: &str, before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    !word.is_empty() && word.len() <= 3 && word.bytes().all(|b| b.is_ascii_digit()) && line.trim() == word
}

const fn is_terminal(letter: char) -> bool {
    matches!(letter, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '｡' | '．' | '।' | '؟' | '۔')
}

const fn is_clause_mark(letter: char) -> bool {
    matches!(letter, ',' | ';' | ':' | '–' | '—' | '，' | '、' | '；' | '：' | '،')
}

const fn is_closer(letter: char) -> bool {
    matches!(letter, '"' | '\'' | ')' | ']' | '}' | '»' | '”' | '’' | '」' | '』' | '）' | '】' | '*' | '_')
}

/// Letters of scripts that put no space between words.
const fn is_wide(letter: char) -> bool {
    matches!(letter, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

const fn width(letter: char) -> usize {
    if is_wide(letter) { 3 } else { 1 }
}

/// Words whose full stop does not end a sentence, whatever follows.
const ABBREVIATIONS: &[&str] = &[
    "Mr", "Mrs", "Ms", "Mx", "Dr", "Prof", "Rev", "Hon", "St", "Sr", "Jr", "Gen", "Col", "Capt", "Lt", "Sgt",
    "Gov", "Sen", "Rep", "Pres", "Mt", "Ave", "Blvd", "Rd", "No", "Nos", "vs", "approx", "e.g", "i.e", "cf",
    "fig", "pp", "vol", "ca", "Hr", "Fr", "Frl", "bzw", "Nr", "z.B", "u.a", "Mme", "Mlle",
];

/// Letters from which on a word before a full stop is no abbreviation that this house does not know, so that its
/// sentence ends even before a small letter: `… sentence. iPhones …`.
const SURELY_A_WORD: usize = 6;

/// Words that begin a sentence rather than go on with a name, after an acronym.
const STARTERS: &[&str] = &[
    "A", "After", "All", "Also", "An", "And", "Are", "As", "At", "Before", "But", "Can", "Could", "Did",
    "Do", "Does", "Dr", "For", "From", "He", "Her", "Here", "His", "How", "However", "I", "If", "In", "Is",
    "It", "Its", "Let", "Mr", "Mrs", "Ms", "My", "No", "Now", "Of", "On", "One", "Or", "Our", "Please",
    "Prof", "She", "So", "That", "The", "Their", "Then", "There", "These", "They", "This", "Those", "To",
    "Wait", "We", "What", "When", "Where", "Which", "While", "Who", "Why", "Will", "With", "Would", "Yes",
    "You", "Your",
];

#[cfg(test)]
mod tests;
