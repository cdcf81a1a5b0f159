//! Markdown and emoji, which are not spoken, taken out of a stream of text; the same at any chunking.
//!
//! What cannot be judged yet is held back: an opened emphasis until it is closed, or its line ends, or
//! [`HELD_AT_MOST`] bytes wait. Marks that are not Markdown (`2 * 3`, `*.py`, `x**2`) stay.

use super::{Transform, plain};
use crate::reading::Said;

/// How many bytes are held back while a mark might still be closed; no more are looked at together.
const HELD_AT_MOST: usize = 400;

/// Takes Markdown, emoji or both out of a stream of text.
#[derive(Clone, Debug)]
pub struct Markup {
    markdown: bool,
    emoji: bool,
    held: String,
    /// Whether what is held begins a line.
    at_line_start: bool,
    /// The last character that was let through or taken out.
    before: Option<char>,
}

/// What stands at the beginning of the held text.
enum Token {
    /// So many bytes are to be said as they are.
    Keep(usize),
    /// So many bytes are to be left out.
    Drop(usize),
    /// Between the two, text that is to be said; the third is where the token ends.
    Inside(usize, usize, usize),
    /// It depends on what follows.
    Wait,
}

impl Transform for Markup {
    fn push(&mut self, text: &str, out: &mut Vec<Said>) {
        self.held.push_str(text);
        self.take(out, false);
    }

    fn finish(&mut self, out: &mut Vec<Said>) {
        self.take(out, true);
        self.at_line_start = true;
        self.before = None;
    }
}

impl Markup {
    /// A filter of Markdown, of emoji, or of both.
    #[must_use]
    pub const fn new(markdown: bool, emoji: bool) -> Self {
        Self { markdown, emoji, held: String::new(), at_line_start: true, before: None }
    }

    fn take(&mut self, out: &mut Vec<Said>, is_end: bool) {
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_str();
        while let Some(first) = rest.chars().next() {
            let seen = &rest[..rest.floor_char_boundary(HELD_AT_MOST)];
            let sure = is_end || rest.len() >= HELD_AT_MOST;
            match self.token(seen, first, sure) {
                Token::Wait => break,
                Token::Keep(n) => {
                    plain(out, &rest[..n]);
                    rest = self.pass(rest, n);
                }
                Token::Drop(n) => {
                    drop_text(out, &rest[..n]);
                    rest = self.pass(rest, n);
                }
                Token::Inside(from, to, end) => {
                    drop_text(out, &rest[..from]);
                    let mut inner = Self { at_line_start: false, ..Self::new(self.markdown, self.emoji) };
                    inner.held.push_str(&rest[from..to]);
                    inner.take(out, true);
                    drop_text(out, &rest[to..end]);
                    rest = self.pass(rest, end);
                }
            }
        }
        self.held = rest.to_owned();
    }

    fn token(&self, seen: &str, first: char, sure: bool) -> Token {
        if !self.markdown {
            let is_other = |c: char| is_emoji(c) != is_emoji(first);
            let run = seen.find(is_other).unwrap_or(seen.len());
            return if is_emoji(first) && self.emoji { Token::Drop(run) } else { Token::Keep(run) };
        }
        if self.at_line_start && first.is_whitespace() {
            return Token::Keep(first.len_utf8());
        }
        let token = if self.at_line_start { line_start(seen, sure) } else { None };
        match token.unwrap_or_else(|| inline(seen, first, self.before, sure)) {
            Token::Drop(n) if is_emoji(first) && !self.emoji => Token::Keep(n),
            token => token,
        }
    }

    /// Goes `n` bytes on.
    fn pass<'a>(&mut self, rest: &'a str, n: usize) -> &'a str {
        let (passed, rest) = rest.split_at(n);
        self.before = passed.chars().next_back();
        self.at_line_start = passed.ends_with('\n') || (self.at_line_start && passed.trim().is_empty());
        rest
    }
}

/// Text that is not said.
fn drop_text(out: &mut Vec<Said>, text: &str) {
    match out.last_mut() {
        Some(Said::Read { written, spoken }) if spoken.is_empty() => written.push_str(text),
        Some(_) | None => out.push(Said::Read { written: text.to_owned(), spoken: String::new() }),
    }
}

/// Headings, quotes, list marks, rules and fences; `None` when the line begins with none of them.
fn line_start(rest: &str, sure: bool) -> Option<Token> {
    let line = rest.find('\n').map_or(rest, |end| &rest[..=end]);
    let is_whole = line.ends_with('\n') || sure;
    let marks = line.trim_end();
    let first = marks.chars().next()?;
    match first {
        '#' => {
            let level = marks.len() - marks.trim_start_matches('#').len();
            mark(line, level, level <= 6, is_whole)
        }
        '>' => mark(line, 1, true, is_whole),
        '`' if marks.starts_with("```") => {
            if is_whole {
                Some(Token::Drop(line.len()))
            } else {
                Some(Token::Wait)
            }
        }
        '-' | '*' | '_' | '+' => {
            let is_rule = first != '+' && marks.chars().all(|c| c == first);
            match (is_rule, is_whole) {
                (true, false) => Some(Token::Wait),
                (true, true) if marks.len() >= 3 => Some(Token::Drop(line.len())),
                (true | false, true | false) => mark(line, 1, first != '_', is_whole),
            }
        }
        _ => None,
    }
}

