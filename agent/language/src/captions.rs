//! What of a reply's text was heard when: by the voice's word times, or by an estimate of its pace.
//!
//! The text is what was written; the voice may have been given something else ([`Said`]), and its word times are about
//! that. What stands for one such piece is heard as a whole or not at all.

mod pace;
mod tokens;
mod written;

use std::{borrow::Cow, time::Duration};

use providers_core::WordTiming;

use crate::reading::Said;
use pace::{Pace, Text};
use written::Written;

/// The text of one reply, and where it lies in its audio.
///
/// Two clocks: the *position* is how much of the audio was heard; *since* is how long ago the playout began, pauses
/// included. The estimate runs by the second: a word under way when a pause begins counts as said. A caller that knows
/// of no pauses leaves out [`Captions::at`], and the position serves as both.
#[derive(Clone, Debug, Default)]
pub struct Captions {
    written: Written,
    /// Where words end in what was written, and when they are half spoken, if the voice tells.
    timed: Vec<(usize, Duration)>,
    /// Where the words that were timed end in what is spoken.
    timed_until: usize,
    /// How much audio there is.
    audio: Duration,
    /// Whether all text is there.
    ended: bool,
    /// Whether all text has its audio.
    whole: bool,
    /// How much of the text was shown.
    shown: usize,
    pace: Pace,
}

impl Captions {
    /// More text is given to the voice, as it is written.
    pub fn push(&mut self, text: &str) {
        self.written.push(text);
        (self.ended, self.whole) = (false, false);
    }

    /// More text is given to the voice, said in its own way.
    pub fn push_said(&mut self, said: &Said) {
        match said {
            Said::Plain(text) => self.push(text),
            Said::Read { written, spoken } => {
                self.written.push_read(written, spoken);
                (self.ended, self.whole) = (false, false);
            }
        }
    }

    /// The playout begins. `is_known` says whether the voice had said all before this moment; else the first word goes
    /// at the pace of ordinary speech.
    pub fn begin(&mut self, is_known: bool) {
        self.pace.run(
            &as_it_stands(&self.written, self.ended, self.whole && is_known, self.audio),
            Duration::ZERO,
        );
    }

    /// The playout began so long ago, pauses included. Say it before each push and [`Captions::complete`], for an exact
    /// estimate.
    pub fn at(&mut self, since: Duration) {
        self.pace.run(&as_it_stands(&self.written, self.ended, self.whole, self.audio), since);
    }

    /// The playout pauses, so long after it began.
    pub fn pause(&mut self, since: Duration) {
        self.at(since);
        self.pace.pause(since);
    }

    /// The playout goes on, so long after it began.
    pub fn resume(&mut self, since: Duration) {
        self.at(since);
        self.pace.resume(since);
    }

    /// The voice made more audio, and told when these words are spoken.
    pub fn voiced(&mut self, audio: Duration, words: &[WordTiming]) {
        self.audio += audio;
        for word in words {
            let word_text = word.text.trim();
            let Some(at) = self.written.spoken()[self.timed_until..].find(word_text) else { continue };
            self.timed_until += at + word_text.len();
            self.timed.push((self.written.place_of(self.timed_until), (word.start + word.end) / 2));
        }
    }

    /// No more text comes.
    pub const fn end_text(&mut self) {
        self.ended = true;
    }

    /// The voice has said all.
    pub const fn complete(&mut self) {
        (self.ended, self.whole) = (true, true);
    }

    /// Whether all text has its audio.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.whole
    }

    /// Whether there is nothing to be said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.written.spoken().trim().is_empty()
    }

    /// All of the text, as it was written.
    #[must_use]
    pub fn all(&self) -> &str {
        self.written.text()
    }

    /// The text that was heard when so much audio was. By word times a word counts once half of it was heard; by the
    /// estimate, once it is over.
    #[must_use]
    pub fn heard(&self, position: Duration) -> &str {
        &self.written.text()[..self.heard_until(position).max(self.shown)]
    }

    /// The same as it was spoken: what comes back through a microphone.
    #[must_use]
    pub fn heard_spoken(&self, position: Duration) -> &str {
        let until = self.heard_until(position).max(self.shown);
        &self.written.spoken()[..self.written.spoken_place_of(until)]
    }

    /// What of the text is to be shown next, when so much audio was heard. Nothing is shown twice or taken back, and
    /// what was written but is not said at all (marks, emoji) is not shown.
    pub fn advance(&mut self, position: Duration) -> Cow<'_, str> {
        if !position.is_zero() {
            self.at(position.max(self.pace.since()));
        }
        let from = self.shown;
        self.shown = self.heard_until(position).max(from);
        self.written.said(from, self.shown)
    }

    /// What was not shown yet, all of it.
    pub fn rest(&mut self) -> Cow<'_, str> {
        let from = std::mem::replace(&mut self.shown, self.written.text().len());
        self.written.said(from, self.shown)
    }

    fn heard_until(&self, position: Duration) -> usize {
        let text = self.written.text();
        if position.is_zero() && !self.pace.has_begun() {
            0
        } else if self.whole && !self.audio.is_zero() && position >= self.audio {
            text.len()
        } else if self.timed.is_empty() {
            let mut pace = self.pace;
            let since = position.max(pace.since());
            pace.run(&as_it_stands(&self.written, self.ended, self.whole, self.audio), since)
        } else {
            let words = self.timed.partition_point(|(_, at)| *at <= position);
            words.checked_sub(1).map_or(0, |last| self.timed[last].0)
        }
    }
}

