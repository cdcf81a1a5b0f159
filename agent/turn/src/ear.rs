//! What is known of the user: the voice, and the words of the turn that is still open.

use std::time::Duration;

use crate::{Moment, Score};

/// What is known of the user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ear {
    pub(crate) voice: Voice,
    /// When the speech of the open turn began.
    pub(crate) began: Option<Moment>,
    /// Words that will not change.
    pub(crate) words: u32,
    /// Words that may change, since the last that will not.
    pub(crate) interim: u32,
    /// Of the words, those that were too few to take the floor from a reply; they wait for more.
    pub(crate) overlooked: u32,
    /// When the last final transcript with words came.
    pub(crate) last_final: Option<Moment>,
    /// When the last words of any kind came.
    last_words: Moment,
    /// Whether speech ended whose final transcript has not come.
    awaits_final: bool,
    /// What a detector said of this pause.
    pub(crate) score: Option<Score>,
}

/// Whether the user's voice is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Voice {
    /// Not yet in this call.
    Unheard,
    Speaking {
        since: Moment,
        /// Whether it is silent, too short yet to count as an end.
        lapsed: bool,
        /// Whether a final transcript came since it began.
        transcribed: bool,
    },
    Silent {
        /// When the speech ended.
        since: Moment,
        /// When that was noticed.
        noticed: Moment,
    },
}

impl Ear {
    pub(crate) const fn new() -> Self {
        Self {
            voice: Voice::Unheard,
            began: None,
            words: 0,
            interim: 0,
            overlooked: 0,
            last_final: None,
            last_words: Moment::START,
            awaits_final: false,
            score: None,
        }
    }

    /// False when the user was speaking already.
    pub(crate) fn speech_started(&mut self, now: Moment, at: Moment) -> bool {
        if self.is_speaking() {
            return false;
        }
        let since = at.min(now);
        if self.words == 0 && !self.awaits_words() {
            self.began = None;
        }
        self.began.get_or_insert(since);
        self.voice = Voice::Speaking { since, lapsed: false, transcribed: false };
        self.score = None;
        true
    }

    /// False when nothing has changed.
    pub(crate) fn lapse(&mut self, silent: bool) -> bool {
        let Voice::Speaking { lapsed, .. } = &mut self.voice else { return false };
        if !silent {
            self.score = None;
        }
        std::mem::replace(lapsed, silent) != silent
    }

    /// False when the user was not speaking.
    pub(crate) fn speech_stopped(&mut self, now: Moment, at: Moment) -> bool {
        let Voice::Speaking { since, transcribed, .. } = self.voice else { return false };
        self.voice = Voice::Silent { since: at.min(now).max(since), noticed: now };
        self.awaits_final = !transcribed;
        true
    }

    pub(crate) fn interim_heard(&mut self, now: Moment, words: u32) {
        self.interim = words;
        self.last_words = now;
    }

    /// True when there are more words now.
    pub(crate) fn final_heard(&mut self, now: Moment, words: u32) -> bool {
        self.interim = 0;
        self.awaits_final = false;
        if let Voice::Speaking { transcribed, .. } = &mut self.voice {
            *transcribed = true;
        }
        if words == 0 {
            return false;
        }
        self.words = self.words.saturating_add(words);
        self.last_words = now;
        self.last_final = Some(now);
        true
    }

    /// Takes the interim words for final ones; true when there are any. Nothing more is awaited.
    pub(crate) fn give_up_waiting(&mut self) -> bool {
        let promoted = std::mem::take(&mut self.interim);
        self.awaits_final = false;
        self.words = self.words.saturating_add(promoted);
        promoted > 0
    }

    /// The turn is committed, or forgotten: its words are gone.
    pub(crate) fn clear_turn(&mut self) {
        self.words = 0;
        self.interim = 0;
        self.overlooked = 0;
        self.last_final = None;
        self.awaits_final = false;
        self.score = None;
        self.began = match self.voice {
            Voice::Speaking { since, .. } => Some(since),
            Voice::Unheard | Voice::Silent { .. } => None,
        };
    }

    pub(crate) const fn is_speaking(&self) -> bool {
        matches!(self.voice, Voice::Speaking { .. })
    }

    /// Words, final or not.
    pub(crate) const fn all_words(&self) -> u32 {
        self.words.saturating_add(self.interim)
    }

    /// Whether there are final words that must be decided on.
    pub(crate) const fn has_undecided_words(&self) -> bool {
        self.words > self.overlooked
    }

    /// Whether the user keeps the floor: speaks, or has said what is not yet decided on.
    pub(crate) const fn holds_floor(&self) -> bool {
        self.is_speaking() || self.interim > 0 || self.has_undecided_words()
    }

    /// Whether words may still come that belong to speech that has ended.
    pub(crate) const fn awaits_words(&self) -> bool {
        self.interim > 0 || (self.awaits_final && !self.has_undecided_words())
    }

    /// From when the endpoint counts: the end of speech, or the last words where no voice was heard for them.
    pub(crate) const fn anchor(&self) -> Option<Moment> {
        match self.voice {
            Voice::Silent { since, .. } => Some(since),
            Voice::Unheard => Some(self.last_words),
            Voice::Speaking { .. } => None,
        }
    }

    /// When the user's speech ended, if the user is silent.
    pub(crate) const fn speech_end(&self) -> Option<Moment> {
        match self.voice {
            Voice::Silent { since, .. } => Some(since),
            Voice::Unheard | Voice::Speaking { .. } => None,
        }
    }

    /// How long the open turn lasts already.
    pub(crate) fn turn_so_far(&self, now: Moment) -> Duration {
        let Some(began) = self.began else { return Duration::ZERO };
        self.speech_end().unwrap_or(now).since(began)
    }
}
