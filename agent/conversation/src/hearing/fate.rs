//! What becomes of what a person said last: whether its words came, or whether they must be told that they were not
//! heard. Pure. An utterance may have several failures and several transcripts; it is lost once, or not at all.

/// What becomes of what was said last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing is awaited.
    #[default]
    Settled,
    /// They speak, or have spoken, and words may come.
    Open,
    /// The same, and the recogniser has failed meanwhile.
    Broken,
    /// It was awaited for too long; nobody knows yet why.
    Missed,
}

impl Fate {
    /// They began to speak.
    pub(super) const fn started(&mut self) {
        match self {
            Self::Settled | Self::Missed => *self = Self::Open,
            Self::Open | Self::Broken => {}
        }
    }

    /// The recogniser failed: in silence, that concerns nobody.
    pub(super) const fn failed(&mut self) {
        match self {
            Self::Open | Self::Missed => *self = Self::Broken,
            Self::Settled | Self::Broken => {}
        }
    }

    /// Final words came. With `goes_on`, they still speak.
    pub(super) const fn understood(&mut self, goes_on: bool) {
        *self = if goes_on { Self::Open } else { Self::Settled };
    }

    /// A final transcript without words came. True when the recogniser has failed, and nothing else is to come.
    pub(super) fn wordless(&mut self, goes_on: bool) -> bool {
        !goes_on && std::mem::take(self) == Self::Broken
    }

    /// It is no longer awaited, and there are no words. True when the recogniser has failed.
    pub(super) fn missed(&mut self) -> bool {
        match self {
            Self::Broken => {
                *self = Self::Settled;
                true
            }
            Self::Open => {
                *self = Self::Missed;
                false
            }
            Self::Settled | Self::Missed => false,
        }
    }

    /// Whether words may still come.
    pub(super) const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Broken)
    }
}

#[cfg(test)]
mod tests {
    use super::Fate;

    #[derive(Clone, Copy, Debug)]
    enum Event {
        Started,
        Failed,
        Words,
        /// Words while they still speak.
        WordsOfMore,
        Wordless,
        /// The same while they still speak.
        WordlessOfMore,
        Missed,
    }

    use Event::*;

    #[test]
    fn what_a_failure_took_is_lost_once_and_what_was_understood_is_not() {
        for (events, losses) in [
            (&[Started, Failed, Wordless][..], 1),
            (&[Started, Failed, Missed], 1),
            (&[Started, Missed, Failed, Wordless], 1),
            (&[Started, Failed, Failed, Wordless, Wordless, Missed], 1),
            (&[Started, Failed, WordlessOfMore, Wordless], 1),
            (&[Started, WordsOfMore, Failed, Wordless], 1),
            (&[Started, Failed, Wordless, Started, Failed, Wordless], 2),
            (&[Started, Failed, Words, Missed], 0),
            (&[Started, Failed, WordsOfMore, Words], 0),
            (&[Started, Wordless], 0),
            (&[Started, Missed, Started, Wordless], 0),
            (&[Failed, Wordless], 0),
            (&[Failed, Started, Wordless], 0),
        ] {
            let mut fate = Fate::default();
            let mut lost = |event: &Event| match event {
                Started => {
                    fate.started();
                    false
                }
                Failed => {
                    fate.failed();
                    false
                }
                Words => {
                    fate.understood(false);
                    false
                }
                WordsOfMore => {
                    fate.understood(true);
                    false
                }
                Wordless => fate.wordless(false),
                WordlessOfMore => fate.wordless(true),
                Missed => fate.missed(),
            };
            let n_lost = events.iter().filter(|event| lost(event)).count();
            assert_eq!(n_lost, losses, "{events:?}");
        }
    }
}
