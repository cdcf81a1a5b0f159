//! A body on files or a sound card: frames in, frames out, every 20 ms of tokio's clock. No room, no codec.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use agent_audio::{
    HEARD_FRAME, Playout, PlayoutConfig, PlayoutEvent, PlayoutId, SPOKEN_FRAME, vad::Detector,
};
use providers_core::{SampleRate, VoiceEdge};
use tokio::time::{Instant, Sleep, sleep_until};
use tracing::warn;

use super::{edges::Edges, reply_of};
use crate::{
    AgentState, Body, BodyEvent, CloseReason, Person, Recording, ReplyId, Segment, SoundSlot, SpeakerId,
    UserEvent, sounds::Slots,
};

/// The beat of a body that is not in a room.
const FRAME: Duration = Duration::from_millis(20);

/// How long a user who has been answered, and has no more to say, stays to hear whether more comes.
const AFTER_ANSWER: Duration = Duration::from_secs(1);

/// A microphone and a speaker, or files in their place.
pub trait Device {
    /// Takes the next 20 ms of what the user says, 16 kHz mono. False when there is no more; then silence is heard.
    fn read(&mut self, frame: &mut [i16; HEARD_FRAME]) -> bool;

    /// Gives the next 20 ms of what the agent says, 24 kHz mono; silence too.
    fn write(&mut self, frame: &[i16; SPOKEN_FRAME]);

    /// Shows a line of the transcript.
    fn show(&mut self, who: Speaker, text: &str);
}

/// Whose words a line of the transcript has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The user.
    User,
    /// The agent.
    Agent,
}

/// A body on a [`Device`]. When the device has no more to be heard and nobody has spoken for `patience`, or for a second
/// once all was answered, the user has left.
pub struct SoundBody<D> {
    device: D,
    edges: Edges,
    playout: Playout,
    sounds: Slots,
    patience: Duration,
    next: Instant,
    alarm: Pin<Box<Sleep>>,
    events: VecDeque<BodyEvent<'static>>,
    frame: [i16; HEARD_FRAME],
    /// Since when there is nothing to be heard and the agent is silent.
    quiet_since: Option<Instant>,
    is_over: bool,
    is_user_speaking: bool,
    /// A reply began after the user's last word: none is to be waited for.
    is_answered: bool,
    agent: AgentState,
    /// Frames until progress is reported.
    until_progress: u32,
    line: String,
}

/// How many frames lie between two reports of progress.
pub(super) const PROGRESS_FRAMES: u32 = 10;

impl<D: Device> SoundBody<D> {
    /// A body on this device, whose user is there.
    #[must_use]
    pub fn new(device: D, detector: Detector, playout: PlayoutConfig, patience: Duration) -> Self {
        let now = Instant::now();
        Self {
            device,
            edges: Edges::new(SpeakerId::LINKED, detector),
            playout: Playout::new(playout),
            sounds: Slots::default(),
            patience,
            next: now,
            alarm: Box::pin(sleep_until(now)),
            events: VecDeque::from([BodyEvent::User(SpeakerId::LINKED, UserEvent::Joined(Person::alone()))]),
            frame: [0; HEARD_FRAME],
            quiet_since: None,
            is_over: false,
            is_user_speaking: false,
            is_answered: false,
            agent: AgentState::Listening,
            until_progress: PROGRESS_FRAMES,
            line: String::new(),
        }
    }

    /// The next 20 ms, both ways.
    fn beat(&mut self) {
        let (at, n_known) = (self.next, self.events.len());
        self.next += FRAME;
        if !self.device.read(&mut self.frame) {
            self.frame.fill(0);
            self.wait_for_quiet(at);
        }
        self.edges.handle_audio(&self.frame, &mut self.events);
        let frame = self.playout.frame(at.into_std());
        self.device.write(frame);
        self.until_progress -= 1;
        if self.until_progress == 0 {
            self.until_progress = PROGRESS_FRAMES;
            if let Some(heard) = self.playout.heard() {
                self.events.push_back(BodyEvent::PlayoutProgressed(reply_of(heard.id)));
            }
        }
        drain_playout(&mut self.playout, &mut self.events);
        self.note_who_spoke(n_known);
    }

    fn note_who_spoke(&mut self, n_known: usize) {
        for event in self.events.iter().skip(n_known) {
            if let BodyEvent::User(_, UserEvent::Voice(edge)) = event {
                self.is_user_speaking = matches!(edge, VoiceEdge::Started { .. });
                self.is_answered &= !self.is_user_speaking;
            } else if let BodyEvent::PlayoutStarted(_) = event {
                self.is_answered = !self.is_user_speaking;
            }
        }
    }

