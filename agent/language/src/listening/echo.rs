//! The agent's own words in a person's mouth: its voice back through the microphone, or an answer in its words?
//!
//! The words alone do not tell: "a table at eight" may be either. When they were said does:
//! - an echo is late by the way through the room and the network, some tenths of a second. It cannot repeat what was
//!   said a second before it began, so older words are not looked at;
//! - a person cannot repeat what they have not heard. A run of the agent's words that goes on after the person began is
//!   an **echo**, slips of the recogniser forgiven;
//! - a run that had been said when they began, word for word, is a **repetition**: most often an answer ("At seven or
//!   at eight?", "At eight"), sometimes an echo too short to go on. What becomes of it is `agent-turn`'s to decide;
//! - all else is what it says by itself. Fewer than two words are no evidence of anything.

use super::phrases::words;

/// How many of the agent's words are compared, on either side of the moment when the person began.
const REMEMBERED: usize = 60;

/// Whose words they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The person's own.
    Own,
    /// The agent's, back through the microphone.
    Echo,
    /// The agent's, said when the person began.
    Repetition,
}

/// Whose words these are, given what the agent was heard to say before the person could have begun to repeat it, and
/// since.
pub(super) fn source(heard: &[String], said_before: &str, said_since: &str) -> Source {
    if heard.len() < 2 {
        return Source::Own;
    }
    let (before, since) = (words(said_before), words(said_since));
    let before = &before[before.len().saturating_sub(REMEMBERED)..];
    let all: Vec<String> = before.iter().chain(since.iter().take(REMEMBERED)).cloned().collect();
    let forgiven = heard.len() / 4;
    if is_run(heard, before, 0) {
        Source::Repetition
    } else if is_run(heard, &all, forgiven) && !is_run(heard, before, forgiven) {
        Source::Echo
    } else {
        Source::Own
    }
}

/// Whether one word is among those that the agent was heard to say.
pub(super) fn contains(word: &str, said_before: &str, said_since: &str) -> bool {
    [said_before, said_since].iter().any(|said| words(said).iter().any(|said| alike(said, word)))
}

/// Whether words are a run of others, but for so many slips.
fn is_run(heard: &[String], said: &[String], allowed: usize) -> bool {
    (0..said.len()).any(|from| slips(heard, &said[from..], allowed) <= allowed)
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
    use super::{
        super::phrases::words,
        Source::{self, Echo, Own, Repetition},
        source,
    };

    #[track_caller]
    fn check(said: [&str; 2], cases: &[(&str, Source)]) {
        for (heard, expected) in cases {
            assert_eq!(source(&words(heard), said[0], said[1]), *expected, "{heard}");
        }
    }

    #[test]
    fn an_echo_is_a_run_of_the_agents_words_that_goes_on_after_it_began_but_for_slips() {
        check(
            ["Your", "table for four is booked at seven o'clock on Friday evening."],
            &[
                ("table for four", Echo),
                ("your table", Echo),
                ("booked at seven o'clock on Fri", Echo),
                ("your table for fours is booked on seven o'clock", Echo),
                ("for two please", Own),
                ("seven is too late", Own),
                ("Friday", Own),
                ("what time on Friday", Own),
                ("", Own),
            ],
        );
    }

    #[test]
    fn who_says_what_was_said_before_they_began_repeats_it_or_answers() {
        check(
            ["or a table at eight.", "Which would you like?"],
            &[
                ("a table at eight", Repetition),
                ("at eight", Repetition),
                ("a table at eight please", Own),
                ("a table at nine", Own),
                ("at eight which would", Echo),
                ("a table at seven", Own),
            ],
        );
        check(["Which would you like?", ""], &[("a table at eight", Own), ("would you like", Repetition)]);
    }
}
