//! The floor: taking it, losing it, leaving it to the next.

use crate::{
    CancelReason, Machine, Output, Reply, ReplyCause, ReplyId, State, Suppression, TurnEnd, TurnId,
    machine::Waiting, state::Wait,
};

impl Machine {
    /// Something wants the floor: at once if it is free, else after all that waits already.
    pub(super) fn wait_for_floor(&mut self, waiting: Waiting) {
        self.queue.push_back(waiting);
        if self.is_quiet() {
            self.take_floor();
        }
    }

    /// The first that waits begins its reply; when nothing waits, the floor stays free.
    fn take_floor(&mut self) {
        let Some(waiting) = self.queue.pop_front() else { return };
        let id = self.next_reply();
        let interruptible = self.config.interruption.enabled;
        self.begin(match waiting {
            Waiting::Turn(turn) => Reply::to_turn(id, Some(turn), interruptible),
            Waiting::Request { request, kind, interruptible } => Reply {
                cause: ReplyCause::Requested(request),
                kind,
                ..Reply::to_turn(id, None, interruptible)
            },
        });
    }

    fn begin(&mut self, reply: Reply) {
        self.emit(Output::BeginReply { reply: reply.id, cause: reply.cause, speculative: false });
        self.state = State::Thinking { reply, wait: Wait::Sample, since: self.now };
    }

    /// The speculative reply takes the floor, as far as it is made.
    pub(super) fn confirm(&mut self, mut reply: Reply, turn: TurnId) {
        let id = reply.id;
        reply.turn = Some(turn);
        self.emit(Output::ConfirmReply { reply: id, turn });
        self.state = State::Thinking { reply, wait: Wait::Sample, since: self.now };
        self.pass_over_silence(id);
    }

    /// The reply to what the functions of the present one returned.
    pub(super) fn follow_up(&mut self) {
        let Some(reply) = self.state.reply() else { return };
        let (step, turn, interruptible) = (reply.step + 1, reply.turn, reply.interruptible);
        let cause = ReplyCause::Functions { of: reply.id, step };
        let id = self.next_reply();
        self.begin(Reply { cause, step, ..Reply::to_turn(id, turn, interruptible) });
    }

    pub(super) fn next_reply(&mut self) -> ReplyId {
        self.replies += 1;
        ReplyId(self.replies)
    }

    /// The reply is over: the next that waits has the floor, or nobody.
    pub(super) fn free_floor(&mut self) {
        self.quiet();
        self.take_floor();
    }

    /// A committed turn takes the floor from a reply that may be interrupted.
    pub(super) fn make_room(&mut self) {
        let may = self.state.reply().is_some_and(|reply| reply.interruptible);
        match self.state {
            State::Thinking { .. } if may => self.cancel(CancelReason::Interrupted, Suppression::Superseded),
            State::Speaking { .. } | State::Yielding { .. } if may => self.stop(Suppression::Superseded),
            State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Thinking { .. }
            | State::Speaking { .. }
            | State::Yielding { .. }
            | State::Closed => {}
        }
    }

    /// Takes the floor from a reply that is not heard.
    pub(super) fn cancel(&mut self, reason: CancelReason, suppression: Suppression) {
        let Some(reply) = self.state.reply() else { return };
        let id = reply.id;
        self.emit(Output::CancelReply { reply: id, reason });
        self.suppress(suppression);
        self.free_floor();
    }

    /// Takes the floor from a reply that plays.
    pub(super) fn stop(&mut self, suppression: Suppression) {
        let Some(reply) = self.state.reply() else { return };
        let id = reply.id;
        self.stopping.push(id);
        self.emit(Output::StopPlayout { reply: id });
        self.suppress(suppression);
        self.free_floor();
    }

    /// The turn that the present reply was to answer ends without it, if it has not ended.
    pub(super) fn suppress(&mut self, suppression: Suppression) {
        if let Some(turn) = self.state.reply_mut().and_then(|reply| reply.turn.take()) {
            self.emit(Output::EndTurn { turn, end: TurnEnd::Suppressed(suppression) });
        }
    }
}
