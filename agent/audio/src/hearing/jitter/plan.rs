//! What comes next and when: the three cases of the jitter buffer, decided. Changes nothing.

use std::time::{Duration, Instant};

use super::{CAPACITY, Entry, GRAIN, Jitter, SILENCE_PIECE, Stream};
use crate::hearing::{
    delay::{micros, ticks},
    packet,
};

/// What to do next, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Play the first packet that waits.
    Play,
    /// Fill so many ticks from the copy in the first packet that waits.
    ForwardError(i64),
    /// Continue what was heard, for so many ticks.
    Conceal(i64),
    /// Say nothing for so many.
    Silence(i64),
}

impl Jitter {
    /// How long a missing packet is waited for.
    pub(super) fn depth(&self) -> Duration {
        let spread = self.stream.as_ref().map_or(Duration::ZERO, |stream| stream.delay.spread());
        spread.max(self.config.depth_min).min(self.config.depth_max)
    }

    /// What comes next and when; `None` for when is at once.
    pub(super) fn plan(&self) -> Option<(Option<Instant>, Plan)> {
        let stream = self.stream.as_ref()?;
        Some(match self.waiting.first() {
            Some(first) if first.sequence == stream.next_sequence => (None, stream.plan_in_order(first)),
            Some(first) => (self.give_up_at(stream, first), self.plan_for_lost(stream, first)),
            None => self.plan_for_nothing(stream),
        })
    }

    /// When the next piece missing before `first` is given up. `None` is at once.
    fn give_up_at(&self, stream: &Stream, first: &Entry) -> Option<Instant> {
        if self.waiting.len() >= CAPACITY / 2 {
            return None;
        }
        // After a stall packets come in a burst, not always in order.
        let settled = stream.stalled.then(|| first.arrival + self.config.depth_min);
        if stream.hole_before(first) < GRAIN {
            return settled;
        }
        let due = stream.delay.earliest(stream.until()) + self.depth();
        Some(settled.map_or(due, |settled| due.max(settled)))
    }

    fn plan_for_lost(&self, stream: &Stream, first: &Entry) -> Plan {
        let hole = stream.hole_before(first);
        if hole < GRAIN {
            return Plan::Play;
        }
        let lost = (first.sequence - stream.next_sequence) * stream.duration;
        if hole > lost {
            return Plan::Silence((hole - lost).min(SILENCE_PIECE));
        }
        let before = hole - first.duration;
        if before >= GRAIN {
            return self.conceal_or_not(stream, before.min(stream.duration));
        }
        if before >= 0 && packet::has_fec(&first.bytes) {
            return Plan::ForwardError(first.duration);
        }
        self.conceal_or_not(stream, hole)
    }

    fn plan_for_nothing(&self, stream: &Stream) -> (Option<Instant>, Plan) {
        let earliest = stream.delay.earliest(stream.until());
        // When all packets suddenly come later, or in one burst, the one before tells better when the next is due.
        let last = stream.newest.2 + self.config.depth_min;
        if stream.quiet || self.muted || stream.filled.silent > 0 {
            return (Some(last.max(earliest + self.config.depth_min)), Plan::Silence(SILENCE_PIECE));
        }
        // Whether it is lost, the packet after it would tell.
        let after = Duration::from_micros(micros(stream.duration) as u64);
        let due = (earliest + self.depth()).max(last) + after;
        (Some(due), self.conceal_or_not(stream, stream.duration))
    }

    fn conceal_or_not(&self, stream: &Stream, wanted: i64) -> Plan {
        let left = self.conceal_max() - stream.filled.concealed;
        if left < GRAIN || stream.quiet || stream.filled.silent > 0 {
            return Plan::Silence(wanted.min(SILENCE_PIECE));
        }
        Plan::Conceal(grains(wanted.min(left)))
    }

    /// The longest concealment.
    pub(super) fn conceal_max(&self) -> i64 {
        grains(ticks(self.config.conceal_max.as_micros().min(1_000_000) as i64))
    }
}

impl Stream {
    /// How much time there is between what has been given and `first`; negative when more was given.
    pub(super) fn hole_before(&self, first: &Entry) -> i64 {
        first.time - self.until()
    }

    fn plan_in_order(&self, first: &Entry) -> Plan {
        let hole = self.hole_before(first);
        if hole < GRAIN { Plan::Play } else { Plan::Silence(hole.min(SILENCE_PIECE)) }
    }
}

const fn grains(ticks: i64) -> i64 {
    ticks / GRAIN * GRAIN
}
