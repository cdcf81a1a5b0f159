//! The agent's own voice, back through the microphone: do the words heard repeat what the agent just said?

use super::phrases::words;

/// How many of the agent's last words are compared.
const REMEMBERED: usize = 60;

/// Whether the words heard are a run of the agent's own, word for word but for a recogniser's slips. Fewer than two
/// words are no evidence.
pub(super) fn repeats(heard: &[String], agent_text: &str) -> bool {
    if heard.len() < 2 {
        return false;
    }
    let said = words(agent_text);
    let said = &said[said.len().saturating_sub(REMEMBERED)..];
    let allowed = heard.len() / 4;
    (0..said.len()).any(|from| slips(heard, &said[from..], allowed) <= allowed)
}

/// Whether one word is among the agent's last.
pub(super) fn contains(word: &str, agent_text: &str) -> bool {
    words(agent_text).iter().rev().take(REMEMBERED).any(|said| alike(said, word))
}

/// How many words have to be changed, left out or put in so that `heard` begins `said`; more than `allowed` is not
/// counted further.
fn slips(heard: &[String], said: &[String], allowed: usize) -> usize {
    let window = &said[..said.len().min(heard.len() + allowed)];
    let mut row: Vec<usize> = (0..=window.len()).collect();
    for (n, word) in heard.iter().enumerate() {
        let is_last = n + 1 == heard.len();
        let mut diagonal = row[0];
        row[0] = n + 1;
        for (m, other) in window.iter().enumerate() {
            let same = alike(word, other) || (is_last && other.starts_with(word.as_str()));
            let change = diagonal + usize::from(!same);
            diagonal = row[m + 1];
            row[m + 1] = change.min(diagonal + 1).min(row[m] + 1);
        }
    }
    row.into_iter().min().unwrap_or(usize::MAX)
}

/// The same word, or in a longer one a letter that differs.
fn alike(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if a.len().min(b.len()) < 4 || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let head = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    head + tail + 1 >= a.len().max(b.len())
}

#[cfg(test)]
mod tests {
    use super::{super::phrases::words, repeats};

    #[test]
    fn an_echo_is_a_run_of_the_agents_words_but_for_slips() {
        let agent = "Your table for four is booked at seven o'clock on Friday evening.";
        for (heard, expected) in [
            ("table for four", true),
            ("booked at seven", true),
            ("booked at seven o'clock on Fri", true),
            ("your table for fours is booked on seven o'clock", true),
            ("for two please", false),
            ("seven is too late", false),
            ("Friday", false),
            ("what time on Friday", false),
            ("", false),
        ] {
            assert_eq!(repeats(&words(heard), agent), expected, "{heard}");
        }
    }
}
