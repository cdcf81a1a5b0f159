//! Judges recordings: `judge MODEL FILE.wav…` prints the probability that each is complete; `judge features FILE.wav` writes
//! what the network sees of one, as little-endian f32. `tools/reference.py` compares both with the reference.

use std::{error::Error, io::Write as _, path::Path};

use providers_core::{PauseContext, TurnDetector};
use providers_smartturn::{FRAMES, FrontEnd, MELS, SmartTurn, SmartTurnConfig, Thresholds};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "a program for the command line")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((model, files)) = arguments.split_first() else {
        return Err("usage: judge MODEL FILE.wav…".into());
    };
    if model == "features" {
        let mut features = Box::new([0.0; MELS * FRAMES]);
        let mut front = FrontEnd::new();
        for file in files {
            front.features(&read(file)?, &mut features);
            let bytes: Vec<u8> = features.iter().flat_map(|value| value.to_le_bytes()).collect();
            std::io::stdout().write_all(&bytes)?;
        }
        return Ok(());
    }
    let detector = SmartTurn::new(SmartTurnConfig {
        model: Path::new(model).to_owned(),
        library: None,
        thresholds: Thresholds { usual: 500, by_language: [].into() },
        threads: 1,
        waiting: 0,
    })?;
    for file in files {
        let verdict = detector.judge(PauseContext { audio: read(file)?, ..PauseContext::default() }).await?;
        println!("{:.3} {file}", f32::from(verdict.complete_permille) / 1_000.0);
    }
    Ok(())
}

/// 16 kHz mono, 16 bit.
fn read(file: &str) -> Result<Vec<i16>, Box<dyn Error>> {
    let mut reader = hound::WavReader::open(file).map_err(|error| format!("{file}: {error}"))?;
    let spec = reader.spec();
    if (spec.sample_rate, spec.channels, spec.bits_per_sample) != (16_000, 1, 16) {
        return Err(format!("{file}: not 16 kHz mono of 16 bit").into());
    }
    Ok(reader.samples().collect::<Result<_, _>>()?)
}
