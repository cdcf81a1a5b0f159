//! One track heard: RTP payloads in, 20 ms frames of 16 kHz mono out, in order, gaps filled.

use std::time::{Duration, Instant};

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
    /// Never came in time as a packet of their own.
    pub lost: u64,
    /// Lost, and restored bit by bit from redundancy.
    pub recovered_red: u64,
    /// Lost, and restored from in-band FEC.
    pub recovered_fec: u64,
    /// Came twice.
    pub duplicates: u64,
    /// Payloads that were not Opus or RED as their specification has them.
    pub malformed: u64,
    /// Jumps of sequence or time that began the stream anew.
    pub restarts: u64,
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
    _config: HearingConfig,
    counters: HearingCounters,
}

impl Hearing {
    /// An ear that has heard nothing. Takes memory once, about 40 KB.
    pub fn new(config: HearingConfig) -> Result<Self, CodecError> {
        Ok(Self { _config: config, counters: HearingCounters::default() })
    }

    /// Takes a packet as it came. Wrong bytes are counted, never an error.
    pub fn push(&mut self, packet: AudioPacket<'_>) {
        let _ = packet;
        self.counters.received += 1;
    }

    /// The next 20 ms, if they are ready: call until `None`, after each push and at [`Hearing::next_pull`].
    ///
    /// A packet that is next in order is given at once: a machine's ear needs no even pace. Only what is missing is
    /// waited for, as long as the measured jitter asks. From the first packet on, time never stands still: when
    /// nothing comes, silence does.
    pub fn pull(&mut self, now: Instant) -> Option<Frame<'_>> {
        let _ = now;
        None
    }

    /// When to pull although nothing was pushed. `None` before the first packet.
    #[must_use]
    pub fn next_pull(&self) -> Option<Instant> {
        None
    }

    /// The sender muted itself: what comes now is silence, at once, until [`Hearing::unmute`].
    pub fn mute(&mut self, now: Instant) {
        let _ = now;
    }

    /// The sender is back.
    pub fn unmute(&mut self) {}

    /// Another stream takes the track's place (a new SSRC): nothing of the old one is waited for.
    pub fn restart(&mut self) {}

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> HearingCounters {
        self.counters
    }
}
