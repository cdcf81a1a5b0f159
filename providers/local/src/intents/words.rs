//! Text as words: lower case, without punctuation, `25` and `+` kept so that typed sums are understood.

/// Words looked at, at most: what is longer is no command.
const LONGEST: usize = 64;

/// The words of a text.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut chunks = text.split_whitespace().peekable();
    while let Some(chunk) = chunks.next() {
        let mut goes_on = || chunks.peek().is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit()));
        if matches!(chunk, "-" | "–") && words.last().is_some_and(|word| is_number(word)) && goes_on() {
            words.push("minus".to_owned());
        } else {
            push_chunk(chunk, &mut words);
        }
        if words.len() >= LONGEST {
            words.truncate(LONGEST);
            break;
        }
    }
    words
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Splits what stands between two spaces: "7+5?" is three words, "9-4" too, "don't" is one.
fn push_chunk(chunk: &str, words: &mut Vec<String>) {
    let mut word = String::new();
    let mut chars = chunk.chars().peekable();
    while let Some(c) = chars.next() {
        let inside = !word.is_empty() && chars.peek().is_some_and(|next| next.is_alphanumeric());
        let all_digits = word.chars().all(|c| c.is_ascii_digit());
        match c {
            c if c.is_alphanumeric() => word.extend(c.to_lowercase()),
            '\'' | '’' if inside => word.push('\''),
            // A decimal point; the comma of 1,000 is dropped.
            '.' if inside && all_digits => word.push('.'),
            ',' if inside && all_digits => {}
            c => {
                flush(&mut word, words);
                let between = words.last().is_some_and(|word| is_number(word))
                    && chars.peek().is_some_and(char::is_ascii_digit);
                if matches!(c, '-' | '–') && between {
                    words.push("minus".to_owned());
                }
                if let Some(operator) = operator(c) {
                    words.extend(operator.iter().map(|&word| word.to_owned()));
                }
            }
        }
    }
    flush(&mut word, words);
}

fn flush(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// How a sign is read aloud.
fn operator(sign: char) -> Option<&'static [&'static str]> {
    match sign {
        '+' => Some(&["plus"]),
        '−' => Some(&["minus"]),
        '*' | '×' => Some(&["times"]),
        '/' | '÷' => Some(&["divided", "by"]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn text_becomes_words() {
        for (text, words) in [
            ("Hello, World!", "hello world"),
            ("It’s 7:30 o'clock", "it's 7 30 o'clock"),
            ("twenty-five", "twenty five"),
            ("7+5?", "7 plus 5"),
            ("8 / 2", "8 divided by 2"),
            ("9 - 4", "9 minus 4"),
            ("9-4", "9 minus 4"),
            ("9 – 4 – 1", "9 minus 4 minus 1"),
            ("a 9 - well", "a 9 well"),
            ("1,000 and 4.5.", "1000 and 4.5"),
            ("'quoted' – dash", "quoted dash"),
            ("ÄRGER über 😀", "ärger über"),
            ("   ", ""),
        ] {
            assert_eq!(tokens(text).join(" "), words, "{text:?}");
        }
    }
}
