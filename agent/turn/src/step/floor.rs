//! The floor: taking it, losing it, leaving it to the next.

use crate::{
    CancelReason, DropReason, Machine, Manner, Moment, News, Output, Reply, ReplyCause, ReplyId, RequestId,
    SpeechKind, State, Suppression, TurnEnd,
    queue::{MAX_PARKED, MAX_WAITING, Parked, Stopping, Waiting},
    state::{Made, Wait},
};

impl Machine {
    /// Something wants the floor: at once if it is free, else after what waits already and is not of lower priority.
    pub(super) fn wait_for_floor(&mut self, waiting: Waiting) {
        let priority = waiting.priority();
        let at = self.queue.iter().position(|other| other.priority() < priority);
        self.queue.insert(at.unwrap_or(self.queue.len()), waiting);
        if self.is_quiet() {
            self.take_floor();
        } else {
            self.park();
        }
    }

    /// A speech was requested.
    pub(super) fn on_request(&mut self, request: RequestId, kind: SpeechKind, manner: Manner) {
        if self.queue.len() >= MAX_WAITING {
            return self.drop_request(request, DropReason::Full);
        }
        if self.draining.is_some() {
            return self.drop_request(request, DropReason::Closed);
        }
        match kind {
            SpeechKind::Said => self.wait_for_floor(Waiting::Speech { request, manner }),
            SpeechKind::Generated => {
                let id = self.next_reply();
                let cause = ReplyCause::Requested(request);
                let reply = Reply { request: Some(request), ..Reply::new(id, cause, kind, manner) };
                self.begin_waiting(reply);
            }
        }
    }

    /// A reply that is thought of is begun at once, whoever has the floor.
    pub(super) fn begin_waiting(&mut self, reply: Reply) {
        let reply = reply.begun();
        self.emit(Output::BeginReply { reply: reply.id, cause: reply.cause, speculative: false });
        self.thinks_aloud = self.heard_since.is_some();
        self.wait_for_floor(Waiting::Reply(Box::new(reply)));
    }

    pub(super) fn drop_request(&mut self, request: RequestId, reason: DropReason) {
        self.emit(Output::Tell(News::RequestDropped { request, reason }));
    }

    /// The first that may have the floor takes it; else the reply that left it last has it again. When nothing waits, it
    /// stays free.
    pub(super) fn take_floor(&mut self) {
        let Some(at) = self.queue.iter().position(|waiting| self.may_have_floor(waiting)) else {
            return self.unpark();
        };
        let Some(waiting) = self.queue.remove(at) else { return };
        match waiting {
            Waiting::Turn { turn, speaker } => {
                let reply = self.reply_to(turn, speaker).begun();
                self.emit(Output::BeginReply { reply: reply.id, cause: reply.cause, speculative: false });
                self.give_floor(reply);
            }
            Waiting::Speech { request, manner } => {
                let id = self.next_reply();
                let cause = ReplyCause::Requested(request);
                let reply = Reply::new(id, cause, SpeechKind::Said, manner);
                self.give_floor(Reply { request: Some(request), ..reply });
            }
            Waiting::Reply(reply) => self.give_floor(*reply),
        }
    }

    /// The answer to a turn waits for the functions of the reply before it, and while answers are held back.
    fn may_have_floor(&self, waiting: &Waiting) -> bool {
        let answers = match waiting {
            Waiting::Turn { .. } => true,
            Waiting::Reply(reply) => matches!(reply.cause, ReplyCause::Turn { .. }),
            Waiting::Speech { .. } => false,
        };
        !answers || (self.parked.is_empty() && self.held.is_none())
    }

    fn give_floor(&mut self, reply: Reply) {
        let is_over = reply.is_over_unheard();
        self.state = State::Thinking { reply, wait: Wait::Sample, since: self.now };
        if is_over {
            self.after_playout();
        }
    }

    /// A reply that waits only for its functions leaves the floor to what may have it.
    fn park(&mut self) {
        let State::Thinking { reply, wait: Wait::Functions, since } = &self.state else { return };
        let (reply, since) = (reply.clone(), *since);
        self.park_reply(reply, since);
    }

    pub(super) fn park_reply(&mut self, reply: Reply, since: Moment) {
        if self.parked.len() >= MAX_PARKED {
            self.state = State::Thinking { reply, wait: Wait::Functions, since };
            return;
        }
        self.parked.push(Parked { reply, since });
        self.quiet();
        self.take_floor();
    }

    /// The reply that left the floor last waits for its functions again, or is followed up.
    fn unpark(&mut self) {
        let Some(Parked { reply, since }) = self.parked.pop() else { return };
        let is_out = reply.has_functions_out();
        self.state = State::Thinking { reply, wait: Wait::Functions, since };
        if !is_out {
            self.follow_up();
        }
    }

