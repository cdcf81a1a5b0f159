//! The words of a speaker: what they mean for the open turn, for a reply that is heard and for one that is begun early.

use std::time::Duration;

use crate::{
    CancelReason, Detection, Machine, News, Output, SpeakerId, State, TurnSource, Verdict,
    ear::{FRESH, Judgement, Wish},
    overlap,
    state::Wait,
};

impl Machine {
    pub(super) fn on_interim(&mut self, at: usize, words: u32, foreseen: bool) {
        self.user_is_here();
        let now = self.now;
        let listener = &mut self.listeners[at];
        if listener.ear.is_dismissed() || listener.ear.is_muted {
            return;
        }
        listener.ear.interim_heard(now, words);
        let id = listener.id;
        if !foreseen && std::mem::take(&mut listener.ear.foreseen) {
            self.drop_speculation_of(id);
        }
    }

    pub(super) fn on_preflight(&mut self, at: usize, words: u32) {
        self.user_is_here();
        let now = self.now;
        let listener = &mut self.listeners[at];
        if listener.ear.is_dismissed() || listener.ear.is_muted {
            return;
        }
        listener.ear.interim_heard(now, words);
        listener.ear.foreseen = words > 0;
        let id = listener.id;
        if words > 0 {
            self.drop_speculation_of(id);
            if self.is_quiet() {
                self.speculate(at);
            }
        }
    }

    pub(super) fn on_final(&mut self, at: usize, words: u32, foreseen: bool) {
        self.user_is_here();
        let now = self.now;
        let ear = &mut self.listeners[at].ear;
        if std::mem::take(&mut ear.is_muted) {
            ear.final_heard(now, 0);
            let speaker = self.listeners[at].id;
            return self.emit(Output::ForgetWords { speaker });
        }
        // While the voice is judged, words are counted at its next judgement, and these are none of those before.
        let known = if ear.is_speaking() { ear.all_words() } else { ear.words.saturating_add(words) };
        let late = ear.final_heard(now, words);
        self.learn_lateness(late);
        let was_foreseen = std::mem::take(&mut self.listeners[at].ear.foreseen) && foreseen;
        if let Some(wish) = self.listeners[at].ear.wish.filter(|wish| wish.due.is_none()) {
            self.grant(at, wish);
        }
        if words == 0 || self.is_set_aside(at) {
            return;
        }
        self.count(at, words);
        self.judge_again(at);
        if !self.listeners[at].is_answered() {
            return;
        }
        let yields = self.yields_to_words(self.listeners[at].ear.words, known);
        let may_be_all = match self.config.detection {
            Detection::Voice | Detection::Model => true,
            Detection::Recogniser => self.listeners[at].ear.has_ended,
            Detection::Manual => false,
        };
        // A reply that stops for good gives its place to the answer, which is begun with what is known before the stop:
        // if the history turns out to be another, it is begun anew. One that was paused is answered when the words are all.
        let stops = yields && overlap::way(&self.config.interruption) == overlap::Way::Stop;
        if !was_foreseen {
            self.drop_speculation_of(self.listeners[at].id);
            if may_be_all && (stops || self.is_quiet()) {
                self.speculate(at);
            }
        }
        if yields {
            self.pause_for_words();
            // A turn that ends with these words stops the reply itself, and no other gets the floor in between.
            let ends = self.endpoint_due(&self.listeners[at]).is_some_and(|due| due <= self.now);
            if !ends {
                self.give_way();
            }
        }
    }

    pub(super) fn learn_lateness(&mut self, late: Option<Duration>) {
        if let Some(late) = late {
            self.lateness.learn(late);
        }
    }

