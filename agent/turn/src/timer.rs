//! The timers. None is ever set or cancelled: when each is due follows from what is known.

use std::time::Duration;

use crate::{
    Detection, Machine, Moment, SpeakerId, State, Verdict,
    ear::{Judgement, Voice},
    endpoint,
    listener::{Listener, Silence},
    overlap,
    state::{Made, Wait},
};

/// On whose behalf the machine wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// A speaker has paused long enough for the pause to be judged; before the turn ends by it.
    Pause(SpeakerId),
    /// A speaker has been silent long enough for the turn to end.
    Endpoint(SpeakerId),
    /// The final transcript of speech that has ended is overdue.
    EndpointLimit(SpeakerId),
    /// The program's wish to commit a turn has waited long enough for a final transcript.
    CommitWait(SpeakerId),
    /// Voice activity has lasted so long that it is no utterance.
    LongestSpeech(SpeakerId),
    /// Speech over the agent's has lasted long enough to interrupt.
    Overlap,
    /// No words came for the speech that paused a reply.
    FalseInterruption,
    /// It is silent enough, for long enough, for a reply to begin.
    Silence,
    /// A wait for functions is to be filled.
    Filler,
    /// A reply, its functions or its playout take too long.
    ReplyDeadline,
    /// The functions of a reply that left the floor take too long.
    ParkedDeadline,
    /// A stopped reply does not say how much was heard.
    StopDeadline,
    /// The program considers a turn for too long.
    Consider,
    /// Answers were held back for too long.
    Release,
    /// The call is to end, and nothing more is awaited.
    Drain,
    /// Nobody has spoken for long.
    UserAway,
}

impl Machine {
    /// The timer that is due first; of two due at the same moment, the earlier in the list of variants.
    pub(crate) fn first_timer(&self) -> Option<(Moment, Timer)> {
        if self.state == State::Closed {
            return self.stop_due().map(|at| (at, Timer::StopDeadline));
        }
        let speakers = self.listeners.iter().flat_map(|listener| self.timers_of(listener));
        let common = [
            (self.overlap_due(), Timer::Overlap),
            (self.false_interruption_due(), Timer::FalseInterruption),
            (self.clear_due(), Timer::Silence),
            (self.filler_due(), Timer::Filler),
            (self.reply_due(), Timer::ReplyDeadline),
            (self.parked_due(), Timer::ParkedDeadline),
            (self.stop_due(), Timer::StopDeadline),
            (self.consider_due(), Timer::Consider),
            (self.held.map(|since| since + self.config.deadlines.hold), Timer::Release),
            (self.drain_due(), Timer::Drain),
            (self.away_due(), Timer::UserAway),
        ];
        speakers.chain(common).filter_map(|(at, timer)| Some((at?, timer))).min()
    }

    fn timers_of(&self, listener: &Listener) -> [(Option<Moment>, Timer); 5] {
        let id = listener.id;
        [
            (self.endpoint_due(listener), Timer::Endpoint(id)),
            (self.transcript_due(listener), Timer::EndpointLimit(id)),
            (self.commit_wait_due(listener), Timer::CommitWait(id)),
            (self.pause_due(listener), Timer::Pause(id)),
            (
                listener.ear.speaking_since().map(|since| since + self.config.limits.longest_speech),
                Timer::LongestSpeech(id),
            ),
        ]
    }

