//! The user's turns: their commitment, what the agent's hook makes of them, and how they end.

use std::task::{Context, Poll};

use agent_turn::{
    Answer, Input, Moment, ReplyId, SpeakerId, Suppression, Told, TurnEnd, TurnId, TurnSource, Verdict,
};

use providers_core::{ChatMessage, HeardId};

use super::{Call, between, people::Listener};
use crate::{
    Body, CallEvent, Latency, LiveTurns, Role, Say, UserTurn,
    agent::{Hook, TurnAnswer},
    handle::Wish,
    history::user_text,
    live::UserAudio,
};

/// A committed turn that has not ended.
pub(super) struct OpenTurn {
    committed: Moment,
    speech_end: Option<Moment>,
    /// The same for a realtime model that has heard it end.
    heard: Option<HeardId>,
}

/// A committed turn of which an agent's hook decides.
pub(super) struct Considered {
    id: TurnId,
    speaker: SpeakerId,
    turn: UserTurn,
    /// The same for a realtime model that has heard it.
    audio: Option<UserAudio>,
    /// What it said before the hook.
    said: String,
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
        let (audio, heard) = self.take_audio(speaker, source);
        self.turns.insert(turn, OpenTurn { committed: now, speech_end, heard });
        // Words that came before the end of the last voice were not waited for.
        // Nor were any where voice alone, or the model, says that it was speech.
        let is_transcribed = self.live_turns(speaker).is_none_or(|turns| turns == LiveTurns::Words);
        let last_final = last_final.filter(|_| is_transcribed);
        let transcription_delay = speech_end.and_then(|end| Some(last_final?.0.saturating_sub(end.0)));
        let end_of_turn_delay = speech_end.and_then(|end| between(end, now));
        self.tally
            .tell(now, CallEvent::TurnCommitted { turn, speaker, end_of_turn_delay, transcription_delay });
        if !self.active.agent.considers_turns() {
            return self.keep_turn(speaker, &text, audio, Vec::new());
        }
        let was_spoken = source == TurnSource::Spoken;
        let user_turn = UserTurn::new(text.clone(), was_spoken, self.name_of(speaker));
        let hook = self.active.agent.clone().consider(self.handle.clone(), user_turn.clone());
        self.considered.push_back(Considered { id: turn, speaker, turn: user_turn, audio, said: text, hook });
    }

    /// The audio of a turn that a realtime model has heard: its name in the history, and the model's own if it has heard
    /// it end by itself.
    fn take_audio(&mut self, speaker: SpeakerId, source: TurnSource) -> (Option<UserAudio>, Option<HeardId>) {
        let speaks = |listener: &Listener| listener.speaks_since.is_some() && listener.lapsed_at.is_none();
        let goes_on = self.people.get(&speaker).is_some_and(speaks);
        match (source, self.live_of(speaker)) {
            (TurnSource::Spoken, Some(live)) => {
                let heard = live.ended();
                (Some(live.commit(goes_on)), heard)
            }
            (TurnSource::Typed, _) | (TurnSource::Spoken, None) => (None, None),
        }
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
        let Some(Considered { id, speaker, mut audio, said, .. }) = self.considered.pop_front() else {
            return false;
        };
        // What the hook asked for comes before the answer that waits for it.
        while self.poll_commands(cx) {}
        let answer = match turn.answer() {
            TurnAnswer::Wanted if turn.is_changed() => Answer::Anew,
            TurnAnswer::Wanted => Answer::AsIs,
            TurnAnswer::Unwanted | TurnAnswer::Forgotten => Answer::Not,
        };
        let is_forgotten = turn.answer() == TurnAnswer::Forgotten;
        let (text, notes) = turn.into_parts();
        let is_anew = answer == Answer::Anew;
        let heard = self.turns.get(&id).and_then(|open| open.heard).filter(|_| is_anew);
        if let (Some(heard), Some(live)) = (heard, &mut self.live) {
            live.decline_turn(heard);
        }
        if !is_forgotten {
            // A realtime model that has heard something else is told what it is taken for.
            let retold = audio.take_if(|_| !text.is_empty() && text != said);
            self.keep_turn(speaker, &text, audio, notes);
            if let Some(audio) = retold {
                self.turn_is_told(audio);
            }
        }
        self.tell(Input::Told(Told::Considered { turn: id, answer }));
        true
    }

    /// The answer does not wait for hooks any longer: what they have not decided stays as it was said.
    pub(super) fn stop_considering(&mut self) {
        for Considered { speaker, turn, audio, .. } in std::mem::take(&mut self.considered) {
            let (text, _) = turn.into_parts();
            self.keep_turn(speaker, &text, audio, Vec::new());
        }
    }

    /// A turn enters the history. A realtime model is told of it in words if it has not heard it.
    fn keep_turn(&mut self, speaker: SpeakerId, text: &str, audio: Option<UserAudio>, notes: Vec<String>) {
        if text.is_empty() && audio.is_none() {
            return;
        }
        for text in notes {
            self.history.note(text.clone());
            self.inform(ChatMessage::System { text });
        }
        if let Some(audio) = audio.filter(|_| text.is_empty()) {
            return self.keep_heard(speaker, audio);
        }
        let name = self.name_of(speaker);
        self.history.turn(text, name.as_deref());
        match audio {
            Some(audio) => self.turn_is_told(audio),
            None => self.inform(ChatMessage::User { text: user_text(text, name.as_deref()) }),
        }
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
        let is_answered = matches!(end, TurnEnd::Replied(_));
        let declined = open.as_ref().filter(|_| !is_answered).and_then(|open| open.heard);
        if let (Some(heard), Some(live)) = (declined, &mut self.live) {
            live.end_turn(heard);
        }
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

    /// What this person said was lost; they are asked to say it again if they wait for an answer.
    pub(super) fn apologise_to(&mut self, speaker: SpeakerId) {
        if self.people.get(&speaker).is_some_and(|listener| listener.is_answered) {
            self.apologise();
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
