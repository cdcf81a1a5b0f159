//! How late packets come: the shortest transit lately, and how much later the slower ones are.

use std::time::{Duration, Instant};

/// Measures arrivals against RTP times, with the window sliding over the last packets and seconds.
///
/// The clock of the sender may run faster or slower than ours: the shortest transit is that of the last eight
/// seconds, which follows a drift of 100 ppm within a millisecond.
#[derive(Debug)]
pub(super) struct Delay {
    /// Instants are microseconds from here.
    origin: Instant,
    /// The shortest transit in each of the last stretches of time.
    shortest: [i64; STRETCHES],
    /// Which of them is now, and when it ends.
    stretch: usize,
    stretch_ends: i64,
    base: i64,
    /// How much later than the base the last packets came, in bins.
    window: [u8; WINDOW],
    counts: [u16; BINS],
    n_seen: usize,
    /// The last bin that most packets are within.
    bin: usize,
}

const STRETCHES: usize = 8;
const STRETCH: i64 = 1_000_000;
const WINDOW: usize = 512;
const BINS: usize = 128;
const BIN: i64 = 4_000;
/// Of the packets in the window, how many in a thousand are to come within the depth.
const WITHIN: usize = 990;

/// Microseconds of a span on the 48 kHz clock.
pub(super) const fn micros(ticks: i64) -> i64 {
    ticks * 125 / 6
}

/// Ticks of the 48 kHz clock in a span, rounded down.
pub(super) const fn ticks(micros: i64) -> i64 {
    micros * 6 / 125
}

impl Delay {
    /// Begins with the first packet.
    pub(super) fn new(arrival: Instant, time: i64) -> Self {
        let mut delay = Self {
            origin: arrival,
            shortest: [i64::MAX; STRETCHES],
            stretch: 0,
            stretch_ends: STRETCH,
            base: -micros(time),
            window: [0; WINDOW],
            counts: [0; BINS],
            n_seen: 0,
            bin: 0,
        };
        delay.observe(arrival, time);
        delay
    }

    /// A packet that begins at RTP time `time` has come.
    pub(super) fn observe(&mut self, arrival: Instant, time: i64) {
        let arrival = self.micros_at(arrival);
        self.slide(arrival);
        let transit = arrival - micros(time);
        self.shortest[self.stretch] = self.shortest[self.stretch].min(transit);
        self.base = self.shortest.iter().copied().min().unwrap_or(transit);
        self.count(((transit - self.base) / BIN).min(BINS as i64 - 1) as u8);
    }

    /// How long after the fastest the slower packets come: 99 % of the last 512 within this.
    pub(super) fn spread(&self) -> Duration {
        Duration::from_micros((self.bin as u64 + 1) * BIN as u64)
    }

    /// When a packet that begins at `time` comes if it is as fast as the fastest.
    pub(super) fn earliest(&self, time: i64) -> Instant {
        let micros = self.base.saturating_add(micros(time));
        // Before the first packet: only for audio older than it, whose moment matters to nobody.
        self.origin + Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// The time of a packet that would come at `now` if it were as fast as the fastest.
    pub(super) fn time_at(&self, now: Instant) -> i64 {
        ticks(self.micros_at(now).saturating_sub(self.base))
    }

    fn micros_at(&self, instant: Instant) -> i64 {
        i64::try_from(instant.saturating_duration_since(self.origin).as_micros()).unwrap_or(i64::MAX / 2)
    }

    fn slide(&mut self, now: i64) {
        if now < self.stretch_ends {
            return;
        }
        let n_over = (now - self.stretch_ends) / STRETCH + 1;
        // A silence longer than all stretches must not forget the base: keep the newest known one.
        for _ in 0..n_over.min(STRETCHES as i64 - 1) {
            self.stretch = (self.stretch + 1) % STRETCHES;
            self.shortest[self.stretch] = i64::MAX;
        }
        self.stretch_ends += n_over * STRETCH;
    }

    fn count(&mut self, bin: u8) {
        let place = self.n_seen % WINDOW;
        if self.n_seen >= WINDOW {
            self.counts[usize::from(self.window[place])] -= 1;
        }
        self.window[place] = bin;
        self.counts[usize::from(bin)] += 1;
        self.n_seen += 1;
        let wanted = (self.n_seen.min(WINDOW) * WITHIN).div_ceil(1000);
        let mut within = 0;
        self.bin = self
            .counts
            .iter()
            .position(|n| {
                within += usize::from(*n);
                within >= wanted
            })
            .unwrap_or(BINS - 1);
    }
}
