//! WAV files of any usual form, read whole.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use hound::{SampleFormat, WavReader};
use providers_core::SampleRate;

pub(crate) mod resample;

use resample::Resampler;

/// Why a file is no sound.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: hound::Error,
    },
    /// It has a form of sound that is not understood.
    #[error("cannot read {}: {reason}", path.display())]
    Form {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// A file as mono samples at this rate.
pub(crate) fn read(path: &Path, to: SampleRate) -> Result<Vec<i16>, WavError> {
    let failed = |source| WavError::Read { path: path.to_owned(), source };
    let mut reader = WavReader::open(path).map_err(failed)?;
    let spec = reader.spec();
    let samples: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>(),
        SampleFormat::Int => {
            let full = (1_i64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
            reader.samples::<i32>().map(|sample| sample.map(|sample| sample as f32 / full)).collect()
        }
    }
    .map_err(failed)?;
    let channels = usize::from(spec.channels.max(1));
    let mono: Vec<f32> =
        samples.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32).collect();
    let wrong = |reason: String| WavError::Form { path: PathBuf::from(path), reason };
    let rate = SampleRate::new(spec.sample_rate)
        .ok_or_else(|| wrong(format!("{} samples a second", spec.sample_rate)))?;
    let mut resampler = Resampler::new(rate.hertz(), to.hertz()).map_err(&wrong)?;
    let mut resampled = VecDeque::new();
    resampler.push(&mono, &mut resampled);
    resampler.finish(&mut resampled);
    Ok(resampled
        .iter()
        .map(|sample| (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16)
        .collect())
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use hound::{WavSpec, WavWriter};

    use super::*;

    #[test]
    fn files_of_any_usual_form_are_heard_alike() {
        let folder = tempfile::tempdir().unwrap();
        for (rate, channels, bits, format) in [
            (16_000, 1, 16, SampleFormat::Int),
            (48_000, 2, 16, SampleFormat::Int),
            (44_100, 1, 24, SampleFormat::Int),
            (22_050, 1, 8, SampleFormat::Int),
            (8_000, 1, 32, SampleFormat::Float),
        ] {
            let path = folder.path().join("tone.wav");
            let spec = WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format: format };
            let mut writer = WavWriter::create(&path, spec).unwrap();
            for n in 0..rate {
                let value = 0.5 * (TAU * 440.0 * n as f32 / rate as f32).sin();
                for _ in 0..channels {
                    match format {
                        SampleFormat::Float => writer.write_sample(value).unwrap(),
                        SampleFormat::Int => {
                            writer
                                .write_sample((value * ((1_i64 << (bits - 1)) as f32 - 1.0)) as i32)
                                .unwrap();
                        }
                    }
                }
            }
            writer.finalize().unwrap();
            let heard = read(&path, SampleRate::HEARING).unwrap();
            assert!(heard.len().abs_diff(16_000) < 100, "{rate} Hz: {} samples", heard.len());
            let middle = &heard[4_000..12_000];
            let power =
                middle.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / middle.len() as f64;
            let level = power.sqrt() / f64::from(i16::MAX);
            assert!((level - 0.5 / 2_f64.sqrt()).abs() < 0.02, "{rate} Hz: level {level}");
        }
    }

    #[test]
    fn a_file_that_is_no_sound_is_named() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, b"not a wav").unwrap();
        let error = read(file.path(), SampleRate::HEARING).unwrap_err().to_string();
        assert!(error.contains(&file.path().display().to_string()), "{error}");
    }
}
