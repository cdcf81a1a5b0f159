//! Interim words that stay: those with which several successive hypotheses begin alike.

use std::collections::VecDeque;

/// The last hypotheses of an utterance.
pub(super) struct Stable {
    after: usize,
    last: VecDeque<Vec<String>>,
    told: usize,
}

impl Stable {
    /// Words count when they stood in `after` successive hypotheses.
    pub(super) fn new(after: usize) -> Self {
        Self { after: after.max(1), last: VecDeque::new(), told: 0 }
    }

    /// Takes the next hypothesis; the stable words when there are more of them than were told.
    pub(super) fn next(&mut self, hypothesis: &str) -> Option<String> {
        if self.last.len() == self.after {
            self.last.pop_front();
        }
        self.last.push_back(hypothesis.split_whitespace().map(str::to_owned).collect());
        if self.last.len() < self.after {
            return None;
        }
        let newest = self.last.back()?;
        let alike = |place: &usize| self.last.iter().all(|words| words.get(*place) == newest.get(*place));
        let stable = (0..newest.len()).take_while(alike).count();
        if stable <= self.told {
            return None;
        }
        self.told = stable;
        Some(newest[..stable].join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::Stable;

    #[test]
    fn a_word_is_told_when_it_has_stood_twice() {
        let mut stable = Stable::new(2);
        for (hypothesis, told) in [
            ("turn", None),
            ("turn on", Some("turn")),
            ("turn of", None),
            ("turn off the", None),
            ("turn off the light", Some("turn off the")),
            ("turn off the light", Some("turn off the light")),
            ("turn off the light", None),
            ("", None),
        ] {
            assert_eq!(stable.next(hypothesis).as_deref(), told, "{hypothesis:?}");
        }
    }
}
