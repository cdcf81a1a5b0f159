//! The people who are heard: what they do, told to the turn machine, and the words of each.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use agent_audio::Recent;
use agent_turn::{Input, Moment, SpeakerId, Standing, UserFact, Verdict};
use providers_core::VoiceEdge;

use super::{Call, judging::Judging};
use crate::{
    Body, CallEvent, Component, LiveTurns, Person, Segment, UserEvent,
    hearing::{self, Hearing, Sureness},
};

/// Somebody who is heard.
pub(super) struct Listener {
    pub(super) hearing: Hearing,
    pub(super) name: Option<String>,
    /// Whether what they say is answered.
    pub(super) is_answered: bool,
    /// What they wrote, until the turn is committed.
    pub(super) typed: Option<String>,
    /// Since when their voice is heard.
    pub(super) speaks_since: Option<Moment>,
    /// Since when it is silent, too short yet to count as an end.
    pub(super) lapsed_at: Option<Moment>,
    /// When their last utterance began.
    pub(super) spoke_from: Option<Moment>,
    /// What they have said since then, as far as is known.
    pub(super) said: String,
    /// What was heard last, if anybody judges it.
    pub(super) recent: Option<Recent>,
    /// Where in it the open turn begins, the lead before its first voice included.
    pub(super) turn_from: Option<u64>,
    /// Their pause that is being judged.
    pub(super) judging: Option<Judging>,
    /// What was told of their speech over the agent's.
    pub(super) verdict: Verdict,
}

impl Listener {
    pub(super) const fn new(hearing: Hearing, recent: Option<Recent>) -> Self {
        Self {
            hearing,
            name: None,
            is_answered: true,
            typed: None,
            speaks_since: None,
            lapsed_at: None,
            spoke_from: None,
            said: String::new(),
            recent,
            turn_from: None,
            judging: None,
            verdict: Verdict::Undecided,
        }
    }

    /// How long they have been speaking, without the silence since.
    pub(super) fn speech(&self, now: Moment) -> Duration {
        let until = self.lapsed_at.unwrap_or(now);
        self.speaks_since.map_or(Duration::ZERO, |since| until.since(since))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<hearing::News> {
        self.hearing.poll(cx, self.recent.as_ref())
    }

    pub(super) fn heard(&mut self, samples: &[i16]) {
        self.hearing.push(samples);
        if let Some(recent) = &mut self.recent {
            recent.push(samples);
        }
    }
}

impl<B: Body> Call<B> {
    pub(super) fn on_user(&mut self, speaker: SpeakerId, event: UserEvent<'static>) {
        if let UserEvent::Joined(person) = event {
            return self.on_joined(speaker, person);
        }
        if !self.people.contains_key(&speaker) {
            return;
        }
        let now = self.now();
        match event {
            // Both were handled before.
            UserEvent::Joined(_) | UserEvent::Heard(_) => {}
            UserEvent::Voice(edge) => self.on_voice(speaker, edge),
            UserEvent::VoiceLapsed { silence } => self.on_lapse(speaker, Some(now.before(silence))),
            UserEvent::VoiceRevived => self.on_lapse(speaker, None),
            UserEvent::Typed(text) => self.on_typed(speaker, text),
            UserEvent::Left => self.on_left(speaker),
        }
    }

    pub(super) fn user(&mut self, speaker: SpeakerId, fact: UserFact) {
        self.tell(Input::User(speaker, fact));
    }

    fn on_joined(&mut self, speaker: SpeakerId, person: Person) {
        let Person { name, standing } = person;
        let n_most = usize::try_from(self.config.turn.max_speakers).unwrap_or(usize::MAX);
        if !self.people.contains_key(&speaker) {
            if self.people.len() >= n_most {
                tracing::debug!(%speaker, "too many are heard already");
                return;
            }
            let listener = self.listener();
            self.people.insert(speaker, listener);
            self.user(speaker, UserFact::Joined { standing });
        }
        let Some(listener) = self.people.get_mut(&speaker) else { return };
        if self.body.hears() {
            listener.hearing.open();
        }
        listener.name = name;
        listener.is_answered = standing == Standing::Answered;
        self.names_speakers |= self.people.len() > 1;
        if let Some(live) = self.live_of(speaker) {
            live.begin();
        }
        if speaker == SpeakerId::LINKED {
            self.enter_first();
        }
    }

    /// Ears for one more.
    fn listener(&self) -> Listener {
        let (stt, options) = (self.active.stt.clone(), self.active.hearing.clone());
        let hearing = Hearing::new(stt, options, self.config.errors.recogniser_backoff);
        Listener::new(hearing, self.recent())
    }

    fn on_left(&mut self, speaker: SpeakerId) {
        if speaker == SpeakerId::LINKED {
            return self.tell_dismissal(Input::User(speaker, UserFact::Left));
        }
        self.user(speaker, UserFact::Left);
        self.people.remove(&speaker);
    }

