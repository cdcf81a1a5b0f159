//! What the program wants.

use crate::{
    CancelReason, DropReason, Machine, Profile, RequestId, State, Suppression, Told, queue::Waiting,
};

impl Machine {
    pub(super) fn on_told(&mut self, told: Told) {
        match told {
            Told::Speak { request, kind, manner } => self.on_request(request, kind, manner),
            Told::Stop { force } => self.on_told_to_stop(force),
            Told::Withdraw { request, force } => self.on_told_to_withdraw(request, force),
            Told::CommitTurn { speaker, answer, wait } => self.on_told_to_commit(speaker, answer, wait),
            Told::ClearTurn { speaker } => self.on_told_to_clear(speaker),
            Told::Considered { turn, answer } => self.on_considered(turn, answer),
            Told::Profile(profile) => self.on_profile(profile),
            Told::Hold => self.on_told_to_hold(),
            Told::Release => self.release(),
            Told::Budget { left } => self.is_broke = !left,
            Told::Drain { reason } => self.drain(reason),
            Told::Close { reason } => self.close(reason),
        }
    }

    /// Stops what has the floor, and what left it while its functions run.
    fn on_told_to_stop(&mut self, force: bool) {
        let parked = std::mem::take(&mut self.parked);
        let n_parked = parked.len();
        for parked in parked {
            if parked.reply.manner.interruptible || force {
                self.cancel(parked.reply, CancelReason::Stopped, Suppression::Stopped);
            } else {
                self.parked.push(parked);
            }
        }
        if self.state.reply().is_some_and(|reply| reply.manner.interruptible || force) {
            self.leave(CancelReason::Stopped, DropReason::Withdrawn, Suppression::Stopped);
        } else if self.parked.len() == n_parked {
            self.counters.ignored += 1;
        }
    }

    fn on_told_to_withdraw(&mut self, request: RequestId, force: bool) {
        let may = |interruptible: bool| interruptible || force;
        let is_it = |waiting: &Waiting| match waiting {
            Waiting::Speech { request: waiting, manner } => *waiting == request && may(manner.interruptible),
            Waiting::Reply(reply) => reply.request == Some(request) && may(reply.manner.interruptible),
            Waiting::Turn { .. } => false,
        };
        if let Some(at) = self.queue.iter().position(is_it) {
            match self.queue.remove(at) {
                Some(Waiting::Reply(reply)) => {
                    self.cancel(*reply, CancelReason::Stopped, Suppression::Stopped);
                }
                Some(Waiting::Speech { .. }) => self.drop_request(request, DropReason::Withdrawn),
                Some(Waiting::Turn { .. }) | None => {}
            }
            return;
        }
        let is_parked = |parked: &crate::queue::Parked| {
            parked.reply.request == Some(request) && may(parked.reply.manner.interruptible)
        };
        if let Some(at) = self.parked.iter().position(is_parked) {
            let parked = self.parked.remove(at);
            return self.cancel(parked.reply, CancelReason::Stopped, Suppression::Stopped);
        }
        let has_floor = self
            .state
            .reply()
            .is_some_and(|reply| reply.request == Some(request) && may(reply.manner.interruptible));
        if has_floor {
            self.leave(CancelReason::Stopped, DropReason::Withdrawn, Suppression::Stopped);
        } else {
            self.counters.ignored += 1;
        }
    }

    fn on_profile(&mut self, profile: Profile) {
        self.config.detection = profile.detection;
        self.config.endpoint = profile.endpoint;
        self.config.interruption = profile.interruption;
        self.config.considers_turns = profile.considers_turns;
    }

    fn on_told_to_hold(&mut self) {
        self.held.get_or_insert(self.now);
        self.drop_speculation(CancelReason::Outdated);
    }

    /// What was held back is answered.
    pub(super) fn release(&mut self) {
        if self.held.take().is_none() {
            self.counters.ignored += 1;
            return;
        }
        match self.state {
            State::Listening { .. } | State::UserSpeaking | State::Settling => self.take_floor(),
            State::Thinking { .. } | State::Speaking { .. } | State::Yielding { .. } | State::Closed => {}
        }
    }
}
