//! What was counted in a room, and who is told of it.

use std::time::{Duration, Instant};

use agent_audio::{HearingCounters, PlayoutCounters, SpeakingCounters};
use agent_rtc::{Counters, data::DataCounters};

/// Everything that was counted in a room since it was joined. All of it only grows, but for `heard.depth_ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomCounters {
    /// Of everybody who was heard, together.
    pub heard: HearingCounters,
    /// The encoder.
    pub spoken: SpeakingCounters,
    /// The playout.
    pub played: PlayoutCounters,
    /// The way to the server.
    pub room: Counters,
    /// Messages, streams and procedures.
    pub data: DataCounters,
}

/// Is told what was counted: every few seconds while anything happens, and when the room is left.
pub type Meter = Box<dyn FnMut(&RoomCounters)>;

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

    pub(super) fn tell(&mut self, now: Instant, counters: &RoomCounters) {
        self.due = now + INTERVAL;
        if let Some(meter) = &mut self.meter {
            meter(counters);
        }
    }
}

/// Shorter than metrics are usually read.
const INTERVAL: Duration = Duration::from_secs(5);
