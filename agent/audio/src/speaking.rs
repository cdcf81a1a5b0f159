//! The agent's mouth: what is played in, RTP payloads every 20 ms out.

use std::time::{Duration, Instant};

use crate::{CodecError, EncoderConfig, Playout, PlayoutConfig, SPOKEN_FRAME, encode::Encoder, level};

/// What is sent while nothing is to be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// Nothing. The RTP time runs on.
    Nothing,
    /// A comfort packet of one byte each 400 ms, as Opus DTX does.
    Comfort,
}

/// Everything the mouth needs to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpeakingConfig {
    /// The codec.
    pub encoder: EncoderConfig,
    /// The mixer and the reply.
    pub playout: PlayoutConfig,
    /// What is sent in silence.
    pub quiet: Quiet,
    /// Silent frames sent after the last audible one, so that the listener's decoder comes to rest: 60 ms is good.
    pub hangover: Duration,
    /// The RTP time of the first frame (RFC 3550 wants it random).
    pub first_rtp_time: u32,
}

/// A frame to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// On the 48 kHz clock; runs through silence.
    pub rtp_time: u32,
    /// The first after silence: set the RTP marker.
    pub first: bool,
    /// How loud, -127 to 0 dB of full scale (RFC 6464).
    pub level: i8,
    /// One Opus packet.
    pub payload: &'a [u8],
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpeakingCounters {
    /// Frames with something to hear.
    pub frames: u64,
    /// Silent frames and comfort packets.
    pub quiet_frames: u64,
    /// Frames not sent because `frame` was called more than 200 ms too late.
    pub skipped: u64,
}

/// The mouth of one call: a [`Playout`], an encoder and an RTP clock.
///
/// While there is something to hear, a frame is due every 20 ms. The last audible one is followed by silent ones
/// and, in one byte, the word that silence begins; then nothing is sent, or comfort. The next sound is due at once.
pub struct Speaking {
    /// What is played: replies and sounds.
    pub playout: Playout,
    encoder: Encoder,
    quiet: Quiet,
    n_hangover: u32,
    epoch: Instant,
    first_rtp_time: u32,
    /// When the frame after the last one is due.
    due: Instant,
    state: State,
    counters: SpeakingCounters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was ever sent.
    Fresh,
    /// A frame every 20 ms; so many of the last were silent.
    Running {
        /// Silent frames since the last audible one.
        n_silent: u32,
    },
    /// The listener knows of the silence.
    Resting,
}

const FRAME: Duration = Duration::from_millis(20);

/// The level of digital silence (RFC 6464).
const MUTE: i8 = -127;

/// Between comfort packets, as Opus DTX has it; the first slot of it is the packet's own.
const COMFORT: Duration = Duration::from_millis(380);

/// Who comes later than this does not send all the frames since.
const OVERSLEPT: Duration = Duration::from_millis(200);

impl Speaking {
    /// A silent mouth. `now` is the moment of the first RTP time.
    pub fn new(config: SpeakingConfig, now: Instant) -> Result<Self, CodecError> {
        Ok(Self {
            playout: Playout::new(config.playout),
            encoder: Encoder::new(config.encoder)?,
            quiet: config.quiet,
            n_hangover: u32::try_from(config.hangover.as_millis() / FRAME.as_millis()).unwrap_or(u32::MAX),
            epoch: now,
            first_rtp_time: config.first_rtp_time,
            due: now,
            state: State::Fresh,
            counters: SpeakingCounters::default(),
        })
    }

    /// The next packet, if it is due: call until `None`, at [`Speaking::next_frame`].
    pub fn frame(&mut self, now: Instant) -> Option<Packet<'_>> {
        if self.next_frame()? > now {
            return None;
        }
        if self.playout.wants_frame() {
            return Some(self.audible(now));
        }
        Some(match self.state {
            State::Running { n_silent } if n_silent < self.n_hangover => self.silent(now, n_silent + 1),
            State::Fresh | State::Running { .. } | State::Resting => self.comfort(now),
        })
    }

    /// When the next packet is due; in the past means at once. Ask again after each change of the playout. `None`
    /// while there is nothing to send.
    #[must_use]
    pub fn next_frame(&self) -> Option<Instant> {
        if self.playout.wants_frame() {
            return Some(self.due);
        }
        match (self.state, self.quiet) {
            (State::Running { .. }, _) => Some(self.due),
            (State::Resting, Quiet::Comfort) => Some(self.due + COMFORT),
            (State::Resting, Quiet::Nothing) | (State::Fresh, _) => None,
        }
    }

    /// Nobody can hear what would be due by now: it is due from now on, and is not late.
    pub fn stand_still(&mut self, now: Instant) {
        self.due = self.due.max(now);
    }

    /// Loss that receivers report, in percent: the encoder prepares for it.
    pub fn set_expected_loss(&mut self, percent: u8) {
        self.encoder.set_expected_loss(percent);
    }

    /// What was sent so far.
    #[must_use]
    pub fn counters(&self) -> SpeakingCounters {
        self.counters
    }

    fn audible(&mut self, now: Instant) -> Packet<'_> {
        let first = !matches!(self.state, State::Running { .. });
        let at = self.slot(now);
        self.state = State::Running { n_silent: 0 };
        self.counters.frames += 1;
        let rtp_time = self.rtp_time(at);
        let samples = self.playout.frame(at);
        let level = level(samples) as i8;
        Packet { rtp_time, first, level, payload: self.encoder.encode(samples) }
    }

    fn silent(&mut self, now: Instant, n_silent: u32) -> Packet<'_> {
        let at = self.slot(now);
        self.state = State::Running { n_silent };
        self.counters.quiet_frames += 1;
        let (rtp_time, payload) = (self.rtp_time(at), self.encoder.encode(&[0; SPOKEN_FRAME]));
        Packet { rtp_time, first: false, level: MUTE, payload }
    }

    fn comfort(&mut self, now: Instant) -> Packet<'_> {
        let at = self.slot(now);
        self.state = State::Resting;
        self.counters.quiet_frames += 1;
        Packet { rtp_time: self.rtp_time(at), first: false, level: MUTE, payload: self.encoder.comfort() }
    }

    /// When the frame to be sent begins: on the beat while it runs, now after a rest.
    fn slot(&mut self, now: Instant) -> Instant {
        let late = now.saturating_duration_since(self.due);
        let is_running = matches!(self.state, State::Running { .. });
        let at = if is_running && late <= OVERSLEPT { self.due } else { self.due.max(now) };
        if is_running && late > OVERSLEPT {
            self.counters.skipped += (late.as_millis() / FRAME.as_millis()) as u64;
        }
        self.due = at + FRAME;
        at
    }

    fn rtp_time(&self, at: Instant) -> u32 {
        let ticks = at.saturating_duration_since(self.epoch).as_nanos() * 48 / 1_000_000;
        self.first_rtp_time.wrapping_add(ticks as u32)
    }
}
