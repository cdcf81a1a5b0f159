//! One track heard: RTP payloads in, 20 ms frames of 16 kHz mono out, in order, gaps filled.

mod jitter;
mod sum;

mod delay;
mod packet;
mod red;

use std::time::{Duration, Instant};

use providers_core::SampleRate;

use self::jitter::{Jitter, Piece};
use crate::{CodecError, HEARD_FRAME};

/// How long to wait for what is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HearingConfig {
    /// The least time a missing packet is waited for, counted from when the fastest packets would have brought it.
    /// 20 ms is a good value.
    pub depth_min: Duration,
    /// The most; what comes later is late. 200 ms is a good value.
    pub depth_max: Duration,
    /// A hole is concealed this long, then it is silence. 100 ms is a good value.
    pub conceal_max: Duration,
}

/// How a payload is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadKind {
    /// One Opus packet (RFC 7587).
    Opus,
    /// Opus with redundancy (RFC 2198).
    Red,
}

/// One RTP packet of the track, on the 48 kHz clock of RFC 7587.
#[derive(Clone, Copy, Debug)]
pub struct AudioPacket<'a> {
    /// As in the RTP header.
    pub sequence: u16,
    /// As in the RTP header.
    pub rtp_time: u32,
    /// How the payload is packed.
    pub kind: PayloadKind,
    /// Without RTP header and padding.
    pub payload: &'a [u8],
    /// When it was received.
    pub arrival: Instant,
}

/// Where the samples of a frame come from, best first; a frame of several has the worst of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A packet as it was sent.
    Received,
    /// The same bytes, brought by a later packet's redundancy.
    Redundant,
    /// The coarser copy inside the next packet (in-band FEC).
    ForwardError,
    /// Nobody spoke: silence the sender did not send (DTX), mute, or a stall past the concealment. All zeros
    /// unless mixed with something better.
    Silence,
    /// Invented from what went before.
    Concealed,
}

/// 20 ms of what was heard.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// 16 kHz mono.
    pub samples: &'a [i16; HEARD_FRAME],
    /// The place of the first sample in all that this `Hearing` ever gave; frames are contiguous.
    pub position: u64,
    /// When the last sample would have been here at the latest, had the network been at its fastest: the moment
    /// it was spoken plus the shortest transit seen. Never after the `now` of the pull that gave it, save for rounding.
    pub spoken_at: Instant,
    /// Where the samples come from.
    pub origin: Origin,
}

/// What happened to the packets, since the beginning. Durations in milliseconds of audio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HearingCounters {
    /// Packets pushed.
    pub received: u64,
    /// Came after their place had been filled.
    pub late: u64,
    /// Did not come in time, nor did a copy.
    pub lost: u64,
    /// Heard from a copy in a later packet, because that was here first (RED).
    pub recovered_red: u64,
    /// Of the lost, those restored from in-band FEC.
    pub recovered_fec: u64,
    /// Came twice, or after their copy was heard.
    pub duplicates: u64,
    /// Payloads that were not Opus or RED as their specification has them, and single packets far outside the
    /// stream's numbers.
    pub malformed: u64,
    /// Jumps of sequence or time that began the stream anew.
    pub restarts: u64,
    /// Packets passed over because the sender's time had run away from ours by more than 5 s.
    pub runaway: u64,
    /// Silences the sender did not send (DTX).
    pub dtx: u64,
    /// Times that nothing came for longer than the depth, and was not DTX.
    pub stalls: u64,
    /// Audio invented.
    pub concealed_ms: u64,
    /// Silence given for what was not sent, or did not come.
    pub silence_ms: u64,
    /// How long a missing packet is waited for now.
    pub depth_ms: u32,
}

/// The ear of one track.
pub struct Hearing {
    jitter: Jitter,
    decoder: opus::Decoder,
    /// Decoded and not yet given: `ready[given..end]`.
    ready: Box<[i16; READY]>,
    given: usize,
    end: usize,
    /// Where the newest of it comes from, and the worst of the frame to come.
    newest_origin: Origin,
    worst_origin: Origin,
    position: u64,
}

/// The longest piece, 120 ms, after the rest of a frame.
const READY: usize = HEARD_FRAME + 6 * HEARD_FRAME;

/// Ticks of the RTP clock in a sample.
const TICKS: u32 = 3;

impl Hearing {
    /// An ear that has heard nothing. Takes its memory at once: about 30 KB.
    pub fn new(config: HearingConfig) -> Result<Self, CodecError> {
        let decoder = opus::Decoder::new(SampleRate::HEARING.hertz(), opus::Channels::Mono)
            .map_err(CodecError::Decoder)?;
        Ok(Self {
            jitter: Jitter::new(config),
            decoder,
            ready: Box::new([0; READY]),
            given: 0,
            end: 0,
            newest_origin: Origin::Received,
            worst_origin: Origin::Received,
            position: 0,
        })
    }

