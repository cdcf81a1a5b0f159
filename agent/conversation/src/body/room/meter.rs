//! What was counted in a call's room, and who is told of it.

use std::time::{Duration, Instant};

use agent_audio::{HearingCounters, PlayoutCounters, SpeakingCounters};
use agent_rtc::RoomCounters;

/// Everything that was counted in a call's room since it was joined. All of it only grows, but for `heard.depth_ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaCounters {
    /// Of everybody who was heard, together.
    pub heard: HearingCounters,
    /// The encoder.
    pub spoken: SpeakingCounters,
    /// The playout.
    pub played: PlayoutCounters,
    /// The room: the way to the server, messages, streams and procedures, sockets.
    pub room: RoomCounters,
}

/// Is told what was counted: every few seconds while anything happens, and when the room is left.
pub type Meter = Box<dyn FnMut(&MediaCounters)>;

/// Tells it.
pub(super) struct Measuring {
    meter: Option<Meter>,
    due: Instant,
}

impl Measuring {
    pub(super) fn new(meter: Option<Meter>, now: Instant) -> Self {
        Self { meter, due: now + INTERVAL }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.meter.is_some() && now >= self.due
    }

    pub(super) fn tell(&mut self, now: Instant, counters: &MediaCounters) {
        self.due = now + INTERVAL;
        if let Some(meter) = &mut self.meter {
            meter(counters);
        }
    }
}

/// Shorter than metrics are usually read.
const INTERVAL: Duration = Duration::from_secs(5);
