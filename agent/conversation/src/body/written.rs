//! A body whose agent is read, not heard: what it says is there as soon as it is made.

use std::{
    collections::VecDeque,
    task::{Context, Poll},
    time::Duration,
};

use agent_turn::{AgentState, CloseReason, ReplyId, SpeakerId};
use providers_core::SampleRate;

use crate::{Body, BodyEvent, Recording, Segment, SoundSlot};

/// Another body that is silent: transcripts, states and what people do are as there, and nothing is played.
pub struct Written<B> {
    body: B,
    page: Page,
}

impl<B: Body> Written<B> {
    /// The same body, whose agent writes.
    pub fn new(body: B) -> Self {
        Self { body, page: Page::default() }
    }
}

/// The reply that is being written.
#[derive(Default)]
struct Page {
    reply: Option<ReplyId>,
    has_begun: bool,
    events: VecDeque<BodyEvent<'static>>,
}

impl Page {
    fn begin(&mut self, reply: ReplyId) {
        (self.reply, self.has_begun) = (Some(reply), false);
    }

    fn write(&mut self) {
        let Some(reply) = self.reply else { return };
        if !self.has_begun {
            self.has_begun = true;
            self.events.push_back(BodyEvent::PlayoutStarted(reply));
        }
        self.events.push_back(BodyEvent::PlayoutProgressed(reply));
    }

    fn finish(&mut self) {
        if let Some(reply) = self.reply.take() {
            self.events.push_back(BodyEvent::PlayoutFinished { reply, heard: Duration::ZERO });
        }
    }

    /// What was to be told of the reply is not told any more.
    fn stop(&mut self) {
        self.reply = None;
        self.events.clear();
    }
}

impl<B: Body> Body for Written<B> {
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<BodyEvent<'_>> {
        match self.page.events.pop_front() {
            Some(event) => Poll::Ready(event),
            None => self.body.poll_event(cx),
        }
    }

    fn speaks(&self) -> bool {
        false
    }

    fn hears(&self) -> bool {
        self.body.hears()
    }

    fn begin(&mut self, reply: ReplyId, _rate: SampleRate) {
        self.page.begin(reply);
    }

    fn play(&mut self, samples: &[i16]) {
        if !samples.is_empty() {
            self.page.write();
        }
    }

    fn finish(&mut self) {
        self.page.finish();
    }

    fn queued(&self) -> Duration {
        Duration::ZERO
    }

    fn pause(&mut self) {}

    fn resume(&mut self) {}

    fn stop(&mut self) -> Duration {
        self.page.stop();
        Duration::ZERO
    }

    fn heard(&self) -> Duration {
        Duration::ZERO
    }

    fn can_pause(&self) -> bool {
        false
    }

    fn set_sound(&mut self, _slot: SoundSlot, _sound: Option<&Recording>) {}

    fn flush_voice(&mut self, speaker: SpeakerId) {
        self.body.flush_voice(speaker);
    }

    fn show_agent(&mut self, state: AgentState) {
        self.body.show_agent(state);
    }

    fn show_user_words(&mut self, speaker: SpeakerId, segment: Segment, text: &str, is_final: bool) {
        self.body.show_user_words(speaker, segment, text, is_final);
    }

    fn show_agent_words(&mut self, segment: Segment, more: &str) {
        self.body.show_agent_words(segment, more);
    }

    fn end_agent_words(&mut self, segment: Segment) {
        self.body.end_agent_words(segment);
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, reason: CloseReason) -> Poll<()> {
        self.body.poll_close(cx, reason)
    }
}
