//! What of a reply's text was heard at which position: by the voice's word times, or by an estimate of its pace.

use std::time::Duration;

use providers_core::WordTiming;

use crate::words;

/// The text of one reply, and where its words lie in its audio.
#[derive(Clone, Debug, Default)]
pub struct Captions {
    text: String,
    /// Where words end in the text, and when they are half spoken, if the voice tells.
    timed: Vec<(usize, Duration)>,
    /// Where the words that were timed end.
    timed_until: usize,
    /// How much audio there is.
    audio: Duration,
    /// Whether all text has its audio.
    whole: bool,
    /// How much of the text was shown.
    shown: usize,
}

impl Captions {
    /// More text is given to the voice.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.whole = false;
    }

    /// The voice made more audio, and told when these words are spoken.
    pub fn voiced(&mut self, audio: Duration, words: &[WordTiming]) {
        self.audio += audio;
        for word in words {
            let spoken = word.text.trim();
            let Some(at) = self.text[self.timed_until..].find(spoken) else { continue };
            let end = self.timed_until + at + spoken.len();
            let gap = self.text[end..].find(|c: char| !c.is_whitespace()).unwrap_or(self.text.len() - end);
            self.timed_until = end + gap;
            self.timed.push((self.timed_until, (word.start + word.end) / 2));
        }
    }

    /// The voice has said all.
    pub fn complete(&mut self) {
        self.whole = true;
    }

    /// Whether all text has its audio.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.whole
    }

    /// Whether there is any text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// All of the text.
    #[must_use]
    pub fn all(&self) -> &str {
        self.text.trim()
    }

    /// The text that was heard when so much audio was. A word counts once half of it was heard.
    #[must_use]
    pub fn heard(&self, heard: Duration) -> &str {
        self.text[..self.heard_until(heard).max(self.shown)].trim()
    }

    /// What of the text is to be shown next, when so much audio was heard. Nothing is shown twice or taken back.
    pub fn advance(&mut self, heard: Duration) -> &str {
        let from = self.shown;
        self.shown = self.heard_until(heard).max(from);
        &self.text[from..self.shown]
    }

    /// What was not shown yet, all of it.
    pub fn rest(&mut self) -> &str {
        let from = std::mem::replace(&mut self.shown, self.text.len());
        &self.text[from..]
    }

    fn heard_until(&self, heard: Duration) -> usize {
        if heard.is_zero() {
            0
        } else if self.whole && heard >= self.audio {
            self.text.len()
        } else if self.timed.is_empty() {
            self.estimated_until(heard)
        } else {
            let words = self.timed.partition_point(|(_, at)| *at <= heard);
            words.checked_sub(1).map_or(0, |last| self.timed[last].0)
        }
    }

    /// All audio known: the text's beats spread evenly over it. Else the pace of ordinary speech.
    fn estimated_until(&self, heard: Duration) -> usize {
        let pace = if self.whole && !self.audio.is_zero() {
            f64::from(words::beats_of(&self.text)) / self.audio.as_secs_f64()
        } else {
            words::BEATS_PER_SECOND
        };
        let spoken = heard.as_secs_f64() * pace;
        let mut end = 0;
        let mut beats = 0.0;
        for piece in words::pieces(&self.text) {
            let own = f64::from(words::beats(piece));
            if beats + own / 2.0 > spoken {
                break;
            }
            beats += own;
            end += piece.len();
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use providers_core::WordTiming;

    use super::Captions;

    const fn seconds(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn without_word_times_the_text_follows_the_pace_of_the_whole() {
        let mut captions = Captions::default();
        captions.push("Here is a long story for you.");
        captions.voiced(seconds(8000), &[]);
        captions.complete();
        for (heard, text) in [
            (0, ""),
            (400, ""),
            (500, "Here"),
            (2300, "Here is"),
            (3500, "Here is a long"),
            (8000, "Here is a long story for you."),
        ] {
            assert_eq!(captions.heard(seconds(heard)), text, "{heard} ms");
        }
    }

    #[test]
    fn before_the_whole_is_known_the_pace_is_that_of_ordinary_speech() {
        let mut captions = Captions::default();
        captions.push("Here is a long story ");
        captions.voiced(seconds(900), &[]);
        assert_eq!(captions.heard(seconds(500)), "Here is");
    }

    #[test]
    fn word_times_go_before_estimates() {
        let mut captions = Captions::default();
        captions.push("One, two three");
        let word = |text: &str, start, end| WordTiming {
            text: text.to_owned(),
            start: seconds(start),
            end: seconds(end),
        };
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
    fn what_is_shown_is_shown_once_and_never_taken_back() {
        let mut captions = Captions::default();
        captions.push("Here is a long story for you.");
        let mut shown = captions.advance(seconds(1000)).to_owned();
        assert_eq!(shown, "Here is a long ");
        captions.voiced(seconds(20_000), &[]);
        captions.complete();
        assert_eq!(captions.advance(seconds(1100)), "");
        assert_eq!(captions.heard(seconds(1100)), "Here is a long");
        shown.push_str(captions.rest());
        assert_eq!(shown, "Here is a long story for you.");
    }
}
