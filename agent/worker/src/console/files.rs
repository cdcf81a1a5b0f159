//! WAV files in place of microphone and speaker.

use std::{cell::RefCell, fs::File, io::BufWriter, path::Path, rc::Rc};

use agent_audio::{HEARD_FRAME, SPOKEN_FRAME};
use agent_conversation::{Device, Speaker};
use hound::{SampleFormat, WavSpec, WavWriter};
use providers_core::SampleRate;

use super::ConsoleError;
use crate::wav;

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
        let heard = wav::read(input, SampleRate::HEARING)?;
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
