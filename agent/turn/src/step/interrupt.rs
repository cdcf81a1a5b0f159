//! Speech over a reply: waiting for its end, pausing, going on, giving way.

use std::time::Duration;

use crate::{
    CancelReason, Detection, DropReason, Machine, Output, State, Suppression,
    listener::Listener,
    overlap::{self, Way},
    state::{Made, Pause, Wait},
};

impl Machine {
    /// Speech over a reply that nobody hears yet: the reply waits for its end.
    pub(super) fn wait_if_unheard(&mut self) {
        let is_unheard = match &self.state {
            State::Thinking { reply, wait: Wait::Sample, .. }
            | State::Speaking { reply, heard: false, .. } => {
                reply.manner.interruptible && reply.hold.is_none()
            }
            State::Thinking { wait: Wait::Functions, .. }
            | State::Speaking { heard: true, .. }
            | State::Yielding { .. }
            | State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Closed => false,
        };
        if is_unheard {
            self.wait_for_end_of_speech();
        }
    }

    /// Speech over a reply has lasted long enough.
    pub(super) fn on_overlap(&mut self) {
        for listener in self.listeners.iter_mut().filter(|listener| listener.speaks_up()) {
            if self.heard_since.is_some() {
                listener.pace.utterance_began(self.now, true);
            }
        }
        match overlap::way(&self.config.interruption) {
            Way::Pause(silence) => self.hold(Pause { since: self.now, silence, meant: true }),
            Way::Stop => self.give_way(),
        }
    }

    /// Keeps the reply that has the floor from being heard, if it is not kept so already; a pause that is meant takes
    /// the place of one that is not.
    pub(super) fn hold(&mut self, pause: Pause) {
        let Some(reply) = self.state.reply_mut() else { return };
        let (id, is_begun) = (reply.id, reply.made != Made::Unbegun);
        let was_held = reply.hold.replace(pause).is_some();
        if is_begun && !was_held {
            self.emit(Output::PausePlayout { reply: id });
        }
        if let State::Speaking { reply, heard, .. } = &self.state {
            self.state = State::Yielding { reply: reply.clone(), heard: *heard };
        }
    }

    /// The interruption was none: the reply goes on.
    pub(super) fn resume(&mut self) {
        let Some(reply) = self.state.reply_mut() else { return };
        if reply.hold.take().is_none() {
            return;
        }
        let (id, is_begun) = (reply.id, reply.made != Made::Unbegun);
        if is_begun {
            self.emit(Output::ResumePlayout { reply: id });
        }
        if let State::Yielding { reply, heard } = &self.state {
            self.state = State::Speaking { reply: reply.clone(), heard: *heard, progressed: self.now };
        }
    }

    /// A silence that is noticed late may show that the speech which paused a reply was too short to be meant.
    pub(super) fn take_back_pause(&mut self) {
        let Some(reply) = self.state.reply() else { return };
        let Some(hold) = reply.hold.filter(|hold| hold.meant) else { return };
        let min_duration = overlap::min_duration(&self.config.interruption, &reply.manner);
        // An utterance takes back no pause that was there when it began.
        let lasts = |listener: &Listener| {
            let is_later = listener.ear.speaking_since().is_some_and(|since| since > hold.since);
            is_later || listener.lasting_from(min_duration).is_some()
        };
        let has_spoken =
            self.listeners.iter().any(|listener| lasts(listener) || self.has_open_words(listener));
        if has_spoken {
            return;
        }
        match &self.state {
            State::Yielding { heard: true, .. } => self.resume(),
            State::Thinking { .. } | State::Yielding { heard: false, .. } => {
                self.hold(Pause { since: self.now, silence: Duration::ZERO, meant: false });
            }
            State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Speaking { .. }
            | State::Closed => {}
        }
    }

    /// Whether final words, so many, prove that the user wants the floor from the reply that has it. Where words are
    /// counted, one that is not paused is stopped only if enough were `known` before.
    pub(super) fn yields_to_words(&self, words: u32, known: u32) -> bool {
        let Some(reply) = self.state.reply().filter(|reply| reply.manner.interruptible) else { return false };
        let config = &self.config.interruption;
        let enough = overlap::enough_to_stop(config, &reply.manner, words);
        let by_voice = enough
            && overlap::enough_to_pause(config, &reply.manner, known)
            && self.config.detection != Detection::Manual
            && self.aec_until().is_none_or(|until| self.now >= until);
        let waits_only = reply.hold.is_some_and(|hold| !hold.meant);
        match &self.state {
            State::Thinking { wait: Wait::Sample, .. } => by_voice || reply.hold.is_some(),
            State::Speaking { .. } => by_voice,
            State::Yielding { .. } => enough || waits_only,
            State::Thinking { wait: Wait::Functions, .. }
            | State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Closed => false,
        }
    }

    /// Words stop a reply: one that could go on is seen to pause first.
    pub(super) fn pause_for_words(&mut self) {
        if let (State::Speaking { .. }, Way::Pause(silence)) =
            (&self.state, overlap::way(&self.config.interruption))
        {
            self.hold(Pause { since: self.now, silence, meant: true });
            self.show_agent();
        }
    }

    /// The user has the floor.
    pub(super) fn give_way(&mut self) {
        self.leave(CancelReason::Interrupted, DropReason::Interrupted, Suppression::Superseded);
    }

    /// A speaker's utterance is no turn after all: a reply that was paused for it goes on, unless others speak.
    pub(super) fn resume_if_nobody_speaks(&mut self) {
        let is_kept = self
            .listeners
            .iter()
            .any(|listener| Listener::speaks_up(listener) || self.has_open_words(listener));
        if !is_kept {
            self.resume();
        }
    }

    /// Tells that the agent listens, between a speech that was stopped and the next.
    pub(super) fn show_floor_given(&mut self) {
        if self.is_quiet() {
            self.show_agent();
        }
    }
}
