//! The jitter buffer: which packet is played next, when a missing one is given up, and what stands in for it.
//!
//! Time here is the sender's, in ticks of 48 kHz. A packet that is next in order is played at once. For one that is
//! missing there are three cases, told apart by sequence numbers and times:
//!
//! ```text
//! [ 7 ][ 8 ]........[10 ]   a later packet is here, a number is missing: lost. Waited for until the depth is over,
//!                           then in-band FEC of 10 and concealment fill the hole.
//! [ 7 ][ 8 ]........[ 9 ]   numbers in order, a hole in time: the sender was silent (DTX). Silence fills it at once.
//! [ 7 ][ 8 ]........        nothing later is here: the network stalls, or DTX. Concealment, then silence, as time
//!                           passes; whatever comes after is played in full: a stall loses nothing.
//! ```
//!
//! Nothing is ever played to a clock, so no delay accumulates, and clocks that drift apart have no effect. Only a sender
//! whose time runs away from ours is held back: see `pace`.

mod copies;
mod pace;
mod plan;
mod seen;

use std::time::{Duration, Instant};

use self::{pace::Pace, plan::Plan};
use super::{
    AudioPacket, HearingConfig, HearingCounters, Origin, PayloadKind,
    delay::{Delay, ticks},
    packet, red,
};

/// What is heard next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// The stream begins anew: the decoder forgets.
    NewStream,
    /// A packet.
    Packet {
        /// One Opus packet.
        bytes: &'a [u8],
        /// Itself, or a copy.
        origin: Origin,
        /// How long it is.
        ticks: u32,
    },
    /// The copy in this packet, which follows, of the audio before it.
    ForwardError {
        /// One Opus packet, to be played itself after this.
        bytes: &'a [u8],
        /// How long the hole is.
        ticks: u32,
    },
    /// Something that continues what was heard.
    Concealment {
        /// How long.
        ticks: u32,
        /// Silence follows: fade out.
        last: bool,
    },
    /// Nothing.
    Silence {
        /// How long.
        ticks: u32,
    },
}

/// One stream of packets.
pub(super) struct Jitter {
    config: HearingConfig,
    stream: Option<Stream>,
    /// In order of their sequence numbers; all at or after `Stream::next_sequence`.
    waiting: Vec<Entry>,
    /// Byte buffers to use again.
    spare: Vec<Vec<u8>>,
    /// The bytes of the packet being played.
    playing: Vec<u8>,
    /// The next packet begins another stream, whatever its numbers.
    expect_new: bool,
    /// The decoder has not yet been told of a new stream.
    new_stream: bool,
    muted: bool,
    pace: Pace,
    counters: HearingCounters,
    /// Ticks behind the millisecond counters.
    concealed: u64,
    silent: u64,
}

/// Most packets held; beyond, holes are given up at once. 64 packets of 20 ms are 1.3 s.
const CAPACITY: usize = 64;

/// A packet whose number is further than this from the newest is of another stream, or a stray: 10 s.
const FARTHEST: i64 = 500;

/// A time that leaps this far ahead of the clock, or back, begins another stream: 2 s.
const LEAP: i64 = 96_000;

/// Silence is given in pieces of 20 ms.
const SILENCE_PIECE: i64 = 960;

/// What the decoder can invent: multiples of 2.5 ms.
const GRAIN: i64 = 120;

/// A pull later than this does not make up for the silence it missed: 1 s.
const OVERSLEPT: i64 = 48_000;

/// Where a packet stands in its stream.
#[derive(Clone, Copy)]
struct Placed {
    sequence: i64,
    time: i64,
    /// Ticks that passed since the newest packet before it came: no silence before it can be much longer.
    gap: i64,
}

struct Entry {
    sequence: i64,
    time: i64,
    gap: i64,
    duration: i64,
    origin: Origin,
    arrival: Instant,
    bytes: Vec<u8>,
}

