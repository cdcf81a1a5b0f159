//! What is known of one speaker: the voice, and the words of the turn that is still open.

use std::time::Duration;

use crate::{Moment, PauseId, Score, Verdict};

/// A final transcript that came so short a time ago is the one that would be waited for.
pub(crate) const FRESH: Duration = Duration::from_millis(500);

/// What is known of one speaker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ear {
    pub(crate) voice: Voice,
    /// Whether what was said until the voice fell silent has been committed: its end is the end of nothing open.
    spent: bool,
    /// When the speech of the open turn began.
    pub(crate) began: Option<Moment>,
    /// Words that will not change.
    pub(crate) words: u32,
    /// Of these, those that were there when the present utterance began.
    before: u32,
    /// Words that may change, since the last that will not.
    pub(crate) interim: u32,
    /// Whether a preflight transcript stands, of which nothing was taken back.
    pub(crate) foreseen: bool,
    /// Of the words, those that were too few to take the floor from a reply; they wait for more.
    pub(crate) overlooked: u32,
    /// When the last final transcript with words came.
    pub(crate) last_final: Option<Moment>,
    /// When the last words of any kind came.
    pub(crate) last_words: Moment,
    /// Whether speech ended whose final transcript has not come.
    awaits_final: bool,
    /// What a judge says of this pause.
    pub(crate) judgement: Judgement,
    /// Whether the last words ask for patience.
    pub(crate) asks_patience: bool,
    /// Whether the recogniser heard the end of speech.
    pub(crate) has_ended: bool,
    /// The program's wish to commit the open turn.
    pub(crate) wish: Option<Wish>,
    /// What the present utterance is, when it is over the agent's.
    pub(crate) verdict: Verdict,
    /// Whether the present utterance repeats the agent and counts all the same: the agent had said all.
    pub(crate) repeats: bool,
    /// Words that were taken off the turn.
    pub(crate) aside: Option<Aside>,
    /// Whether the words of the utterance in which the turn was cleared are still to come; they are cleared too.
    pub(crate) is_muted: bool,
    /// How many speculative replies the open turn has cost.
    pub(crate) attempts: u32,
}

/// Whether a voice is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Voice {
    /// Not yet in this call.
    Unheard,
    Speaking {
        since: Moment,
        /// Since when it is silent, too short yet to count as an end.
        lapsed: Option<Moment>,
        /// When the last final transcript came since it began.
        transcribed: Option<Moment>,
    },
    Silent {
        /// When the speech ended.
        since: Moment,
        /// When that was noticed.
        noticed: Moment,
    },
}

/// What a judge says of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Judgement {
    Unasked,
    Asked { pause: PauseId, at: Moment },
    Given(Score),
    Failed,
}

/// Words that were taken off the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Aside {
    pub(crate) words: u32,
    pub(crate) at: Moment,
    /// What they were instead.
    pub(crate) verdict: Verdict,
}

/// The program's wish to commit the open turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wish {
    /// Whether the turn is to be answered.
    pub(crate) answer: bool,
    /// Until when a final transcript is awaited.
    pub(crate) until: Moment,
    /// When the turn is committed, once nothing more is awaited.
    pub(crate) due: Option<Moment>,
}

impl Ear {
    pub(crate) const fn new() -> Self {
        Self {
            voice: Voice::Unheard,
            spent: false,
            began: None,
            words: 0,
            before: 0,
            interim: 0,
            foreseen: false,
            overlooked: 0,
            last_final: None,
            last_words: Moment::START,
            awaits_final: false,
            judgement: Judgement::Unasked,
            asks_patience: false,
            has_ended: false,
            wish: None,
            verdict: Verdict::Undecided,
            repeats: false,
            aside: None,
            is_muted: false,
            attempts: 0,
        }
    }

    /// False when the voice was heard already.
    pub(crate) fn speech_started(&mut self, now: Moment, at: Moment) -> bool {
        if self.is_speaking() {
            return false;
        }
        let since = at.min(now);
        if self.words == 0 && !self.awaits_words() {
            self.began = None;
        }
        self.began.get_or_insert(since);
        self.voice = Voice::Speaking { since, lapsed: None, transcribed: None };
        self.spent = false;
        self.before = self.words;
        self.verdict = Verdict::Undecided;
        self.repeats = false;
        self.is_muted = false;
        self.pause_over();
        true
    }

