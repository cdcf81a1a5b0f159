//! The network of the crate `earshot` behind the port: two of its 16 ms frames make one window.

use providers_core::{VAD_WINDOW, VoiceActivity};

/// Samples of one frame of the crate: 16 ms.
const FRAME: usize = 256;

/// Voice activity by the crate `earshot`. The window's probability is the mean of its two frames.
pub struct Earshot(Box<earshot::Detector>);

impl Earshot {
    /// An engine that has heard nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(earshot::Detector::default_boxed())
    }
}

impl Default for Earshot {
    fn default() -> Self {
        Self::new()
    }
}

impl VoiceActivity for Earshot {
    fn probability(&mut self, window: &[i16; VAD_WINDOW]) -> f32 {
        let (first, second) = window.split_at(FRAME);
        f32::midpoint(self.0.predict_i16(first), self.0.predict_i16(second)).clamp(0.0, 1.0)
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

#[cfg(test)]
mod tests {
    use providers_core::{VAD_WINDOW, VoiceActivity};

    use super::Earshot;

    #[test]
    fn silence_is_no_speech_and_a_reset_forgets() {
        let mut earshot = Earshot::new();
        let tone = std::array::from_fn(|i| (((i * 37) % 128) as i16 - 64) * 100);
        let quiet: Vec<f32> = (0..20).map(|_| earshot.probability(&[0; VAD_WINDOW])).collect();
        assert!(quiet.iter().all(|&probability| probability < 0.5), "{quiet:?}");
        earshot.reset();
        let first = earshot.probability(&tone);
        earshot.reset();
        assert_eq!(earshot.probability(&tone), first);
    }
}
