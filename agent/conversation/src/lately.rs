//! What the agent was heard to say lately, and when: an echo repeats it, and so may an answer. Nothing else reads it.

use std::collections::VecDeque;

use agent_turn::{Moment, ReplyId};

/// How many bytes are kept at least: some minute of speech. What is older is forgotten.
const KEPT: usize = 1_000;

/// The last words that the agent was heard to say, of one reply after the other.
#[derive(Debug, Default)]
pub(crate) struct Lately {
    text: String,
    /// When the text was heard up to which byte.
    marks: VecDeque<(Moment, usize)>,
    /// The reply that was heard last, and how much of it is in the text.
    reply: Option<(ReplyId, usize)>,
    /// When the agent was last heard.
    until: Option<Moment>,
}

impl Lately {
    /// So much of this reply was heard by now: all of it, from its beginning.
    pub(crate) fn hear(&mut self, now: Moment, reply: ReplyId, spoken: &str) {
        self.until = Some(now);
        let known = match self.reply {
            Some((last, known)) if last == reply => known,
            Some(_) | None => {
                self.text.push(' ');
                0
            }
        };
        let more = spoken.get(known..).unwrap_or_default();
        self.reply = Some((reply, known + more.len()));
        if !more.is_empty() {
            self.text.push_str(more);
            self.marks.push_back((now, self.text.len()));
            self.forget();
        }
    }

    /// When the agent was last heard, if ever.
    pub(crate) const fn until(&self) -> Option<Moment> {
        self.until
    }

    /// What was heard from one moment to another, and from then on.
    pub(crate) fn around(&self, from: Moment, then: Moment) -> (&str, &str) {
        let (from, then) = (self.place(from), self.place(then));
        (&self.text[from..then.max(from)], &self.text[then.max(from)..])
    }

    /// How far the text had been heard at this moment.
    fn place(&self, at: Moment) -> usize {
        let n = self.marks.partition_point(|(when, _)| *when <= at);
        n.checked_sub(1).map_or(0, |last| self.marks[last].1)
    }

    fn forget(&mut self) {
        if self.text.len() <= 2 * KEPT {
            return;
        }
        let spare = self.text.len() - KEPT;
        let n = self.marks.partition_point(|(_, end)| *end <= spare);
        let Some((_, gone)) = self.marks.drain(..n).next_back() else { return };
        self.text.drain(..gone);
        for (_, end) in &mut self.marks {
            *end -= gone;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use agent_turn::{Moment, ReplyId};

    use super::{KEPT, Lately};

    const fn at(millis: u64) -> Moment {
        Moment(Duration::from_millis(millis))
    }

    #[test]
    fn what_was_said_before_a_moment_is_told_from_what_was_said_since() {
        let mut lately = Lately::default();
        for (now, spoken) in
            [(1000, "At"), (1300, "At seven"), (2000, "At seven or at"), (2300, "At seven or at eight?")]
        {
            lately.hear(at(now), ReplyId(1), spoken);
        }
        lately.hear(at(4000), ReplyId(2), "Which");
        for (from, then, expected) in [
            (0, 1300, ("", " or at eight? Which")),
            (1300, 2100, (" or at", " eight? Which")),
            (2300, 3000, ("", " Which")),
            (5000, 6000, ("", "")),
        ] {
            let (before, since) = lately.around(at(from), at(then));
            let before = before.strip_prefix(" At seven").unwrap_or(before);
            assert_eq!((before, since), expected, "{from} to {then}");
        }
        assert_eq!(lately.until(), Some(at(4000)));
    }

    #[test]
    fn what_is_old_is_forgotten_and_the_rest_keeps_its_times() {
        let mut lately = Lately::default();
        let mut spoken = String::new();
        for n in 0..1000 {
            spoken.push_str(&format!("word{n} "));
            lately.hear(at(n * 100), ReplyId(1), &spoken);
        }
        assert!(lately.text.len() <= 2 * KEPT + 10, "{}", lately.text.len());
        assert_eq!(lately.around(at(99_700), at(99_800)), ("word998 ", "word999 "));
    }
}
