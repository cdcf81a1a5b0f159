//! Microphone and speaker through cpal. Their threads only copy samples; rates are converted on the call's thread.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use agent_audio::{HEARD_FRAME, SPOKEN_FRAME};
use agent_conversation::{Device, Speaker};
use cpal::{
    FromSample, Sample as _, SampleFormat, SizedSample, Stream, SupportedStreamConfig,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use providers_core::SampleRate;
use tracing::warn;

use super::{ConsoleError, files::Show};
use crate::wav::resample::Resampler;

/// The default microphone and the default speaker, both running.
pub(super) struct Devices {
    heard: Arc<Tape>,
    hearing: Resampler,
    ready: VecDeque<f32>,
    spoken: Arc<Tape>,
    speaking: Resampler,
    scratch: Vec<f32>,
    show: Show,
    _streams: [Stream; 2],
}

/// Samples between a device's thread and the call's.
#[derive(Default)]
struct Tape(Mutex<VecDeque<f32>>);

impl Devices {
    pub(super) fn open(show: Show) -> Result<Self, ConsoleError> {
        let host = cpal::default_host();
        let none = |what: &str| ConsoleError::Devices(format!("there is no {what}"));
        let microphone = host.default_input_device().ok_or_else(|| none("microphone"))?;
        let speaker = host.default_output_device().ok_or_else(|| none("speaker"))?;
        let from = microphone.default_input_config().map_err(failed("microphone"))?;
        let to = speaker.default_output_config().map_err(failed("speaker"))?;
        let (heard, spoken) = (Arc::new(Tape::default()), Arc::new(Tape::default()));
        let streams = [
            match from.sample_format() {
                SampleFormat::F32 => listen::<f32>(&microphone, &from, heard.clone()),
                SampleFormat::I16 => listen::<i16>(&microphone, &from, heard.clone()),
                SampleFormat::I32 => listen::<i32>(&microphone, &from, heard.clone()),
                other => return Err(ConsoleError::Devices(format!("the microphone gives {other}"))),
            }?,
            match to.sample_format() {
                SampleFormat::F32 => speak::<f32>(&speaker, &to, spoken.clone()),
                SampleFormat::I16 => speak::<i16>(&speaker, &to, spoken.clone()),
                SampleFormat::I32 => speak::<i32>(&speaker, &to, spoken.clone()),
                other => return Err(ConsoleError::Devices(format!("the speaker takes {other}"))),
            }?,
        ];
        let resampler = |from, to| Resampler::new(from, to).map_err(ConsoleError::Devices);
        Ok(Self {
            heard,
            hearing: resampler(from.sample_rate(), SampleRate::HEARING.hertz())?,
            ready: VecDeque::new(),
            spoken,
            speaking: resampler(SampleRate::VOICE.hertz(), to.sample_rate())?,
            scratch: Vec::new(),
            show,
            _streams: streams,
        })
    }
}

impl Device for Devices {
    fn read(&mut self, frame: &mut [i16; HEARD_FRAME]) -> bool {
        self.scratch.clear();
        self.scratch.extend(self.heard.lock().drain(..));
        self.hearing.push(&self.scratch, &mut self.ready);
        // A microphone whose clock is faster than ours is brought back to the present.
        let late = self.ready.len().saturating_sub(MOST_READY);
        self.ready.drain(..late);
        frame.fill(0);
        // Until a frame is complete silence is heard: what there is waits for the rest.
        if self.ready.len() >= HEARD_FRAME {
            for (place, sample) in frame.iter_mut().zip(self.ready.drain(..HEARD_FRAME)) {
                *place = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16;
            }
        }
        true
    }

    fn write(&mut self, frame: &[i16; SPOKEN_FRAME]) {
        self.scratch.clear();
        self.scratch.extend(frame.iter().map(|sample| f32::from(*sample) / f32::from(i16::MAX)));
        let mut spoken = self.spoken.lock();
        if spoken.len() < MOST_SPOKEN {
            self.speaking.push(&self.scratch, &mut spoken);
        }
    }

    fn show(&mut self, who: Speaker, text: &str) {
        (self.show)(who, text);
    }
}

impl Tape {
    fn lock(&self) -> MutexGuard<'_, VecDeque<f32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn listen<T: SizedSample>(
    device: &cpal::Device,
    config: &SupportedStreamConfig,
    heard: Arc<Tape>,
) -> Result<Stream, ConsoleError>
where
    f32: FromSample<T>,
{
    let channels = usize::from(config.channels().max(1));
    let take = move |samples: &[T], _: &_| {
        let mono =
            |frame: &[T]| frame.iter().map(|sample| f32::from_sample(*sample)).sum::<f32>() / channels as f32;
        heard.lock().extend(samples.chunks_exact(channels).map(mono));
    };
    let complain = |error| warn!(%error, "microphone");
    let stream =
        device.build_input_stream(config.config(), take, complain, None).map_err(failed("microphone"))?;
    stream.play().map_err(failed("microphone"))?;
    Ok(stream)
}

fn speak<T: SizedSample + FromSample<f32>>(
    device: &cpal::Device,
    config: &SupportedStreamConfig,
    spoken: Arc<Tape>,
) -> Result<Stream, ConsoleError> {
    let channels = usize::from(config.channels().max(1));
    let give = move |samples: &mut [T], _: &_| {
        let mut spoken = spoken.lock();
        for frame in samples.chunks_mut(channels) {
            frame.fill(T::from_sample(spoken.pop_front().unwrap_or(0.0)));
        }
    };
    let complain = |error| warn!(%error, "speaker");
    let stream =
        device.build_output_stream(config.config(), give, complain, None).map_err(failed("speaker"))?;
    stream.play().map_err(failed("speaker"))?;
    Ok(stream)
}

fn failed(what: &'static str) -> impl Fn(cpal::Error) -> ConsoleError {
    move |error| ConsoleError::Devices(format!("the {what} cannot be used: {error}"))
}

/// Heard samples kept at most, 16 kHz: 100 ms. More is delay.
const MOST_READY: usize = 1_600;
/// Spoken samples kept at most, at the speaker's rate: 100 to 500 ms. A speaker that is slower than our clock drops.
const MOST_SPOKEN: usize = 4_800;
