//! What is played: one reply at a time, to the sample, and the sounds around it, mixed into 20 ms frames at 24 kHz.

use std::time::{Duration, Instant};

use providers_core::SampleRate;

use crate::{Gain, SPOKEN_FRAME, Sound, SoundId};

/// How replies and sounds are played.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayoutConfig {
    /// How long pause, resume and stop fade; at most 10 ms. 5 ms is a good value.
    pub fade: Duration,
    /// How much of a reply must be there before its first sample is given, at most 200 ms. Zero starts at once.
    pub lead: Duration,
    /// Other sounds are brought to this gain while a reply is audible.
    pub duck: Gain,
    /// How long ducking takes, each way.
    pub duck_fade: Duration,
}

/// A reply in the mouth, named by who hands it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlayoutId(pub u64);

/// How far a reply was given to the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Which reply.
    pub id: PlayoutId,
    /// Samples of the reply given, at 24 kHz, from its first; to the sample.
    pub samples: u64,
    /// Samples of silence put inside the reply because its voice was not in time, at 24 kHz.
    pub gap: u64,
}

/// What became of a reply, in order. A reply that was begun ends in exactly one of `Finished` and [`Playout::stop`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayoutEvent {
    /// The frame with the reply's first sample was given.
    Started {
        /// Which reply.
        id: PlayoutId,
        /// When the first sample begins.
        at: Instant,
    },
    /// The frame with the reply's last sample was given.
    Finished {
        /// How far it was given: to its end.
        heard: Heard,
        /// When the last sample ends.
        at: Instant,
    },
}

/// What a caller may do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlayoutError {
    /// A reply is still in the mouth; finish it or stop it.
    #[error("another reply is still playing")]
    Busy,
    /// No reply was begun, or it was finished or stopped.
    #[error("no reply takes samples now")]
    NoReply,
    /// The rate cannot be brought to 24 kHz.
    #[error("cannot resample {0} Hz to 24 kHz")]
    Rate(u32),
}

/// What was played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlayoutCounters {
    /// Times that a reply's voice was not in time.
    pub gaps: u64,
    /// Silence put inside replies for that, at 24 kHz.
    pub gap_samples: u64,
    /// Samples bent by the limiter.
    pub limited: u64,
}

/// What a call plays. [`crate::Speaking`] encodes it; a call on a file or a sound card takes its frames as they are.
pub struct Playout {
    _config: PlayoutConfig,
}

impl Playout {
    /// A silent one.
    #[must_use]
    pub fn new(config: PlayoutConfig) -> Self {
        Self { _config: config }
    }

    /// Begins a reply whose samples come at `rate`.
    pub fn begin(&mut self, id: PlayoutId, rate: SampleRate) -> Result<(), PlayoutError> {
        let _ = (id, rate);
        Ok(())
    }

    /// More of the reply.
    pub fn push(&mut self, samples: &[i16]) -> Result<(), PlayoutError> {
        let _ = samples;
        Ok(())
    }

    /// Says that no more samples come; the reply ends after the last.
    pub fn finish(&mut self) -> Result<(), PlayoutError> {
        Ok(())
    }

    /// Fades out and holds the reply. The position stays exact: [`Playout::resume`] goes on with the next sample.
    pub fn pause(&mut self) {}

    /// Fades in and goes on with the next sample that was not given.
    pub fn resume(&mut self) {}

    /// Fades out and forgets the rest of the reply. Says how far it is heard, the fade included.
    pub fn stop(&mut self) -> Option<Heard> {
        None
    }

    /// How far the reply in the mouth has been given. `None` when there is none.
    #[must_use]
    pub fn heard(&self) -> Option<Heard> {
        None
    }

    /// How much of the reply waits to be given.
    #[must_use]
    pub fn queued(&self) -> Duration {
        Duration::ZERO
    }

    /// Brings replies to another gain over `fade`; it holds for those to come.
    pub fn set_gain(&mut self, gain: Gain, fade: Duration) {
        let _ = (gain, fade);
    }

    /// Adds a sound that begins silent and reaches `gain` over `fade`.
    pub fn add_sound(&mut self, sound: Box<dyn Sound>, gain: Gain, fade: Duration) -> SoundId {
        let _ = (sound, gain, fade);
        SoundId(0)
    }

    /// Brings a sound to another gain over `fade`. A sound that is gone is left alone.
    pub fn set_sound_gain(&mut self, id: SoundId, gain: Gain, fade: Duration) {
        let _ = (id, gain, fade);
    }

    /// Fades a sound out and forgets it.
    pub fn remove_sound(&mut self, id: SoundId, fade: Duration) {
        let _ = (id, fade);
    }

    /// There is, or may be, something to hear in the next frame. A reply that waits for its voice counts, one that
    /// is paused does not.
    #[must_use]
    pub fn wants_frame(&self) -> bool {
        false
    }

    /// The next 20 ms, whose first sample is given at `at`. All zeros when there is nothing to hear.
    pub fn frame(&mut self, at: Instant) -> &[i16; SPOKEN_FRAME] {
        let _ = at;
        &[0; SPOKEN_FRAME]
    }

    /// What became of replies since the last call; drain to `None`.
    pub fn poll_event(&mut self) -> Option<PlayoutEvent> {
        None
    }

    /// What was played so far.
    #[must_use]
    pub fn counters(&self) -> PlayoutCounters {
        PlayoutCounters::default()
    }
}
