//! What is played: one reply at a time, to the sample, and the sounds around it, mixed into 20 ms frames at 24 kHz.

mod reply;

mod tail;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use providers_core::SampleRate;

use self::{
    reply::{Given, Reply},
    tail::Tail,
};
use crate::{
    Gain, SPOKEN_FRAME, Sound, SoundId, gain::Ramp, limit::limit, resample::Resampler, sound::Sounds,
};

/// How replies and sounds are played.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    config: PlayoutConfig,
    reply: Option<Reply>,
    /// The way from the voice's rate, kept for the next reply.
    resampler: Option<Resampler>,
    /// The queue of the last reply, to use again.
    queue: VecDeque<i16>,
    /// What still sounds after a reply stopped or broke off.
    tail: Tail,
    gain: Ramp,
    sounds: Sounds,
    frame: Box<[i16; SPOKEN_FRAME]>,
    mix: Box<[f32; SPOKEN_FRAME]>,
    events: VecDeque<PlayoutEvent>,
    counters: PlayoutCounters,
}

/// A queue larger than this is given back after its reply: 20 s.
const QUEUE_KEPT: usize = 480_000;

/// No fade of a reply is longer.
const LONGEST_FADE: Duration = Duration::from_millis(10);

/// No reply waits for more before it begins.
const LONGEST_LEAD: Duration = Duration::from_millis(200);

impl Playout {
    /// A silent one.
    #[must_use]
    pub fn new(config: PlayoutConfig) -> Self {
        let config = PlayoutConfig {
            fade: config.fade.min(LONGEST_FADE),
            lead: config.lead.min(LONGEST_LEAD),
            ..config
        };
        Self {
            config,
            reply: None,
            resampler: None,
            queue: VecDeque::new(),
            tail: Tail::default(),
            gain: Ramp::at(Gain::UNITY),
            sounds: Sounds::default(),
            frame: Box::new([0; SPOKEN_FRAME]),
            mix: Box::new([0.0; SPOKEN_FRAME]),
            events: VecDeque::with_capacity(8),
            counters: PlayoutCounters::default(),
        }
    }

    /// Begins a reply whose samples come at `rate`.
    pub fn begin(&mut self, id: PlayoutId, rate: SampleRate) -> Result<(), PlayoutError> {
        if self.reply.is_some() {
            return Err(PlayoutError::Busy);
        }
        match &mut self.resampler {
            Some(resampler) if resampler.rate() == rate => resampler.reset(),
            other => *other = Some(Resampler::new(rate).ok_or(PlayoutError::Rate(rate.hertz()))?),
        }
        let n_fade = SampleRate::VOICE.samples_in(self.config.fade);
        self.reply = Some(Reply::new(id, n_fade, std::mem::take(&mut self.queue)));
        Ok(())
    }

    /// More of the reply.
    pub fn push(&mut self, samples: &[i16]) -> Result<(), PlayoutError> {
        let (reply, resampler) = self.taking()?;
        resampler.push(samples, reply.samples());
        Ok(())
    }

    /// Says that no more samples come; the reply ends after the last.
    pub fn finish(&mut self) -> Result<(), PlayoutError> {
        let (reply, resampler) = self.taking()?;
        resampler.finish(reply.samples());
        reply.finish();
        Ok(())
    }

    /// Fades out and holds the reply. The position stays exact: [`Playout::resume`] goes on with the next sample.
    pub fn pause(&mut self) {
        if let Some(reply) = &mut self.reply {
            reply.hold();
        }
    }

    /// Fades in and goes on with the next sample that was not given.
    pub fn resume(&mut self) {
        if let Some(reply) = &mut self.reply {
            reply.let_go();
        }
    }

    /// Fades out and forgets the rest of the reply. Says how far it is heard, the fade included. A reply of which
    /// nothing was given yet leaves no sound.
    pub fn stop(&mut self) -> Option<Heard> {
        let mut reply = self.reply.take()?;
        if reply.is_audible() {
            self.tail.fill(|out| reply.give_last(out));
        }
        let heard = reply.heard();
        self.keep_queue(reply);
        Some(heard)
    }

    /// How far the reply in the mouth has been given. `None` when there is none.
    #[must_use]
    pub fn heard(&self) -> Option<Heard> {
        self.reply.as_ref().map(Reply::heard)
    }

    /// How much of the reply waits to be given.
    #[must_use]
    pub fn queued(&self) -> Duration {
        SampleRate::VOICE.duration_of(self.reply.as_ref().map_or(0, Reply::n_queued) as u64)
    }