    /// Takes a packet as it came. Wrong bytes are counted, never an error.
    pub fn push(&mut self, packet: AudioPacket<'_>) {
        self.jitter.push(packet);
    }

    /// The next 20 ms, if they are ready: call until `None`, after each push and at [`Hearing::next_pull`].
    ///
    /// A packet that is next in order is given at once: a machine's ear needs no even pace. Only what is missing is
    /// waited for, as long as the measured jitter asks. From the first packet on, time never stands still: when
    /// nothing comes, silence does.
    pub fn pull(&mut self, now: Instant) -> Option<Frame<'_>> {
        while self.end - self.given < HEARD_FRAME {
            self.make_room();
            let made = decode(&mut self.jitter, &mut self.decoder, now, &mut self.ready[self.end..])?;
            if made.n_samples > 0 {
                self.end += made.n_samples;
                self.newest_origin = made.origin;
                self.worst_origin = self.worst_origin.max(made.origin);
            }
        }
        let (position, origin, start) = (self.position, self.worst_origin, self.given);
        self.position += HEARD_FRAME as u64;
        self.given += HEARD_FRAME;
        let n_left = self.end - self.given;
        // What is left is all of the newest piece: before it there was less than a frame.
        self.worst_origin = if n_left > 0 { self.newest_origin } else { Origin::Received };
        let spoken_at = self.jitter.spoken_at(n_left as i64 * i64::from(TICKS)).map_or(now, |at| at.min(now));
        let samples = self.ready[start..].first_chunk()?;
        Some(Frame { samples, position, spoken_at, origin })
    }

    /// When to pull although nothing was pushed; the past means at once. `None` before the first packet.
    #[must_use]
    pub fn next_pull(&self) -> Option<Instant> {
        self.jitter.deadline()
    }

    /// The sender muted itself: when nothing comes it is silence, not loss, until [`Hearing::unmute`]. Audio that
    /// comes nevertheless is heard: it is the server that holds back a muted track.
    pub fn mute(&mut self) {
        self.jitter.set_muted(true);
    }

    /// The sender is back.
    pub fn unmute(&mut self) {
        self.jitter.set_muted(false);
    }

    /// Another stream takes the track's place (a new SSRC): its numbers and times begin anew.
    pub fn restart(&mut self) {
        self.jitter.restart();
    }

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> HearingCounters {
        self.jitter.counters()
    }

    fn make_room(&mut self) {
        self.ready.copy_within(self.given..self.end, 0);
        self.end -= self.given;
        self.given = 0;
    }
}

struct Made {
    n_samples: usize,
    origin: Origin,
}

/// Decodes the next piece into `out`. `None` when there is none at `now`.
fn decode(jitter: &mut Jitter, decoder: &mut opus::Decoder, now: Instant, out: &mut [i16]) -> Option<Made> {
    let (origin, ticks, decoded) = match jitter.poll(now)? {
        Piece::NewStream => {
            // It cannot fail: the decoder exists.
            let _ = decoder.reset_state();
            return Some(Made { n_samples: 0, origin: Origin::Received });
        }
        Piece::Packet { bytes, origin, ticks } => {
            (origin, ticks, decoder.decode(bytes, &mut out[..samples(ticks)], false))
        }
        Piece::ForwardError { bytes, ticks } => {
            (Origin::ForwardError, ticks, decoder.decode(bytes, &mut out[..samples(ticks)], true))
        }
        Piece::Concealment { ticks, last } => {
            let out = &mut out[..samples(ticks)];
            let decoded = decoder.decode(&[], out, false);
            if last {
                fade_out(out);
            }
            (Origin::Concealed, ticks, decoded)
        }
        Piece::Silence { ticks } => {
            out[..samples(ticks)].fill(0);
            (Origin::Silence, ticks, Ok(samples(ticks)))
        }
    };
    Some(match decoded {
        Ok(n_samples) => Made { n_samples, origin },
        Err(_) => {
            jitter.count_malformed();
            out[..samples(ticks)].fill(0);
            Made { n_samples: samples(ticks), origin: Origin::Concealed }
        }
    })
}

const fn samples(ticks: u32) -> usize {
    (ticks / TICKS) as usize
}

fn fade_out(samples: &mut [i16]) {
    let n = samples.len() as i32;
    for (sample, left) in samples.iter_mut().zip((0..n).rev()) {
        *sample = (i32::from(*sample) * left / n) as i16;
    }
}