/// What is known once a packet has come.
struct Stream {
    delay: Delay,
    /// The newest packet: its number, time and arrival.
    newest: (i64, i64, Instant),
    /// Which of the last 128 numbers have come, the newest in bit 0.
    come: u128,
    /// Which of them were played from a copy.
    copied: u128,
    /// The number after a stray packet's: if it comes, the stray was the first of a new stream.
    stray_next: Option<u16>,
    /// What is played next in order.
    next_sequence: i64,
    /// Up to where the stream was played, in its own time.
    played_until: i64,
    /// What was put after that because nothing came, or because it was lost.
    filled: Filled,
    /// Some of it because nothing at all came.
    stalled: bool,
    /// How long the last packet was.
    duration: i64,
    /// The last packet said that the sender goes silent.
    quiet: bool,
}

/// What stands in a hole that is not closed yet.
#[derive(Clone, Copy, Debug, Default)]
struct Filled {
    concealed: i64,
    silent: i64,
}

impl Jitter {
    pub(super) fn new(config: HearingConfig) -> Self {
        Self {
            config,
            stream: None,
            waiting: Vec::with_capacity(CAPACITY),
            spare: Vec::with_capacity(CAPACITY),
            playing: Vec::new(),
            expect_new: false,
            new_stream: false,
            muted: false,
            pace: Pace::default(),
            counters: HearingCounters::default(),
            concealed: 0,
            silent: 0,
        }
    }

    pub(super) fn push(&mut self, packet: AudioPacket<'_>) {
        self.counters.received += 1;
        let Some(blocks) = (match packet.kind {
            PayloadKind::Opus => Some(red::Blocks::without_older(packet.payload)),
            PayloadKind::Red => red::parse(packet.payload),
        }) else {
            self.counters.malformed += 1;
            return;
        };
        let Some(duration) = packet::duration(blocks.newest) else {
            self.counters.malformed += 1;
            return;
        };
        let Some(place) = self.place(&packet) else { return };
        let newest = blocks.newest;
        self.keep_older(blocks, place, i64::from(duration), packet.arrival);
        self.keep(place, i64::from(duration), Origin::Received, packet.arrival, newest);
    }

