//! WAV files in place of microphone and speaker.

use std::{
    cell::RefCell,
    collections::VecDeque,
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
    rc::Rc,
};

use agent_audio::{HEARD_FRAME, SPOKEN_FRAME};
use agent_conversation::{Device, Speaker};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use providers_core::SampleRate;

use super::{ConsoleError, resample::Resampler};

/// Who is given each line that was said.
pub(super) type Show = Box<dyn FnMut(Speaker, &str)>;

/// Two files, opened.
pub(super) struct Files {
    heard: Vec<i16>,
    writer: Writer,
}

/// The file that is written.
#[derive(Clone)]
pub(super) struct Writer(Rc<RefCell<Output>>);

struct Output {
    file: Option<WavWriter<BufWriter<File>>>,
    /// The first failure; nothing is written after it.
    failure: Option<hound::Error>,
}

/// Files as a device: 20 ms at a time.
pub(super) struct FileDevice {
    heard: std::vec::IntoIter<i16>,
    writer: Writer,
    show: Show,
}

impl Files {
    /// Reads the one, whatever its rate and channels, and creates the other.
    pub(super) fn open(input: &Path, output: &Path) -> Result<Self, ConsoleError> {
        let heard = read(input)?;
        let spec = WavSpec {
            channels: 1,
            sample_rate: SampleRate::VOICE.hertz(),
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let file = WavWriter::create(output, spec)
            .map_err(|source| ConsoleError::Write { path: output.to_owned(), source })?;
        Ok(Self { heard, writer: Writer(Rc::new(RefCell::new(Output { file: Some(file), failure: None }))) })
    }

    pub(super) fn into_device(self, show: Show) -> (FileDevice, Writer) {
        let writer = self.writer.clone();
        (FileDevice { heard: self.heard.into_iter(), writer: self.writer, show }, writer)
    }
}

impl Writer {
    /// Writes the file's head; the first failure of all is told.
    pub(super) fn finish(self) -> Result<(), hound::Error> {
        let mut output = self.0.borrow_mut();
        match (output.failure.take(), output.file.take()) {
            (Some(failure), _) => Err(failure),
            (None, Some(file)) => file.finalize(),
            (None, None) => Ok(()),
        }
    }

    fn write(&self, frame: &[i16]) {
        let mut output = self.0.borrow_mut();
        let Output { file: Some(file), failure } = &mut *output else { return };
        if let Some(error) = frame.iter().find_map(|sample| file.write_sample(*sample).err()) {
            *failure = Some(error);
            output.file = None;
        }
    }
}

impl Device for FileDevice {
    fn read(&mut self, frame: &mut [i16; HEARD_FRAME]) -> bool {
        if self.heard.as_slice().is_empty() {
            return false;
        }
        frame.fill(0);
        for (place, sample) in frame.iter_mut().zip(&mut self.heard) {
            *place = sample;
        }
        true
    }

    fn write(&mut self, frame: &[i16; SPOKEN_FRAME]) {
        self.writer.write(frame);
    }

    fn show(&mut self, who: Speaker, text: &str) {
        (self.show)(who, text);
    }
}

/// A WAV file as 16 kHz mono.
fn read(path: &Path) -> Result<Vec<i16>, ConsoleError> {
    let failed = |source| ConsoleError::Read { path: path.to_owned(), source };
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
    let wrong = |reason: String| ConsoleError::Form { path: PathBuf::from(path), reason };
    let rate = SampleRate::new(spec.sample_rate)
        .ok_or_else(|| wrong(format!("{} samples a second", spec.sample_rate)))?;
    let mut resampler = Resampler::new(rate.hertz(), SampleRate::HEARING.hertz()).map_err(&wrong)?;
    let mut heard = VecDeque::new();
    resampler.push(&mono, &mut heard);
    resampler.finish(&mut heard);
    Ok(heard.iter().map(|sample| (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16).collect())
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

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
            let heard = read(&path).unwrap();
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
        let error = read(file.path()).unwrap_err().to_string();
        assert!(error.contains(&file.path().display().to_string()), "{error}");
    }
}
