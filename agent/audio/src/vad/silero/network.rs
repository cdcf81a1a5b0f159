//! The network behind the spectra: 353,000 multiplications a window, before those by zero are left out.
//!
//! What is multiplied by zero is not multiplied: taps that fall on padding, and inputs that a ReLU has cut.

use super::arithmetic::{Arithmetic, Baseline, sigmoid, tanh};
use super::spectrum::{BINS, FRAMES, SPAN};
use super::weights::{BLOCK, FIRST_BLOCK, First, Layer, Weights};

/// Channels of the first and the fourth convolution.
pub(super) const WIDE: usize = 128;
/// Channels of the second and the third.
pub(super) const NARROW: usize = 64;
/// Cells of the recurrent layer.
pub(super) const CELLS: usize = 128;
/// Its gates, four a cell: all input gates, then forget, candidate, output.
pub(super) const GATES: usize = 4 * CELLS;

/// What the recurrent layer remembers.
pub(super) struct Memory {
    pub(super) hidden: [f32; CELLS],
    pub(super) cell: [f32; CELLS],
}

impl Memory {
    pub(super) const EMPTY: Self = Self { hidden: [0.0; CELLS], cell: [0.0; CELLS] };
}

/// The probability that the newest window of `heard` is speech.
pub(super) fn forward(weights: &Weights, heard: &[f32; SPAN], memory: &mut Memory) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the two lines above have found the instructions that the function is compiled for.
        #[expect(unsafe_code, reason = "the compiler cannot know that the machine was asked")]
        return unsafe { forward_avx2(weights, heard, memory) };
    }
    forward_on::<Baseline>(weights, heard, memory)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn forward_avx2(weights: &Weights, heard: &[f32; SPAN], memory: &mut Memory) -> f32 {
    forward_on::<super::arithmetic::Fused>(weights, heard, memory)
}

#[inline(always)]
fn forward_on<A: Arithmetic>(weights: &Weights, heard: &[f32; SPAN], memory: &mut Memory) -> f32 {
    let spectra = weights.spectrum.magnitudes::<A>(heard);
    let first = convolve_first::<A>(&weights.first, &spectra);
    let first = first.as_flattened();
    // Stride 2 over four frames, one frame of padding on the left: outputs lie on frames (-, 0, 1) and (1, 2, 3).
    let mut second = [0.0; 2 * NARROW];
    multiply::<A, NARROW>(&weights.second, WIDE, &first[..2 * WIDE], &mut second[..NARROW]);
    multiply::<A, NARROW>(&weights.second, 0, &first[WIDE..], &mut second[NARROW..]);
    cut(&mut second);
    // Stride 2 over two frames: (-, 0, 1).
    let mut third = [0.0; NARROW];
    multiply::<A, NARROW>(&weights.third, NARROW, &second, &mut third);
    cut(&mut third);
    // One frame: (-, 0, -).
    let mut fourth = [0.0; WIDE];
    multiply::<A, WIDE>(&weights.fourth, NARROW, &third, &mut fourth);
    cut(&mut fourth);
    remember::<A>(&weights.recurrent, &fourth, memory);
    let mut score = weights.last_bias;
    for (weight, hidden) in weights.last.iter().zip(&memory.hidden) {
        score += weight * hidden.max(0.0);
    }
    sigmoid::<A>(score)
}

/// The first convolution of all four frames at once, so that each weight is fetched once; cut by its ReLU.
#[inline(always)]
fn convolve_first<A: Arithmetic>(layer: &First, spectra: &[[f32; FRAMES]; BINS]) -> [[f32; WIDE]; FRAMES] {
    let mut outputs = [[0.0; WIDE]; FRAMES];
    for (block, rows) in layer.rows.chunks_exact(BINS).enumerate() {
        let [mut first, mut second, mut third, mut fourth] = [[0.0_f32; FIRST_BLOCK]; FRAMES];
        for ([before, here, after], &[a, b, c, d]) in rows.iter().zip(spectra) {
            add::<A, _>(&mut first, here, a);
            add::<A, _>(&mut first, after, b);
            add::<A, _>(&mut second, before, a);
            add::<A, _>(&mut second, here, b);
            add::<A, _>(&mut second, after, c);
            add::<A, _>(&mut third, before, b);
            add::<A, _>(&mut third, here, c);
            add::<A, _>(&mut third, after, d);
            add::<A, _>(&mut fourth, before, c);
            add::<A, _>(&mut fourth, here, d);
        }
        let at = block * FIRST_BLOCK;
        for (output, sum) in outputs.iter_mut().zip([first, second, third, fourth]) {
            for lane in 0..FIRST_BLOCK {
                output[at + lane] = (sum[lane] + layer.bias[at + lane]).max(0.0);
            }
        }
    }
    outputs
}