    fn wait_for_quiet(&mut self, now: Instant) {
        if self.agent != AgentState::Listening || self.playout.heard().is_some() {
            self.quiet_since = None;
            return;
        }
        let patience = if self.is_answered { self.patience.min(AFTER_ANSWER) } else { self.patience };
        if now.duration_since(*self.quiet_since.get_or_insert(now)) >= patience && !self.is_over {
            self.is_over = true;
            self.events.push_back(BodyEvent::User(SpeakerId::LINKED, UserEvent::Left));
        }
    }
}

/// What became of replies, as events.
pub(super) fn drain_playout(playout: &mut Playout, events: &mut VecDeque<BodyEvent<'static>>) {
    while let Some(event) = playout.poll_event() {
        events.push_back(match event {
            PlayoutEvent::Started { id, .. } => BodyEvent::PlayoutStarted(reply_of(id)),
            PlayoutEvent::Finished { heard, .. } => BodyEvent::PlayoutFinished {
                reply: reply_of(heard.id),
                heard: SampleRate::VOICE.duration_of(heard.samples),
            },
        });
    }
}

/// The playout's part of a body: the same for every body that has one.
macro_rules! playout_of_body {
    ($($playout:ident).+) => {
        fn begin(&mut self, reply: ReplyId, rate: SampleRate) {
            if let Err(error) = self.$($playout).+.begin(PlayoutId(u64::from(reply.0)), rate) {
                warn!(%reply, %error, "reply cannot be played");
                let heard = Duration::ZERO;
                self.events.push_back(BodyEvent::PlayoutFinished { reply, heard });
            }
        }

        fn play(&mut self, samples: &[i16]) {
            if let Err(error) = self.$($playout).+.push(samples) {
                tracing::debug!(%error, "samples are dropped");
            }
        }

        fn finish(&mut self) {
            if let Err(error) = self.$($playout).+.finish() {
                tracing::debug!(%error, "nothing to finish");
            }
        }

        fn queued(&self) -> Duration {
            self.$($playout).+.queued()
        }

        fn pause(&mut self) {
            self.$($playout).+.pause();
        }

        fn resume(&mut self) {
            self.$($playout).+.resume();
        }

        fn stop(&mut self) -> Duration {
            let heard = self.$($playout).+.stop();
            heard.map_or(Duration::ZERO, |heard| SampleRate::VOICE.duration_of(heard.samples))
        }

        fn heard(&self) -> Duration {
            let heard = self.$($playout).+.heard();
            heard.map_or(Duration::ZERO, |heard| SampleRate::VOICE.duration_of(heard.samples))
        }

        fn can_pause(&self) -> bool {
            true
        }
    };
}
pub(super) use playout_of_body;

impl<D: Device> Body for SoundBody<D> {
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<BodyEvent<'_>> {
        if let Some(event) = self.events.pop_front() {
            return Poll::Ready(event);
        }
        if Instant::now() < self.next {
            if self.alarm.deadline() != self.next {
                self.alarm.as_mut().reset(self.next);
            }
            std::task::ready!(self.alarm.as_mut().poll(cx));
        }
        self.beat();
        Poll::Ready(BodyEvent::User(SpeakerId::LINKED, UserEvent::Heard(&self.frame)))
    }

    playout_of_body!(playout);

    fn set_sound(&mut self, slot: SoundSlot, sound: Option<&Recording>) {
        self.sounds.set(&mut self.playout, slot, sound);
    }

    fn flush_voice(&mut self, _speaker: SpeakerId) {
        self.edges.flush();
    }

    fn show_agent(&mut self, state: AgentState) {
        self.agent = state;
    }

    fn show_user_words(&mut self, _speaker: SpeakerId, _segment: Segment, text: &str, is_final: bool) {
        if is_final {
            self.device.show(Speaker::User, text);
        }
    }

    fn show_agent_words(&mut self, _segment: Segment, more: &str) {
        self.line.push_str(more);
    }

    fn end_agent_words(&mut self, _segment: Segment) {
        let line = std::mem::take(&mut self.line);
        if !line.trim().is_empty() {
            self.device.show(Speaker::Agent, line.trim());
        }
    }

    fn poll_close(&mut self, _cx: &mut Context<'_>, _reason: CloseReason) -> Poll<()> {
        Poll::Ready(())
    }
}
