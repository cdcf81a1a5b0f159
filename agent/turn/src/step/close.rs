//! The end of a call: at once, or when what is being said has been said.

use crate::{
    CancelReason, CloseReason, DropReason, Machine, Output, State, Suppression, TurnEnd, TurnSource,
    UserState,
    queue::{Draining, Stopping, Waiting},
    state::Made,
};

impl Machine {
    /// Nothing new is begun; what was asked for before is said, and then the call is closed.
    pub(super) fn drain(&mut self, reason: CloseReason) {
        self.draining.get_or_insert(Draining { reason, quiet_since: None });
        self.drop_speculation(CancelReason::Closed);
        if self.held.is_some() {
            self.release();
        }
    }

    /// Keeps track of since when nothing is being said any more in a call that is to end.
    pub(super) fn watch_draining(&mut self) {
        let is_quiet = self.is_quiet() && self.queue.is_empty() && self.parked.is_empty();
        let nothing_considered = self.considering.is_none();
        let now = self.now;
        let Some(draining) = &mut self.draining else { return };
        if is_quiet && nothing_considered {
            draining.quiet_since.get_or_insert(now);
        } else {
            draining.quiet_since = None;
        }
    }

    /// Nothing more is awaited.
    pub(super) fn on_drained(&mut self) {
        if let Some(draining) = self.draining {
            self.end(draining.reason);
        }
    }

    /// Ends the call: what plays is stopped and what waits is forgotten. Words that are still to come are waited for, if
    /// they can come.
    pub(super) fn close(&mut self, reason: CloseReason) {
        self.drop_speculation(CancelReason::Closed);
        self.close_floor();
        self.close_waiting();
        self.quiet();
        if reason.leaves_ears() {
            let since = self.draining.and_then(|draining| draining.quiet_since).unwrap_or(self.now);
            self.draining = Some(Draining { reason, quiet_since: Some(since) });
        } else {
            self.end(reason);
        }
    }

    /// The call is over; what was said is kept.
    fn end(&mut self, reason: CloseReason) {
        for at in 0..self.listeners.len() {
            if self.listeners[at].ear.all_words() > 0 {
                let turn = self.open_turn(at, TurnSource::Spoken);
                self.end_turn(turn, TurnEnd::Closed);
            }
        }
        if self.user == UserState::Speaking {
            self.show_user(UserState::Listening);
        }
        self.show_agent();
        self.state = State::Closed;
        self.draining = None;
        self.held = None;
        self.closing = Some(reason);
        self.tell_closed();
    }

    fn close_floor(&mut self) {
        let Some(reply) = self.state.reply().cloned() else { return };
        let plays = matches!(self.state, State::Speaking { .. } | State::Yielding { .. });
        self.quiet();
        if let Some(turn) = reply.turn {
            self.end_turn(turn, TurnEnd::Closed);
        }
        if plays {
            self.stopping.push(Stopping { id: reply.id, since: self.now, heard: reply.position });
            self.emit(Output::StopPlayout { reply: reply.id });
        } else {
            self.forget(reply);
        }
    }

    fn close_waiting(&mut self) {
        if let Some(considering) = self.considering.take() {
            if let Some(reply) = considering.reply {
                self.forget(reply);
            }
            self.end_turn(considering.turn, TurnEnd::Closed);
        }
        for parked in std::mem::take(&mut self.parked) {
            let turn = parked.reply.turn;
            self.forget(parked.reply);
            if let Some(turn) = turn {
                self.end_turn(turn, TurnEnd::Closed);
            }
        }
        for waiting in std::mem::take(&mut self.queue) {
            let turn = waiting.turn();
            match waiting {
                Waiting::Reply(reply) => self.forget(*reply),
                Waiting::Speech { request, .. } => self.drop_request(request, DropReason::Closed),
                Waiting::Turn { .. } => {}
            }
            if let Some(turn) = turn {
                self.end_turn(turn, TurnEnd::Closed);
            }
        }
    }

    fn forget(&mut self, mut reply: crate::Reply) {
        reply.turn = None;
        match (reply.made, reply.request) {
            (Made::Unbegun, Some(request)) => self.drop_request(request, DropReason::Closed),
            (Made::Unbegun | Made::Begun | Made::Ready | Made::Whole | Made::Silent, _) => {
                self.cancel(reply, CancelReason::Closed, Suppression::Stopped);
            }
        }
    }

    /// The last news, once all positions are known.
    pub(super) fn tell_closed(&mut self) {
        if self.stopping.is_empty()
            && let Some(reason) = self.closing.take()
        {
            self.emit(Output::Close { reason });
        }
    }
}