    /// The next piece, if it is time for one.
    pub(super) fn poll(&mut self, now: Instant) -> Option<Piece<'_>> {
        if std::mem::take(&mut self.new_stream) {
            return Some(Piece::NewStream);
        }
        self.pace.pass(now);
        let (plan, late) = loop {
            let (due, plan) = self.plan()?;
            let late = match due {
                Some(due) if due > now => return None,
                Some(due) => now - due,
                None => Duration::ZERO,
            };
            if !self.pace.is_spent() {
                break (plan, late);
            }
            self.skip(plan, now);
        };
        self.pace.give(match plan {
            Plan::Play => self.waiting.first().map_or(0, |first| first.duration),
            Plan::ForwardError(ticks) | Plan::Conceal(ticks) | Plan::Silence(ticks) => ticks,
        });
        Some(match plan {
            Plan::Play => self.play(),
            Plan::ForwardError(ticks) => self.forward_error(ticks),
            Plan::Conceal(ticks) => self.conceal(ticks),
            Plan::Silence(ticks) => self.silence(ticks, late),
        })
    }

    /// The sender's time has run away from ours: what would be next is passed over.
    fn skip(&mut self, plan: Plan, now: Instant) {
        match plan {
            Plan::Play => {
                let entry = self.waiting.remove(0);
                self.pass(&entry);
                self.counters.runaway += 1;
                self.spare.push(entry.bytes);
            }
            Plan::ForwardError(ticks) | Plan::Conceal(ticks) | Plan::Silence(ticks) => {
                let Some(stream) = &mut self.stream else { return };
                let over = match self.waiting.first() {
                    Some(first) => stream.hole_before(first),
                    None => stream.delay.time_at(now) - stream.until() + 1,
                };
                stream.played_until += over.max(ticks);
            }
        }
    }

    /// When [`Jitter::poll`] has something; the past means at once.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let stream = self.stream.as_ref()?;
        if self.new_stream {
            return Some(stream.newest.2);
        }
        self.plan().map(|(due, _)| due.unwrap_or(stream.newest.2))
    }

    /// When the audio that ends `ticks_before` the end of what was played was spoken: as it would be known here had
    /// the network been at its fastest.
    pub(super) fn spoken_at(&self, ticks_before: i64) -> Option<Instant> {
        let stream = self.stream.as_ref()?;
        Some(stream.delay.earliest(stream.until() - stream.duration - ticks_before))
    }

    pub(super) fn set_muted(&mut self, muted: bool) {
        self.muted = muted;
    }

    pub(super) fn restart(&mut self) {
        self.expect_new = true;
        if let Some(stream) = &mut self.stream {
            stream.quiet = true;
        }
    }

    pub(super) fn count_malformed(&mut self) {
        self.counters.malformed += 1;
    }

    pub(super) fn counters(&self) -> HearingCounters {
        HearingCounters {
            concealed_ms: self.concealed / 48,
            silence_ms: self.silent / 48,
            depth_ms: self.depth().as_millis() as u32,
            ..self.counters
        }
    }

    /// Puts a packet into the stream's unbroken numbers and times. `None` for one that has no place.
    fn place(&mut self, packet: &AudioPacket<'_>) -> Option<Placed> {
        if self.expect_new || self.stream.is_none() {
            return Some(self.begin(packet));
        }
        let stream = self.stream.as_mut()?;
        let (newest, newest_time, newest_arrival) = stream.newest;
        let sequence = newest + i64::from(packet.sequence.wrapping_sub(newest as u16) as i16);
        let time = newest_time + i64::from(packet.rtp_time.wrapping_sub(newest_time as u32) as i32);
        if (sequence - newest).abs() > FARTHEST {
            if stream.stray_next.replace(packet.sequence.wrapping_add(1)) == Some(packet.sequence) {
                return Some(self.begin(packet));
            }
            self.counters.malformed += 1;
            return None;
        }
        stream.stray_next = None;
        if sequence < newest && time > newest_time {
            self.counters.malformed += 1;
            return None;
        }
        let elapsed = packet.arrival.saturating_duration_since(newest_arrival).as_micros();
        let elapsed = ticks(i64::try_from(elapsed).unwrap_or(i64::MAX / 6));
        if sequence > newest && (time - newest_time > elapsed + LEAP || time < newest_time - LEAP) {
            return Some(self.begin(packet));
        }
        if !stream.come(sequence) {
            self.counters.duplicates += 1;
            return None;
        }
        stream.delay.observe(packet.arrival, time);
        // One that was overtaken stands before the newest in time, too: there is no long silence before it.
        let gap = if sequence > newest { elapsed } else { 0 };
        if sequence > newest {
            stream.newest = (sequence, time, packet.arrival);
        }
        if sequence < stream.next_sequence {
            match stream.copied(sequence) {
                true => self.counters.duplicates += 1,
                false => self.counters.late += 1,
            }
            return None;
        }
        Some(Placed { sequence, time, gap })
    }

    /// Begins a stream with this packet.
    fn begin(&mut self, packet: &AudioPacket<'_>) -> Placed {
        let (sequence, time) = (i64::from(packet.sequence), i64::from(packet.rtp_time));
        if self.stream.is_some() {
            self.counters.restarts += 1;
            self.new_stream = true;
            self.close_hole(false);
        }
        self.expect_new = false;
        while let Some(entry) = self.waiting.pop() {
            self.spare.push(entry.bytes);
        }
        self.stream = Some(Stream {
            delay: Delay::new(packet.arrival, time),
            newest: (sequence, time, packet.arrival),
            come: 1,
            copied: 0,
            stray_next: None,
            next_sequence: sequence,
            played_until: time,
            filled: Filled::default(),
            stalled: false,
            duration: SILENCE_PIECE,
            quiet: false,
        });
        Placed { sequence, time, gap: 0 }
    }

    fn keep(
        &mut self,
        Placed { sequence, time, gap }: Placed,
        duration: i64,
        origin: Origin,
        arrival: Instant,
        payload: &[u8],
    ) {
        let mut place = self.waiting.partition_point(|entry| entry.sequence < sequence);
        if let Some(same) = self.waiting.get_mut(place).filter(|entry| entry.sequence == sequence) {
            // A copy was here first.
            same.origin = same.origin.min(origin);
            return;
        }
        if self.waiting.len() == CAPACITY {
            // Nobody pulls: the oldest makes room.
            if place == 0 {
                return;
            }
            let oldest = self.waiting.remove(0);
            self.pass(&oldest);
            self.counters.lost += 1;
            self.spare.push(oldest.bytes);
            place -= 1;
        }
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(payload);
        self.waiting.insert(place, Entry { sequence, time, gap, duration, origin, arrival, bytes });
    }

    /// Plays the first packet that waits.
    fn play(&mut self) -> Piece<'_> {
        let mut entry = self.waiting.remove(0);
        self.pass(&entry);
        if entry.origin == Origin::Redundant {
            self.counters.recovered_red += 1;
        }
        std::mem::swap(&mut self.playing, &mut entry.bytes);
        self.spare.push(entry.bytes);
        Piece::Packet { bytes: &self.playing, origin: entry.origin, ticks: entry.duration as u32 }
    }

    /// The stream has been played up to the end of `entry`.
    fn pass(&mut self, entry: &Entry) {
        let Some(stream) = &mut self.stream else { return };
        let n_missing = entry.sequence - stream.next_sequence;
        self.counters.lost += n_missing as u64;
        let was_silent = n_missing == 0 && entry.time - stream.played_until >= GRAIN;
        self.close_hole(was_silent);
        let Some(stream) = &mut self.stream else { return };
        stream.next_sequence = entry.sequence + 1;
        stream.played_until = entry.time + entry.duration;
        stream.duration = entry.duration;
        stream.quiet = packet::is_comfort(&entry.bytes);
        if entry.origin == Origin::Redundant {
            stream.copied |= stream.bit(entry.sequence);
        }
    }

    /// Says what the hole was, now that it is known: DTX, or a stall or loss.
    fn close_hole(&mut self, was_silent: bool) {
        let Some(stream) = &mut self.stream else { return };
        let filled = std::mem::take(&mut stream.filled);
        let stalled = std::mem::take(&mut stream.stalled);
        self.silent += filled.silent as u64;
        if was_silent {
            self.counters.dtx += 1;
            self.silent += filled.concealed as u64;
        } else {
            self.counters.stalls += u64::from(stalled);
            self.concealed += filled.concealed as u64;
        }
    }

    fn forward_error(&mut self, ticks: i64) -> Piece<'_> {
        if let Some(stream) = &mut self.stream {
            stream.played_until += ticks;
            self.counters.recovered_fec += 1;
        }
        let bytes = self.waiting.first().map_or(&[][..], |entry| &entry.bytes);
        Piece::ForwardError { bytes, ticks: ticks as u32 }
    }

    fn conceal(&mut self, ticks: i64) -> Piece<'_> {
        let most = self.conceal_max();
        let Some(stream) = &mut self.stream else { return Piece::Silence { ticks: 0 } };
        stream.stalled |= self.waiting.is_empty();
        stream.filled.concealed += ticks;
        Piece::Concealment { ticks: ticks as u32, last: stream.filled.concealed + GRAIN > most }
    }

    fn silence(&mut self, ticks: i64, late: Duration) -> Piece<'_> {
        let depth = super::delay::ticks(i64::try_from(self.config.depth_max.as_micros()).unwrap_or(0));
        let Some(stream) = &mut self.stream else { return Piece::Silence { ticks: 0 } };
        // Who did not pull for long is not given all the silence since; and no silence was longer than time passed,
        // whatever the sender's clock says.
        let slept = match self.waiting.first() {
            Some(first) => stream.hole_before(first) - (first.gap + depth).min(OVERSLEPT),
            None => super::delay::ticks(i64::try_from(late.as_micros()).unwrap_or(0)) - OVERSLEPT,
        };
        stream.played_until += slept.max(0);
        stream.filled.silent += ticks;
        stream.stalled |= self.waiting.is_empty() && !stream.quiet;
        Piece::Silence { ticks: ticks as u32 }
    }
}

impl Stream {
    /// Up to where something has been given.
    fn until(&self) -> i64 {
        self.played_until + self.filled.ticks()
    }
}

impl Filled {
    const fn ticks(self) -> i64 {
        self.concealed + self.silent
    }
}
