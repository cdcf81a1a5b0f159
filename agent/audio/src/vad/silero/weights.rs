//! The weights, taken from the file in the order of `tools/silero_weights.py` and laid out for the loops that read them.

use std::sync::OnceLock;

use super::network::{CELLS, GATES, NARROW, WIDE};
use super::spectrum::{BINS, Spectrum};

/// The file: 243,585 numbers, little-endian.
static FILE: &[u8; 4 * 243_585] = include_bytes!("../../../weights/silero_v6_16k.f32");

/// Taps of every convolution.
const TAPS: usize = 3;

/// Outputs computed together in the first convolution (four frames each).
pub(super) const FIRST_BLOCK: usize = 16;
/// Outputs computed together everywhere else.
pub(super) const BLOCK: usize = 64;

/// Everything the network knows.
pub(super) struct Weights {
    pub(super) spectrum: Spectrum,
    pub(super) first: First,
    pub(super) second: Layer<NARROW>,
    pub(super) third: Layer<NARROW>,
    pub(super) fourth: Layer<WIDE>,
    pub(super) recurrent: Layer<GATES>,
    pub(super) last: [f32; CELLS],
    pub(super) last_bias: f32,
}

/// The first convolution: for each block of outputs, each bin, each tap, the block's weights.
pub(super) struct First {
    pub(super) rows: Box<[[[f32; FIRST_BLOCK]; TAPS]]>,
    pub(super) bias: [f32; WIDE],
}

/// A matrix for vectors: for each block of outputs, for each input, the block's weights.
pub(super) struct Layer<const OUTPUTS: usize> {
    pub(super) rows: Box<[[f32; BLOCK]]>,
    pub(super) bias: [f32; OUTPUTS],
}

impl Weights {
    /// The one copy of the process.
    pub(super) fn shared() -> &'static Self {
        static SHARED: OnceLock<Weights> = OnceLock::new();
        SHARED.get_or_init(Self::read)
    }

    fn read() -> Self {
        let mut file = Reader(FILE);
        let [first, first_bias] = file.tensors([WIDE * BINS * TAPS, WIDE]);
        let [second, second_bias] = file.tensors([NARROW * WIDE * TAPS, NARROW]);
        let [third, third_bias] = file.tensors([NARROW * NARROW * TAPS, NARROW]);
        let [fourth, fourth_bias] = file.tensors([WIDE * NARROW * TAPS, WIDE]);
        let [of_input, input_bias, of_hidden, hidden_bias] =
            file.tensors([GATES * CELLS, GATES, GATES * CELLS, GATES]);
        let [last, last_bias] = file.tensors([CELLS, 1]);
        Self {
            spectrum: Spectrum::new(),
            first: First::new(&first, &first_bias),
            second: Layer::convolution(&second, &second_bias, WIDE),
            third: Layer::convolution(&third, &third_bias, NARROW),
            fourth: Layer::convolution(&fourth, &fourth_bias, NARROW),
            recurrent: Layer::new(
                2 * CELLS,
                |output| input_bias[output] + hidden_bias[output],
                |output, input| match input.checked_sub(CELLS) {
                    None => of_input[output * CELLS + input],
                    Some(hidden) => of_hidden[output * CELLS + hidden],
                },
            ),
            last: std::array::from_fn(|cell| last[cell]),
            last_bias: last_bias[0],
        }
    }
}

impl First {
    fn new(weights: &[f32], bias: &[f32]) -> Self {
        let row = |block: usize, bin: usize| {
            let weight = move |tap, lane| weights[((block * FIRST_BLOCK + lane) * BINS + bin) * TAPS + tap];
            std::array::from_fn(|tap| std::array::from_fn(|lane| weight(tap, lane)))
        };
        let blocks = 0..WIDE / FIRST_BLOCK;
        let rows = blocks.flat_map(|block| (0..BINS).map(move |bin| row(block, bin))).collect();
        Self { rows, bias: std::array::from_fn(|output| bias[output]) }
    }
}

impl<const OUTPUTS: usize> Layer<OUTPUTS> {
    /// Number of inputs.
    pub(super) fn inputs(&self) -> usize {
        self.rows.len() * BLOCK / OUTPUTS
    }

    fn new(inputs: usize, bias: impl Fn(usize) -> f32, weight: impl Fn(usize, usize) -> f32) -> Self {
        let row = |block: usize, input| std::array::from_fn(|lane| weight(block * BLOCK + lane, input));
        let blocks = 0..OUTPUTS / BLOCK;
        let rows = blocks.flat_map(|block| (0..inputs).map(move |input| row(block, input))).collect();
        Self { rows, bias: std::array::from_fn(bias) }
    }

    /// Three taps as one matrix: its inputs are three frames of `channels`, one after the other.
    fn convolution(weights: &[f32], bias: &[f32], channels: usize) -> Self {
        let weight =
            |output, input| weights[(output * channels + input % channels) * TAPS + input / channels];
        Self::new(TAPS * channels, |output| bias[output], weight)
    }
}

/// What is left of the file.
struct Reader(&'static [u8]);

impl Reader {
    fn tensors<const N: usize>(&mut self, lengths: [usize; N]) -> [Vec<f32>; N] {
        lengths.map(|length| {
            let (tensor, rest) = self.0.split_at(4 * length);
            self.0 = rest;
            tensor.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
        })
    }
}
