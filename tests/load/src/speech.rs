//! What a caller says, encoded once for all callers: some words, and the quiet hiss of an open microphone.

use std::process::Command;

use crate::Failure;

/// Opus packets of 20 ms each.
pub(crate) struct Speech {
    /// The words: the first packet begins with sound, the last ends with it.
    pub(crate) words: Vec<Vec<u8>>,
    /// Two seconds of hiss at −66 dBFS, to be repeated.
    pub(crate) hiss: Vec<Vec<u8>>,
}

impl Speech {
    /// The words, spoken by flite.
    pub(crate) fn spoken(words: &str) -> Result<Self, Failure> {
        let file = tempfile::Builder::new().suffix(".wav").tempfile()?;
        let run = Command::new("flite").args(["-voice", "slt", "-t", words, "-o"]).arg(file.path()).output();
        let run = run.map_err(|error| Failure::Voice(error.to_string()))?;
        if !run.status.success() {
            return Err(Failure::Voice(String::from_utf8_lossy(&run.stderr).into_owned()));
        }
        let samples: Vec<i16> =
            hound::WavReader::open(file.path())?.into_samples().collect::<Result<_, _>>()?;
        let loud = |frame: &[i16]| frame.iter().any(|&sample| sample.abs() > AUDIBLE);
        let frames: Vec<&[i16]> = samples.chunks_exact(FRAME).collect();
        let first = frames.iter().position(|frame| loud(frame)).unwrap_or(0);
        let last = frames.iter().rposition(|frame| loud(frame)).unwrap_or(0);
        let mut state = 0x2545_f491_u32;
        let hiss: Vec<i16> = std::iter::repeat_with(|| noise(&mut state)).take(FRAME * 100).collect();
        let mut encoder = opus::Encoder::new(RATE, opus::Channels::Mono, opus::Application::Voip)?;
        let mut encode = |frame: &[i16]| encoder.encode_vec(frame, 1_200);
        Ok(Self {
            words: frames[first..=last].iter().map(|frame| encode(frame)).collect::<Result<_, _>>()?,
            hiss: hiss.chunks_exact(FRAME).map(&mut encode).collect::<Result<_, _>>()?,
        })
    }
}

/// Xorshift, scaled to ±28: a hiss that no detector takes for a voice.
fn noise(state: &mut u32) -> i16 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    (*state % 57) as i16 - 28
}

/// flite's own rate.
const RATE: u32 = 16_000;

/// 20 ms.
const FRAME: usize = 320;

/// Above this a frame of flite's is sound.
const AUDIBLE: i16 = 500;
