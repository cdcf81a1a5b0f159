//! Silero v6 at 16 kHz, computed here: no runtime, no graph, no allocation. Equal to ONNX Runtime within 1e-5.
//!
//! ```text
//! 64 samples of the window before + 512 new ─► 4 spectra of 129 magnitudes        (spectrum.rs)
//!   ─► conv 129→128 ─► conv 128→64, stride 2 ─► conv 64→64, stride 2 ─► conv 64→128   each of 3 taps, padded, ReLU
//!   ─► LSTM 128 ─► ReLU ─► 1 weight a cell ─► sigmoid                               (network.rs)
//! ```
//!
//! The weights lie in `weights/silero_v6_16k.f32` (MIT, see the notice beside it), made by `tools/silero_weights.py`.

mod arithmetic;
mod network;
mod spectrum;
mod weights;

use providers_core::{VAD_WINDOW, VoiceActivity};

use self::network::Memory;
use self::spectrum::{CONTEXT, SPAN};
use self::weights::Weights;

/// Voice activity by Silero v6. One a stream; the weights are shared by all of the process.
pub struct Silero {
    weights: &'static Weights,
    /// The last samples of the window before, as the network wants them: -1 to 1.
    context: [f32; CONTEXT],
    memory: Memory,
}

impl Silero {
    /// An engine that has heard nothing. The first of the process lays out the weights (about 1 ms).
    #[must_use]
    pub fn new() -> Self {
        Self { weights: Weights::shared(), context: [0.0; CONTEXT], memory: Memory::EMPTY }
    }
}

impl Default for Silero {
    fn default() -> Self {
        Self::new()
    }
}

impl VoiceActivity for Silero {
    fn probability(&mut self, window: &[i16; VAD_WINDOW]) -> f32 {
        let mut heard = [0.0; SPAN];
        heard[..CONTEXT].copy_from_slice(&self.context);
        for (to, &from) in heard[CONTEXT..].iter_mut().zip(window) {
            *to = f32::from(from) / 32_768.0;
        }
        self.context.copy_from_slice(&heard[SPAN - CONTEXT..]);
        network::forward(self.weights, &heard, &mut self.memory)
    }

    fn reset(&mut self) {
        self.context = [0.0; CONTEXT];
        self.memory = Memory::EMPTY;
    }
}
