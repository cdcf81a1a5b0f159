//! How loaded a shard is: calls it holds, and how late its timers are.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::time::{self, MissedTickBehavior};

/// What one shard measures. Written by its thread, read by others.
#[derive(Debug)]
pub struct ShardGauge {
    born: Instant,
    calls: AtomicU32,
    lag_micros: AtomicU64,
    /// When the last beat was, in microseconds since `born`.
    beat_micros: AtomicU64,
}

impl ShardGauge {
    pub(super) fn new(born: Instant) -> Self {
        Self { born, calls: AtomicU32::new(0), lag_micros: AtomicU64::new(0), beat_micros: AtomicU64::new(0) }
    }

    /// Calls it holds.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// How late it is: the mean lateness of its timers over the last [`MEMORY`], or, when it has not moved for
    /// [`STUCK`], how long it has not. A burst of joins is not yet a load; a shard that stays late is.
    #[must_use]
    pub fn lag(&self, now: Instant) -> Duration {
        let beat = self.born + Duration::from_micros(self.beat_micros.load(Ordering::Relaxed));
        let silent = now.saturating_duration_since(beat);
        if silent >= STUCK { silent } else { Duration::from_micros(self.lag_micros.load(Ordering::Relaxed)) }
    }

    /// Whether its thread still moves.
    #[must_use]
    pub fn is_alive(&self, now: Instant) -> bool {
        self.lag(now) < DEAD
    }

    pub(super) fn call_began(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn call_left(&self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }

    /// A beat that should have been at `due` is at `now`.
    fn beat(&self, due: Instant, now: Instant) {
        let late = micros(now.saturating_duration_since(due));
        let mean = self.lag_micros.load(Ordering::Relaxed);
        let weight = (MEMORY.as_micros() / BEAT.as_micros()) as u64;
        self.lag_micros.store((mean * (weight - 1) + late.min(LONGEST)) / weight, Ordering::Relaxed);
        self.beat_micros.store(micros(now.saturating_duration_since(self.born)), Ordering::Relaxed);
    }
}

/// Beats for as long as it is polled.
pub(super) async fn beat(gauge: Arc<ShardGauge>) {
    let mut beats = time::interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let due = beats.tick().await;
        gauge.beat(due.into_std(), time::Instant::now().into_std());
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// How often lateness is measured: as often as a few packets come.
const BEAT: Duration = Duration::from_millis(50);
/// Over what the lateness is averaged.
const MEMORY: Duration = Duration::from_secs(5);
/// A shard that has not moved for so long is as late as that, whatever its mean.
const STUCK: Duration = Duration::from_secs(1);
/// A shard that has not moved for so long will not.
const DEAD: Duration = Duration::from_secs(10);
/// One beat counts as late by at most this many microseconds, so that a suspended machine forgets its sleep.
const LONGEST: u64 = 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_late_moment_is_not_a_load_and_lasting_lateness_is() {
        let born = Instant::now();
        let gauge = ShardGauge::new(born);
        let mut now = born;
        let mut beats = |count: u32, late: Duration| {
            for _ in 0..count {
                now += BEAT;
                gauge.beat(now, now + late);
            }
            gauge.lag(now)
        };
        assert_eq!(beats(20, Duration::ZERO), Duration::ZERO);
        assert!(beats(1, Duration::from_millis(300)) <= Duration::from_millis(3));
        assert!(beats(300, Duration::from_millis(40)) > Duration::from_millis(30));
        assert!(beats(300, Duration::ZERO) < Duration::from_millis(3));
        assert_eq!(gauge.lag(now + Duration::from_secs(3)), Duration::from_secs(3));
        assert!(gauge.is_alive(now + Duration::from_secs(3)));
        assert!(!gauge.is_alive(now + Duration::from_secs(30)));
    }
}