/// A mark of `length` bytes is one only before a space.
fn mark(line: &str, length: usize, may: bool, is_whole: bool) -> Option<Token> {
    match line[length..].chars().next() {
        Some(' ') if may => Some(Token::Drop(length + 1)),
        None if may && !is_whole => Some(Token::Wait),
        Some(_) | None => None,
    }
}

fn inline(rest: &str, first: char, before: Option<char>, sure: bool) -> Token {
    match first {
        '*' | '_' => emphasis(rest, first, before, sure),
        '`' => span(rest, '`', sure, |_| true),
        '~' => struck_out(rest, sure),
        '[' => link(rest, 0, sure),
        '!' => match rest[1..].chars().next() {
            Some('[') => link(rest, 1, sure),
            None if !sure => Token::Wait,
            Some(_) | None => Token::Keep(1),
        },
        _ if is_emoji(first) => Token::Drop(first.len_utf8()),
        _ => Token::Keep(unmarked(rest)),
    }
}

/// How far the text goes without anything to judge.
fn unmarked(rest: &str) -> usize {
    let special = |c: char| matches!(c, '*' | '_' | '`' | '~' | '[' | '!' | '\n') || is_emoji(c);
    let end = rest.char_indices().skip(1).find(|(_, c)| special(*c)).map_or(rest.len(), |(at, _)| at);
    if rest.starts_with('\n') {
        1
    } else if rest[end..].starts_with('\n') {
        end + 1
    } else {
        end
    }
}

/// `~~x~~`. Any other run of these marks is known to be text once it has ended.
fn struck_out(rest: &str, sure: bool) -> Token {
    let run = run_of(rest, '~');
    if run != 2 && (run < rest.len() || sure) {
        return Token::Keep(run);
    }
    match span(rest, '~', sure, |_| true) {
        Token::Inside(_, _, end) => Token::Drop(end),
        token @ (Token::Keep(_) | Token::Drop(_) | Token::Wait) => token,
    }
}

/// `*x*`, `**x**`, `***x***`, `_x_`, `__x__`: runs of the same length around text, at the edge of a word.
fn emphasis(rest: &str, of: char, before: Option<char>, sure: bool) -> Token {
    let inside_word = match of {
        '_' => before.is_some_and(char::is_alphanumeric),
        _ => before.is_some_and(|c| c.is_ascii_alphanumeric()),
    };
    let run = run_of(rest, of);
    if run == rest.len() && !sure {
        return Token::Wait;
    }
    let mut after = rest[run..].chars();
    let opens = match (after.next(), after.next()) {
        (Some('.'), None) if !sure => return Token::Wait,
        (Some('.'), next) => !next.is_some_and(char::is_alphanumeric),
        (Some(next), _) => !next.is_whitespace() && !matches!(next, ',' | ';' | ':' | '/' | ')' | ']' | '?'),
        (None, _) => true,
    };
    if inside_word || run > 3 || !opens {
        return Token::Keep(run);
    }
    span(rest, of, sure, |inner| !inner.ends_with(char::is_whitespace) && (of == '*' || !inner.contains('_')))
}

/// A run of marks, text, and a run of as many of them, on one line.
fn span(rest: &str, of: char, sure: bool, is_right: impl Fn(&str) -> bool) -> Token {
    let run = run_of(rest, of);
    let line = rest.find('\n').map_or(rest, |end| &rest[..end]);
    let mut at = run;
    while let Some(found) = line.get(at..).and_then(|text| text.find(of)) {
        let from = at + found;
        let closing = run_of(&rest[from..], of);
        if from + closing == rest.len() && !sure {
            return Token::Wait;
        }
        if closing == run && from > run && is_right(&rest[run..from]) {
            return Token::Inside(run, from, from + closing);
        }
        at = from + closing;
    }
    if line.len() == rest.len() && !sure { Token::Wait } else { Token::Keep(run) }
}

/// `[text](address)` from byte `at`; of it, the text is said.
fn link(rest: &str, at: usize, sure: bool) -> Token {
    let line = rest.find('\n').map_or(rest, |end| &rest[..end]);
    let is_open = line.len() == rest.len() && !sure;
    let unknown = || if is_open { Token::Wait } else { Token::Keep(at + 1) };
    let Some(close) = line.find(']') else { return unknown() };
    match line[close + 1..].chars().next() {
        Some('(') => match line[close..].find(')') {
            Some(end) => Token::Inside(at + 1, close, close + end + 1),
            None => unknown(),
        },
        Some(_) => Token::Keep(at + 1),
        None => unknown(),
    }
}