/// `outputs = bias + weights · inputs`, where `inputs` stand at `offset` among the layer's inputs and the others are
/// zero.
#[inline(always)]
fn multiply<A: Arithmetic, const OUTPUTS: usize>(
    layer: &Layer<OUTPUTS>,
    offset: usize,
    inputs: &[f32],
    outputs: &mut [f32],
) {
    let mut present = [(0_u16, 0.0_f32); 3 * WIDE];
    let mut count = 0;
    for (index, &input) in inputs.iter().enumerate() {
        present[count] = ((offset + index) as u16, input);
        count += usize::from(input != 0.0);
    }
    let blocks = layer.rows.chunks_exact(layer.inputs());
    for ((rows, bias), output) in
        blocks.zip(layer.bias.as_chunks::<BLOCK>().0).zip(outputs.as_chunks_mut::<BLOCK>().0)
    {
        let mut sums = *bias;
        for &(index, input) in &present[..count] {
            add::<A, _>(&mut sums, &rows[usize::from(index)], input);
        }
        *output = sums;
    }
}

/// `sums += weights * input`.
#[inline(always)]
fn add<A: Arithmetic, const N: usize>(sums: &mut [f32; N], weights: &[f32; N], input: f32) {
    for lane in 0..N {
        sums[lane] = A::multiply_add(weights[lane], input, sums[lane]);
    }
}

/// One step of the recurrent layer.
#[inline(always)]
fn remember<A: Arithmetic>(layer: &Layer<GATES>, inputs: &[f32; WIDE], memory: &mut Memory) {
    let mut both = [0.0; WIDE + CELLS];
    both[..WIDE].copy_from_slice(inputs);
    both[WIDE..].copy_from_slice(&memory.hidden);
    let mut gates = [0.0; GATES];
    multiply::<A, GATES>(layer, 0, &both, &mut gates);
    for index in 0..CELLS {
        let input = sigmoid::<A>(gates[index]);
        let forget = sigmoid::<A>(gates[CELLS + index]);
        let candidate = tanh::<A>(gates[2 * CELLS + index]);
        let output = sigmoid::<A>(gates[3 * CELLS + index]);
        let cell = A::multiply_add(forget, memory.cell[index], input * candidate);
        memory.cell[index] = cell;
        memory.hidden[index] = output * tanh::<A>(cell);
    }
}

/// ReLU.
#[inline(always)]
fn cut(values: &mut [f32]) {
    for value in values {
        *value = value.max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{Baseline, Memory, SPAN, Weights, forward, forward_on};

    #[test]
    fn every_set_of_instructions_gives_the_same_within_a_hundred_thousandth() {
        let weights = Weights::shared();
        let (mut fastest, mut plain) = (Memory::EMPTY, Memory::EMPTY);
        for round in 0..50_u16 {
            let loudness = f32::from(round % 10) / 10.0;
            let heard: [f32; SPAN] = std::array::from_fn(|i| {
                let phase = (i * usize::from(7 + round)) as f32 / 160.0;
                loudness * ((phase * 6.3).sin() + (phase * 2.1).cos()) / 2.0
            });
            let (a, b) =
                (forward(weights, &heard, &mut fastest), forward_on::<Baseline>(weights, &heard, &mut plain));
            assert!((a - b).abs() < 1e-5, "round {round}: {a} and {b}");
        }
    }
}