    /// False when nothing has changed.
    pub(crate) fn lapse(&mut self, silent: Option<Moment>) -> bool {
        let Voice::Speaking { lapsed, since, .. } = &mut self.voice else { return false };
        let silent = silent.map(|at| at.max(*since));
        if lapsed.is_some() == silent.is_some() {
            return false;
        }
        *lapsed = silent;
        self.pause_over();
        true
    }

    /// How late the transcript of the speech was that has ended now, if it has come; `Err` when nobody was speaking.
    pub(crate) fn speech_stopped(&mut self, now: Moment, at: Moment) -> Result<Option<Duration>, ()> {
        let Voice::Speaking { since, transcribed, lapsed } = self.voice else { return Err(()) };
        let end = at.min(now).max(since);
        self.voice = Voice::Silent { since: end, noticed: now };
        self.awaits_final = transcribed.is_none();
        // Words that were overlooked are decided on again: the reply that they were too few for may be over.
        self.overlooked = 0;
        if lapsed.is_none() {
            self.pause_over();
        }
        Ok(transcribed.filter(|came| *came >= end).map(|came| came.since(end)))
    }

    /// The recogniser heard the end of speech; whether the voice was still heard.
    pub(crate) fn ended(&mut self, now: Moment) -> bool {
        self.has_ended = true;
        match self.voice {
            Voice::Speaking { since, lapsed, transcribed } => {
                let end = lapsed.unwrap_or(now).max(since);
                self.voice = Voice::Silent { since: end, noticed: now };
                self.awaits_final = transcribed.is_none();
                true
            }
            Voice::Silent { .. } | Voice::Unheard => {
                self.voice = Voice::Silent { since: now, noticed: now };
                self.spent = false;
                false
            }
        }
    }

    pub(crate) fn interim_heard(&mut self, now: Moment, words: u32) {
        self.interim = words;
        self.last_words = now;
    }

    /// How late it was, when it is the first after the end of speech.
    pub(crate) fn final_heard(&mut self, now: Moment, words: u32) -> Option<Duration> {
        self.interim = 0;
        let was_awaited = std::mem::take(&mut self.awaits_final);
        if let Voice::Speaking { transcribed, .. } = &mut self.voice {
            *transcribed = Some(now);
        }
        if words > 0 {
            self.words = self.words.saturating_add(words);
            self.last_words = now;
            self.last_final = Some(now);
            self.asks_patience = false;
        }
        let Voice::Silent { since, .. } = self.voice else { return None };
        was_awaited.then(|| now.since(since))
    }

    /// Takes the interim words for final ones and says how many. Nothing more is awaited.
    pub(crate) fn give_up_waiting(&mut self) -> u32 {
        let promoted = std::mem::take(&mut self.interim);
        self.awaits_final = false;
        self.words = self.words.saturating_add(promoted);
        promoted
    }

    /// The words of the present utterance are no part of the turn; how many they are.
    pub(crate) fn set_aside(&mut self, now: Moment) -> u32 {
        let words = self.words - self.before.min(self.words);
        self.words -= words;
        self.interim = 0;
        self.overlooked = self.overlooked.min(self.words);
        if words > 0 {
            self.aside = Some(Aside { words, at: now, verdict: self.verdict });
        }
        words
    }

    /// The words that were set aside are an answer after all.
    pub(crate) fn take_back(&mut self) {
        if let Some(Aside { words, at, verdict }) = self.aside.take() {
            self.words = self.words.saturating_add(words);
            if self.speaking_since().is_some_and(|since| at < since) {
                self.before = self.before.saturating_add(words);
            } else if self.verdict == verdict {
                self.verdict = Verdict::Undecided;
            }
        }
    }

    /// The turn is committed: its words are gone, and the end of its speech with them. A voice that goes on speaks anew.
    pub(crate) fn commit(&mut self, now: Moment) {
        if let Voice::Speaking { since, .. } = &mut self.voice {
            *since = now;
        }
        self.forget();
        self.spent = !self.is_speaking();
    }

    /// The open turn is no turn, and neither is what is still to be known of it.
    pub(crate) fn clear(&mut self, now: Moment) {
        self.is_muted = self.awaits_more();
        self.commit(now);
    }