    fn on_voice(&mut self, speaker: SpeakerId, edge: VoiceEdge) {
        let now = self.now();
        let live = self.live_turns(speaker);
        // A model that finds the turns itself says when somebody speaks.
        if live == Some(LiveTurns::Model) {
            return;
        }
        if let (VoiceEdge::Started { lead }, Some(live)) = (edge, self.live_of(speaker)) {
            live.begin_turn(lead);
        }
        let Some(listener) = self.people.get_mut(&speaker) else { return };
        listener.hearing.voice(edge);
        let since = listener.speaks_since;
        let fact = match edge {
            VoiceEdge::Started { lead } => {
                listener.begin_turn(lead);
                listener.speaks_since = Some(now.before(lead));
                listener.spoke_from = listener.speaks_since;
                listener.lapsed_at = None;
                listener.verdict = Verdict::Undecided;
                listener.said.clear();
                UserFact::SpeechStarted { at: now.before(lead) }
            }
            VoiceEdge::Stopped { silence } => {
                listener.speaks_since = None;
                UserFact::SpeechStopped { at: now.before(silence) }
            }
        };
        let lasted = match (edge, since, live) {
            (VoiceEdge::Stopped { silence }, Some(since), Some(LiveTurns::Voice)) => {
                Some(now.before(silence).since(since))
            }
            (VoiceEdge::Started { .. } | VoiceEdge::Stopped { .. }, _, _) => None,
        };
        match lasted {
            // An answer of which nothing was heard would begin with the end of speech that said nothing.
            Some(lasted) if self.is_answer_unheard() => {
                self.on_wordless_voice(lasted);
                self.user(speaker, fact);
            }
            Some(lasted) => {
                self.user(speaker, fact);
                self.on_wordless_voice(lasted);
            }
            None => self.user(speaker, fact),
        }
    }

    fn on_lapse(&mut self, speaker: SpeakerId, at: Option<Moment>) {
        if self.live_turns(speaker) == Some(LiveTurns::Model) {
            return;
        }
        if let Some(listener) = self.people.get_mut(&speaker) {
            listener.lapsed_at = at;
        }
        self.user(speaker, at.map_or(UserFact::SpeechRevived, |at| UserFact::SpeechLapsed { at }));
    }

    pub(super) fn on_typed(&mut self, speaker: SpeakerId, text: String) {
        if text.trim().is_empty() {
            return;
        }
        if let Some(listener) = self.people.get_mut(&speaker) {
            listener.typed = Some(text);
            self.user(speaker, UserFact::Typed);
        }
    }

    pub(super) fn poll_hearing(&mut self, cx: &mut Context<'_>) -> bool {
        let next = self.people.iter_mut().find_map(|(speaker, listener)| match listener.poll(cx) {
            Poll::Ready(news) => Some((*speaker, news)),
            Poll::Pending => None,
        });
        let Some((speaker, news)) = next else { return false };
        match news {
            hearing::News::Words { text, words, sureness, foreseen } => {
                self.on_words(speaker, &text, words, sureness, foreseen);
            }
            hearing::News::SpeechStarted => {
                self.tally.works(Component::Stt);
                self.user(speaker, UserFact::RecogniserStarted);
            }
            hearing::News::SpeechEnded => {
                self.tally.works(Component::Stt);
                self.user(speaker, UserFact::RecogniserStopped);
            }
            hearing::News::Lost => {
                self.user(speaker, UserFact::FinalHeard { words: 0, foreseen: false });
                self.apologise_to(speaker);
            }
            hearing::News::Used(usage) => self.tell_used(Component::Stt, usage),
            hearing::News::Failed { kind, message, is_final } => {
                self.on_failure(Component::Stt, kind, &message, is_final);
            }
        }
        true
    }

    fn on_words(&mut self, speaker: SpeakerId, text: &str, words: u32, sureness: Sureness, foreseen: bool) {
        // Where nothing was understood it may have failed.
        if words > 0 {
            self.tally.works(Component::Stt);
        }
        let is_final = sureness == Sureness::Final;
        if words > 0 && self.machine.listens_to(speaker) {
            self.show_words(speaker, text, is_final);
            self.judge_overlap(speaker);
        }
        self.user(
            speaker,
            match sureness {
                Sureness::Interim => UserFact::InterimHeard { words, foreseen },
                Sureness::Preflight => UserFact::PreflightHeard { words },
                Sureness::Final => UserFact::FinalHeard { words, foreseen },
            },
        );
        if is_final && words > 0 {
            self.hear_patience(speaker, text);
        }
    }

    fn show_words(&mut self, speaker: SpeakerId, text: &str, is_final: bool) {
        let now = self.now();
        let Some(listener) = self.people.get_mut(&speaker) else { return };
        text.clone_into(&mut listener.said);
        let n_segments = &mut self.n_segments;
        let segment = listener.hearing.segment(is_final, || {
            *n_segments += 1;
            Segment(*n_segments)
        });
        self.body.show_user_words(speaker, segment, text.trim(), is_final);
        self.tally.tell(now, CallEvent::Transcript { speaker, text, is_final });
    }
}
