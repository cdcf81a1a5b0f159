//! Brings a voice to 24 kHz, in step with its samples: n in give ⌈n · 24000 / rate⌉ out, none early, none late.
//!
//! Rates in a small ratio to 24 kHz (8, 12, 16, 48 kHz) take a polyphase filter: 1 ms of look-ahead, no blocks. Others
//! (22.05, 44.1 kHz) take `rubato`'s FFT resampler in blocks of about 20 ms.

use std::collections::VecDeque;

use providers_core::SampleRate;
use rubato::{Fft, FixedSync, Resampler as _, audioadapter_buffers::direct::SequentialSlice};

/// From one rate to 24 kHz.
pub struct Resampler {
    rate: SampleRate,
    way: Way,
    n_in: u64,
    n_out: u64,
}

enum Way {
    Same,
    Polyphase(Box<Polyphase>),
    Blocks(Box<Blocks>),
}

impl Resampler {
    /// `None` when no block of at most 200 ms has a whole number of samples at both rates.
    #[must_use]
    pub fn new(rate: SampleRate) -> Option<Self> {
        let divisor = gcd(rate.hertz(), SampleRate::VOICE.hertz());
        let (up, down) = (SampleRate::VOICE.hertz() / divisor, rate.hertz() / divisor);
        let way = match (up, down) {
            (1, 1) => Way::Same,
            (1..=3, 1..=2) => Way::Polyphase(Box::new(Polyphase::new(up as usize, down as usize))),
            _ => Way::Blocks(Box::new(Blocks::new(rate, down)?)),
        };
        Some(Self { rate, way, n_in: 0, n_out: 0 })
    }

    /// From which.
    #[must_use]
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Takes samples and gives those that they complete.
    pub fn push(&mut self, samples: &[i16], out: &mut VecDeque<i16>) {
        let n_before = out.len();
        self.n_in += samples.len() as u64;
        match &mut self.way {
            Way::Same => out.extend(samples),
            Way::Polyphase(polyphase) => polyphase.push(samples, out),
            Way::Blocks(blocks) => blocks.push(samples, out),
        }
        self.n_out += (out.len() - n_before) as u64;
    }

    /// Gives the rest, and forgets: the next sample is the first.
    pub fn finish(&mut self, out: &mut VecDeque<i16>) {
        let rate = u64::from(self.rate.hertz());
        let n_wanted = (self.n_in * u64::from(SampleRate::VOICE.hertz())).div_ceil(rate);
        let n_kept = out.len() + n_wanted.saturating_sub(self.n_out) as usize;
        // Silence pushes out what the filters still hold.
        while self.n_out < n_wanted {
            self.push(&[0; 64], out);
        }
        out.truncate(n_kept);
        self.reset();
    }

    /// Forgets what was pushed.
    pub fn reset(&mut self) {
        (self.n_in, self.n_out) = (0, 0);
        match &mut self.way {
            Way::Same => {}
            Way::Polyphase(polyphase) => polyphase.reset(),
            Way::Blocks(blocks) => blocks.reset(),
        }
    }
}

/// A windowed sinc at the common multiple of both rates, of which only the products that are heard are computed.
struct Polyphase {
    /// One filter for each phase, its taps in the order of time.
    filters: Vec<[f32; TAPS]>,
    down: usize,
    /// The last samples, and room for a block of new ones behind them.
    history: [f32; TAPS + BLOCK],
    /// Where the next sample out lies, in the common multiple of both rates.
    phase: usize,
    /// Samples to come before the middle of the filter is at the first.
    n_ahead: usize,
}

/// Of each phase. At 16 kHz: flat to 6.4 kHz, 70 dB down from 8.4 kHz.
const TAPS: usize = 32;

/// Samples taken at once: 20 ms at 16 kHz.
const BLOCK: usize = 320;