    /// The words of the open turn are gone.
    pub(crate) fn forget(&mut self) {
        self.words = 0;
        self.before = 0;
        self.interim = 0;
        self.foreseen = false;
        self.overlooked = 0;
        self.last_final = None;
        self.awaits_final = false;
        self.has_ended = false;
        self.wish = None;
        self.aside = None;
        self.attempts = 0;
        self.asks_patience = false;
        self.pause_over();
        self.began = match self.voice {
            Voice::Speaking { since, .. } => Some(since),
            Voice::Unheard | Voice::Silent { .. } => None,
        };
    }

    const fn pause_over(&mut self) {
        self.judgement = Judgement::Unasked;
    }

    pub(crate) const fn is_speaking(&self) -> bool {
        matches!(self.voice, Voice::Speaking { .. })
    }

    /// Since when the present utterance lasts.
    pub(crate) const fn speaking_since(&self) -> Option<Moment> {
        match self.voice {
            Voice::Speaking { since, .. } => Some(since),
            Voice::Unheard | Voice::Silent { .. } => None,
        }
    }

    /// Words, final or not.
    pub(crate) const fn all_words(&self) -> u32 {
        self.words.saturating_add(self.interim)
    }

    /// Whether there are final words that must be decided on.
    pub(crate) const fn has_undecided_words(&self) -> bool {
        self.words > self.overlooked
    }

    /// Whether there are words, final or not, that must be decided on.
    pub(crate) const fn has_open_words(&self) -> bool {
        self.interim > 0 || self.has_undecided_words()
    }

    /// Whether the present utterance takes no floor and is no turn.
    pub(crate) const fn is_dismissed(&self) -> bool {
        matches!(
            self.verdict,
            Verdict::Backchannel | Verdict::Echo | Verdict::Repetition | Verdict::SideSpeech
        )
    }

    /// Whether words may still come that belong to speech that has ended.
    pub(crate) const fn awaits_words(&self) -> bool {
        self.interim > 0 || (self.awaits_final && !self.has_undecided_words())
    }

    /// Whether words may still come that belong to the open turn.
    pub(crate) const fn awaits_more(&self) -> bool {
        self.is_speaking() || self.interim > 0 || self.awaits_final
    }

    /// Whether words are still to come when nothing has been said to them since `since`. Who speaks on is waited for until
    /// their next final transcript, unless the last has only just come.
    pub(crate) fn awaits_last_words(&self, since: Moment) -> bool {
        let speaks_on = match self.voice {
            Voice::Speaking { transcribed, .. } => transcribed.is_none_or(|at| since.since(at) > FRESH),
            Voice::Unheard | Voice::Silent { .. } => false,
        };
        speaks_on || self.interim > 0 || self.awaits_final
    }

    /// From when the endpoint counts: the end of speech, or the last words where no voice was heard for them.
    pub(crate) const fn anchor(&self) -> Option<Moment> {
        match self.voice {
            Voice::Silent { since, .. } if !self.spent => Some(since),
            Voice::Silent { .. } | Voice::Unheard => Some(self.last_words),
            Voice::Speaking { .. } => None,
        }
    }

    /// When the voice was last heard, as far as the open turn goes.
    pub(crate) fn last_voice(&self, now: Moment) -> Option<Moment> {
        match self.voice {
            Voice::Silent { since, .. } if !self.spent => Some(since),
            Voice::Silent { .. } | Voice::Unheard => None,
            Voice::Speaking { lapsed, .. } => Some(lapsed.unwrap_or(now)),
        }
    }

    /// When the speech of the open turn ended, if the user is silent.
    pub(crate) const fn speech_end(&self) -> Option<Moment> {
        match self.voice {
            Voice::Silent { since, .. } if !self.spent => Some(since),
            Voice::Unheard | Voice::Silent { .. } | Voice::Speaking { .. } => None,
        }
    }

    /// From when on the judge of a pause is waited for: once it was asked, the voice is known to be silent and words
    /// are there.
    pub(crate) fn judge_waited_since(&self, asked: Moment) -> Moment {
        let noticed = match self.voice {
            Voice::Silent { noticed, .. } => noticed,
            Voice::Unheard | Voice::Speaking { .. } => asked,
        };
        asked.max(noticed).max(self.last_final.unwrap_or(asked))
    }
}
