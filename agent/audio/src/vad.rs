//! Voice activity: when does this person speak? Engines behind one port, a gate before the costly ones, and framing.
//!
//! ```text
//! 16 kHz frames of any size ─► Detector ─► windows of 512 ─► [Gate ─►] engine ─► probability
//!                                  └──────► SpeechStarted · Inference · SpeechStopped, to the sample
//! ```
//!
//! | engine | what it is | instructions a window | when |
//! |---|---|---|---|
//! | [`Silero`] | a recurrent network, 243,585 weights, computed here | 110,000 | the default: rejects noise, tones and keys |
//! | [`Earshot`] | a small network of the crate `earshot` | 215,000 | a second opinion; keys and music pass as speech |
//! | [`WebRtc`] | the Gaussian mixtures of WebRTC | 39,000 | least cost; steady noise at 5 dB passes as speech |
//!
//! Instructions are those of callgrind on x86-64 with AVX2; the [`Gate`] spares Silero at 4,700 a window of silence.
//! `examples/vad_accuracy.rs` prints how well each tells speech.
//!
//! This room does not decide whose turn it is: it says when speech began and ended, `agent/turn` decides.

mod detector;
mod earshot;
mod gate;
mod silero;
mod webrtc;

pub use detector::{Detector, DetectorConfig, VoiceEvent};
pub use earshot::Earshot;
pub use gate::{Gate, GateCounters};
pub use silero::Silero;
pub use webrtc::{Aggressiveness, WebRtc};

use providers_core::VoiceActivity;

/// Which engine judges the windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Silero v6, 16 kHz.
    Silero,
    /// Silero v6 behind the energy [`Gate`]: windows that are certainly silence are not judged.
    GatedSilero,
    /// The network of the crate `earshot`.
    Earshot,
    /// WebRTC's detector.
    WebRtc(Aggressiveness),
}

impl Engine {
    /// The engine, ready for the first window of one stream.
    #[must_use]
    pub fn build(self) -> Box<dyn VoiceActivity> {
        match self {
            Self::Silero => Box::new(Silero::new()),
            Self::GatedSilero => Box::new(Gate::new(Box::new(Silero::new()))),
            Self::Earshot => Box::new(Earshot::new()),
            Self::WebRtc(aggressiveness) => Box::new(WebRtc::new(aggressiveness)),
        }
    }
}
