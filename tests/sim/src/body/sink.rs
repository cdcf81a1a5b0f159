//! One reply in the sink: it plays in real time, and says how much was heard.

use std::time::Duration;

use agent_conversation::{BodyEvent, ReplyId};
use providers_core::SampleRate;
use tokio::time::Instant;

/// How long after the last sample the end is reported.
const FINISH: Duration = Duration::from_millis(10);
/// How often progress is reported.
const PROGRESS: Duration = Duration::from_millis(100);

/// One reply in the sink.
pub(super) struct Sink {
    reply: ReplyId,
    rate: SampleRate,
    /// How many it was given.
    samples: u64,
    is_finished: bool,
    /// Whether its beginning was reported.
    is_told: bool,
    is_paused: bool,
    /// What was heard until `since`.
    played: Duration,
    since: Instant,
    /// What was heard when that was reported last.
    progress: Duration,
}

impl Sink {
    pub(super) fn new(reply: ReplyId, rate: SampleRate) -> Self {
        Self {
            reply,
            rate,
            samples: 0,
            is_finished: false,
            is_told: false,
            is_paused: false,
            played: Duration::ZERO,
            since: Instant::now(),
            progress: Duration::ZERO,
        }
    }

    pub(super) fn play(&mut self, samples: u64) {
        if self.is_told {
            self.count();
        }
        self.samples += samples;
    }

    pub(super) const fn finish(&mut self) {
        self.is_finished = true;
    }

    pub(super) fn pause(&mut self, is_paused: bool) {
        self.count();
        self.is_paused = is_paused;
    }

    pub(super) fn heard(&self) -> Duration {
        let runs = self.is_told && !self.is_paused;
        let more = if runs { self.since.elapsed() } else { Duration::ZERO };
        (self.played + more).min(self.given())
    }

    pub(super) fn queued(&self) -> Duration {
        self.given() - self.heard()
    }

    /// What has happened and was not reported.
    pub(super) fn event(&mut self) -> Option<BodyEvent<'static>> {
        if self.samples > 0 && !self.is_told && !self.is_paused {
            self.is_told = true;
            self.since = Instant::now();
            return Some(BodyEvent::PlayoutStarted(self.reply));
        }
        let heard = self.heard();
        if self.is_finished && heard == self.given() && self.due()? <= Instant::now() {
            return Some(BodyEvent::PlayoutFinished { reply: self.reply, heard });
        }
        if heard >= self.progress + PROGRESS {
            self.progress = heard;
            return Some(BodyEvent::PlayoutProgressed(self.reply));
        }
        None
    }

    /// When the next thing happens, if time alone brings it.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.is_paused || !self.is_told {
            return None;
        }
        let at = |position: Duration| self.since + position.saturating_sub(self.played);
        let progress = self.progress + PROGRESS;
        if progress < self.given() {
            Some(at(progress))
        } else {
            self.is_finished.then(|| at(self.given()) + FINISH)
        }
    }

    fn given(&self) -> Duration {
        self.rate.duration_of(self.samples)
    }

    /// Counts what was heard up to now.
    fn count(&mut self) {
        self.played = self.heard();
        self.since = Instant::now();
    }
}
