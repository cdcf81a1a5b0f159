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

/// A gain on its way to another, evenly, sample by sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ramp {
    now: f32,
    target: f32,
    step: f32,
    n_left: u32,
}

impl Ramp {
    /// At rest.
    pub(crate) const fn at(gain: Gain) -> Self {
        Self { now: gain.0, target: gain.0, step: 0.0, n_left: 0 }
    }

    /// Sets out for `target`, to be there after `n` samples. Towards where it is going already it keeps its pace.
    pub(crate) fn go(&mut self, target: Gain, n: u64) {
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        if n == 0 {
            *self = Self::at(target);
        } else if target.0 != self.target {
            (self.target, self.n_left, self.step) = (target.0, n, (target.0 - self.now) / n as f32);
        }
    }

    /// The gain of the next sample.
    pub(crate) fn next(&mut self) -> f32 {
        let gain = self.now;
        if self.n_left > 0 {
            self.n_left -= 1;
            self.now = if self.n_left == 0 { self.target } else { self.now + self.step };
        }
        gain
    }

    /// It stays at `gain`.
    pub(crate) fn rests_at(&self, gain: Gain) -> bool {
        self.n_left == 0 && self.now == gain.0
    }

    /// Samples until it rests.
    pub(crate) const fn n_left(&self) -> usize {
        self.n_left as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{Gain, Ramp};

    #[test]
    fn decibels_become_factors() {
        for (decibels, factor) in
            [(0.0, 1.0), (-6.02, 0.5), (-20.0, 0.1), (-100.0, 0.0), (f32::NAN, 0.0), (90.0, 10.0)]
        {
            assert!((Gain::from_decibels(decibels).factor() - factor).abs() < 1e-3, "{decibels}");
        }
    }

    #[test]
    fn a_ramp_arrives_exactly_and_stays() {
        let mut ramp = Ramp::at(Gain::UNITY);
        ramp.go(Gain::SILENT, 3);
        let gains: Vec<f32> = (0..5).map(|_| ramp.next()).collect();
        assert_eq!(gains[0], 1.0);
        assert!(gains.windows(2).all(|pair| pair[1] <= pair[0]), "{gains:?}");
        assert_eq!(gains[3..], [0.0, 0.0]);
        assert!(ramp.rests_at(Gain::SILENT));
    }
}
