//! How long to wait before connecting again: doubled with each attempt, bounded, jittered; no state and no clock.

use std::time::Duration;

/// The pause before attempt `attempt` (0 is the first after a link that worked), between half of the doubled pause and
/// all of it. The same arguments give the same pause; other seeds spread a fleet that lost its server at one moment.
#[must_use]
pub fn pause(attempt: u32, seed: u64, least: Duration, most: Duration) -> Duration {
    let doubled = least.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(most);
    let half = doubled / 2;
    let spread = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
    half + Duration::from_nanos(scatter(seed ^ u64::from(attempt)) % spread.saturating_add(1))
}

/// SplitMix64's finaliser: every bit of the seed moves every bit of the result.
fn scatter(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::pause;

    const LEAST: Duration = Duration::from_millis(250);
    const MOST: Duration = Duration::from_secs(10);

    #[test]
    fn a_pause_doubles_until_the_longest_and_is_jittered_to_its_half() {
        for (attempt, doubled) in
            [(0, 250), (1, 500), (2, 1_000), (5, 8_000), (6, 10_000), (31, 10_000), (900, 10_000)]
        {
            let doubled = Duration::from_millis(doubled);
            for seed in 0..200 {
                let pause = pause(attempt, seed, LEAST, MOST);
                assert!(
                    (doubled / 2..=doubled).contains(&pause),
                    "attempt {attempt}, seed {seed}: {pause:?}"
                );
            }
        }
    }

    #[test]
    fn a_fleet_does_not_come_back_at_one_moment() {
        let mut pauses: Vec<_> = (0..100).map(|seed| pause(3, seed, LEAST, MOST)).collect();
        pauses.sort();
        let widest_gap = pauses.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(widest_gap < Some(Duration::from_millis(100)), "{widest_gap:?}");
    }
}
