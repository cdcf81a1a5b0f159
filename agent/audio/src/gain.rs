//! Loudness as a factor, and its way from one value to another.

/// A factor on samples.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Gain(f32);

impl Gain {
    /// Nothing is heard.
    pub const SILENT: Self = Self(0.0);
    /// As it is.
    pub const UNITY: Self = Self(1.0);

    /// From decibels: 0 is as it is, -6 about half. Held between -100 (silent from there) and +20.
    #[must_use]
    pub fn from_decibels(decibels: f32) -> Self {
        if decibels.is_nan() || decibels <= -100.0 {
            return Self::SILENT;
        }
        Self(10f32.powf(decibels.min(20.0) / 20.0))
    }

    /// The factor.
    #[must_use]
    pub const fn factor(self) -> f32 {
        self.0
    }
}
