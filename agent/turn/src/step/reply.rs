//! How replies are made and heard, and the timer that watches over both.

use crate::{
    CancelReason, Machine, Output, PlayoutFact, ReplyFact, ReplyId, State, Suppression, TurnEnd,
    state::{Made, Wait},
};

impl Machine {
    pub(super) fn on_reply(&mut self, id: ReplyId, fact: ReplyFact) {
        let Some(reply) = self.reply_of(id) else {
            self.counters.ignored += 1;
            return;
        };
        match fact {
            ReplyFact::Ready if reply.made == Made::Begun => reply.made = Made::Ready,
            ReplyFact::Ready => self.counters.ignored += 1,
            ReplyFact::Finished { audible: true } => reply.made = Made::Whole,
            ReplyFact::Finished { audible: false } => {
                reply.made = Made::Silent;
                self.pass_over_silence(id);
            }
            ReplyFact::Failed => self.on_failed(id),
            ReplyFact::FunctionStarted => reply.calls += 1,
            ReplyFact::FunctionFinished => {
                reply.returned = reply.calls.min(reply.returned + 1);
                self.follow_up_if_returned(id);
            }
        }
    }

    /// A reply without anything to hear is over when it is made, unless functions are to return.
    pub(super) fn pass_over_silence(&mut self, id: ReplyId) {
        if let State::Thinking { reply, wait: Wait::Sample, .. } = &self.state
            && reply.id == id
            && reply.made == Made::Silent
        {
            self.after_playout();
        }
    }

    /// A speculative reply that failed is made again when its turn is committed. One that is heard is heard to the end
    /// of what there is.
    fn on_failed(&mut self, id: ReplyId) {
        if self.speculation.reply.as_ref().is_some_and(|reply| reply.id == id) {
            self.speculation.reply = None;
            return;
        }
        match &self.state {
            State::Thinking { .. } => {
                self.suppress(Suppression::Failed);
                self.free_floor();
            }
            State::Speaking { .. }
            | State::Yielding { .. }
            | State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Closed => {}
        }
    }

    pub(super) fn on_playout(&mut self, id: ReplyId, fact: PlayoutFact) {
        if let PlayoutFact::Finished { heard } = fact
            && self.was_stopping(id)
        {
            return self.emit(Output::TruncateReply { reply: id, heard });
        }
        let now = self.now;
        match (&mut self.state, fact) {
            (State::Speaking { reply, heard, progressed }, PlayoutFact::Started)
                if reply.id == id && !*heard =>
            {
                *heard = true;
                *progressed = now;
                self.first_sample_heard();
            }
            (State::Yielding { reply, heard, .. }, PlayoutFact::Started) if reply.id == id && !*heard => {
                *heard = true;
                self.first_sample_heard();
            }
            (State::Speaking { reply, progressed, .. }, PlayoutFact::Progressed { .. }) if reply.id == id => {
                *progressed = now;
            }
            (State::Speaking { reply, .. } | State::Yielding { reply, .. }, PlayoutFact::Finished { .. })
                if reply.id == id =>
            {
                self.after_playout();
            }
            (State::Yielding { .. }, PlayoutFact::Progressed { .. }) => {}
            (
                State::Listening { .. }
                | State::UserSpeaking
                | State::Settling
                | State::Thinking { .. }
                | State::Speaking { .. }
                | State::Yielding { .. }
                | State::Closed,
                PlayoutFact::Started | PlayoutFact::Progressed { .. } | PlayoutFact::Finished { .. },
            ) => self.counters.ignored += 1,
        }
    }

    fn first_sample_heard(&mut self) {
        self.aec_until.get_or_insert(self.now + self.config.interruption.aec_warmup);
        let Some(reply) = self.state.reply_mut() else { return };
        let id = reply.id;
        if let Some(turn) = reply.turn.take() {
            self.emit(Output::EndTurn { turn, end: TurnEnd::Replied(id) });
        }
    }

    /// Nothing more of the reply will be heard. What its functions return is answered; else the floor is free.
    fn after_playout(&mut self) {
        let Some(reply) = self.state.reply() else { return };
        if reply.has_functions_out() {
            let reply = reply.clone();
            self.state = State::Thinking { reply, wait: Wait::Functions, since: self.now };
        } else if reply.calls > 0 {
            self.follow_up();
        } else {
            self.suppress(Suppression::Empty);
            self.free_floor();
        }
    }

    fn follow_up_if_returned(&mut self, id: ReplyId) {
        if let State::Thinking { reply, wait: Wait::Functions, .. } = &self.state
            && reply.id == id
            && !reply.has_functions_out()
        {
            self.follow_up();
        }
    }

    /// A reply, its functions or its playout take too long.
    pub(super) fn on_reply_deadline(&mut self) {
        match &self.state {
            State::Thinking { .. } => self.cancel(CancelReason::TimedOut, Suppression::TimedOut),
            State::Speaking { .. } => self.stop(Suppression::TimedOut),
            State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Yielding { .. }
            | State::Closed => {}
        }
    }
}
