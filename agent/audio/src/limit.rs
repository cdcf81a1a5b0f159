//! Keeps a mix within full scale by bending its peaks instead of cutting them.

/// Up to here samples pass as they are: -3 dBFS.
const KNEE: f32 = 23_197.0;

const ROOM: f32 = 32_767.0 - KNEE;

/// The sample as it may be sent, and whether it was bent.
pub(crate) fn limit(sample: f32) -> (i16, bool) {
    let over = sample.abs() - KNEE;
    if over <= 0.0 {
        // Rounds as `round` does, which is a call on processors older than SSE 4.1.
        return ((sample + 0.5f32.copysign(sample)) as i16, false);
    }
    // Slope 1 at the knee, full scale at infinity.
    let bent = KNEE + ROOM * (1.0 - ROOM / (over + ROOM));
    (bent.copysign(sample).round() as i16, true)
}

#[cfg(test)]
mod tests {
    use super::{KNEE, limit};

    #[test]
    fn below_the_knee_nothing_changes() {
        for sample in [0.0, 1.0, -1.0, 12_345.0, -KNEE] {
            assert_eq!(limit(sample), (sample as i16, false));
        }
    }

    #[test]
    fn above_it_louder_stays_louder_and_within_full_scale() {
        let bent: Vec<i16> = (23_000..400_000).step_by(500).map(|sample| limit(sample as f32).0).collect();
        assert!(bent.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(limit(-40_000.0).0, -limit(40_000.0).0);
        assert_eq!(limit(f32::INFINITY).0, 32_767);
        assert!(limit(f32::MAX).1);
    }
}
