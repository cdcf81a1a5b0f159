//! What calls counted of their rooms: packets, concealment, gaps, reconnects, and what was wrong and survived.

use std::sync::Arc;

use agent_conversation::{MediaCounters, Meter};
use prometheus_client::metrics::{counter::Counter, family::Family};

use super::{Labels, List, Metric, Metrics, Sum, label};

/// What of all calls' rooms is counted.
#[derive(Debug)]
pub(super) struct Media {
    packets: Family<Labels, Counter>,
    concealed: Sum,
    stalls: Counter,
    frames: Family<Labels, Counter>,
    gaps: Counter,
    gap_time: Sum,
    reconnects: Family<Labels, Counter>,
    malformed: Family<Labels, Counter>,
    refused: Family<Labels, Counter>,
    streams: Family<Labels, Counter>,
}

impl Media {
    pub(super) fn new(list: &mut List) -> Self {
        let media = Self {
            packets: list.add(Metric::HeardPackets, Family::default()),
            concealed: list.add(Metric::HeardConcealed, Sum::default()),
            stalls: list.add(Metric::HeardStalls, Counter::default()),
            frames: list.add(Metric::SpokenFrames, Family::default()),
            gaps: list.add(Metric::PlayoutGaps, Counter::default()),
            gap_time: list.add(Metric::PlayoutGapTime, Sum::default()),
            reconnects: list.add(Metric::RoomReconnects, Family::default()),
            malformed: list.add(Metric::RoomMalformed, Family::default()),
            refused: list.add(Metric::RoomRefused, Family::default()),
            streams: list.add(Metric::DataStreams, Family::default()),
        };
        // Every series is there from the start.
        media.add(&MediaCounters::default(), &MediaCounters::default());
        media
    }

    /// Adds what was counted since `before`.
    fn add(&self, before: &MediaCounters, now: &MediaCounters) {
        let since = |count: fn(&MediaCounters) -> u64| count(now).saturating_sub(count(before));
        self.concealed.inc_by(since(|all| all.heard.concealed_ms) as f64 / 1_000.0);
        self.stalls.inc_by(since(|all| all.heard.stalls));
        self.gaps.inc_by(since(|all| all.played.gaps));
        self.gap_time.inc_by(since(|all| all.played.gap_samples) as f64 / PLAYED_RATE);
        let families: [(&Family<Labels, Counter>, &'static str, &[Series]); 4] = [
            (&self.packets, "fate", PACKETS),
            (&self.frames, "fate", FRAMES),
            (&self.reconnects, "kind", RECONNECTS),
            (&self.streams, "fate", STREAMS),
        ];
        for (family, name, series) in families {
            for &(value, count) in series {
                family.get_or_create(&label(name, value)).inc_by(since(count));
            }
        }
        let (was, is) = (&before.room, &now.room);
        for (family, was, is) in
            [(&self.malformed, was.malformed(), is.malformed()), (&self.refused, was.refused(), is.refused())]
        {
            for ((what, was), (_, is)) in was.into_iter().zip(is) {
                family.get_or_create(&label("what", what)).inc_by(is.saturating_sub(was));
            }
        }
    }
}

impl Metrics {
    /// Counts what is told of one room.
    #[must_use]
    pub fn meter(self: &Arc<Self>) -> Meter {
        let metrics = self.clone();
        let mut before = MediaCounters::default();
        Box::new(move |now| {
            metrics.media.add(&before, now);
            before = *now;
        })
    }
}

/// The value of the label, and what is counted under it.
type Series = (&'static str, fn(&MediaCounters) -> u64);

const PACKETS: &[Series] = &[
    ("received", |all| all.heard.received),
    ("late", |all| all.heard.late),
    ("lost", |all| all.heard.lost),
    ("recovered_red", |all| all.heard.recovered_red),
    ("recovered_fec", |all| all.heard.recovered_fec),
    ("duplicate", |all| all.heard.duplicates),
    ("malformed", |all| all.heard.malformed),
    ("runaway", |all| all.heard.runaway),
];

const FRAMES: &[Series] = &[
    ("sent", |all| all.room.room.audio_out),
    ("dropped", |all| all.room.room.audio_out_dropped),
    ("skipped", |all| all.spoken.skipped),
];

const RECONNECTS: &[Series] =
    &[("resume", |all| all.room.room.resumes), ("restart", |all| all.room.room.restarts)];

const STREAMS: &[Series] = &[
    ("complete", |all| all.room.data.streams_complete),
    ("unwanted", |all| all.room.data.streams_unwanted),
    ("unsupported", |all| all.room.data.streams_unsupported),
    ("refused", |all| all.room.data.streams_refused),
    ("failed", |all| all.room.data.streams_failed),
];

/// Samples a second of what is played.
const PLAYED_RATE: f64 = 24_000.0;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use agent_conversation::MediaCounters;

    use crate::metrics::Metrics;

    #[test]
    fn what_two_rooms_counted_is_added_and_nothing_is_counted_twice() {
        let metrics = Arc::new(Metrics::new());
        let (mut first, mut second) = (metrics.meter(), metrics.meter());
        let mut counters = MediaCounters::default();
        counters.heard.lost = 3;
        counters.room.room.restarts = 1;
        first(&counters);
        first(&counters);
        counters.heard.lost = 5;
        first(&counters);
        second(&counters);
        let lost = metrics.media.packets.get_or_create(&super::label("fate", "lost")).get();
        let restarts = metrics.media.reconnects.get_or_create(&super::label("kind", "restart")).get();
        assert_eq!((lost, restarts), (10, 2));
    }
}
