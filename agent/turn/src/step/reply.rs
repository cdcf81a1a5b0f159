//! How replies are made and heard, and the timers that watch over both.

use crate::{
    AgentState, CancelReason, DropReason, Machine, Output, PlayoutFact, ReplyFact, ReplyId, State,
    Suppression, TurnEnd,
    queue::Waiting,
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
            ReplyFact::FunctionsCalled { functions } => reply.calls = reply.calls.saturating_add(functions),
            ReplyFact::FunctionFinished if reply.returned == reply.ordered => self.counters.ignored += 1,
            ReplyFact::FunctionFinished => {
                reply.returned += 1;
                self.follow_up_if_returned(id);
            }
        }
    }

    /// A reply without anything to hear is over when it is made and what it calls runs.
    pub(super) fn pass_over_silence(&mut self, id: ReplyId) {
        if let State::Thinking { reply, wait: Wait::Sample, .. } = &self.state
            && reply.id == id
            && reply.is_over_unheard()
        {
            self.after_playout();
        }
    }

    /// A speculative reply that failed is made again when its turn is committed. One that is heard is heard to the end
    /// of what there is, and one whose functions run has been said.
    fn on_failed(&mut self, id: ReplyId) {
        if self.speculation.0.as_ref().is_some_and(|(_, reply)| reply.id == id) {
            self.speculation.0 = None;
            return;
        }
        if let Some(considering) = &mut self.considering
            && considering.reply.take_if(|reply| reply.id == id).is_some()
        {
            return;
        }
        let is_it = |waiting: &Waiting| matches!(waiting, Waiting::Reply(reply) if reply.id == id);
        if let Some(at) = self.queue.iter().position(is_it) {
            if let Some(Waiting::Reply(mut reply)) = self.queue.remove(at) {
                self.suppress(&mut reply, Suppression::Failed);
            }
            return;
        }
        if let State::Thinking { reply, .. } = &self.state
            && reply.id == id
        {
            let mut reply = reply.clone();
            self.suppress(&mut reply, Suppression::Failed);
            self.free_floor();
        }
    }

    pub(super) fn on_playout(&mut self, id: ReplyId, fact: PlayoutFact) {
        if let PlayoutFact::Finished { heard } = fact
            && self.was_stopping(id)
        {
            return self.emit(Output::TruncateReply { reply: id, heard });
        }
        if let PlayoutFact::Progressed { heard } = fact
            && let Some(stopping) = self.stopping.iter_mut().find(|stopping| stopping.id == id)
        {
            stopping.heard = heard;
            return;
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
            (State::Speaking { reply, progressed, .. }, PlayoutFact::Progressed { heard })
                if reply.id == id =>
            {
                *progressed = now;
                reply.position = heard;
            }
            (State::Yielding { reply, .. }, PlayoutFact::Progressed { heard }) if reply.id == id => {
                reply.position = heard;
            }
            (State::Speaking { reply, .. } | State::Yielding { reply, .. }, PlayoutFact::Finished { .. })
                if reply.id == id =>
            {
                self.take_back_answers();
                self.show_said();
                self.after_playout();
            }
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

    /// Between two speeches the agent listens, however short it is; while it waits for functions it thinks.
    fn show_said(&mut self) {
        let waits = self.state.reply().is_some_and(|reply| reply.calls > 0 || reply.is_filler());
        if !waits && self.agent == AgentState::Speaking {
            self.agent = AgentState::Listening;
            self.emit(Output::ShowAgent(AgentState::Listening));
        }
    }

    fn first_sample_heard(&mut self) {
        self.first_sample.get_or_insert(self.now);
        self.thinks_aloud = false;
        let now = self.now;
        let Some(reply) = self.state.reply_mut() else { return };
        reply.heard_from = Some(now);
        let id = reply.id;
        if let Some(turn) = reply.turn.take() {
            self.end_turn(turn, TurnEnd::Replied(id));
        }
    }

    /// Nothing more of the reply will be heard. What its functions return is answered; else the floor is free.
    pub(super) fn after_playout(&mut self) {
        let Some(mut reply) = self.state.reply().cloned() else { return };
        if reply.hold.take().is_some() && matches!(self.state, State::Thinking { .. }) {
            self.emit(Output::ResumePlayout { reply: reply.id });
        }
        if reply.has_functions_out() {
            self.freed = Some(self.now);
            self.quiet();
            self.park_reply(reply, self.now);
        } else if reply.calls > 0 {
            self.freed = Some(self.now);
            self.follow_up();
        } else {
            self.suppress(&mut reply, Suppression::Empty);
            self.free_floor();
        }
    }

    /// The functions of a reply have returned: at once when it has the floor, beside who has it when it has left it.
    /// Words that were to fill the wait are not needed any more if nobody has heard of them.
    fn follow_up_if_returned(&mut self, id: ReplyId) {
        if let State::Thinking { reply, wait: Wait::Functions, .. } = &self.state
            && reply.id == id
            && !reply.has_functions_out()
        {
            return self.follow_up();
        }
        let is_it =
            |parked: &crate::queue::Parked| parked.reply.id == id && !parked.reply.has_functions_out();
        let Some(at) = self.parked.iter().position(is_it) else { return };
        let parked = self.parked.remove(at);
        self.begin_follow_up(&parked.reply);
        let is_needless = match &self.state {
            State::Thinking { reply, .. } | State::Speaking { reply, heard: false, .. } => {
                matches!(reply.cause, crate::ReplyCause::Filler { of } if of == id)
            }
            State::Speaking { heard: true, .. }
            | State::Yielding { .. }
            | State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Closed => false,
        };
        if is_needless {
            self.leave(CancelReason::Outdated, DropReason::Superseded, Suppression::Superseded);
        }
    }

    /// A reply, its functions or its playout take too long.
    pub(super) fn on_reply_deadline(&mut self) {
        self.leave(CancelReason::TimedOut, DropReason::Interrupted, Suppression::TimedOut);
    }

    pub(super) fn on_parked_deadline(&mut self) {
        let (now, limit) = (self.now, self.config.deadlines.functions);
        let Some(at) = self.parked.iter().position(|parked| parked.since + limit <= now) else { return };
        let parked = self.parked.remove(at);
        self.cancel(parked.reply, CancelReason::TimedOut, Suppression::TimedOut);
    }

    /// A body that does not answer a stop is believed to have played what it last reported.
    pub(super) fn on_stop_deadline(&mut self) {
        let (now, limit) = (self.now, self.config.deadlines.stall);
        let Some(at) = self.stopping.iter().position(|stopping| stopping.since + limit <= now) else {
            return;
        };
        let stopping = self.stopping.remove(at);
        self.emit(Output::TruncateReply { reply: stopping.id, heard: stopping.heard });
        self.tell_closed();
    }
}
