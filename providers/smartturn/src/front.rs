//! The network's eyes: eight seconds of sound as the logarithms of 80 mel bands, every 10 ms. Pure.
//!
//! It is Whisper's front end, for eight seconds: the waveform is brought to zero mean and unit variance, cut into windows
//! of 25 ms under a periodic Hann window, transformed, gathered into Slaney's mel bands, and what is 80 dB below the
//! loudest is as quiet as that. Shorter sound ends at the end; before it there is silence.

mod mel;
mod sum;

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};

use self::{mel::MelBank, sum::pairwise};

/// Samples judged at most: 8 s at 16 kHz.
pub const SAMPLES: usize = 128_000;
/// Mel bands.
pub const MELS: usize = 80;
/// Windows of a judgement: one every 10 ms.
pub const FRAMES: usize = SAMPLES / HOP;

/// Samples of a window, and from one to the next.
const WINDOW: usize = 400;
const HOP: usize = 160;
/// The sound is mirrored at both ends, so that the first window is centred at the first sample.
const MIRRORED: usize = WINDOW / 2;
/// Keeps silence from being divided by nothing.
const VARIANCE_FLOOR: f32 = 1e-7;
/// The quietest band that is told from silence.
const POWER_FLOOR: f64 = 1e-10;
/// Powers of ten below the loudest band that are told apart.
const DYNAMIC_RANGE: f64 = 8.0;

/// Tables and working memory of one thread.
pub struct FrontEnd {
    fourier: Arc<dyn RealToComplex<f64>>,
    hann: [f64; WINDOW],
    mels: MelBank,
    /// Eight seconds as they came, and the squares of their distances from the mean.
    samples: Vec<f32>,
    squares: Vec<f32>,
    /// The normalised sound between its mirrored ends.
    sound: Vec<f64>,
    windowed: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
    powers: [f64; WINDOW / 2 + 1],
    /// Of each band's power, window by window.
    logarithms: Vec<f64>,
}

impl FrontEnd {
    /// Computes the tables (under 1 ms) and takes 2.6 MB.
    #[must_use]
    pub fn new() -> Self {
        let fourier = RealFftPlanner::new().plan_fft_forward(WINDOW);
        let turn = |sample: usize| std::f64::consts::TAU * sample as f64 / WINDOW as f64;
        Self {
            hann: std::array::from_fn(|sample| 0.5 - 0.5 * turn(sample).cos()),
            mels: MelBank::new(),
            samples: vec![0.0; SAMPLES],
            squares: vec![0.0; SAMPLES],
            sound: vec![0.0; SAMPLES + 2 * MIRRORED],
            windowed: fourier.make_input_vec(),
            spectrum: fourier.make_output_vec(),
            scratch: fourier.make_scratch_vec(),
            powers: [0.0; WINDOW / 2 + 1],
            logarithms: vec![0.0; MELS * FRAMES],
            fourier,
        }
    }

    /// What the network sees of the end of `audio` (16 kHz mono; the last [`SAMPLES`] count): band by band, each with
    /// [`FRAMES`] values, about -1.5 to 1.5.
    pub fn features(&mut self, audio: &[i16], features: &mut [f32; MELS * FRAMES]) {
        let audio = &audio[audio.len().saturating_sub(SAMPLES)..];
        let n_padding = SAMPLES - audio.len();
        self.hear(audio, n_padding);
        // Windows that lie wholly in the padding are all alike: the first is looked at, the others are copies.
        let n_alike = (n_padding.saturating_sub(MIRRORED) / HOP).clamp(1, FRAMES);
        for frame in (0..FRAMES).filter(|frame| *frame == 0 || *frame >= n_alike) {
            self.look(frame);
        }
        for frame in 1..n_alike {
            self.logarithms.copy_within(..MELS, frame * MELS);
        }
        let loudest = self.logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for (frame, bands) in self.logarithms.chunks_exact(MELS).enumerate() {
            for (row, band) in features.chunks_exact_mut(FRAMES).zip(bands) {
                row[frame] = ((band.max(loudest - DYNAMIC_RANGE) + 4.0) / 4.0) as f32;
            }
        }
    }

