//! What the turns of the person said, as a realtime model tells it, early or late. Pure.

use std::collections::{BTreeMap, VecDeque};

use super::{TRANSCRIBED_LATE, UserAudio};
use crate::Segment;

/// What is known of the words of turns that are not settled.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// Where words are shown that are not final.
    segments: BTreeMap<UserAudio, Segment>,
    /// Words of turns that are not in the history yet.
    early: VecDeque<(UserAudio, String)>,
}

impl Words {
    /// Where the words of a turn are shown; final ones end it.
    pub(crate) fn segment(
        &mut self,
        audio: UserAudio,
        is_final: bool,
        next: impl FnOnce() -> Segment,
    ) -> Segment {
        let segment = *self.segments.entry(audio).or_insert_with(next);
        if is_final {
            self.segments.remove(&audio);
        }
        if self.segments.len() > TRANSCRIBED_LATE {
            self.segments.pop_first();
        }
        segment
    }

    /// A turn said this that is not in the history yet.
    pub(crate) fn keep(&mut self, audio: UserAudio, text: &str) {
        if self.early.len() == TRANSCRIBED_LATE {
            self.early.pop_front();
        }
        self.early.push_back((audio, text.to_owned()));
    }

    /// What a turn said that enters the history now, if that is known.
    pub(crate) fn take(&mut self, audio: UserAudio) -> Option<String> {
        let at = self.early.iter().position(|(of, _)| *of == audio)?;
        self.early.remove(at).map(|(_, text)| text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Segment, UserAudio, Words};

    #[test]
    fn words_of_one_turn_are_shown_in_one_place_until_they_are_final() {
        let mut words = Words::default();
        let turn = UserAudio(1);
        assert_eq!(words.segment(turn, false, || Segment(7)), Segment(7));
        assert_eq!(words.segment(turn, true, || Segment(8)), Segment(7));
        assert_eq!(words.segment(turn, true, || Segment(9)), Segment(9));
    }

    #[test]
    fn words_that_come_before_their_turn_are_kept_and_only_the_last_of_them() {
        let mut words = Words::default();
        for n in 0..100 {
            words.keep(UserAudio(n), &n.to_string());
        }
        assert_eq!(words.take(UserAudio(99)).as_deref(), Some("99"));
        assert_eq!(words.take(UserAudio(99)), None);
        assert_eq!(words.take(UserAudio(1)), None);
    }
}
