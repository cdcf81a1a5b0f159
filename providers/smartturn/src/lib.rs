//! Smart Turn: judges from the audio of a pause whether the person has finished.
//!
//! The network is Smart Turn v3 (BSD-2-Clause): the encoder of Whisper tiny and one linear layer, run by ONNX Runtime.
//! Neither is part of this program: both are files that the operator names, opened by [`SmartTurn::new`], which says what
//! is missing and how to get it (`./dev models smart-turn`).
//!
//! ```text
//! the turn's last 8 s, 16 kHz ─► zero mean, unit variance ─► 80 mel bands, every 10 ms ─► network ─► 0 to 1
//!                                        (front: ours, pure)                          (model: ONNX Runtime)
//! ```
//!
//! A judgement is made by threads of this crate's own, behind a bounded queue, never by the thread that asks. It is no
//! judge of whether anybody speaks: it is asked when voice activity has found a pause. A deadline is a layer over the
//! port (`providers/layers`), not here.
#![warn(missing_docs)]

mod detector;
mod error;
mod front;
mod languages;
mod model;
mod pool;
mod runtime;

pub use detector::{ModelFacts, SmartTurn, SmartTurnConfig, Thresholds};
pub use error::SmartTurnError;
pub use front::{FRAMES, FrontEnd, MELS, SAMPLES};
pub use languages::LANGUAGES;

/// The provider's name in errors, metrics and configuration.
pub const PROVIDER: &str = "smart-turn";