    /// When the turn that this speaker has open is committed, as far as is known.
    pub(crate) fn endpoint_due(&self, listener: &Listener) -> Option<Moment> {
        let ear = &listener.ear;
        if let Some(wish) = ear.wish {
            return wish.due;
        }
        let is_decided_here = match self.config.detection {
            Detection::Voice | Detection::Model => true,
            Detection::Recogniser => ear.has_ended,
            Detection::Manual => false,
        };
        if !is_decided_here || !ear.has_undecided_words() || ear.interim > 0 {
            return None;
        }
        let anchor = ear.anchor()?;
        let usual = listener.pace.delay(&self.config.endpoint);
        let due = anchor + endpoint::delay(usual, &self.config.endpoint, ear.judgement, ear.asks_patience);
        Some(match ear.judgement {
            Judgement::Asked { at, .. } => due.max(ear.judge_waited_since(at) + self.config.judge.deadline),
            // A pause that is to be judged ends nothing before it was asked about.
            Judgement::Unasked => self.pause_due(listener).map_or(due, |asked| due.max(asked)),
            Judgement::Given(_) | Judgement::Failed => due,
        })
    }

    /// When the final transcript of speech that has ended, or the recogniser's own end of it, is overdue.
    fn transcript_due(&self, listener: &Listener) -> Option<Moment> {
        let ear = &listener.ear;
        let lacks_end =
            self.config.detection == Detection::Recogniser && !ear.has_ended && ear.has_undecided_words();
        let is_counted = self.config.detection != Detection::Manual && ear.wish.is_none();
        if !is_counted || !(ear.awaits_words() || lacks_end) {
            return None;
        }
        Some(ear.anchor()? + self.lateness.deadline(&self.config.transcript))
    }

    fn commit_wait_due(&self, listener: &Listener) -> Option<Moment> {
        listener.ear.wish.filter(|wish| wish.due.is_none()).map(|wish| wish.until)
    }

    fn pause_due(&self, listener: &Listener) -> Option<Moment> {
        let ear = &listener.ear;
        let is_judged = self.config.detection == Detection::Model && listener.is_answered();
        if !is_judged || ear.judgement != Judgement::Unasked || ear.is_dismissed() {
            return None;
        }
        match ear.voice {
            Voice::Speaking { lapsed: Some(at), .. } => Some(at + self.config.judge.silence),
            Voice::Silent { since, noticed } if ear.speech_end().is_some() && ear.has_undecided_words() => {
                Some(noticed.min(since + self.config.judge.silence))
            }
            Voice::Unheard | Voice::Speaking { lapsed: None, .. } | Voice::Silent { .. } => None,
        }
    }

    /// When speech over the reply that has the floor interrupts it.
    fn overlap_due(&self) -> Option<Moment> {
        if self.config.detection == Detection::Manual {
            return None;
        }
        let (reply, has_floor_since) = match &self.state {
            State::Thinking { reply, wait: Wait::Sample, since } => (reply, Some(*since)),
            State::Speaking { reply, .. } | State::Yielding { reply, .. } => (reply, None),
            State::Thinking { wait: Wait::Functions, .. }
            | State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Closed => return None,
        };
        if !reply.manner.interruptible || reply.hold.is_some_and(|hold| hold.meant) {
            return None;
        }
        let config = &self.config.interruption;
        let due = |listener: &Listener| {
            let from = listener.lasting_from(overlap::min_duration(config, &reply.manner))?;
            let from = has_floor_since.map_or(from, |since| from.max(listener.step_after(since)));
            if listener.ear.verdict == Verdict::Interruption {
                return Some(from);
            }
            let enough = overlap::enough_to_pause(config, &reply.manner, listener.ear.all_words());
            // Words that must be enough are counted when the voice is judged next.
            let from = if overlap::counts_words(config, &reply.manner) {
                from.max(listener.step_from(listener.ear.last_words))
            } else {
                from
            };
            enough.then(|| match self.aec_until() {
                Some(until) if until > from => listener.step_after(until),
                Some(_) | None => from,
            })
        };
        self.listeners.iter().filter_map(due).min()
    }

