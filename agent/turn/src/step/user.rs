//! What the user does, and the timers that listen to it.

use crate::{
    CancelReason, CloseReason, Machine, Output, State, Suppression, TurnSource, UserFact, UserState,
    overlap::{self, Manner},
};

impl Machine {
    pub(super) fn on_user(&mut self, fact: UserFact) {
        match fact {
            UserFact::SpeechStarted { at } => self.on_speech_started(at),
            UserFact::SpeechLapsed { at: _ } => self.on_lapse(true),
            UserFact::SpeechRevived => self.on_lapse(false),
            UserFact::SpeechStopped { at } => self.on_speech_stopped(at),
            UserFact::InterimHeard { words } => {
                self.ear.interim_heard(self.now, words);
                self.user_is_here();
            }
            UserFact::FinalHeard { words } => self.on_final(words),
            UserFact::EndOfTurnScored { score } => self.ear.score = Some(score),
            UserFact::Typed => {
                self.user_is_here();
                self.drop_speculation(CancelReason::Outdated);
                self.commit(TurnSource::Typed);
            }
            UserFact::Left => self.close(CloseReason::UserLeft),
        }
    }

    fn on_speech_started(&mut self, at: crate::Moment) {
        if self.ear.speech_started(self.now, at) {
            self.show_user(UserState::Speaking);
        } else {
            self.counters.ignored += 1;
        }
    }

    fn on_lapse(&mut self, silent: bool) {
        if !self.ear.lapse(silent) {
            self.counters.ignored += 1;
        }
    }

    fn on_speech_stopped(&mut self, at: crate::Moment) {
        if self.ear.speech_stopped(self.now, at) {
            self.show_user(UserState::Listening);
        } else {
            self.counters.ignored += 1;
        }
    }

    fn on_final(&mut self, words: u32) {
        self.user_is_here();
        if !self.ear.final_heard(self.now, words) {
            return;
        }
        self.yield_to_words();
        self.speculate();
    }

    /// Final words over a reply prove that the user wants the floor.
    fn yield_to_words(&mut self) {
        let enough = overlap::enough_to_stop(&self.config.interruption, self.ear.words);
        let may = self.state.reply().is_some_and(|reply| reply.interruptible);
        match self.state {
            State::Thinking { .. } if may => self.cancel(CancelReason::Interrupted, Suppression::Superseded),
            State::Speaking { .. } if may && enough && !self.is_aec_learning() => {
                self.stop(Suppression::Superseded);
            }
            State::Yielding { .. } if may && enough => self.stop(Suppression::Superseded),
            State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Thinking { .. }
            | State::Speaking { .. }
            | State::Yielding { .. }
            | State::Closed => {}
        }
    }

    fn is_aec_learning(&self) -> bool {
        self.aec_until.is_some_and(|until| self.now < until)
    }

    /// The user has been silent long enough. Words too few to interrupt the reply that plays wait for more.
    pub(super) fn on_endpoint(&mut self) {
        let plays = match &self.state {
            State::Speaking { reply, .. } | State::Yielding { reply, .. } => reply.interruptible,
            State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Thinking { .. }
            | State::Closed => false,
        };
        if plays && !overlap::enough_to_stop(&self.config.interruption, self.ear.words) {
            self.ear.overlooked = self.ear.words;
        } else {
            self.commit(TurnSource::Spoken);
        }
    }

    /// The recogniser is late. What it said in the interim counts; silence was no speech.
    pub(super) fn on_endpoint_limit(&mut self) {
        if self.ear.give_up_waiting() {
            self.drop_speculation(CancelReason::Outdated);
        } else if self.ear.words == 0 {
            self.ear.clear_turn();
        }
    }

    /// Speech over a reply has lasted long enough.
    pub(super) fn on_overlap(&mut self) {
        match overlap::manner(&self.config.interruption) {
            Manner::Pause(_) => self.pause(),
            Manner::Stop => self.stop(Suppression::Superseded),
        }
    }

    fn pause(&mut self) {
        let State::Speaking { reply, heard, .. } = &self.state else { return };
        let (reply, heard) = (reply.clone(), *heard);
        self.emit(Output::PausePlayout { reply: reply.id });
        self.state = State::Yielding { reply, heard, since: self.now };
    }

    /// The interruption was false: the reply goes on.
    pub(super) fn resume(&mut self) {
        let State::Yielding { reply, heard, .. } = &self.state else { return };
        let (reply, heard) = (reply.clone(), *heard);
        self.emit(Output::ResumePlayout { reply: reply.id });
        self.state = State::Speaking { reply, heard, progressed: self.now };
    }
}
