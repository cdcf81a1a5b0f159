//! The users' turns: their commitment, what the program makes of them, and the replies begun before it.

use crate::{
    Answer, CancelReason, Detection, Machine, Moment, Output, Reply, ReplyCause, SpeakerId, Suppression,
    TurnEnd, TurnId, TurnSource,
    ear::{Judgement, Voice},
    queue::{Considering, Waiting},
    speculate::{self, Speculation},
};

impl Machine {
    /// A turn has ended: what has the floor makes room for the reply to it, if it may be interrupted.
    pub(super) fn commit(&mut self, speaker: SpeakerId, source: TurnSource, wants_answer: bool) {
        let Some(at) = self.position_of(speaker) else { return };
        let is_answered = self.listeners[at].is_answered();
        let turn = self.open_turn(at, source);
        if !is_answered {
            return self.end_turn(turn, TurnEnd::Suppressed(Suppression::NotAddressed));
        }
        let speculation = std::mem::take(&mut self.speculation);
        if self.draining.is_some() || !wants_answer {
            self.speculation = speculation;
            self.drop_speculation(CancelReason::Outdated);
            return self.end_turn(
                turn,
                match self.draining {
                    Some(_) => TurnEnd::Closed,
                    None => TurnEnd::Suppressed(Suppression::Declined),
                },
            );
        }
        self.supersede_waiting_turns();
        self.make_room();
        if source == TurnSource::Spoken {
            self.show_floor_given();
        }
        let reply = match speculation.0 {
            Some((of, reply)) if of == speaker && source == TurnSource::Spoken => Some(reply),
            other => {
                self.speculation = Speculation(other);
                self.drop_speculation(CancelReason::Outdated);
                None
            }
        };
        if self.config.considers_turns {
            self.considering = Some(Considering { turn, speaker, since: self.now, reply });
        } else {
            self.answer(turn, speaker, reply);
        }
    }

    /// The answer to a turn gets the floor, or waits for it.
    fn answer(&mut self, turn: TurnId, speaker: SpeakerId, speculation: Option<Reply>) {
        if let Some(mut reply) = speculation {
            reply.turn = Some(turn);
            self.emit(Output::ConfirmReply { reply: reply.id, turn });
            return self.wait_for_floor(Waiting::Reply(Box::new(reply)));
        }
        // What is said without a break is part of what is answered; else the answer is begun while others speak.
        let is_unbroken = self.state.reply().is_some_and(|reply| !reply.manner.interruptible);
        if is_unbroken || self.held.is_some() {
            return self.wait_for_floor(Waiting::Turn { turn, speaker });
        }
        let reply = self.reply_to(turn, speaker);
        self.begin_waiting(reply);
    }

    /// The program has considered a turn.
    pub(super) fn on_considered(&mut self, turn: TurnId, answer: Answer) {
        let Some(considering) = self.considering.take_if(|considering| considering.turn == turn) else {
            self.counters.ignored += 1;
            return;
        };
        let Considering { turn, speaker, reply, .. } = considering;
        let kept = reply.filter(|reply| {
            let is_kept = answer == Answer::AsIs;
            if !is_kept {
                self.emit(Output::CancelReply { reply: reply.id, reason: CancelReason::Outdated });
            }
            is_kept
        });
        match answer {
            Answer::AsIs | Answer::Anew => self.answer(turn, speaker, kept),
            Answer::Not => self.end_turn(turn, TurnEnd::Suppressed(Suppression::Declined)),
        }
    }

    pub(super) fn on_consider_deadline(&mut self) {
        if let Some(turn) = self.considering.as_ref().map(|considering| considering.turn) {
            self.on_considered(turn, Answer::AsIs);
        }
    }

    /// Numbers the open turn and has it written down. The next one is open.
    pub(super) fn open_turn(&mut self, at: usize, source: TurnSource) -> TurnId {
        self.turns += 1;
        let turn = TurnId(self.turns);
        let now = self.now;
        let listener = &mut self.listeners[at];
        let speaker = listener.id;
        let (speech_end, last_final): (Option<Moment>, Option<Moment>) = match source {
            TurnSource::Spoken => (listener.ear.speech_end(), listener.ear.last_final),
            TurnSource::Typed => (None, None),
        };
        if source == TurnSource::Spoken {
            listener.ear.commit(now);
        }
        self.emit(Output::CommitTurn { turn, speaker, source, speech_end, last_final });
        turn
    }

    pub(super) fn reply_to(&mut self, turn: TurnId, speaker: SpeakerId) -> Reply {
        let id = self.next_reply();
        Reply::to_turn(id, speaker, Some(turn), self.config.interruption.enabled)
    }

    pub(super) fn end_turn(&mut self, turn: TurnId, end: TurnEnd) {
        self.emit(Output::EndTurn { turn, end });
    }

    /// A later turn answers for those before it that still wait.
    fn supersede_waiting_turns(&mut self) {
        let superseded = TurnEnd::Suppressed(Suppression::Superseded);
        if let Some(considering) = self.considering.take() {
            if let Some(reply) = considering.reply {
                self.emit(Output::CancelReply { reply: reply.id, reason: CancelReason::Outdated });
            }
            self.end_turn(considering.turn, superseded);
        }
        let waiting = std::mem::take(&mut self.queue);
        for waiting in waiting {
            let Some(turn) = waiting.turn() else {
                self.queue.push_back(waiting);
                continue;
            };
            if let Waiting::Reply(reply) = waiting {
                self.emit(Output::CancelReply { reply: reply.id, reason: CancelReason::Interrupted });
            }
            self.end_turn(turn, superseded);
        }
    }

    /// Begins the reply to a turn that is not yet committed, if that is worth it. Nobody has the floor, or who has it is
    /// about to lose it.
    pub(super) fn speculate(&mut self, at: usize) {
        self.drop_speculation(CancelReason::Outdated);
        let listener = &self.listeners[at];
        let speech = match listener.ear.voice {
            Voice::Speaking { since, .. } => self.now.since(since),
            Voice::Silent { since, .. } => since.since(listener.ear.began.unwrap_or(since)),
            Voice::Unheard => std::time::Duration::ZERO,
        };
        let worth = speculate::is_worth(&self.config.speculation, listener.ear.attempts, speech);
        let is_judged_first =
            self.config.detection == Detection::Model && listener.ear.judgement == Judgement::Unasked;
        let is_due = !is_judged_first && self.endpoint_due(listener).is_some_and(|due| due <= self.now);
        let may = listener.is_answered() && !self.is_broke && self.config.detection != Detection::Manual;
        if !worth || !may || is_due || !self.has_said_all() {
            return;
        }
        let speaker = listener.id;
        self.listeners[at].ear.attempts += 1;
        let id = self.next_reply();
        self.emit(Output::BeginReply { reply: id, cause: ReplyCause::Turn { speaker }, speculative: true });
        let reply = Reply::to_turn(id, speaker, None, self.config.interruption.enabled);
        self.speculation = Speculation(Some((speaker, reply.begun())));
    }

    /// Whether nothing waits to be said or is kept from being said.
    fn has_said_all(&self) -> bool {
        let nothing_waits = self.queue.is_empty() && self.parked.is_empty() && self.considering.is_none();
        nothing_waits && self.held.is_none() && self.draining.is_none()
    }

    pub(super) fn drop_speculation(&mut self, reason: CancelReason) {
        if let Some((_, reply)) = self.speculation.0.take() {
            self.emit(Output::CancelReply { reply: reply.id, reason });
        }
    }
}
