//! What a speaker's voice does, and the timers that listen to it.

use std::time::Duration;

use crate::{
    CloseReason, Detection, Machine, Moment, Output, Score, SpeakerId, Standing, State, TurnSource, UserFact,
    UserState, Verdict, ear::Judgement, listener::Listener, overlap,
};

impl Machine {
    pub(super) fn on_user(&mut self, speaker: SpeakerId, fact: UserFact) {
        if let UserFact::Joined { standing } = fact {
            return self.on_joined(speaker, standing);
        }
        let Some(at) = self.position_of(speaker) else {
            self.counters.ignored += 1;
            return;
        };
        match fact {
            UserFact::Joined { .. } => {}
            UserFact::SpeechStarted { at: since } => self.on_speech_started(at, since),
            UserFact::SpeechLapsed { at: since } => self.on_lapse(at, Some(since)),
            UserFact::SpeechRevived => self.on_lapse(at, None),
            UserFact::SpeechStopped { at: since } => self.on_speech_stopped(at, since),
            UserFact::InterimHeard { words, foreseen } => self.on_interim(at, words, foreseen),
            UserFact::PreflightHeard { words } => self.on_preflight(at, words),
            UserFact::FinalHeard { words, foreseen } => self.on_final(at, words, foreseen),
            UserFact::RecogniserStarted => self.on_recogniser_started(at),
            UserFact::RecogniserStopped => self.on_recogniser_stopped(at),
            UserFact::PauseJudged { pause, score } => self.on_judged(at, pause, Some(score)),
            UserFact::JudgementFailed { pause } => self.on_judged(at, pause, None),
            UserFact::PatienceAsked => self.listeners[at].ear.asks_patience = true,
            UserFact::OverlapJudged { verdict } => self.on_verdict(at, verdict),
            UserFact::Typed => self.on_typed(at),
            UserFact::Left => self.on_left(at),
        }
    }

    /// Where this speaker stands in the list.
    pub(crate) fn position_of(&self, speaker: SpeakerId) -> Option<usize> {
        self.listeners.binary_search_by_key(&speaker, |listener| listener.id).ok()
    }

    fn on_joined(&mut self, speaker: SpeakerId, standing: Standing) {
        match self.listeners.binary_search_by_key(&speaker, |listener| listener.id) {
            Ok(at) => self.listeners[at].standing = standing,
            Err(at) if self.listeners.len() < self.config.max_speakers as usize => {
                self.listeners.insert(at, Listener::new(speaker, standing));
            }
            Err(_) => self.counters.ignored += 1,
        }
    }

    /// What was said is a turn; with the linked speaker the call ends.
    fn on_left(&mut self, at: usize) {
        let speaker = self.listeners[at].id;
        if speaker == SpeakerId::LINKED {
            return self.close(CloseReason::UserLeft);
        }
        self.listeners[at].ear.give_up_waiting();
        if self.listeners[at].ear.words > 0 {
            self.commit(speaker, TurnSource::Spoken, true);
        }
        self.drop_speculation_of(speaker);
        if let Some(at) = self.position_of(speaker) {
            self.listeners.remove(at);
        }
        self.resume_if_nobody_speaks();
    }

    fn on_speech_started(&mut self, at: usize, since: Moment) {
        let (now, over_agent) = (self.now, self.heard_since.is_some());
        let listener = &mut self.listeners[at];
        if !listener.ear.speech_started(now, since) {
            self.counters.ignored += 1;
            return;
        }
        listener.pace.utterance_began(since.min(now), over_agent);
        let (id, is_answered) = (listener.id, listener.is_answered());
        self.show_linked(id, UserState::Speaking);
        if is_answered {
            self.wait_if_unheard();
        }
    }

    fn on_lapse(&mut self, at: usize, silent: Option<Moment>) {
        let silent = silent.map(|since| since.min(self.now));
        if !self.listeners[at].ear.lapse(silent) {
            self.counters.ignored += 1;
        } else if silent.is_some() {
            self.take_back_pause();
        }
    }