impl Polyphase {
    fn new(up: usize, down: usize) -> Self {
        let n_taps = TAPS * up;
        let middle = (n_taps / 2) as f64;
        // A little below the lower Nyquist frequency, in cycles a sample of the common multiple.
        let cutoff = 0.46 / up.max(down) as f64;
        let tap = |n: usize| {
            let at = n as f64 - middle;
            2.0 * cutoff * sinc(2.0 * cutoff * at) * kaiser(at / middle) * up as f64
        };
        let filter = |phase| std::array::from_fn(|n| tap((TAPS - 1 - n) * up + phase) as f32);
        let filters = (0..up).map(filter).collect();
        Self { filters, down, history: [0.0; TAPS + BLOCK], phase: 0, n_ahead: TAPS / 2 }
    }

    fn push(&mut self, samples: &[i16], out: &mut VecDeque<i16>) {
        for block in samples.chunks(BLOCK) {
            self.block(block, out);
        }
    }

    fn block(&mut self, samples: &[i16], out: &mut VecDeque<i16>) {
        for (place, sample) in self.history[TAPS..].iter_mut().zip(samples) {
            *place = f32::from(*sample);
        }
        let n_ahead = self.n_ahead.min(samples.len());
        self.n_ahead -= n_ahead;
        // The newest sample in the filter's reach; the one before it is that of the block before.
        for newest in n_ahead + 1..=samples.len() {
            let reach =
                self.history[newest..].first_chunk().expect("the history holds the taps and the block");
            while let Some(filter) = self.filters.get(self.phase) {
                out.push_back(to_sample(dot(reach, filter)));
                self.phase += self.down;
            }
            self.phase -= self.filters.len();
        }
        self.history.copy_within(samples.len()..samples.len() + TAPS, 0);
    }

    fn reset(&mut self) {
        (self.history, self.phase, self.n_ahead) = ([0.0; TAPS + BLOCK], 0, TAPS / 2);
    }
}

fn dot(samples: &[f32; TAPS], filter: &[f32; TAPS]) -> f32 {
    let mut sums = [0.0; 4];
    add_products(samples, filter, &mut sums);
    (sums[0] + sums[2]) + (sums[1] + sums[3])
}

/// Four sums are one register. In a function of its own the compiler sees that; inlined it works one by one.
#[inline(never)]
fn add_products(samples: &[f32; TAPS], filter: &[f32; TAPS], sums: &mut [f32; 4]) {
    for n in 0..TAPS {
        sums[n % 4] += samples[n] * filter[n];
    }
}

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x.abs() < 1e-9 { 1.0 } else { x.sin() / x }
}

/// The Kaiser window, beta 7, at `x` from -1 to 1.
fn kaiser(x: f64) -> f64 {
    const BETA: f64 = 7.0;
    bessel(BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel(BETA)
}

/// The modified Bessel function of the first kind, order 0.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1..40 {
        term *= (x / 2.0 / f64::from(n)).powi(2);
        sum += term;
    }
    sum
}

/// Whole blocks through an FFT.
struct Blocks {
    fft: Fft<f32>,
    input: Vec<f32>,
    n_input: usize,
    output: Vec<f32>,
    /// Samples of the filter's delay still to be thrown away.
    n_skip: usize,
}

impl Blocks {
    fn new(rate: SampleRate, smallest: u32) -> Option<Self> {
        let hertz = rate.hertz();
        if smallest > hertz / 10 {
            return None;
        }
        // Even, so that the filter's delay is a whole number of samples.
        let block = (hertz / 50 / (2 * smallest)).max(1) * 2 * smallest;
        let voice = SampleRate::VOICE.hertz() as usize;
        let fft = Fft::new(hertz as usize, voice, block as usize, 1, FixedSync::Both).ok()?;
        let (input, output) = (vec![0.0; fft.input_frames_max()], vec![0.0; fft.output_frames_max()]);
        let n_skip = fft.output_delay();
        Some(Self { fft, input, n_input: 0, output, n_skip })
    }

