//! What the program wants.

use crate::{
    CancelReason, CloseReason, Machine, Output, State, Suppression, Told, TurnEnd, TurnSource,
    machine::Waiting,
};

impl Machine {
    pub(super) fn on_told(&mut self, told: Told) {
        match told {
            Told::Speak { request, kind, interruptible } => {
                self.wait_for_floor(Waiting::Request { request, kind, interruptible });
            }
            Told::Stop { force } => self.on_told_to_stop(force),
            Told::Close { reason } => self.close(reason),
        }
    }

    fn on_told_to_stop(&mut self, force: bool) {
        let may = self.state.reply().is_some_and(|reply| reply.interruptible || force);
        match self.state {
            State::Thinking { .. } if may => self.cancel(CancelReason::Stopped, Suppression::Stopped),
            State::Speaking { .. } | State::Yielding { .. } if may => self.stop(Suppression::Stopped),
            State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Thinking { .. }
            | State::Speaking { .. }
            | State::Yielding { .. }
            | State::Closed => self.counters.ignored += 1,
        }
    }

    /// Ends the call: what was said is kept, what plays is stopped, what waits is forgotten.
    pub(super) fn close(&mut self, reason: CloseReason) {
        let waiting = std::mem::take(&mut self.queue);
        self.drop_speculation(CancelReason::Closed);
        if self.ear.all_words() > 0 {
            let turn = self.open_turn(TurnSource::Spoken);
            self.emit(Output::EndTurn { turn, end: TurnEnd::Closed });
        }
        if let Some(turn) = self.state.reply_mut().and_then(|reply| reply.turn.take()) {
            self.emit(Output::EndTurn { turn, end: TurnEnd::Closed });
        }
        for waiting in waiting {
            match waiting {
                Waiting::Turn(turn) => self.emit(Output::EndTurn { turn, end: TurnEnd::Closed }),
                Waiting::Request { .. } => {}
            }
        }
        match self.state {
            State::Thinking { .. } => self.cancel(CancelReason::Closed, Suppression::Stopped),
            State::Speaking { .. } | State::Yielding { .. } => self.stop(Suppression::Stopped),
            State::Listening { .. } | State::UserSpeaking | State::Settling | State::Closed => {}
        }
        self.state = State::Closed;
        self.closing = Some(reason);
        self.tell_closed();
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