    /// A few words while functions run.
    pub(super) fn fill(&mut self) {
        let id = self.next_reply();
        let State::Thinking { reply, wait: Wait::Functions, since } = &mut self.state else { return };
        reply.filled = true;
        let (parked, since) = (reply.clone(), *since);
        let cause = ReplyCause::Filler { of: parked.id };
        let manner = Manner { priority: crate::Priority::Low, ..Manner::normal(true) };
        let filler = Reply { turn: None, ..Reply::new(id, cause, SpeechKind::Said, manner) };
        self.parked.push(Parked { reply: parked, since });
        self.give_floor(filler);
    }

    /// The reply to what the functions of the one that has the floor returned.
    pub(super) fn follow_up(&mut self) {
        let Some(reply) = self.state.reply().cloned() else { return };
        self.quiet();
        self.begin_follow_up(&reply);
    }

    /// The reply to what functions returned is begun, and waits for the floor if others have it.
    pub(super) fn begin_follow_up(&mut self, reply: &Reply) {
        let id = self.next_reply();
        let step = reply.step + 1;
        let cause = ReplyCause::Functions { of: reply.id, step };
        let follow_up = Reply::new(id, cause, SpeechKind::Generated, reply.manner);
        self.begin_waiting(Reply { step, turn: reply.turn, request: reply.request, ..follow_up });
    }

    pub(super) fn next_reply(&mut self) -> ReplyId {
        self.replies += 1;
        ReplyId(self.replies)
    }

    /// The reply is over: the next that waits has the floor, or nobody.
    pub(super) fn free_floor(&mut self) {
        self.freed = Some(self.now);
        self.quiet();
        self.take_floor();
    }

    /// Nobody has the floor, from this moment.
    pub(super) fn quiet(&mut self) {
        self.state = State::Listening { since: self.now };
    }

    /// A committed turn takes the floor from what may be interrupted, and makes what is of low priority superfluous.
    pub(super) fn make_room(&mut self) {
        let parked = std::mem::take(&mut self.parked);
        for parked in parked {
            if parked.reply.manner.interruptible {
                self.cancel(parked.reply, CancelReason::Interrupted, Suppression::Superseded);
            } else {
                self.parked.push(parked);
            }
        }
        let queue = std::mem::take(&mut self.queue);
        for waiting in queue {
            match waiting {
                Waiting::Speech { request, manner } if manner.priority == crate::Priority::Low => {
                    self.drop_request(request, DropReason::Superseded);
                }
                Waiting::Reply(reply) if reply.manner.interruptible && (reply.is_low() || reply.step > 0) => {
                    self.cancel(*reply, CancelReason::Interrupted, Suppression::Superseded);
                }
                Waiting::Turn { .. } | Waiting::Speech { .. } | Waiting::Reply(_) => {
                    self.queue.push_back(waiting);
                }
            }
        }
        if self.state.reply().is_some_and(|reply| reply.manner.interruptible) {
            self.leave(CancelReason::Interrupted, DropReason::Interrupted, Suppression::Superseded);
        }
    }

    /// Takes the floor from the reply that has it: one that plays is stopped, one that does not is forgotten.
    pub(super) fn leave(&mut self, reason: CancelReason, dropped: DropReason, suppression: Suppression) {
        let Some(reply) = self.state.reply().cloned() else { return };
        let plays = matches!(self.state, State::Speaking { .. } | State::Yielding { .. });
        self.freed = Some(self.now);
        self.quiet();
        if plays {
            self.stop(reply, suppression);
        } else if let (Made::Unbegun, Some(request)) = (reply.made, reply.request) {
            self.drop_request(request, dropped);
        } else {
            self.cancel(reply, reason, suppression);
        }
        self.take_floor();
    }

    /// Forgets a reply of which nothing is heard.
    pub(super) fn cancel(&mut self, mut reply: Reply, reason: CancelReason, suppression: Suppression) {
        if reply.made != Made::Unbegun {
            self.emit(Output::CancelReply { reply: reply.id, reason });
        }
        self.suppress(&mut reply, suppression);
    }

    /// Silences a reply that plays.
    fn stop(&mut self, mut reply: Reply, suppression: Suppression) {
        let stopping = Stopping { id: reply.id, since: self.now, heard: reply.position };
        self.stopping.push(stopping);
        self.emit(Output::StopPlayout { reply: reply.id });
        self.suppress(&mut reply, suppression);
    }

    /// The turn that a reply was to answer ends without it, if it has not ended.
    pub(super) fn suppress(&mut self, reply: &mut Reply, suppression: Suppression) {
        if let Some(turn) = reply.turn.take() {
            self.end_turn(turn, TurnEnd::Suppressed(suppression));
        }
    }
}
