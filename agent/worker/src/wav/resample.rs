//! From one rate to another, in blocks: for files and sound cards, which come at any rate.

use std::collections::VecDeque;

use rubato::{Fft, FixedSync, Resampler as _, audioadapter_buffers::direct::SequentialSlice};

/// From one rate to another. What does not fill a block waits for the rest.
pub(crate) struct Resampler {
    way: Option<Blocks>,
    ratio: f64,
    n_in: u64,
    n_out: u64,
}

struct Blocks {
    fft: Fft<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
    /// Samples of the filter's delay still to be thrown away.
    n_skip: usize,
}

impl Resampler {
    /// The error says why there is no way between these rates.
    pub(crate) fn new(from: u32, to: u32) -> Result<Self, String> {
        let ratio = f64::from(to) / f64::from(from);
        if from == to {
            return Ok(Self { way: None, ratio, n_in: 0, n_out: 0 });
        }
        let block = from as usize / 100;
        let fft = Fft::new(from as usize, to as usize, block, 1, FixedSync::Both)
            .map_err(|error| format!("cannot convert {from} to {to} samples a second: {error}"))?;
        let (output, n_skip) = (vec![0.0; fft.output_frames_max()], fft.output_delay());
        Ok(Self { way: Some(Blocks { fft, input: Vec::new(), output, n_skip }), ratio, n_in: 0, n_out: 0 })
    }

    /// Takes samples and gives those that they complete.
    pub(crate) fn push(&mut self, samples: &[f32], out: &mut VecDeque<f32>) {
        let before = out.len();
        match &mut self.way {
            None => out.extend(samples),
            Some(blocks) => blocks.push(samples, out),
        }
        self.n_in += samples.len() as u64;
        self.n_out += (out.len() - before) as u64;
    }

    /// Gives the rest, so that what comes out lasts as long as what went in.
    pub(crate) fn finish(mut self, out: &mut VecDeque<f32>) {
        let wanted = (self.n_in as f64 * self.ratio).round() as u64;
        while self.n_out < wanted {
            let silence = self.way.as_ref().map_or(1, |blocks| blocks.fft.input_frames_next());
            self.push(&vec![0.0; silence], out);
        }
        out.truncate(out.len() - (self.n_out - wanted) as usize);
    }
}

impl Blocks {
    fn push(&mut self, samples: &[f32], out: &mut VecDeque<f32>) {
        self.input.extend(samples);
        let block = self.fft.input_frames_next();
        let whole = self.input.len() / block * block;
        for start in (0..whole).step_by(block) {
            let room = self.output.len();
            let (Ok(input), Ok(mut output)) = (
                SequentialSlice::new(&self.input[start..start + block], 1, block),
                SequentialSlice::new_mut(&mut self.output, 1, room),
            ) else {
                return;
            };
            // The lengths are those that the resampler asked for: it has nothing to refuse.
            let made = self.fft.process_into_buffer(&input, &mut output, None).map_or(0, |(_, made)| made);
            let skipped = self.n_skip.min(made);
            self.n_skip -= skipped;
            out.extend(&self.output[skipped..made]);
        }
        self.input.drain(..whole);
    }
}
