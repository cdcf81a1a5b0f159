//! Text for speech: Markdown and emoji taken out of a stream of text, the same at any chunking.
//!
//! What cannot be judged yet is held back: an opened emphasis until it is closed, or its line ends, or
//! [`HELD_AT_MOST`] bytes wait. Marks that are not Markdown (`2 * 3`, `*.py`, `x**2`) stay.

/// How many bytes are held back while a mark might still be closed.
const HELD_AT_MOST: usize = 400;

/// Takes Markdown and emoji out of a stream of text.
#[derive(Clone, Debug)]
pub struct Spoken {
    held: String,
    /// Whether what is held begins a line.
    at_line_start: bool,
    /// The last character that was let through or taken out.
    before: Option<char>,
}

impl Default for Spoken {
    fn default() -> Self {
        Self { held: String::new(), at_line_start: true, before: None }
    }
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

impl Spoken {
    /// More text; what can be said is appended to `out`.
    pub fn push(&mut self, text: &str, out: &mut String) {
        self.held.push_str(text);
        self.take(out, false);
    }

    /// No more text comes.
    pub fn finish(&mut self, out: &mut String) {
        self.take(out, true);
    }

    fn take(&mut self, out: &mut String, is_end: bool) {
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_str();
        while let Some(first) = rest.chars().next() {
            let sure = is_end || rest.len() > HELD_AT_MOST;
            let token = if self.at_line_start { line_start(rest, sure) } else { None };
            match token.unwrap_or_else(|| inline(rest, first, self.before, sure)) {
                Token::Wait => break,
                Token::Keep(n) => rest = self.pass(rest, n, Some(out)),
                Token::Drop(n) => rest = self.pass(rest, n, None),
                Token::Inside(from, to, end) => {
                    let mut inner = Self { at_line_start: false, before: None, held: String::new() };
                    inner.push(&rest[from..to], out);
                    inner.finish(out);
                    rest = self.pass(rest, end, None);
                }
            }
        }
        self.held = rest.to_owned();
    }

    /// Goes `n` bytes on, and says them where that is wanted.
    fn pass<'a>(&mut self, rest: &'a str, n: usize, out: Option<&mut String>) -> &'a str {
        let (passed, rest) = rest.split_at(n);
        let was_line_start = self.at_line_start;
        self.before = passed.chars().next_back();
        self.at_line_start = passed.ends_with('\n') || (was_line_start && passed.trim().is_empty());
        if let Some(out) = out {
            out.push_str(passed);
        }
        rest
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
        '~' => match span(rest, '~', sure, |_| true) {
            Token::Inside(2, _, end) => Token::Drop(end),
            Token::Inside(..) => Token::Keep(1),
            token @ (Token::Keep(_) | Token::Drop(_) | Token::Wait) => token,
        },
        '[' => link(rest, 0, sure),
        '!' => match rest[1..].chars().next() {
            Some('[') => link(rest, 1, sure),
            None if !sure => Token::Wait,
            Some(_) | None => Token::Keep(1),
        },
        _ if is_emoji(first) => Token::Drop(first.len_utf8()),
        _ => Token::Keep(plain(rest)),
    }
}

/// How far the text goes without anything to judge.
fn plain(rest: &str) -> usize {
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
    if inside_word || run > 3 || rest[run..].starts_with(char::is_whitespace) {
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
    use super::Spoken;

    fn spoken(text: &str, size: usize) -> String {
        let (mut filter, mut out) = (Spoken::default(), String::new());
        let characters: Vec<char> = text.chars().collect();
        for piece in characters.chunks(size) {
            filter.push(&piece.iter().collect::<String>(), &mut out);
        }
        filter.finish(&mut out);
        out
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
    fn text_without_marks_is_not_held_back() {
        let (mut filter, mut out) = (Spoken::default(), String::new());
        filter.push("I'm doing ", &mut out);
        assert_eq!(out, "I'm doing ");
    }
}
