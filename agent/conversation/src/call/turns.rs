//! The user's turns: their commitment, what the agent's hook makes of them, and how they end.

use std::task::{Context, Poll};

use agent_turn::{Moment, ReplyId, Suppression, TurnEnd, TurnId, TurnSource};
use tokio::time::{Timeout, timeout};

use super::{Call, between};
use crate::{
    Body, CallEvent, Latency, Role, Say, UserTurn,
    agent::{Hook, TurnAnswer},
    handle::Wish,
    making::Making,
};

/// A committed turn that has not ended.
pub(super) struct OpenTurn {
    committed: Moment,
    speech_end: Option<Moment>,
}

/// A committed turn of which an agent's hook decides.
pub(super) struct Considered {
    turn: UserTurn,
    hook: std::pin::Pin<Box<Timeout<Hook<UserTurn>>>>,
}

/// A reply to a turn that waits for what the hook decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// It was not begun.
    Unbegun(ReplyId),
    /// It is speculative, and may be heard if nothing is changed.
    Speculative(ReplyId),
}

impl Held {
    pub(super) const fn reply(self) -> ReplyId {
        match self {
            Self::Unbegun(reply) | Self::Speculative(reply) => reply,
        }
    }
}

impl<B: Body> Call<B> {
    pub(super) fn commit(
        &mut self,
        turn: TurnId,
        source: TurnSource,
        speech_end: Option<Moment>,
        last_final: Option<Moment>,
    ) {
        let now = self.now();
        let text = match source {
            TurnSource::Spoken => {
                let turn = self.hearing.take_turn();
                if let Some((segment, interim)) = turn.unfinished {
                    self.body.show_user_words(segment, &interim, true);
                }
                turn.text
            }
            TurnSource::Typed => self.typed.take().unwrap_or_default(),
        };
        self.turns.insert(turn, OpenTurn { committed: now, speech_end });
        let transcription_delay = speech_end.and_then(|end| between(end, last_final?));
        let end_of_turn_delay = speech_end.and_then(|end| between(end, now));
        self.tally.tell(now, CallEvent::TurnCommitted { turn, end_of_turn_delay, transcription_delay });
        if !self.active.agent.considers_turns() {
            return self.keep_turn(&text, Vec::new());
        }
        let turn = UserTurn::new(text, source == TurnSource::Spoken);
        let hook = self.active.agent.clone().consider(self.handle.clone(), turn.clone());
        let hook = Box::pin(timeout(self.config.hook_deadline, hook));
        self.considered.push_back(Considered { turn, hook });
    }

    /// Whether an answer has to wait for a hook.
    pub(super) fn considers(&self) -> bool {
        !self.considered.is_empty()
    }

    /// Asks the hook of the first turn that is considered; each waits for the one before.
    pub(super) fn poll_considered(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(first) = self.considered.front_mut() else { return false };
        let Poll::Ready(decided) = first.hook.as_mut().poll(cx) else { return false };
        let Some(Considered { turn, .. }) = self.considered.pop_front() else { return false };
        // A hook that takes too long has decided nothing.
        self.on_considered(decided.unwrap_or(turn));
        true
    }

    fn on_considered(&mut self, turn: UserTurn) {
        let (answer, is_changed) = (turn.answer(), turn.is_changed());
        let (text, notes) = turn.into_parts();
        match answer {
            TurnAnswer::Wanted | TurnAnswer::Unwanted => self.keep_turn(&text, notes),
            TurnAnswer::Forgotten => {}
        }
        if self.considers() {
            return;
        }
        let Some(held) = self.held.take() else { return };
        match (answer, held) {
            (TurnAnswer::Unwanted | TurnAnswer::Forgotten, _) => {
                let (reply, voice, now) = (held.reply(), self.active.voice(), self.now());
                self.replace(Making::given(reply, "", voice, now));
            }
            (TurnAnswer::Wanted, Held::Speculative(reply)) if !is_changed => self.confirm(reply),
            (TurnAnswer::Wanted, Held::Unbegun(_) | Held::Speculative(_)) => {
                let making = self.answer_turn(held.reply(), false);
                self.replace(making);
            }
        }
    }

    /// A reply is made in this way, and in no other.
    fn replace(&mut self, making: Making) {
        self.replies.retain(|other| other.id != making.id);
        self.replies.push(making);
    }

    fn keep_turn(&mut self, text: &str, notes: Vec<String>) {
        for note in notes {
            self.history.note(note);
        }
        self.history.user(text);
        self.tally.tell(self.now(), CallEvent::Message { role: Role::User, text, interrupted: false });
    }

    pub(super) fn end_turn(&mut self, turn: TurnId, end: TurnEnd) {
        let now = self.now();
        let open = self.turns.remove(&turn);
        self.tally.tell(now, CallEvent::TurnEnded { turn, end });
        match (end, open) {
            (TurnEnd::Replied(reply), Some(open)) => self.tell_latency(reply, &open),
            (TurnEnd::Suppressed(Suppression::Failed | Suppression::TimedOut), _) => self.apologise(),
            (TurnEnd::Replied(_) | TurnEnd::Closed, _)
            | (
                TurnEnd::Suppressed(
                    Suppression::Superseded
                    | Suppression::Stopped
                    | Suppression::Empty
                    | Suppression::Declined
                    | Suppression::NotAddressed,
                ),
                _,
            ) => {}
        }
    }

    fn apologise(&mut self) {
        if let Some(apology) = self.config.errors.apology.clone() {
            let request = self.handle.next_request();
            self.ask_to_speak(request, Wish::Say(Say::words(apology).interruptible(true)), None);
        }
    }

    fn tell_latency(&mut self, reply: ReplyId, open: &OpenTurn) {
        let now = self.now();
        let Some(times) = self.reply(reply).map(|making| making.times) else { return };
        self.tally.tell(
            now,
            CallEvent::Latency(Latency {
                end_to_end: open.speech_end.and_then(|end| between(end, now)),
                after_commit: now.since(open.committed),
                llm_ttft: times.llm_ttft(),
                tts_ttfb: times.tts_ttfb(),
            }),
        );
    }
}
