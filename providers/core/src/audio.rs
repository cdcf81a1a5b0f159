//! Sample rates as a type. Samples themselves are `&[i16]`, mono, native endianness.

/// Samples a second of one mono channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleRate(u32);

impl SampleRate {
    /// 16 kHz: what recognisers, voice activity and turn detectors are given.
    pub const HEARING: Self = Self(16_000);
    /// 24 kHz: what the agent's own track is encoded at.
    pub const VOICE: Self = Self(24_000);

    /// A rate between 8 kHz and 192 kHz; `None` outside.
    #[must_use]
    pub const fn new(hertz: u32) -> Option<Self> {
        if hertz >= 8_000 && hertz <= 192_000 { Some(Self(hertz)) } else { None }
    }

    /// Samples a second.
    #[must_use]
    pub const fn hertz(self) -> u32 {
        self.0
    }

    /// How many whole samples last `duration`, rounded down.
    #[must_use]
    pub const fn samples_in(self, duration: std::time::Duration) -> u64 {
        (duration.as_nanos() * self.0 as u128 / 1_000_000_000) as u64
    }

    /// How long `samples` samples last, rounded down to a nanosecond.
    #[must_use]
    pub const fn duration_of(self, samples: u64) -> std::time::Duration {
        std::time::Duration::from_nanos((samples as u128 * 1_000_000_000 / self.0 as u128) as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::SampleRate;

    #[test]
    fn twenty_milliseconds_at_sixteen_kilohertz_are_320_samples() {
        assert_eq!(SampleRate::HEARING.samples_in(Duration::from_millis(20)), 320);
        assert_eq!(SampleRate::HEARING.duration_of(320), Duration::from_millis(20));
    }

    #[test]
    fn a_rate_outside_what_speech_uses_cannot_be_written_down() {
        assert_eq!(SampleRate::new(7_999), None);
        assert_eq!(SampleRate::new(22_050).map(SampleRate::hertz), Some(22_050));
    }
}