    /// Lays out the sound, padded, normalised and mirrored. In single precision and summed in the same order as where the
    /// network was taught: its 8-bit arithmetic makes 0.14 of probability out of a difference of 4e-6 here.
    fn hear(&mut self, audio: &[i16], n_padding: usize) {
        let (padding, heard) = self.samples.split_at_mut(n_padding);
        padding.fill(0.0);
        for (to, sample) in heard.iter_mut().zip(audio) {
            *to = f32::from(*sample) / 32_768.0;
        }
        let mean = pairwise(&self.samples) / SAMPLES as f32;
        for (square, sample) in self.squares.iter_mut().zip(&self.samples) {
            *square = (sample - mean) * (sample - mean);
        }
        let variance = pairwise(&self.squares) / SAMPLES as f32;
        let deviation = (variance + VARIANCE_FLOOR).sqrt();
        for (to, sample) in self.sound[MIRRORED..].iter_mut().zip(&self.samples) {
            *to = f64::from((sample - mean) / deviation);
        }
        let last = MIRRORED + SAMPLES - 1;
        for beyond in 1..=MIRRORED {
            self.sound[MIRRORED - beyond] = self.sound[MIRRORED + beyond];
            self.sound[last + beyond] = self.sound[last - beyond];
        }
    }

    /// The logarithms of one window's bands.
    fn look(&mut self, frame: usize) {
        let window = &self.sound[frame * HOP..][..WINDOW];
        for ((to, sample), weight) in self.windowed.iter_mut().zip(window).zip(&self.hann) {
            *to = sample * weight;
        }
        self.fourier
            .process_with_scratch(&mut self.windowed, &mut self.spectrum, &mut self.scratch)
            .expect("the plan made all three, at its length");
        for (power, value) in self.powers.iter_mut().zip(&self.spectrum) {
            *power = value.norm_sqr();
        }
        let bands = &mut self.logarithms[frame * MELS..][..MELS];
        for (band, power) in bands.iter_mut().zip(self.mels.gather(&self.powers)) {
            *band = power.max(POWER_FLOOR).log10();
        }
    }
}

impl Default for FrontEnd {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{FRAMES, FrontEnd, MELS, SAMPLES};

    fn features(audio: &[i16]) -> Box<[f32; MELS * FRAMES]> {
        let mut features = Box::new([0.0; MELS * FRAMES]);
        FrontEnd::new().features(audio, &mut features);
        features
    }

    /// A voice of sorts: pulses through noise.
    fn noise(n_samples: usize) -> Vec<i16> {
        let mut seed = 1_u32;
        let mut next = |position: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((seed >> 20) as i16 - 2_048) + if position.is_multiple_of(140) { 9_000 } else { 0 }
        };
        (0..n_samples).map(&mut next).collect()
    }

    #[test]
    fn silence_and_nothing_look_alike_and_are_the_floor() {
        let nothing = features(&[]);
        assert!(nothing.iter().all(|value| (value + 1.5).abs() < 1e-6));
        assert_eq!(nothing, features(&[0; 16_000]));
        assert_eq!(nothing, features(&vec![0; SAMPLES + 1]));
    }

    #[test]
    fn only_the_last_eight_seconds_are_seen() {
        let long = noise(SAMPLES + 30_000);
        assert_eq!(features(&long), features(&long[30_000..]));
    }

    #[test]
    fn what_is_missing_before_is_silence() {
        let short = noise(30_000);
        let padded = [vec![0; SAMPLES - short.len()], short.clone()].concat();
        assert_eq!(features(&short), features(&padded));
    }

    #[test]
    fn every_sample_counts_at_any_length() {
        for n_samples in [1, 2, 199, 200, 201, 359, 360, 361, SAMPLES - 1, SAMPLES] {
            let seen = features(&noise(n_samples));
            assert!(seen.iter().all(|value| value.is_finite()), "{n_samples} samples");
            assert_ne!(seen, features(&[]), "{n_samples} samples");
        }
    }

    #[test]
    fn a_front_end_remembers_nothing() {
        let (mut used, mut again) = (FrontEnd::new(), Box::new([0.0; MELS * FRAMES]));
        used.features(&noise(SAMPLES), &mut again);
        used.features(&noise(5_000), &mut again);
        assert_eq!(again, features(&noise(5_000)));
    }
}
