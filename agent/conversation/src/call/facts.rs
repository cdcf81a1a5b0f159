//! What the parts of a call report, told to the turn machine as facts.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use agent_turn::{CloseReason, Input, PlayoutFact, ReplyFact, ReplyId, SpeakerId, Told};
use providers_core::{ChatMessage, ErrorKind, Usage};
use tracing::debug;

use super::Call;
use crate::{
    Body, BodyEnd, BodyEvent, CallEvent, Component, Role, SpeechEnd, UserEvent, live::Taken, making,
    making::Making,
};

/// How often the machine is told that a playout goes on. It waits many times longer before it counts as stalled.
const PROGRESS: Duration = Duration::from_secs(1);

impl<B: Body> Call<B> {
    pub(super) fn poll_body(&mut self, cx: &mut Context<'_>) -> bool {
        let event = match self.body.poll_event(cx) {
            Poll::Pending => return false,
            // The samples are only lent, so they are taken before anything else is done.
            Poll::Ready(BodyEvent::User(speaker, UserEvent::Heard(samples))) => {
                if let Some(listener) = self.people.get_mut(&speaker) {
                    listener.heard(samples);
                }
                if let Some(live) = self.live.as_mut().filter(|_| speaker == SpeakerId::LINKED) {
                    live.hear(samples);
                }
                return true;
            }
            Poll::Ready(BodyEvent::User(speaker, event)) => BodyEvent::User(speaker, event.kept()),
            Poll::Ready(BodyEvent::PlayoutStarted(reply)) => BodyEvent::PlayoutStarted(reply),
            Poll::Ready(BodyEvent::PlayoutProgressed(reply)) => BodyEvent::PlayoutProgressed(reply),
            Poll::Ready(BodyEvent::PlayoutFinished { reply, heard }) => {
                BodyEvent::PlayoutFinished { reply, heard }
            }
            Poll::Ready(BodyEvent::Closed(end)) => BodyEvent::Closed(end),
        };
        self.on_body(event);
        true
    }

    fn on_body(&mut self, event: BodyEvent<'static>) {
        match event {
            BodyEvent::User(speaker, event) => self.on_user(speaker, event),
            BodyEvent::PlayoutStarted(reply) => self.on_playout_started(reply),
            BodyEvent::PlayoutProgressed(reply) => self.on_playout_progressed(reply),
            BodyEvent::PlayoutFinished { reply, heard } => self.on_playout_finished(reply, heard),
            BodyEvent::Closed(BodyEnd::Ended) => self.close(CloseReason::RoomClosed),
            BodyEvent::Closed(BodyEnd::Lost) => self.close(CloseReason::Disconnected),
        }
    }

    fn on_playout_started(&mut self, reply: ReplyId) {
        if self.reply(reply).is_some_and(|making| !making.is_forgotten) {
            self.history.open(reply);
        }
        let now = self.now();
        let mut times = making::Times::default();
        if let Some(making) = self.replies.iter_mut().find(|making| making.id == reply) {
            making.captions.begin(now);
            times = making.times;
        }
        if let Some(playing) = self.playing.as_mut().filter(|playing| playing.reply == reply) {
            playing.began = Some(now);
        }
        let (llm_ttft, tts_ttfb) = (times.llm_ttft(), times.tts_ttfb());
        self.tally.tell(now, CallEvent::PlayoutStarted { reply, llm_ttft, tts_ttfb });
        self.tell(Input::Playout(reply, PlayoutFact::Started));
    }

    fn on_playout_progressed(&mut self, reply: ReplyId) {
        let (now, heard) = (self.now(), self.body.heard());
        let Some(making) = self.replies.iter_mut().find(|making| making.id == reply) else { return };
        let Some(playing) = self.playing.as_mut().filter(|playing| playing.reply == reply) else { return };
        let more = making.captions.advance(now, heard);
        if !more.is_empty() {
            self.body.show_agent_words(playing.segment, &self.active.agent.transcription_node(&more));
        }
        self.lately.hear(now, reply, making.captions.heard_spoken(now, heard));
        let is_time = now.since(playing.told) >= PROGRESS;
        self.judge_overlaps();
        let Some(playing) = self.playing.as_mut().filter(|playing| playing.reply == reply) else { return };
        if is_time {
            playing.told = now;
            self.tell(Input::Playout(reply, PlayoutFact::Progressed { heard }));
        }
    }

