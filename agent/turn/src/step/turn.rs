//! The user's turns: their commitment, and the replies begun before it.

use crate::{
    CancelReason, Machine, Output, Reply, ReplyCause, Suppression, TurnEnd, TurnId, TurnSource,
    machine::Waiting, speculate, speculate::Speculation,
};

impl Machine {
    /// The user's turn has ended: what has the floor makes room for the reply to it, if it may be interrupted.
    pub(super) fn commit(&mut self, source: TurnSource) {
        let speculation = std::mem::take(&mut self.speculation);
        let turn = self.open_turn(source);
        self.supersede_waiting_turns();
        self.make_room();
        if self.is_quiet()
            && let Some(reply) = speculation.reply
        {
            return self.confirm(reply, turn);
        }
        self.speculation.reply = speculation.reply;
        self.drop_speculation(CancelReason::Outdated);
        self.wait_for_floor(Waiting::Turn(turn));
    }

    /// Numbers the open turn and has it written down. The next one is open.
    pub(super) fn open_turn(&mut self, source: TurnSource) -> TurnId {
        self.turns += 1;
        let turn = TurnId(self.turns);
        let (speech_end, last_final) = match source {
            TurnSource::Spoken => (self.ear.speech_end(), self.ear.last_final),
            TurnSource::Typed => (None, None),
        };
        self.emit(Output::CommitTurn { turn, source, speech_end, last_final });
        if source == TurnSource::Spoken {
            self.ear.clear_turn();
        }
        turn
    }

    /// A later turn answers for those before it that still wait.
    fn supersede_waiting_turns(&mut self) {
        let waiting = std::mem::take(&mut self.queue);
        for waiting in waiting {
            match waiting {
                Waiting::Turn(turn) => {
                    self.emit(Output::EndTurn { turn, end: TurnEnd::Suppressed(Suppression::Superseded) });
                }
                Waiting::Request { .. } => self.queue.push_back(waiting),
            }
        }
    }

    /// Begins the reply to a turn that is not yet committed, if that is worth it.
    pub(super) fn speculate(&mut self) {
        self.drop_speculation(CancelReason::Outdated);
        let config = &self.config.speculation;
        let worth = speculate::is_worth(config, self.speculation.attempts, self.ear.turn_so_far(self.now));
        if !worth || !self.is_quiet() || !self.queue.is_empty() || self.is_endpoint_due() {
            return;
        }
        let id = self.next_reply();
        self.emit(Output::BeginReply { reply: id, cause: ReplyCause::Turn, speculative: true });
        let reply = Reply::to_turn(id, None, self.config.interruption.enabled);
        self.speculation = Speculation { reply: Some(reply), attempts: self.speculation.attempts + 1 };
    }

    pub(super) fn drop_speculation(&mut self, reason: CancelReason) {
        if let Some(reply) = self.speculation.reply.take() {
            self.emit(Output::CancelReply { reply: reply.id, reason });
        }
    }
}