    /// Whether the final words that have just come are no part of a turn; they are taken off it then. A listener's noise
    /// is an answer once the agent is silent, and so is a repetition.
    fn is_set_aside(&mut self, at: usize) -> bool {
        let is_heard = self.agent_heard_for().is_some();
        let listener = &mut self.listeners[at];
        let may_repeat = listener.may_repeat();
        let ear = &mut listener.ear;
        if !is_heard && ear.verdict == Verdict::Backchannel {
            ear.verdict = Verdict::Undecided;
        } else if !is_heard && ear.verdict == Verdict::Repetition && may_repeat {
            (ear.verdict, ear.repeats) = (Verdict::Undecided, true);
        }
        let is_dismissed = ear.is_dismissed();
        if is_dismissed {
            self.set_aside(at);
        } else if ear.repeats {
            listener.repetitions = listener.repetitions.saturating_add(1);
        } else {
            listener.repetitions = 0;
            self.take_back_repetition(at);
        }
        is_dismissed
    }

    /// Who says more in words of their own has meant what they repeated.
    fn take_back_repetition(&mut self, at: usize) {
        if self.listeners[at].ear.aside.is_some_and(|aside| aside.verdict == Verdict::Repetition) {
            self.take_back(at);
        }
    }

    fn take_back(&mut self, at: usize) {
        self.listeners[at].ear.take_back();
        let speaker = self.listeners[at].id;
        self.emit(Output::TakeBack { speaker });
    }

    pub(super) fn set_aside(&mut self, at: usize) {
        let now = self.now;
        let listener = &mut self.listeners[at];
        let (speaker, verdict) = (listener.id, listener.ear.verdict);
        let words = listener.ear.set_aside(now);
        if words > 0 {
            self.drop_speculation_of(speaker);
            self.emit(Output::SetAside { speaker, words, verdict });
        }
    }

    /// The agent has said all: a listener's noise close to its end was an answer, and so was a repetition that nothing
    /// else has followed.
    pub(super) fn take_back_answers(&mut self) {
        let (now, boundary) = (self.now, self.config.interruption.backchannel_boundary);
        for at in 0..self.listeners.len() {
            let listener = &mut self.listeners[at];
            let Some(aside) = listener.ear.aside else { continue };
            let is_answer = match aside.verdict {
                Verdict::Backchannel => {
                    listener.ear.verdict == Verdict::Backchannel && now.since(aside.at) <= boundary
                }
                Verdict::Repetition => listener.may_repeat(),
                Verdict::Undecided | Verdict::Interruption | Verdict::Echo | Verdict::SideSpeech => false,
            };
            if is_answer {
                listener.repetitions += u8::from(aside.verdict == Verdict::Repetition);
                self.take_back(at);
            } else if aside.verdict == Verdict::Repetition {
                listener.ear.aside = None;
            }
        }
    }

    /// Counts what a speaker says without the agent saying anything.
    fn count(&mut self, at: usize, words: u32) {
        let (now, limits) = (self.now, self.config.limits);
        let listener = &mut self.listeners[at];
        let began = listener.ear.began.unwrap_or(now);
        let said = &mut listener.said;
        said.words = said.words.saturating_add(words);
        let duration = now.since(*said.since.get_or_insert(began));
        let is_too_long = limits.max_words.is_some_and(|most| said.words >= most)
            || limits.max_duration.is_some_and(|most| duration >= most);
        if is_too_long && !std::mem::replace(&mut said.told, true) {
            let (speaker, words) = (listener.id, said.words);
            self.emit(Output::Tell(News::TurnTooLong { speaker, words, duration }));
        }
    }

    /// A judge that reads words judges a pause again when more of them came.
    fn judge_again(&mut self, at: usize) {
        if self.config.judge.reads_words {
            self.listeners[at].ear.judgement = Judgement::Unasked;
        }
    }

    /// The user has been silent long enough. Words too few to interrupt the reply that has the floor wait for more.
    pub(super) fn on_endpoint(&mut self, speaker: SpeakerId) {
        let Some(at) = self.position_of(speaker) else { return };
        let listener = &mut self.listeners[at];
        if let Some(wish) = listener.ear.wish.take() {
            if listener.ear.words > 0 {
                self.commit(speaker, TurnSource::Spoken, wish.answer);
            }
            return;
        }
        let words = listener.ear.words;
        if self.listeners[at].is_answered() && !self.is_enough_for_floor(words) {
            self.listeners[at].ear.overlooked = words;
            self.drop_speculation_of(speaker);
        } else {
            self.commit(speaker, TurnSource::Spoken, true);
        }
    }

