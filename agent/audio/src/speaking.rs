//! The agent's mouth: what is played in, RTP payloads every 20 ms out.

use std::time::{Duration, Instant};

use crate::{CodecError, Playout, PlayoutConfig};

/// How the agent's own track is encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncoderConfig {
    /// 0 (cheapest) to 10 (best).
    pub complexity: u8,
    /// Bits a second: 6,000 to 128,000. 24,000 is a good value for a voice.
    pub bitrate: u32,
    /// Loss the encoder prepares for with in-band FEC, in percent: 0 to 50. 0 sends no FEC.
    pub expected_loss: u8,
}

/// What is sent while nothing is to be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// Nothing. The RTP time runs on.
    Nothing,
    /// A comfort packet of one byte each 400 ms, as Opus DTX does.
    Comfort,
}

/// Everything the mouth needs to know.
#[derive(Clone, Debug, PartialEq)]
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
    /// One Opus packet.
    pub payload: &'a [u8],
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpeakingCounters {
    /// Frames with sound.
    pub frames: u64,
    /// Silent frames and comfort packets.
    pub quiet_frames: u64,
    /// Frames not sent because `frame` was called more than 200 ms too late.
    pub skipped: u64,
}

/// The mouth of one call: a [`Playout`], an encoder and an RTP clock.
pub struct Speaking {
    /// What is played: replies and sounds.
    pub playout: Playout,
    counters: SpeakingCounters,
    now: Instant,
}

impl Speaking {
    /// A silent mouth. `now` is the moment of the first RTP time.
    pub fn new(config: SpeakingConfig, now: Instant) -> Result<Self, CodecError> {
        Ok(Self { playout: Playout::new(config.playout), counters: SpeakingCounters::default(), now })
    }

    /// The next packet, if it is due: call until `None`, at [`Speaking::next_frame`].
    pub fn frame(&mut self, now: Instant) -> Option<Packet<'_>> {
        self.now = now;
        None
    }

    /// When the next packet is due; in the past means at once. Ask again after each change of the playout. `None`
    /// while there is nothing to send.
    #[must_use]
    pub fn next_frame(&self) -> Option<Instant> {
        Some(self.now)
    }

    /// Loss that receivers report, in percent: the encoder prepares for it.
    pub fn set_expected_loss(&mut self, percent: u8) {
        let _ = percent;
    }

    /// What was sent so far.
    #[must_use]
    pub fn counters(&self) -> SpeakingCounters {
        self.counters
    }
}