    fn false_interruption_due(&self) -> Option<Moment> {
        let hold = match &self.state {
            State::Thinking { reply, .. } | State::Yielding { reply, .. } => reply.hold?,
            State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Speaking { .. }
            | State::Closed => return None,
        };
        let mut from = hold.since;
        for listener in self.listeners.iter().filter(|listener| listener.is_answered()) {
            if listener.ear.is_dismissed() {
                continue;
            }
            match listener.ear.voice {
                Voice::Speaking { .. } => return None,
                Voice::Silent { noticed, .. } => from = from.max(noticed),
                Voice::Unheard => {}
            }
            if self.has_open_words(listener) {
                return None;
            }
        }
        Some(from + hold.silence)
    }

    /// When the reply that has the floor may begin: nobody speaks, and the reply before it has ended long enough ago.
    pub(crate) fn clear_due(&self) -> Option<Moment> {
        let State::Thinking { reply, wait: Wait::Sample, .. } = &self.state else { return None };
        if reply.cleared {
            return None;
        }
        let mut from = self.gap_until();
        if reply.manner.interruptible {
            for listener in &self.listeners {
                match listener.silent_from(&self.config) {
                    Silence::Now => {}
                    Silence::From(at) => from = from.max(at),
                    Silence::Unknown => return None,
                }
            }
        }
        Some(from)
    }

    fn gap_until(&self) -> Moment {
        let min_gap = self.config.speaking.min_gap;
        let gap = self.freed.filter(|_| !min_gap.is_zero()).map(|freed| freed + min_gap);
        gap.unwrap_or(Moment::START)
    }

    fn filler_due(&self) -> Option<Moment> {
        let State::Thinking { reply, wait: Wait::Functions, since } = &self.state else { return None };
        let is_free = !reply.is_filler() && self.parked.len() < crate::queue::MAX_PARKED;
        let after = self.config.speaking.filler_after.filter(|_| is_free && !reply.filled)?;
        let is_silent = !self.listeners.iter().any(Listener::speaks_up);
        is_silent.then(|| *since + after)
    }

    fn reply_due(&self) -> Option<Moment> {
        let deadlines = &self.config.deadlines;
        match &self.state {
            State::Thinking { reply, wait: Wait::Sample, since } => {
                (reply.made == Made::Begun).then(|| *since + deadlines.reply)
            }
            State::Thinking { wait: Wait::Functions, since, .. } => Some(*since + deadlines.functions),
            State::Speaking { progressed, .. } => Some(*progressed + deadlines.stall),
            State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Yielding { .. }
            | State::Closed => None,
        }
    }

    fn parked_due(&self) -> Option<Moment> {
        self.parked.iter().map(|parked| parked.since + self.config.deadlines.functions).min()
    }

    fn stop_due(&self) -> Option<Moment> {
        self.stopping.iter().map(|stopping| stopping.since + self.config.deadlines.stall).min()
    }

    fn consider_due(&self) -> Option<Moment> {
        self.considering.as_ref().map(|considering| considering.since + self.config.deadlines.consider)
    }

    /// When a call that is to end is closed: at once when nothing more can come, else after a last wait.
    fn drain_due(&self) -> Option<Moment> {
        let since = self.draining?.quiet_since?;
        let awaits = self.listeners.iter().any(|listener| listener.ear.awaits_last_words(since));
        let wait = if awaits { self.config.deadlines.close } else { Duration::ZERO };
        Some(since + wait)
    }

    fn away_due(&self) -> Option<Moment> {
        let State::Listening { since } = self.state else { return None };
        let silence = self.config.user_away?;
        (self.user != crate::UserState::Away).then(|| since + silence)
    }

    /// Until when echo cancellation learns the agent's voice.
    pub(crate) fn aec_until(&self) -> Option<Moment> {
        self.first_sample.map(|at| at + self.config.interruption.aec_warmup)
    }

    /// Whether somebody whose words are answered has said what is not yet decided on.
    pub(crate) fn has_open_words(&self, listener: &Listener) -> bool {
        let decides_itself = self.config.detection != Detection::Manual || listener.ear.wish.is_some();
        listener.is_answered()
            && decides_itself
            && !listener.ear.is_dismissed()
            && listener.ear.has_open_words()
    }
}