    fn is_enough_for_floor(&self, words: u32) -> bool {
        let reply = match &self.state {
            State::Thinking { reply, wait: Wait::Sample, .. }
            | State::Speaking { reply, .. }
            | State::Yielding { reply, .. } => reply,
            State::Thinking { wait: Wait::Functions, .. }
            | State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Closed => return true,
        };
        !reply.manner.interruptible
            || overlap::enough_to_stop(&self.config.interruption, &reply.manner, words)
    }

    /// The recogniser is late. What it said in the interim counts; silence was no speech.
    pub(super) fn on_endpoint_limit(&mut self, speaker: SpeakerId) {
        let Some(at) = self.position_of(speaker) else { return };
        let ear = &mut self.listeners[at].ear;
        let was_foreseen = ear.foreseen;
        let recovered = ear.give_up_waiting();
        ear.has_ended = true;
        let is_forgotten = ear.words == 0;
        if is_forgotten {
            ear.forget();
        }
        if recovered > 0 && !was_foreseen {
            self.drop_speculation_of(speaker);
        }
        if recovered > 0 || is_forgotten {
            self.emit(Output::Tell(News::TranscriptMissed { speaker, recovered }));
        }
    }

    /// The program wants the open turn committed: when its final transcript has come, or has been awaited long enough.
    pub(super) fn on_told_to_commit(&mut self, speaker: SpeakerId, answer: bool, wait: Duration) {
        let Some(at) = self.position_of(speaker) else {
            self.counters.ignored += 1;
            return;
        };
        let now = self.now;
        let ear = &mut self.listeners[at].ear;
        if ear.all_words() == 0 && !ear.awaits_more() {
            self.counters.ignored += 1;
            return;
        }
        let wish = Wish { answer, until: now + wait, due: None };
        let is_fresh = ear.last_final.is_some_and(|came| now.since(came) <= FRESH);
        ear.wish = Some(wish);
        if is_fresh || wait.is_zero() {
            self.grant(at, wish);
        }
    }

    pub(super) fn on_commit_wait(&mut self, speaker: SpeakerId) {
        let Some(at) = self.position_of(speaker) else { return };
        if let Some(wish) = self.listeners[at].ear.wish {
            self.grant(at, wish);
        }
    }

    /// Nothing more is awaited for a turn that the program wants committed; the usual delay after the end of speech
    /// remains.
    fn grant(&mut self, at: usize, wish: Wish) {
        let now = self.now;
        let listener = &mut self.listeners[at];
        let usual = listener.pace.delay(&self.config.endpoint);
        let due = listener.ear.last_voice(now).map_or(now, |last| (last + usual).max(now));
        let was_foreseen = listener.ear.foreseen;
        let recovered = listener.ear.give_up_waiting();
        listener.ear.wish = (listener.ear.words > 0).then_some(Wish { due: Some(due), ..wish });
        let id = listener.id;
        if recovered > 0 && !was_foreseen {
            self.drop_speculation_of(id);
        }
    }

    pub(super) fn on_told_to_clear(&mut self, speaker: SpeakerId) {
        let Some(at) = self.position_of(speaker) else {
            self.counters.ignored += 1;
            return;
        };
        let now = self.now;
        self.listeners[at].ear.clear(now);
        self.drop_speculation_of(speaker);
        self.emit(Output::ForgetWords { speaker });
    }

    pub(super) fn drop_speculation_of(&mut self, speaker: SpeakerId) {
        if self.speculation.0.as_ref().is_some_and(|(of, _)| *of == speaker) {
            self.drop_speculation(CancelReason::Outdated);
        }
    }
}