    fn push(&mut self, mut samples: &[i16], out: &mut VecDeque<i16>) {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(self.input.len() - self.n_input));
            for (place, sample) in self.input[self.n_input..].iter_mut().zip(now) {
                *place = f32::from(*sample);
            }
            self.n_input += now.len();
            samples = later;
            if self.n_input == self.input.len() {
                self.n_input = 0;
                self.block(out);
            }
        }
    }

    fn block(&mut self, out: &mut VecDeque<i16>) {
        let (n_input, n_output) = (self.input.len(), self.output.len());
        let (Ok(input), Ok(mut output)) = (
            SequentialSlice::new(&self.input, 1, n_input),
            SequentialSlice::new_mut(&mut self.output, 1, n_output),
        ) else {
            return;
        };
        // The lengths are those that the resampler asked for: it has nothing to refuse.
        let n_made = self.fft.process_into_buffer(&input, &mut output, None).map_or(0, |(_, made)| made);
        let n_skip = self.n_skip.min(n_made);
        self.n_skip -= n_skip;
        out.extend(self.output[n_skip..n_made].iter().map(|sample| to_sample(*sample)));
    }

    fn reset(&mut self) {
        self.fft.reset();
        (self.n_input, self.n_skip) = (0, self.fft.output_delay());
    }
}

/// The nearest sample. Without `round`, which is a call on processors older than SSE 4.1.
fn to_sample(sample: f32) -> i16 {
    (sample + 0.5f32.copysign(sample)) as i16
}

const fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, f64::consts::TAU};

    use proptest::prelude::*;
    use providers_core::SampleRate;

    use super::Resampler;

    const RATES: [u32; 11] =
        [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000];

    fn resample(rate: u32, pieces: &[&[i16]]) -> Vec<i16> {
        let mut resampler = Resampler::new(SampleRate::new(rate).unwrap()).unwrap();
        let mut out = VecDeque::new();
        pieces.iter().for_each(|piece| resampler.push(piece, &mut out));
        resampler.finish(&mut out);
        out.into()
    }

    fn sine(rate: u32, hertz: f64, n: usize) -> Vec<i16> {
        let wave = |n: usize| (12_000.0 * (TAU * hertz * n as f64 / f64::from(rate)).sin()) as i16;
        (0..n).map(wave).collect()
    }

    #[test]
    fn a_tone_keeps_its_time_and_shape_at_every_rate() {
        for rate in RATES {
            for hertz in [200.0, 1_000.0, 3_000.0] {
                let out = resample(rate, &[&sine(rate, hertz, rate as usize)]);
                let wanted = sine(24_000, hertz, 24_000);
                assert_eq!(out.len(), wanted.len(), "{rate}");
                // The ends ring: a tone that begins at once has no limits to its band.
                let worst = out
                    .iter()
                    .zip(&wanted)
                    .skip(500)
                    .take(23_000)
                    .map(|(a, b)| a.abs_diff(*b))
                    .max()
                    .unwrap();
                assert!(worst <= 60, "{rate} Hz, tone of {hertz} Hz: off by {worst} of 12,000");
            }
        }
    }

    #[test]
    fn what_24_khz_cannot_hold_is_taken_out() {
        for rate in [32_000, 44_100, 48_000] {
            let out = resample(rate, &[&sine(rate, 14_500.0, rate as usize)]);
            let loudest = out[1_000..23_000].iter().map(|sample| sample.unsigned_abs()).max().unwrap();
            assert!(loudest <= 12, "{rate}: {loudest} of 12,000");
        }
    }

    #[test]
    fn a_rate_without_common_blocks_is_refused() {
        assert!(Resampler::new(SampleRate::new(16_001).unwrap()).is_none());
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_as_one(rate in proptest::sample::select(&RATES[..]), cuts in proptest::collection::vec(0usize..3_000, 0..6)) {
            let samples = sine(rate, 440.0, 3_000);
            let mut cuts = cuts;
            cuts.extend([0, samples.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[i16]> = cuts.windows(2).map(|cut| &samples[cut[0]..cut[1]]).collect();
            let whole = resample(rate, &[&samples]);
            prop_assert_eq!(whole.len() as u64, (3_000u64 * 24_000).div_ceil(u64::from(rate)));
            prop_assert_eq!(resample(rate, &pieces), whole);
        }
    }
}