    fn on_playout_finished(&mut self, reply: ReplyId, heard: Duration) {
        let is_whole = self.reply(reply).is_some_and(|making| making.is_whole());
        self.end_playout(reply, heard, is_whole);
        self.tell(Input::Playout(reply, PlayoutFact::Finished { heard }));
    }

    /// Nothing more of the reply will be heard: what was heard enters the history, and the transcript ends there.
    pub(super) fn end_playout(&mut self, reply: ReplyId, heard: Duration, is_whole: bool) {
        let now = self.now();
        let Some(at) = self.replies.iter().position(|making| making.id == reply) else { return };
        let mut making = self.replies.swap_remove(at);
        let Some(playing) = self.playing.take_if(|playing| playing.reply == reply) else { return };
        let more = if is_whole { making.captions.rest() } else { making.captions.advance(now, heard) };
        if !more.is_empty() {
            self.body.show_agent_words(playing.segment, &self.active.agent.transcription_node(&more));
        }
        if playing.began.is_some() {
            self.lately.hear(now, reply, making.captions.heard_spoken(now, heard));
        }
        self.body.end_agent_words(playing.segment);
        let is_fed = making.is_fed();
        // A session that was opened while it was heard has not said it.
        let knows = is_fed && self.live.as_ref().is_some_and(|live| live.knows(reply));
        if let Some(live) = self.live.as_mut().filter(|_| is_fed && !is_whole) {
            let audio = (!making.has_voice()).then_some(heard);
            let n_all = making.captions.all().len();
            let text = making.captions.heard(now, heard);
            live.cut(reply, Taken { audio, text, is_all_text: text.len() == n_all });
        }
        let text = if is_whole { making.captions.all() } else { making.captions.heard(now, heard) }.trim();
        self.tally.tell(now, CallEvent::PlayoutFinished { reply, heard, interrupted: !is_whole });
        if !text.is_empty() && !making.is_forgotten {
            // Where it was stopped before its beginning was told it has no place yet.
            self.history.open(reply);
            self.history.heard(reply, text);
            self.tally.tell(now, CallEvent::Message { role: Role::Assistant, text, interrupted: !is_whole });
            if !knows {
                let (text, calls) = (text.to_owned(), Vec::new());
                self.inform(ChatMessage::Assistant { text, calls });
            }
        }
        if !is_whole {
            self.end_speech(reply, SpeechEnd::Interrupted);
        } else if !making.has_called {
            self.end_speech(reply, SpeechEnd::Played);
        }
    }

    pub(super) fn poll_replies(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.now();
        for n in 0..self.replies.len() {
            let making = &mut self.replies[n];
            let id = making.id;
            let plays = self.playing.as_ref().is_some_and(|playing| playing.reply == id);
            let waiting = making.rate().duration_of(making.audio.len() as u64);
            let ahead = if plays { self.body.queued() } else { waiting };
            let has_room = ahead < self.config.playout_ahead;
            if let Poll::Ready(news) = making.poll(cx, now, has_room) {
                self.on_news(id, news);
                return true;
            }
        }
        false
    }

