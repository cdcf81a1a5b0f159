//! The user's turns: their commitment, what the agent's hook makes of them, and how they end.

use std::task::{Context, Poll};

use agent_turn::{
    Answer, Input, Moment, ReplyId, SpeakerId, Suppression, Told, TurnEnd, TurnId, TurnSource, Verdict,
};

use super::{Call, between};
use crate::{
    Body, CallEvent, Latency, Role, Say, UserTurn,
    agent::{Hook, TurnAnswer},
    handle::Wish,
};

/// A committed turn that has not ended.
pub(super) struct OpenTurn {
    committed: Moment,
    speech_end: Option<Moment>,
}

/// A committed turn of which an agent's hook decides.
pub(super) struct Considered {
    id: TurnId,
    speaker: SpeakerId,
    turn: UserTurn,
    hook: Hook<UserTurn>,
}

impl<B: Body> Call<B> {
    pub(super) fn commit(
        &mut self,
        turn: TurnId,
        speaker: SpeakerId,
        source: TurnSource,
        speech_end: Option<Moment>,
        last_final: Option<Moment>,
    ) {
        let now = self.now();
        let text = self.take_words(speaker, source);
        self.turns.insert(turn, OpenTurn { committed: now, speech_end });
        // Words that came before the end of the last voice were not waited for.
        let transcription_delay = speech_end.and_then(|end| Some(last_final?.0.saturating_sub(end.0)));
        let end_of_turn_delay = speech_end.and_then(|end| between(end, now));
        self.tally
            .tell(now, CallEvent::TurnCommitted { turn, speaker, end_of_turn_delay, transcription_delay });
        if !self.active.agent.considers_turns() {
            return self.keep_turn(speaker, &text, Vec::new());
        }
        let was_spoken = source == TurnSource::Spoken;
        let user_turn = UserTurn::new(text, was_spoken, self.name_of(speaker));
        let hook = self.active.agent.clone().consider(self.handle.clone(), user_turn.clone());
        self.considered.push_back(Considered { id: turn, speaker, turn: user_turn, hook });
    }

    /// The words of a turn, which its speaker sees as final from now on.
    fn take_words(&mut self, speaker: SpeakerId, source: TurnSource) -> String {
        let Some(listener) = self.people.get_mut(&speaker) else { return String::new() };
        match source {
            TurnSource::Typed => listener.typed.take().unwrap_or_default(),
            TurnSource::Spoken => {
                listener.end_turn();
                let (committed, segment) = listener.hearing.take_turn();
                if let Some(segment) = segment {
                    self.body.show_user_words(speaker, segment, &committed.interim, true);
                }
                if !committed.interim.is_empty() {
                    let (now, text) = (self.now(), committed.interim.as_str());
                    self.tally.tell(now, CallEvent::Transcript { speaker, text, is_final: true });
                }
                committed.text
            }
        }
    }

    /// Asks the hook of the first turn that is considered; each waits for the one before.
    pub(super) fn poll_considered(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(first) = self.considered.front_mut() else { return false };
        let Poll::Ready(turn) = first.hook.as_mut().poll(cx) else { return false };
        let Some(Considered { id, speaker, .. }) = self.considered.pop_front() else { return false };
        // What the hook asked for comes before the answer that waits for it.
        while self.poll_commands(cx) {}
        let answer = match turn.answer() {
            TurnAnswer::Wanted if turn.is_changed() => Answer::Anew,
            TurnAnswer::Wanted => Answer::AsIs,
            TurnAnswer::Unwanted | TurnAnswer::Forgotten => Answer::Not,
        };
        let is_forgotten = turn.answer() == TurnAnswer::Forgotten;
        let (text, notes) = turn.into_parts();
        if !is_forgotten {
            self.keep_turn(speaker, &text, notes);
        }
        self.tell(Input::Told(Told::Considered { turn: id, answer }));
        true
    }

    /// The answer does not wait for hooks any longer: what they have not decided stays as it was said.
    pub(super) fn stop_considering(&mut self) {
        for Considered { speaker, turn, .. } in std::mem::take(&mut self.considered) {
            let (text, _) = turn.into_parts();
            self.keep_turn(speaker, &text, Vec::new());
        }
    }

    fn keep_turn(&mut self, speaker: SpeakerId, text: &str, notes: Vec<String>) {
        if text.is_empty() {
            return;
        }
        for note in notes {
            self.history.note(note);
        }
        let name = self.name_of(speaker);
        self.history.turn(text, name.as_deref());
        self.tally.tell(self.now(), CallEvent::Message { role: Role::User, text, interrupted: false });
    }

    /// What the mind is to call a speaker; `None` while nobody else was ever heard.
    pub(super) fn name_of(&self, speaker: SpeakerId) -> Option<String> {
        if !self.names_speakers {
            return None;
        }
        let name = self.people.get(&speaker).and_then(|listener| listener.name.clone());
        Some(name.unwrap_or_else(|| format!("Speaker {}", speaker.0)))
    }

    /// Words were no turn: they are shown as said, and kept in case that they are an answer after all.
    pub(super) fn set_aside(&mut self, speaker: SpeakerId, words: u32, verdict: Verdict) {
        let Some(listener) = self.people.get_mut(&speaker) else { return };
        let text = listener.hearing.set_aside(words);
        self.tally.tell(self.now(), CallEvent::WordsSetAside { speaker, text: &text, verdict });
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
