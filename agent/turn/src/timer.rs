//! The timers. None is ever set or cancelled: when each is due follows from what is known.

use crate::{
    Machine, Moment, State,
    ear::Voice,
    endpoint, overlap,
    overlap::Manner,
    state::{Made, Wait},
};

/// On whose behalf the machine wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// The user has been silent long enough for the turn to end.
    Endpoint,
    /// The final transcript of speech that has ended is overdue.
    EndpointLimit,
    /// Speech over the agent's has lasted long enough to interrupt.
    Overlap,
    /// No words came for the speech that paused a reply.
    FalseInterruption,
    /// A reply, its functions or its playout take too long.
    ReplyDeadline,
    /// Nobody has spoken for long.
    UserAway,
}

impl Timer {
    /// All of them; of two due at the same moment, the earlier in this list goes first.
    pub const ALL: [Self; 6] = [
        Self::Endpoint,
        Self::EndpointLimit,
        Self::Overlap,
        Self::FalseInterruption,
        Self::ReplyDeadline,
        Self::UserAway,
    ];
}

impl Machine {
    /// The timer that is due first.
    pub(crate) fn first_timer(&self) -> Option<(Moment, Timer)> {
        let due = Timer::ALL.into_iter().filter_map(|timer| Some((self.due(timer)?, timer)));
        due.min_by_key(|(at, _)| *at)
    }

    fn due(&self, timer: Timer) -> Option<Moment> {
        if self.state == State::Closed {
            return None;
        }
        match timer {
            Timer::Endpoint => self.endpoint_due(),
            Timer::EndpointLimit => {
                let awaited = self.ear.awaits_words().then(|| self.ear.anchor())??;
                Some(awaited + self.config.endpoint.transcript_limit)
            }
            Timer::Overlap => self.overlap_due(),
            Timer::FalseInterruption => self.false_interruption_due(),
            Timer::ReplyDeadline => self.reply_due(),
            Timer::UserAway => self.away_due(),
        }
    }

    pub(crate) fn endpoint_due(&self) -> Option<Moment> {
        if !self.ear.has_undecided_words() || self.ear.interim > 0 {
            return None;
        }
        Some(self.ear.anchor()? + endpoint::delay(&self.config.endpoint, self.ear.score))
    }

    fn overlap_due(&self) -> Option<Moment> {
        let State::Speaking { reply, .. } = &self.state else { return None };
        let Voice::Speaking { since, lapsed: false, .. } = self.ear.voice else { return None };
        let config = &self.config.interruption;
        let may = reply.interruptible && overlap::enough_to_pause(config, self.ear.all_words());
        may.then(|| overlap::due(config, since, self.aec_until))
    }

    fn false_interruption_due(&self) -> Option<Moment> {
        let State::Yielding { since, .. } = &self.state else { return None };
        let Voice::Silent { noticed, .. } = self.ear.voice else { return None };
        let Manner::Pause(silence) = overlap::manner(&self.config.interruption) else { return None };
        (!self.ear.holds_floor()).then(|| noticed.max(*since) + silence)
    }

    fn reply_due(&self) -> Option<Moment> {
        match &self.state {
            State::Thinking { reply, wait: Wait::Sample, since } => {
                (reply.made == Made::Begun).then(|| *since + self.config.reply_deadline)
            }
            State::Thinking { wait: Wait::Functions, since, .. } => {
                Some(*since + self.config.function_deadline)
            }
            State::Speaking { progressed, .. } => Some(*progressed + self.config.stall_deadline),
            State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Yielding { .. }
            | State::Closed => None,
        }
    }

    fn away_due(&self) -> Option<Moment> {
        let State::Listening { since } = self.state else { return None };
        let silence = self.config.user_away?;
        (self.user != crate::UserState::Away).then(|| since + silence)
    }
}
