//! How loud samples are.

/// Root mean square in decibels of full scale: 0 is a square wave at the limit, -3 a sine. -100 for silence and for
/// no samples.
#[must_use]
pub fn level(samples: &[i16]) -> f32 {
    let power: u64 = samples.iter().map(|sample| u64::from(sample.unsigned_abs()).pow(2)).sum();
    let mean = power as f64 / samples.len().max(1) as f64 / (32_768.0 * 32_768.0);
    (10.0 * mean.max(1e-10).log10()) as f32
}

#[cfg(test)]
mod tests {
    use super::level;

    #[test]
    fn levels_are_those_of_known_waves() {
        assert_eq!(level(&[]), -100.0);
        assert_eq!(level(&[0; 320]), -100.0);
        assert_eq!(level(&[i16::MIN; 4]), 0.0);
        let sine: Vec<i16> =
            (0..480).map(|n| ((f64::from(n) * 0.130_899_7).sin() * 32_767.0) as i16).collect();
        assert!((level(&sine) + 3.01).abs() < 0.02, "{}", level(&sine));
    }
}
