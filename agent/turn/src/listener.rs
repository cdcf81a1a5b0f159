//! Those who are heard.

use std::time::Duration;

use crate::{
    Config, Moment, SpeakerId, Standing, Verdict,
    ear::{Ear, Voice},
    overlap::MOST_REPETITIONS,
    pace::Learned,
};

/// Voice activity is judged in steps of this length: silence is enough one step after it was as long as asked for, and
/// speech over which a reply takes the floor interrupts it one step later.
const STEP: Duration = Duration::from_millis(50);

/// One who is heard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Listener {
    pub(crate) id: SpeakerId,
    pub(crate) standing: Standing,
    pub(crate) ear: Ear,
    /// What is learned of their pauses.
    pub(crate) pace: Learned,
    pub(crate) said: Said,
    /// How many of their last transcripts were nothing but the agent's words and counted all the same.
    pub(crate) repetitions: u8,
}

/// What somebody has said since the agent spoke last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Said {
    pub(crate) words: u32,
    pub(crate) since: Option<Moment>,
    /// Whether it was reported as too long.
    pub(crate) told: bool,
}

impl Listener {
    pub(crate) fn new(id: SpeakerId, standing: Standing) -> Self {
        Self {
            id,
            standing,
            ear: Ear::new(),
            pace: Learned::default(),
            said: Said::default(),
            repetitions: 0,
        }
    }

    /// Whether their words are answered.
    pub(crate) const fn is_answered(&self) -> bool {
        matches!(self.standing, Standing::Answered)
    }

    /// Whether the agent's own words count as theirs once more.
    pub(crate) const fn may_repeat(&self) -> bool {
        self.repetitions < MOST_REPETITIONS
    }

    /// Whether they are heard to speak, and it may concern the agent.
    pub(crate) const fn speaks_up(&self) -> bool {
        self.is_answered() && self.ear.is_speaking() && !self.ear.is_dismissed()
    }

    /// From when on a reply may begin as far as their voice goes: at once, after a lapse long enough, or not yet.
    pub(crate) fn silent_from(&self, config: &Config) -> Silence {
        if !self.speaks_up() {
            return Silence::Now;
        }
        match self.ear.voice {
            Voice::Speaking { lapsed: Some(at), .. } => {
                Silence::From(self.step_after(at + self.pace.delay(&config.endpoint) / 2))
            }
            Voice::Speaking { lapsed: None, .. } => Silence::Unknown,
            Voice::Unheard | Voice::Silent { .. } => Silence::Now,
        }
    }

    /// The first step of their voice's judgement from this moment on.
    pub(crate) fn step_from(&self, moment: Moment) -> Moment {
        let Some(since) = self.ear.speaking_since() else { return moment };
        let steps = moment.since(since).as_nanos().div_ceil(STEP.as_nanos());
        since + STEP * u32::try_from(steps).unwrap_or(u32::MAX)
    }

    /// The first step of their voice's judgement after this moment.
    pub(crate) fn step_after(&self, moment: Moment) -> Moment {
        let Some(since) = self.ear.speaking_since() else { return moment };
        let steps = moment.since(since).as_nanos() / STEP.as_nanos() + 1;
        since + STEP * u32::try_from(steps).unwrap_or(u32::MAX)
    }

    /// When their present utterance has lasted `min_duration`, if it has or may come to.
    pub(crate) fn lasting_from(&self, min_duration: Duration) -> Option<Moment> {
        let Voice::Speaking { since, lapsed, .. } = self.ear.voice else { return None };
        if !self.is_answered() || self.ear.is_dismissed() {
            return None;
        }
        if self.ear.verdict == Verdict::Interruption {
            return Some(since);
        }
        let due = since + min_duration;
        lapsed.is_none_or(|at| at >= due).then_some(due)
    }
}

/// From when on somebody is silent enough for a reply to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// They are.
    Now,
    /// From this moment on, if they stay silent.
    From(Moment),
    /// They speak.
    Unknown,
}
