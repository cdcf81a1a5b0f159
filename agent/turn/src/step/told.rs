//! What the program wants.

use crate::{
    CancelReason, DropReason, Machine, Profile, RequestId, State, Suppression, Told, TurnEnd, queue::Waiting,
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

    /// Stops what has the floor, what left it while its functions run, what is begun early, and what waits, up to the
    /// first that is not interruptible: what is said after that one follows from it.
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
        let is_firm = self.state.reply().is_some_and(|reply| !reply.manner.interruptible);
        let n_waiting = self.queue.len();
        if !is_firm || force {
            self.drop_waiting(force);
        }
        self.drop_speculation(CancelReason::Stopped);
        if self.state.reply().is_some() && (!is_firm || force) {
            self.leave(CancelReason::Stopped, DropReason::Withdrawn, Suppression::Stopped);
        } else if self.parked.len() == n_parked && self.queue.len() == n_waiting {
            self.counters.ignored += 1;
        }
    }

    fn drop_waiting(&mut self, force: bool) {
        let may = self.config.interruption.enabled;
        while let Some(waiting) = self.queue.pop_front() {
            let is_kept = match &waiting {
                Waiting::Turn { .. } => !may,
                Waiting::Speech { manner, .. } => !manner.interruptible,
                Waiting::Reply(reply) => !reply.manner.interruptible,
            };
            if is_kept && !force {
                self.queue.push_front(waiting);
                return;
            }
            match waiting {
                Waiting::Turn { turn, .. } => {
                    self.end_turn(turn, TurnEnd::Suppressed(Suppression::Stopped));
                }
                Waiting::Speech { request, .. } => self.drop_request(request, DropReason::Withdrawn),
                Waiting::Reply(reply) => {
                    self.cancel(*reply, CancelReason::Stopped, Suppression::Stopped);
                }
            }
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