    fn on_speech_stopped(&mut self, at: usize, since: Moment) {
        let now = self.now;
        let Ok(late) = self.listeners[at].ear.speech_stopped(now, since) else {
            self.counters.ignored += 1;
            return;
        };
        self.learn_lateness(late);
        self.end_utterance(at, since.min(now));
    }

    fn end_utterance(&mut self, at: usize, since: Moment) {
        let is_over_agent = self.heard_since.is_some();
        let listener = &mut self.listeners[at];
        let dismissed = is_over_agent && listener.ear.is_dismissed();
        listener.pace.utterance_ended(since, dismissed, &self.config.endpoint);
        let id = listener.id;
        self.show_linked(id, UserState::Listening);
    }

    fn on_recogniser_started(&mut self, at: usize) {
        let now = self.now;
        self.listeners[at].ear.has_ended = false;
        if self.config.detection == Detection::Recogniser && !self.listeners[at].ear.is_speaking() {
            self.on_speech_started(at, now);
        }
    }

    /// The recogniser ends the speech in which the voice still is; voice activity begins anew.
    fn on_recogniser_stopped(&mut self, at: usize) {
        if self.config.detection != Detection::Recogniser {
            self.counters.ignored += 1;
            return;
        }
        let now = self.now;
        let listener = &mut self.listeners[at];
        let id = listener.id;
        if listener.ear.ended(now) {
            let since = listener.ear.speech_end().unwrap_or(now);
            self.end_utterance(at, since);
            self.emit(Output::FlushVoice { speaker: id });
        }
    }

    /// A voice that does not end is no utterance: what was said so far counts.
    pub(super) fn on_longest_speech(&mut self, speaker: SpeakerId) {
        let Some(at) = self.position_of(speaker) else { return };
        self.on_speech_stopped(at, self.now);
        self.emit(Output::FlushVoice { speaker });
    }

    /// A speaker has paused long enough for the pause to be judged.
    pub(super) fn on_pause(&mut self, speaker: SpeakerId) {
        let Some(at) = self.position_of(speaker) else { return };
        self.pauses += 1;
        let pause = crate::PauseId(self.pauses);
        self.listeners[at].ear.judgement = Judgement::Asked { pause, at: self.now };
        self.emit(Output::JudgePause { speaker, pause });
    }

    fn on_judged(&mut self, at: usize, pause: crate::PauseId, score: Option<Score>) {
        let judgement = &mut self.listeners[at].ear.judgement;
        match *judgement {
            Judgement::Asked { pause: asked, .. } if asked == pause => {
                *judgement = score.map_or(Judgement::Failed, Judgement::Given);
            }
            Judgement::Asked { .. } | Judgement::Unasked | Judgement::Given(_) | Judgement::Failed => {
                self.counters.ignored += 1;
            }
        }
    }

    /// What the speech over the agent's is. A listener's noise is an answer when the agent has only just begun.
    fn on_verdict(&mut self, at: usize, verdict: Verdict) {
        let heard_for = self.agent_heard_for();
        let repeats = verdict == Verdict::Repetition && heard_for.is_none();
        let verdict = if repeats && !self.listeners[at].may_repeat() { Verdict::Echo } else { verdict };
        let dismissed = overlap::is_dismissed(&self.config.interruption, verdict, heard_for);
        let counts = dismissed || matches!(verdict, Verdict::Undecided | Verdict::Interruption);
        let listener = &mut self.listeners[at];
        listener.ear.verdict = if counts { verdict } else { Verdict::Undecided };
        listener.ear.repeats = repeats && !dismissed;
        if dismissed {
            self.set_aside(at);
            self.resume_if_nobody_speaks();
        }
    }

    /// How long ago the first sample of the reply was heard that has not been heard to its end; `None`: there is none.
    pub(super) fn agent_heard_for(&self) -> Option<Duration> {
        match &self.state {
            State::Speaking { reply, .. } | State::Yielding { reply, .. } => {
                reply.heard_from.map(|from| self.now.since(from))
            }
            State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Thinking { .. }
            | State::Closed => None,
        }
    }

    fn on_typed(&mut self, at: usize) {
        self.user_is_here();
        let speaker = self.listeners[at].id;
        self.drop_speculation(crate::CancelReason::Outdated);
        self.commit(speaker, TurnSource::Typed, true);
    }
}
