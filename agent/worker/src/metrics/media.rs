//! What calls counted of their rooms: packets, concealment, gaps, reconnects, and what was wrong and survived.

use std::sync::Arc;

use agent_conversation::{Meter, RoomCounters};
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
            streams: list.add(Metric::DataStreams, Family::default()),
        };
        // Every series is there from the start.
        media.add(&RoomCounters::default(), &RoomCounters::default());
        media
    }

    /// Adds what was counted since `before`.
    fn add(&self, before: &RoomCounters, now: &RoomCounters) {
        let since = |count: fn(&RoomCounters) -> u64| count(now).saturating_sub(count(before));
        self.concealed.inc_by(since(|all| all.heard.concealed_ms) as f64 / 1_000.0);
        self.stalls.inc_by(since(|all| all.heard.stalls));
        self.gaps.inc_by(since(|all| all.played.gaps));
        self.gap_time.inc_by(since(|all| all.played.gap_samples) as f64 / PLAYED_RATE);
        let families: [(&Family<Labels, Counter>, &'static str, &[Series]); 5] = [
            (&self.packets, "fate", PACKETS),
            (&self.frames, "fate", FRAMES),
            (&self.reconnects, "kind", RECONNECTS),
            (&self.malformed, "what", MALFORMED),
            (&self.streams, "fate", STREAMS),
        ];
        for (family, name, series) in families {
            for &(value, count) in series {
                family.get_or_create(&label(name, value)).inc_by(since(count));
            }
        }
    }
}

impl Metrics {
    /// Counts what is told of one room.
    #[must_use]
    pub fn meter(self: &Arc<Self>) -> Meter {
        let metrics = self.clone();
        let mut before = RoomCounters::default();
        Box::new(move |now| {
            metrics.media.add(&before, now);
            before = *now;
        })
    }
}

/// The value of the label, and what is counted under it.
type Series = (&'static str, fn(&RoomCounters) -> u64);

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
    ("sent", |all| all.room.audio_out),
    ("dropped", |all| all.room.audio_out_dropped),
    ("skipped", |all| all.spoken.skipped),
];

const RECONNECTS: &[Series] = &[("resume", |all| all.room.resumes), ("restart", |all| all.room.restarts)];

const MALFORMED: &[Series] = &[
    ("signal", |all| all.room.malformed_signals + all.room.unexpected_signals),
    ("sdp", |all| all.room.malformed_sdp),
    ("candidate", |all| all.room.malformed_candidates),
    ("datagram", |all| all.room.malformed_datagrams),
    ("data", |all| all.room.malformed_data + all.data.malformed),
];

const STREAMS: &[Series] = &[
    ("complete", |all| all.data.streams_complete),
    ("unwanted", |all| all.data.streams_unwanted),
    ("unsupported", |all| all.data.streams_unsupported),
    ("refused", |all| all.data.streams_refused),
    ("failed", |all| all.data.streams_failed),
];

/// Samples a second of what is played.
const PLAYED_RATE: f64 = 24_000.0;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use agent_conversation::RoomCounters;

    use crate::metrics::Metrics;

    #[test]
    fn what_two_rooms_counted_is_added_and_nothing_is_counted_twice() {
        let metrics = Arc::new(Metrics::new());
        let (mut first, mut second) = (metrics.meter(), metrics.meter());
        let mut counters = RoomCounters::default();
        counters.heard.lost = 3;
        counters.room.restarts = 1;
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
