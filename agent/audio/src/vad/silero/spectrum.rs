//! The network's first layer: magnitudes of four short spectra. The published weights spell it as a matrix of
//! 258 × 256; it is a Fourier transform under a periodic Hann window, so it is computed as one.
//!
//! The four frames go through one transform side by side: each step works on four lanes at once.

use std::f64::consts::TAU;

use super::arithmetic::Arithmetic;

/// Samples of the window before that precede each new one.
pub(super) const CONTEXT: usize = 64;
/// Samples given to the network: the context and a window.
pub(super) const SPAN: usize = CONTEXT + providers_core::VAD_WINDOW;
/// Spectra of one span.
pub(super) const FRAMES: usize = 4;
/// Magnitudes of one spectrum.
pub(super) const BINS: usize = FRAME / 2 + 1;

/// Samples of one spectrum.
const FRAME: usize = 256;
/// Samples from one spectrum to the next.
const HOP: usize = 128;
/// The span is mirrored at its end by this many samples.
const MIRRORED: usize = 64;
/// A real transform of 256 is a complex one of 128, taken apart.
const HALF: usize = FRAME / 2;

/// One value of each of the four frames.
type Lanes = [f32; FRAMES];

/// A complex number a frame.
#[derive(Clone, Copy)]
struct Complex {
    re: Lanes,
    im: Lanes,
}

/// Tables of the transform.
pub(super) struct Spectrum {
    window: [f32; FRAME],
    /// e^(-2πik/256).
    turns: [(f32, f32); HALF],
    /// Where each of the 128 inputs goes: its index with the bits reversed.
    places: [u8; HALF],
}

impl Spectrum {
    pub(super) fn new() -> Self {
        let angle = |index: usize| TAU * index as f64 / FRAME as f64;
        Self {
            window: std::array::from_fn(|sample| (0.5 - 0.5 * angle(sample).cos()) as f32),
            turns: std::array::from_fn(|index| (angle(index).cos() as f32, -angle(index).sin() as f32)),
            places: std::array::from_fn(|index| (index as u8).reverse_bits() >> 1),
        }
    }

    /// The magnitudes of `heard`'s four frames: a row a bin, a column a frame.
    #[inline(always)]
    pub(super) fn magnitudes<A: Arithmetic>(&self, heard: &[f32; SPAN]) -> [Lanes; BINS] {
        let mut span = [0.0; SPAN + MIRRORED];
        span[..SPAN].copy_from_slice(heard);
        for beyond in 0..MIRRORED {
            span[SPAN + beyond] = heard[SPAN - 2 - beyond];
        }
        let mut points = [Complex { re: [0.0; FRAMES], im: [0.0; FRAMES] }; HALF];
        for (index, &place) in self.places.iter().enumerate() {
            let sample = |at: usize| std::array::from_fn(|frame| span[frame * HOP + at] * self.window[at]);
            points[usize::from(place)] = Complex { re: sample(2 * index), im: sample(2 * index + 1) };
        }
        self.transform::<A>(&mut points);
        self.take_apart::<A>(&points)
    }

    /// A complex transform of 128 points in bit-reversed order, in place.
    #[inline(always)]
    fn transform<A: Arithmetic>(&self, points: &mut [Complex; HALF]) {
        let mut size = 1;
        while size < HALF {
            let stride = HALF / size;
            for group in points.chunks_exact_mut(2 * size) {
                let (low, high) = group.split_at_mut(size);
                for (index, (a, b)) in low.iter_mut().zip(high).enumerate() {
                    let (cos, sin) = self.turns[index * stride];
                    for lane in 0..FRAMES {
                        let re = A::multiply_add(b.re[lane], cos, -(b.im[lane] * sin));
                        let im = A::multiply_add(b.re[lane], sin, b.im[lane] * cos);
                        (b.re[lane], b.im[lane]) = (a.re[lane] - re, a.im[lane] - im);
                        (a.re[lane], a.im[lane]) = (a.re[lane] + re, a.im[lane] + im);
                    }
                }
            }
            size *= 2;
        }
    }

    /// Even samples went in as real parts, odd ones as imaginary: the spectrum of all is found from both halves.
    #[inline(always)]
    fn take_apart<A: Arithmetic>(&self, points: &[Complex; HALF]) -> [Lanes; BINS] {
        let mut magnitudes = [[0.0; FRAMES]; BINS];
        for (bin, magnitude) in magnitudes.iter_mut().enumerate() {
            let (p, q) = (&points[bin % HALF], &points[(HALF - bin) % HALF]);
            let (cos, sin) = if bin == HALF { (-1.0, 0.0) } else { self.turns[bin] };
            *magnitude = std::array::from_fn(|lane| {
                let (even_re, even_im) = (p.re[lane] + q.re[lane], p.im[lane] - q.im[lane]);
                let (odd_re, odd_im) = (p.im[lane] + q.im[lane], q.re[lane] - p.re[lane]);
                let re = 0.5 * (even_re + A::multiply_add(odd_re, cos, -(odd_im * sin)));
                let im = 0.5 * (even_im + A::multiply_add(odd_re, sin, odd_im * cos));
                A::multiply_add(re, re, im * im).sqrt()
            });
        }
        magnitudes
    }
}

#[cfg(test)]
mod tests {
    use super::{BINS, FRAME, FRAMES, HOP, SPAN, Spectrum, TAU};
    use crate::vad::silero::arithmetic::Baseline;

    #[test]
    fn the_magnitudes_are_those_of_the_sums_that_define_them() {
        let heard: [f32; SPAN] =
            std::array::from_fn(|i| ((i * i * 7 + i * 31) % 2_001) as f32 / 1_000.0 - 1.0);
        let span = |at: usize| f64::from(if at < SPAN { heard[at] } else { heard[2 * SPAN - 2 - at] });
        let magnitudes = Spectrum::new().magnitudes::<Baseline>(&heard);
        for (bin, frame) in (0..BINS).flat_map(|bin| (0..FRAMES).map(move |frame| (bin, frame))) {
            let (mut re, mut im) = (0.0, 0.0);
            for sample in 0..FRAME {
                let hann = 0.5 - 0.5 * (TAU * sample as f64 / FRAME as f64).cos();
                let angle = TAU * (bin * sample % FRAME) as f64 / FRAME as f64;
                re += span(frame * HOP + sample) * hann * angle.cos();
                im += span(frame * HOP + sample) * hann * angle.sin();
            }
            let difference = f64::from(magnitudes[bin][frame]) - re.hypot(im);
            assert!(difference.abs() < 3e-5, "bin {bin}, frame {frame}: {difference}");
        }
    }
}