    pub(super) fn on_news(&mut self, id: ReplyId, news: making::News) {
        match news {
            making::News::More => {}
            making::News::Thought => {
                self.tally.works(Component::Llm);
                self.tell_calls(id);
            }
            making::News::Audio { first } => {
                self.hand_over(id);
                if first {
                    self.tell_made(id, ReplyFact::Ready);
                }
            }
            making::News::Finished { audible } => {
                if audible && self.reply(id).is_some_and(|making| making.has_voice()) {
                    self.tally.works(Component::Tts);
                }
                if self.playing.as_ref().is_some_and(|playing| playing.reply == id) {
                    self.body.finish();
                }
                self.tell_made(id, ReplyFact::Finished { audible });
                self.end_if_silent(id);
            }
            making::News::Failed { component, kind, message, is_final } => {
                // The turn asks again, so that it counts once however often it was answered in advance.
                if self.reply(id).is_some_and(|making| making.is_speculative()) {
                    self.tell_failure(component, kind, &message, is_final);
                    self.tally.failed_in_advance(component);
                } else {
                    self.on_failure(component, kind, &message, is_final);
                }
                if is_final {
                    self.give_up(id);
                }
            }
            making::News::GivenUp => self.give_up(id),
            making::News::Used { component, usage } => self.tell_used(component, usage),
        }
    }

    /// Nothing comes of a reply.
    fn give_up(&mut self, id: ReplyId) {
        if let Some(at) = self.replies.iter().position(|making| making.id == id) {
            let failed = self.replies.swap_remove(at);
            self.count_waste(&failed);
        }
        self.end_speech(id, SpeechEnd::Failed);
        self.tell(Input::Reply(id, ReplyFact::Failed));
    }

    /// Tells how far a reply is made; of one that is speculative it is told when it is confirmed.
    fn tell_made(&mut self, id: ReplyId, fact: ReplyFact) {
        if self.reply(id).is_some_and(|making| !making.is_speculative()) {
            self.tell(Input::Reply(id, fact));
        }
    }

    /// Tells what a reply calls, once that is known.
    pub(super) fn tell_calls(&mut self, id: ReplyId) {
        if let Some(called) = self.reply(id).and_then(|making| making.calls_known()) {
            self.tell_made(id, called);
        }
    }

    /// A reply of which there is nothing to hear is over once what it calls runs.
    pub(super) fn end_if_silent(&mut self, id: ReplyId) {
        let is_over = |making: &Making| making.id == id && making.is_over_unheard();
        let Some(at) = self.replies.iter().position(is_over) else { return };
        if !self.replies.swap_remove(at).has_called {
            self.end_speech(id, SpeechEnd::Played);
        }
    }

    /// A provider of the agent that has the call told what was used. It may have been another agent's: what that one had
    /// asked to be said is said even after it has left.
    pub(super) fn tell_used(&mut self, component: Component, usage: Usage) {
        let (now, by) = (self.now(), self.active.clone());
        let provider = match component {
            Component::Stt => Some(by.stt.info()),
            Component::Llm => Some(by.llm.info()),
            Component::Tts => Some(by.voicing.tts.info()),
            Component::Judge => self.judges.pauses.as_ref().map(|judge| judge.info()),
            Component::Realtime => by.live.as_ref().map(|live| live.model.info()),
        };
        self.tally.tell(now, CallEvent::Used { component, provider, usage });
    }

    /// Gives the body the samples of the reply that it plays.
    pub(super) fn hand_over(&mut self, id: ReplyId) {
        if self.playing.as_ref().is_none_or(|playing| playing.reply != id) {
            return;
        }
        if let Some(making) = self.replies.iter_mut().find(|making| making.id == id) {
            self.body.play(&making.audio);
            making.audio.clear();
        }
    }

    pub(super) fn on_failure(
        &mut self,
        component: Component,
        kind: ErrorKind,
        message: &str,
        is_final: bool,
    ) {
        self.tell_failure(component, kind, message, is_final);
        if self.tally.failed(component) > self.config.errors.max_consecutive {
            self.tell(Input::Told(Told::Close { reason: CloseReason::Error }));
        }
    }

    fn tell_failure(&mut self, component: Component, kind: ErrorKind, message: &str, is_final: bool) {
        debug!(?component, kind = kind.name(), message, is_final, "provider failed");
        self.tally.tell(self.now(), CallEvent::Failed { component, kind, is_final });
    }
}