    /// Brings replies to another gain over `fade`; it holds for those to come.
    pub fn set_gain(&mut self, gain: Gain, fade: Duration) {
        self.gain.go(gain, SampleRate::VOICE.samples_in(fade));
    }

    /// Adds a sound that begins silent and reaches `gain` over `fade`.
    pub fn add_sound(&mut self, sound: Box<dyn Sound>, gain: Gain, fade: Duration) -> SoundId {
        self.sounds.add(sound, gain, SampleRate::VOICE.samples_in(fade))
    }

    /// Brings a sound to another gain over `fade`. At [`Gain::SILENT`] it holds its place. A sound that is gone is
    /// left alone.
    pub fn set_sound_gain(&mut self, id: SoundId, gain: Gain, fade: Duration) {
        self.sounds.set_gain(id, gain, SampleRate::VOICE.samples_in(fade));
    }

    /// Fades a sound out and forgets it.
    pub fn remove_sound(&mut self, id: SoundId, fade: Duration) {
        self.sounds.remove(id, SampleRate::VOICE.samples_in(fade));
    }

    /// There is, or may be, something to hear in the next frame. A reply whose voice is not in time counts; one
    /// that has not begun or is paused does not.
    #[must_use]
    pub fn wants_frame(&self) -> bool {
        self.reply_wants_frame() || !self.tail.is_empty() || self.sounds.are_audible()
    }

    /// The next 20 ms, whose first sample is given at `at`. All zeros when there is nothing to hear.
    pub fn frame(&mut self, at: Instant) -> &[i16; SPOKEN_FRAME] {
        self.frame.fill(0);
        let given = if self.reply_wants_frame() { self.give_reply(at) } else { Given::default() };
        self.tail.add_to(&mut self.frame[..]);
        if let Some(last) = given.broke_off {
            self.tail.break_off(last, &mut self.frame[given.n..]);
        }
        let is_plain = self.gain.rests_at(Gain::UNITY) && !self.sounds.are_audible();
        if !is_plain {
            self.mix();
        }
        &self.frame
    }

    /// What became of replies since the last call; drain to `None`.
    pub fn poll_event(&mut self) -> Option<PlayoutEvent> {
        self.events.pop_front()
    }

    /// What was played so far.
    #[must_use]
    pub fn counters(&self) -> PlayoutCounters {
        self.counters
    }

    /// The reply that takes samples, and the way to it.
    fn taking(&mut self) -> Result<(&mut Reply, &mut Resampler), PlayoutError> {
        match (&mut self.reply, &mut self.resampler) {
            (Some(reply), Some(resampler)) if !reply.is_finished() => Ok((reply, resampler)),
            _ => Err(PlayoutError::NoReply),
        }
    }

    fn reply_wants_frame(&self) -> bool {
        let n_lead = SampleRate::VOICE.samples_in(self.config.lead);
        self.reply.as_ref().is_some_and(|reply| reply.wants_frame(n_lead))
    }

    /// Puts the reply's next samples into the frame, and says what that meant.
    fn give_reply(&mut self, at: Instant) -> Given {
        let Some(reply) = &mut self.reply else { return Given::default() };
        let gap_before = reply.heard().gap;
        let given = reply.give(&mut self.frame[..]);
        let heard = reply.heard();
        self.counters.gaps += u64::from(given.gap_began);
        self.counters.gap_samples += heard.gap - gap_before;
        if given.started {
            self.events.push_back(PlayoutEvent::Started { id: heard.id, at });
        }
        if given.ended {
            let at = at + SampleRate::VOICE.duration_of(given.n as u64);
            self.events.push_back(PlayoutEvent::Finished { heard, at });
            if let Some(reply) = self.reply.take() {
                self.keep_queue(reply);
            }
        }
        given
    }

    fn mix(&mut self) {
        for (mixed, sample) in self.mix.iter_mut().zip(self.frame.iter()) {
            *mixed = f32::from(*sample) * self.gain.next();
        }
        let is_ducked = self.reply.as_ref().is_some_and(Reply::is_audible);
        let duck = if is_ducked { self.config.duck } else { Gain::UNITY };
        self.sounds.duck(duck, SampleRate::VOICE.samples_in(self.config.duck_fade));
        self.sounds.add_to(&mut self.mix);
        for (sample, mixed) in self.frame.iter_mut().zip(self.mix.iter()) {
            let (limited, is_bent) = limit(*mixed);
            *sample = limited;
            self.counters.limited += u64::from(is_bent);
        }
    }

    fn keep_queue(&mut self, reply: Reply) {
        self.queue = reply.into_samples();
        if self.queue.capacity() > QUEUE_KEPT {
            self.queue = VecDeque::new();
        }
    }
}