fn run_of(text: &str, of: char) -> usize {
    text.len() - text.trim_start_matches(of).len()
}

/// Pictures, and what joins and colours them; not digits, letters, currency or arrows in text.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b1b}'..='\u{2b1c}' | '\u{2b50}' | '\u{2b55}'
        | '\u{fe0f}' | '\u{200d}' | '\u{20e3}' | '\u{e0020}'..='\u{e007f}' | '\u{231a}'..='\u{231b}' | '\u{23e9}'..='\u{23fa}')
}

#[cfg(test)]
mod tests {
    use super::Markup;
    use crate::{reading::Said, wording::Transform};

    fn said(text: &str, size: usize) -> Vec<Said> {
        let (mut filter, mut out) = (Markup::new(true, true), Vec::new());
        let characters: Vec<char> = text.chars().collect();
        for piece in characters.chunks(size) {
            filter.push(&piece.iter().collect::<String>(), &mut out);
        }
        filter.finish(&mut out);
        out
    }

    fn spoken(text: &str, size: usize) -> String {
        let said = said(text, size);
        assert_eq!(said.iter().map(Said::written).collect::<String>(), text, "nothing of the text is lost");
        said.iter().map(Said::spoken).collect()
    }

    #[test]
    fn marks_are_taken_out_and_what_only_looks_like_them_stays_at_any_chunking() {
        for (text, expected) in [
            ("plain text, nothing else.", "plain text, nothing else."),
            ("*a* **b** ***c*** _d_ __e__", "a b c d e"),
            ("**bold with *inner* text**!", "bold with inner text!"),
            ("# Title\n## Sub\ntext", "Title\nSub\ntext"),
            ("- one\n* two\n+ three\n1. four", "one\ntwo\nthree\n1. four"),
            ("> said\n---\nafter", "said\nafter"),
            ("use `code` and\n```rust\nlet x;\n```\nend", "use code and\nlet x;\nend"),
            ("see [the page](https://example.org/a_b) now", "see the page now"),
            ("![a cat](cat.png) sits", "a cat sits"),
            ("old ~~gone~~ new", "old  new"),
            ("你好**世界**吗", "你好世界吗"),
            ("Hello 👋🏽 there ❤️!", "Hello  there !"),
            ("2 * 3 = 6", "2 * 3 = 6"),
            ("all *.py files", "all *.py files"),
            ("x**2 + y**2 = z**2", "x**2 + y**2 = z**2"),
            ("a ** b", "a ** b"),
            ("__dunder_method__", "__dunder_method__"),
            ("MAX___VALUE", "MAX___VALUE"),
            ("****quad****", "****quad****"),
            ("**bold***italic*", "**bold***italic*"),
            ("***open", "***open"),
            ("an array[0] (first)", "an array[0] (first)"),
            ("wait! What?", "wait! What?"),
            ("~5 minutes, -3 degrees", "~5 minutes, -3 degrees"),
            ("", ""),
        ] {
            for size in 1..=50 {
                assert_eq!(spoken(text, size), expected, "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn long_texts_are_the_same_at_any_chunking() {
        let seed = fastrand::u64(..);
        let mut random = fastrand::Rng::with_seed(seed);
        let parts = [
            "*", "**", "_", "`", "```", "~~", "[", "](", ")", "!", "\n", "# ", "- ", " ", "word", "long ",
            "🙂", "é", "你",
        ];
        for _ in 0..300 {
            let text: String = (0..random.usize(..400)).map(|_| parts[random.usize(..parts.len())]).collect();
            let whole = spoken(&text, usize::MAX);
            for size in [1, 3, 50, 399, 401] {
                assert_eq!(spoken(&text, size), whole, "seed {seed}, by {size}: {text:?}");
            }
        }
    }

    #[test]
    fn text_without_marks_is_not_held_back() {
        let (mut filter, mut out) = (Markup::new(true, true), Vec::new());
        filter.push("I'm doing ", &mut out);
        assert_eq!(out, [Said::Plain("I'm doing ".to_owned())]);
        for text in [
            "~5 minutes",
            "~~~5",
            "5* per",
            "all *.py files",
            "*, and",
            "_ and",
            "a_b",
            "an a[0] b",
            "<b> $5 ^ |",
        ] {
            let (mut filter, mut out) = (Markup::new(true, true), Vec::new());
            filter.push(text, &mut out);
            assert_eq!(out.iter().map(Said::written).collect::<String>(), text);
        }
    }

    #[test]
    fn emoji_alone_are_taken_out_and_markdown_stays() {
        let (mut filter, mut out) = (Markup::new(false, true), Vec::new());
        filter.push("**Hi** 🙂 there", &mut out);
        filter.finish(&mut out);
        assert_eq!(out.iter().map(Said::spoken).collect::<String>(), "**Hi**  there");
    }
}