fn as_it_stands(written: &Written, ended: bool, whole: bool, audio: Duration) -> Text<'_> {
    Text { text: written.text(), written, ended, measure: whole.then_some(audio) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use providers_core::WordTiming;

    use super::Captions;
    use crate::reading::Said;

    const fn seconds(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn word(text: &str, start: u64, end: u64) -> WordTiming {
        WordTiming { text: text.to_owned(), start: seconds(start), end: seconds(end) }
    }

    #[test]
    fn without_word_times_the_text_follows_the_pace_of_the_whole() {
        let mut captions = Captions::default();
        captions.push("Here is a long story for you.");
        captions.voiced(seconds(9000), &[]);
        captions.complete();
        for (heard, text) in [
            (0, ""),
            (800, ""),
            (950, "Here"),
            (3500, "Here is a"),
            (4100, "Here is a long"),
            (9000, "Here is a long story for you."),
        ] {
            assert_eq!(captions.heard(seconds(heard)), text, "{heard} ms");
        }
    }

    #[test]
    fn before_the_whole_is_known_the_pace_is_that_of_ordinary_speech() {
        let mut captions = Captions::default();
        captions.push("Here is a long story ");
        captions.voiced(seconds(900), &[]);
        assert_eq!(captions.heard(seconds(550)), "Here is");
    }

    #[test]
    fn word_times_go_before_estimates() {
        let mut captions = Captions::default();
        captions.push("One, two three");
        captions.voiced(
            seconds(3000),
            &[word("One, ", 0, 1000), word("two ", 2000, 2100), word("three", 2500, 3000)],
        );
        captions.complete();
        for (heard, text) in
            [(499, ""), (500, "One,"), (2000, "One,"), (2050, "One, two"), (3000, "One, two three")]
        {
            assert_eq!(captions.heard(seconds(heard)), text, "{heard} ms");
        }
    }

    #[test]
    fn word_times_are_about_what_is_spoken_and_captions_about_what_was_written() {
        let mut captions = Captions::default();
        captions.push("It costs ");
        captions.push_said(&Said::Read {
            written: "$5.50".into(),
            spoken: "five dollars and fifty cents".into(),
        });
        captions.push(" now.");
        let words = ["It ", "costs ", "five ", "dollars ", "and ", "fifty ", "cents ", "now."];
        let times: Vec<WordTiming> =
            words.iter().zip(0..).map(|(text, n)| word(text, n * 1000, n * 1000 + 1000)).collect();
        captions.voiced(seconds(8000), &times);
        captions.complete();
        for (heard, text) in
            [(1600, "It costs"), (5600, "It costs "), (6600, "It costs $5.50"), (7600, "It costs $5.50 now.")]
        {
            assert_eq!(captions.heard(seconds(heard)), text, "{heard} ms");
        }
    }

    #[test]
    fn the_history_keeps_marks_that_are_not_shown() {
        let mut captions = Captions::default();
        for (written, spoken) in
            [("**", ""), ("Five", "Five"), ("**", ""), (" or ", " or "), ("$6", "six dollars")]
        {
            if written == spoken {
                captions.push(written);
            } else {
                captions.push_said(&Said::Read { written: written.to_owned(), spoken: spoken.to_owned() });
            }
        }
        captions.push(". 🙂");
        captions.voiced(
            seconds(3000),
            &[word("Five ", 0, 1000), word("or ", 1000, 1500), word("six ", 1500, 1800)],
        );
        captions.complete();
        assert_eq!(captions.advance(seconds(1400)), "Five or");
        assert_eq!(
            (captions.heard(seconds(1400)), captions.heard_spoken(seconds(1400))),
            ("**Five** or", "Five or")
        );
        assert_eq!(captions.advance(seconds(3000)), " $6. 🙂");
        assert_eq!(captions.all(), "**Five** or $6. 🙂");
        assert_eq!(captions.heard_spoken(seconds(3000)), "Five or six dollars. 🙂");
    }

    #[test]
    fn what_is_shown_is_shown_once_and_never_taken_back() {
        let mut captions = Captions::default();
        captions.push("Here is a long story for you.");
        let mut shown = captions.advance(seconds(1100)).into_owned();
        assert_eq!(shown, "Here is a long");
        captions.voiced(seconds(20_000), &[word("Here", 5000, 6000)]);
        captions.complete();
        assert_eq!(captions.advance(seconds(1100)), "");
        assert_eq!(captions.heard(seconds(1100)), "Here is a long");
        shown.push_str(&captions.rest());
        assert_eq!(shown, "Here is a long story for you.");
    }
}
