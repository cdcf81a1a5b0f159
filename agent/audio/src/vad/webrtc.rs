//! WebRTC's detector behind the port: 10 ms verdicts of yes or no, gathered into windows.

use providers_core::{VAD_WINDOW, VoiceActivity};
use webrtc_vad::{SampleRate, Vad, VadMode};

/// Samples of one verdict: 10 ms.
const FRAME: usize = 160;

/// How readily WebRTC's detector says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggressiveness {
    /// Mode 0: misses least, lets most noise pass.
    Quality,
    /// Mode 1.
    LowBitrate,
    /// Mode 2.
    Aggressive,
    /// Mode 3: lets least noise pass, misses a third of quiet speech.
    VeryAggressive,
}

/// Voice activity by WebRTC. The probability is the share of the window's verdicts that said yes, so it takes the
/// values 0, ¼, ⅓, ½, ⅔, ¾ and 1. A verdict belongs to the window in which its last sample lies.
pub struct WebRtc {
    vad: Vad,
    aggressiveness: Aggressiveness,
    frame: [i16; FRAME],
    filled: usize,
}

// SAFETY: `Vad` owns the one pointer to its C state, which lies on the heap, refers to no thread and is reached by
// `&mut self` only; moving it to another thread moves that sole access.
#[expect(unsafe_code, reason = "the crate's raw pointer hides that its state may move between threads")]
unsafe impl Send for WebRtc {}

impl WebRtc {
    /// An engine that has heard nothing.
    #[must_use]
    pub fn new(aggressiveness: Aggressiveness) -> Self {
        let vad = Vad::new_with_rate_and_mode(SampleRate::Rate16kHz, aggressiveness.mode());
        Self { vad, aggressiveness, frame: [0; FRAME], filled: 0 }
    }
}

impl VoiceActivity for WebRtc {
    fn probability(&mut self, window: &[i16; VAD_WINDOW]) -> f32 {
        let (mut yes, mut verdicts) = (0_u8, 0_u8);
        let mut rest = window.as_slice();
        while !rest.is_empty() {
            let (taken, later) = rest.split_at(rest.len().min(FRAME - self.filled));
            self.frame[self.filled..self.filled + taken.len()].copy_from_slice(taken);
            self.filled += taken.len();
            rest = later;
            if self.filled == FRAME {
                self.filled = 0;
                verdicts += 1;
                yes += u8::from(self.vad.is_voice_segment(&self.frame) == Ok(true));
            }
        }
        f32::from(yes) / f32::from(verdicts)
    }

    fn reset(&mut self) {
        self.vad.reset();
        self.vad.set_sample_rate(SampleRate::Rate16kHz);
        self.vad.set_mode(self.aggressiveness.mode());
        self.filled = 0;
    }
}

impl Aggressiveness {
    fn mode(self) -> VadMode {
        match self {
            Self::Quality => VadMode::Quality,
            Self::LowBitrate => VadMode::LowBitrate,
            Self::Aggressive => VadMode::Aggressive,
            Self::VeryAggressive => VadMode::VeryAggressive,
        }
    }
}

#[cfg(test)]
mod tests {
    use providers_core::{VAD_WINDOW, VoiceActivity};

    use super::{Aggressiveness, WebRtc};

    #[test]
    fn a_window_holds_the_verdicts_that_end_in_it_and_a_reset_keeps_the_mode() {
        let mut webrtc = WebRtc::new(Aggressiveness::VeryAggressive);
        let mut seed = 7_u32;
        let mut judge = |webrtc: &mut WebRtc| -> Vec<f32> {
            seed = 7;
            let mut noise = || {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 18) as i16 - 8_192
            };
            (0..40)
                .map(|_| webrtc.probability(&std::array::from_fn::<i16, VAD_WINDOW, _>(|_| noise())))
                .collect()
        };
        let first = judge(&mut webrtc);
        webrtc.reset();
        assert_eq!(judge(&mut webrtc), first);
        assert!(first.iter().any(|&probability| probability > 0.0));
        assert!(first.iter().all(|probability| (0.0..=1.0).contains(probability)));
    }

    #[test]
    fn silence_is_no_speech_in_any_mode() {
        for mode in [
            Aggressiveness::Quality,
            Aggressiveness::LowBitrate,
            Aggressiveness::Aggressive,
            Aggressiveness::VeryAggressive,
        ] {
            let mut webrtc = WebRtc::new(mode);
            assert!((0..20).all(|_| webrtc.probability(&[0; VAD_WINDOW]) == 0.0), "{mode:?}");
        }
    }
}
