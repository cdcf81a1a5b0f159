//! Reads 16 kHz mono s16le from stdin, writes one f32le probability a window to stdout: for comparing engines.
//!
//! `cargo run --example vad_judge -- silero < speech.s16 > probabilities.f32`

use std::io::{Error, Read, Write};

use agent_audio::vad::{Aggressiveness, Engine};
use providers_core::VAD_WINDOW;

fn main() -> Result<(), Error> {
    let engine = match std::env::args().nth(1).as_deref() {
        Some("silero") => Engine::Silero,
        Some("gated-silero") => Engine::GatedSilero,
        Some("earshot") => Engine::Earshot,
        Some("webrtc") => Engine::WebRtc(Aggressiveness::VeryAggressive),
        _ => return Err(Error::other("usage: vad_judge silero|gated-silero|earshot|webrtc < s16le > f32le")),
    };
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    let samples: Vec<i16> =
        bytes.as_chunks::<2>().0.iter().map(|&sample| i16::from_le_bytes(sample)).collect();
    let mut engine = engine.build();
    let windows = samples.as_chunks::<VAD_WINDOW>().0;
    let judged: Vec<u8> =
        windows.iter().flat_map(|window| engine.probability(window).to_le_bytes()).collect();
    std::io::stdout().write_all(&judged)
}
