//! A body without sound: a script of what the user does, and a sink that plays in real time.

use std::{
    cell::RefCell,
    collections::VecDeque,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use agent_conversation::{
    AgentState, Body, BodyEvent, CloseReason, Person, ReplyId, Segment, SpeakerId, UserEvent,
};
use providers_core::{SampleRate, VoiceEdge};
use tokio::time::{Instant, Sleep, sleep_until};

/// How long after the last sample the sink reports the end.
const FINISH: Duration = Duration::from_millis(10);
/// How often it reports progress.
const PROGRESS: Duration = Duration::from_millis(100);

/// What others in the room see.
pub(crate) type Shown = Rc<RefCell<Vec<String>>>;

/// Something the user does.
#[derive(Clone, Debug)]
pub(crate) enum Cue {
    Joined,
    Voice(VoiceEdge),
    Lapsed(Duration),
    Typed(&'static str),
    Left,
    /// Somebody else does something.
    Other(SpeakerId, UserEvent<'static>),
}

/// A body without sound.
pub(crate) struct Scripted {
    began: Instant,
    cues: VecDeque<(Duration, Cue)>,
    alarm: Pin<Box<Sleep>>,
    sink: Option<Sink>,
    pausable: bool,
    shown: Shown,
    waker: Option<Waker>,
}

/// One reply in the sink.
struct Sink {
    reply: ReplyId,
    rate: SampleRate,
    samples: u64,
    is_finished: bool,
    is_told: bool,
    is_paused: bool,
    /// What was heard until `since`.
    played: Duration,
    since: Instant,
    progress: Duration,
}

impl Sink {
    fn given(&self) -> Duration {
        self.rate.duration_of(self.samples)
    }

    fn heard(&self) -> Duration {
        let more = if self.is_paused { Duration::ZERO } else { self.since.elapsed() };
        (self.played + more).min(self.given())
    }

    /// Counts what was heard up to now.
    fn count(&mut self) {
        self.played = self.heard();
        self.since = Instant::now();
    }
}

impl Scripted {
    pub(crate) fn new(mut cues: Vec<(Duration, Cue)>, pausable: bool, shown: Shown) -> Self {
        cues.sort_by_key(|(at, _)| *at);
        let began = Instant::now();
        let alarm = Box::pin(sleep_until(began));
        Self { began, cues: cues.into(), alarm, sink: None, pausable, shown, waker: None }
    }

    fn show(&self, line: String) {
        self.shown.borrow_mut().push(line);
    }

    fn next_due(&self) -> Option<Instant> {
        let cue = self.cues.front().map(|(at, _)| self.began + *at);
        cue.into_iter().chain(self.sink.as_ref().and_then(sink_due)).min()
    }

    fn sink_event(&mut self) -> Option<BodyEvent<'static>> {
        let sink = self.sink.as_mut()?;
        if sink.samples > 0 && !sink.is_told && !sink.is_paused {
            sink.is_told = true;
            sink.since = Instant::now();
            return Some(BodyEvent::PlayoutStarted(sink.reply));
        }
        let heard = sink.heard();
        if sink.is_finished && !sink.is_paused && heard == sink.given() && sink_due(sink)? <= Instant::now() {
            let reply = sink.reply;
            self.sink = None;
            return Some(BodyEvent::PlayoutFinished { reply, heard });
        }
        if heard >= sink.progress + PROGRESS {
            sink.progress = heard;
            return Some(BodyEvent::PlayoutProgressed(sink.reply));
        }
        None
    }
}

const fn alone(event: UserEvent<'static>) -> BodyEvent<'static> {
    BodyEvent::User(SpeakerId::LINKED, event)
}

fn sink_due(sink: &Sink) -> Option<Instant> {
    if sink.is_paused || !sink.is_told {
        return None;
    }
    let at = |position: Duration| sink.since + position.saturating_sub(sink.played);
    let progress = sink.progress + PROGRESS;
    if progress < sink.given() {
        Some(at(progress))
    } else {
        sink.is_finished.then(|| at(sink.given()) + FINISH)
    }
}

impl Body for Scripted {
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<BodyEvent<'_>> {
        if let Some(event) = self.sink_event() {
            return Poll::Ready(event);
        }
        let now = self.began.elapsed();
        if let Some((_, cue)) = self.cues.pop_front_if(|(at, _)| *at <= now) {
            return Poll::Ready(match cue {
                Cue::Joined => alone(UserEvent::Joined(Person::alone())),
                Cue::Voice(edge) => alone(UserEvent::Voice(edge)),
                Cue::Lapsed(silence) => alone(UserEvent::VoiceLapsed { silence }),
                Cue::Typed(text) => alone(UserEvent::Typed(text.to_owned())),
                Cue::Left => alone(UserEvent::Left),
                Cue::Other(speaker, event) => BodyEvent::User(speaker, event),
            });
        }
        self.waker = Some(cx.waker().clone());
        if let Some(due) = self.next_due() {
            self.alarm.as_mut().reset(due);
            if self.alarm.as_mut().poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
        }
        Poll::Pending
    }

    fn begin(&mut self, reply: ReplyId, rate: SampleRate) {
        assert!(self.sink.is_none(), "{reply} was begun while another plays");
        self.sink = Some(Sink {
            reply,
            rate,
            samples: 0,
            is_finished: false,
            is_told: false,
            is_paused: false,
            played: Duration::ZERO,
            since: Instant::now(),
            progress: Duration::ZERO,
        });
    }

    fn play(&mut self, samples: &[i16]) {
        if let Some(sink) = &mut self.sink {
            if sink.is_told {
                sink.count();
            }
            sink.samples += samples.len() as u64;
        }
    }

    fn finish(&mut self) {
        if let Some(sink) = &mut self.sink {
            sink.is_finished = true;
        }
    }

    fn queued(&self) -> Duration {
        self.sink.as_ref().map_or(Duration::ZERO, |sink| sink.given() - sink.heard())
    }

    fn pause(&mut self) {
        if let Some(sink) = &mut self.sink {
            sink.count();
            sink.is_paused = true;
        }
    }

    fn resume(&mut self) {
        if let Some(sink) = &mut self.sink {
            sink.count();
            sink.is_paused = false;
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

    fn show_user_words(&mut self, _speaker: SpeakerId, segment: Segment, text: &str, is_final: bool) {
        self.show(format!("user {} {}{text}", segment.0, if is_final { "final " } else { "" }));
    }

    fn show_agent_words(&mut self, segment: Segment, more: &str) {
        self.show(format!("agent {} +{more}", segment.0));
    }

    fn end_agent_words(&mut self, segment: Segment) {
        self.show(format!("agent {} end", segment.0));
    }

    fn poll_close(&mut self, _cx: &mut Context<'_>, _reason: CloseReason) -> Poll<()> {
        Poll::Ready(())
    }
}
