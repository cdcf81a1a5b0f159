//! A body without sound: a script of what people do, and a sink that plays in real time.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use agent_conversation::{
    AgentState, Body, BodyEvent, CloseReason, Person, ReplyId, Segment, SpeakerId, UserEvent,
};
use providers_core::{SampleRate, VoiceEdge};
use tokio::time::{Instant, Sleep, sleep_until};

use sink::Sink;

mod sink;

/// How much sound comes at once, for ears that must have some.
pub const FRAME: Duration = Duration::from_millis(20);
static QUIET: [i16; 320] = [0; 320];

/// Something that somebody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// When, since the beginning.
    pub at: Duration,
    /// Who.
    pub who: SpeakerId,
    /// What.
    pub what: Deed,
}

/// What somebody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Is there.
    Joined(Person),
    /// Begins to speak, or has ended.
    Voice(VoiceEdge),
    /// Is silent so long already, too short yet to count as an end.
    Lapsed(Duration),
    /// Is heard for [`FRAME`].
    Heard,
    /// Writes.
    Typed(String),
    /// Goes.
    Left,
}

impl Cue {
    /// Something that the user does for whom the call is.
    #[must_use]
    pub const fn user(at: Duration, what: Deed) -> Self {
        Self { at, who: SpeakerId::LINKED, what }
    }
}

/// Is told what others in the room see.
pub trait Audience {
    /// The words of somebody in a segment, which may change unless they are final.
    fn user(&mut self, _who: SpeakerId, _segment: Segment, _text: &str, _is_final: bool) {}

    /// More words of the agent in a segment; `None` when there are no more.
    fn agent(&mut self, _segment: Segment, _more: Option<&str>) {}
}

/// Nobody looks.
impl Audience for () {}

/// A body without sound.
pub struct ScriptedBody<A = ()> {
    began: Instant,
    cues: VecDeque<Cue>,
    alarm: Pin<Box<Sleep>>,
    sink: Option<Sink>,
    pausable: bool,
    audience: A,
}

impl<A: Audience> ScriptedBody<A> {
    /// A body to which this happens, at times from now on. Of cues at the same time the first goes first.
    #[must_use]
    pub fn new(mut cues: Vec<Cue>, pausable: bool, audience: A) -> Self {
        cues.sort_by_key(|cue| cue.at);
        let began = Instant::now();
        let alarm = Box::pin(sleep_until(began));
        Self { began, cues: cues.into(), alarm, sink: None, pausable, audience }
    }

    fn next_due(&self) -> Option<Instant> {
        let cue = self.cues.front().map(|cue| self.began + cue.at);
        cue.into_iter().chain(self.sink.as_ref().and_then(Sink::due)).min()
    }

    fn sink_event(&mut self) -> Option<BodyEvent<'static>> {
        let event = self.sink.as_mut()?.event()?;
        if let BodyEvent::PlayoutFinished { .. } = event {
            self.sink = None;
        }
        Some(event)
    }
}

impl<A: Audience> Body for ScriptedBody<A> {
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<BodyEvent<'_>> {
        loop {
            if let Some(event) = self.sink_event() {
                return Poll::Ready(event);
            }
            let now = self.began.elapsed();
            if let Some(Cue { who, what, .. }) = self.cues.pop_front_if(|cue| cue.at <= now) {
                return Poll::Ready(BodyEvent::User(
                    who,
                    match what {
                        Deed::Joined(person) => UserEvent::Joined(person),
                        Deed::Voice(edge) => UserEvent::Voice(edge),
                        Deed::Lapsed(silence) => UserEvent::VoiceLapsed { silence },
                        Deed::Heard => UserEvent::Heard(&QUIET),
                        Deed::Typed(text) => UserEvent::Typed(text),
                        Deed::Left => UserEvent::Left,
                    },
                ));
            }
            let Some(due) = self.next_due() else { return Poll::Pending };
            if self.alarm.deadline() != due {
                self.alarm.as_mut().reset(due);
            }
            std::task::ready!(self.alarm.as_mut().poll(cx));
        }
    }

    fn begin(&mut self, reply: ReplyId, rate: SampleRate) {
        assert!(self.sink.is_none(), "{reply} was begun while another plays");
        self.sink = Some(Sink::new(reply, rate));
    }

    fn play(&mut self, samples: &[i16]) {
        if let Some(sink) = &mut self.sink {
            sink.play(samples.len() as u64);
        }
    }

    fn finish(&mut self) {
        if let Some(sink) = &mut self.sink {
            sink.finish();
        }
    }

    fn queued(&self) -> Duration {
        self.sink.as_ref().map_or(Duration::ZERO, Sink::queued)
    }

    fn pause(&mut self) {
        if let Some(sink) = &mut self.sink {
            sink.pause(true);
        }
    }

    fn resume(&mut self) {
        if let Some(sink) = &mut self.sink {
            sink.pause(false);
        }
    }

    fn stop(&mut self) -> Duration {
        self.sink.take().map_or(Duration::ZERO, |sink| sink.heard())
    }

    fn heard(&self) -> Duration {
        self.sink.as_ref().map_or(Duration::ZERO, Sink::heard)
    }

    fn can_pause(&self) -> bool {
        self.pausable
    }

    fn flush_voice(&mut self, _speaker: SpeakerId) {}

    fn show_agent(&mut self, _state: AgentState) {}

    fn show_user_words(&mut self, who: SpeakerId, segment: Segment, text: &str, is_final: bool) {
        self.audience.user(who, segment, text, is_final);
    }

    fn show_agent_words(&mut self, segment: Segment, more: &str) {
        self.audience.agent(segment, Some(more));
    }

    fn end_agent_words(&mut self, segment: Segment) {
        self.audience.agent(segment, None);
    }

    fn poll_close(&mut self, _cx: &mut Context<'_>, _reason: CloseReason) -> Poll<()> {
        Poll::Ready(())
    }
}
