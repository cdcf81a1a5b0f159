//! A sender, a network and a listener under virtual time.

use std::{
    collections::BTreeMap,
    f64::consts::TAU,
    time::{Duration, Instant},
};

use agent_audio::{AudioPacket, HEARD_FRAME, Hearing, HearingConfig, HearingCounters, Origin, PayloadKind};

pub(crate) const PACKET: Duration = Duration::from_millis(20);

/// How a sender packs.
#[derive(Clone, Copy)]
pub(crate) struct Sender {
    pub(crate) packet: Duration,
    pub(crate) channels: opus::Channels,
    pub(crate) fec: bool,
    /// Older packets repeated in each, RFC 2198.
    pub(crate) red: usize,
    /// How far apart those are: 1 for the packets just before, 2 for every second one.
    pub(crate) red_step: usize,
    pub(crate) dtx: bool,
    pub(crate) first_sequence: u16,
    pub(crate) first_time: u32,
}

impl Default for Sender {
    fn default() -> Self {
        Self {
            packet: PACKET,
            channels: opus::Channels::Mono,
            fec: false,
            red: 0,
            red_step: 1,
            dtx: false,
            first_sequence: 65_500,
            first_time: u32::MAX - 100_000,
        }
    }
}

/// A packet on its way.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) sequence: u16,
    pub(crate) rtp_time: u32,
    pub(crate) kind: PayloadKind,
    pub(crate) payload: Vec<u8>,
    /// The Opus packet alone.
    pub(crate) opus: Vec<u8>,
    /// When its last sample was spoken and it was sent.
    pub(crate) at: Duration,
}

impl Sender {
    /// Encodes what `wave` says for each sample of 48 kHz.
    pub(crate) fn send(self, length: Duration, mut wave: impl FnMut(f64) -> f64) -> Vec<Sent> {
        let mut encoder = opus::Encoder::new(48_000, self.channels, opus::Application::Voip).unwrap();
        encoder.set_bitrate(opus::Bitrate::Bits(32_000)).unwrap();
        encoder.set_complexity(0).unwrap();
        encoder.set_inband_fec(self.fec).unwrap();
        encoder.set_packet_loss_perc(if self.fec { 20 } else { 0 }).unwrap();
        encoder.set_dtx(self.dtx).unwrap();
        let n_channels = self.channels as usize;
        let ticks = (self.packet.as_micros() * 48 / 1000) as u32;
        let mut sent: Vec<Sent> = Vec::new();
        let (mut sequence, mut silent) = (self.first_sequence, false);
        for n in 0..(length.as_micros() / self.packet.as_micros()) as u32 {
            let samples: Vec<i16> = (n * ticks..(n + 1) * ticks)
                .map(|at| (wave(f64::from(at) / 48_000.0) * 32_767.0) as i16)
                .flat_map(|sample| std::iter::repeat_n(sample, n_channels))
                .collect();
            let opus = encoder.encode_vec(&samples, 1275).unwrap();
            // As browsers do: of the packets that say silence only the first is sent.
            let says_silent = opus.len() <= 2;
            if std::mem::replace(&mut silent, says_silent) && says_silent {
                continue;
            }
            let rtp_time = self.first_time.wrapping_add(n * ticks);
            let payload = self.red_payload(&sent, rtp_time, &opus);
            let kind = if self.red > 0 { PayloadKind::Red } else { PayloadKind::Opus };
            sent.push(Sent { sequence, rtp_time, kind, payload, opus, at: self.packet * (n + 1) });
            sequence = sequence.wrapping_add(1);
        }
        sent
    }

    fn red_payload(&self, sent: &[Sent], rtp_time: u32, opus: &[u8]) -> Vec<u8> {
        if self.red == 0 {
            return opus.to_vec();
        }
        let older: Vec<_> = (1..=self.red)
            .rev()
            .filter_map(|n| sent.get(sent.len().checked_sub(n * self.red_step)?))
            .filter(|sent| rtp_time.wrapping_sub(sent.rtp_time) < 1 << 14)
            .collect();
        let mut payload = Vec::new();
        for sent in &older {
            let offset = rtp_time.wrapping_sub(sent.rtp_time);
            let word = (0x80 | 111) << 24 | offset << 10 | sent.opus.len() as u32;
            payload.extend(word.to_be_bytes());
        }
        payload.push(111);
        payload.extend(older.iter().flat_map(|sent| &sent.opus));
        payload.extend(opus);
        payload
    }
}

/// What happens to packets on the way.
#[derive(Clone, Copy, Default)]
pub(crate) struct Link {
    pub(crate) seed: u64,
    pub(crate) loss: f64,
    /// Each packet is delayed by up to this, all values as likely.
    pub(crate) jitter: Duration,
    pub(crate) duplicates: f64,
    /// Nothing arrives from the first moment for the second; then all of it at once.
    pub(crate) stall: Option<(Duration, Duration)>,
    /// The sender's clock runs so much faster than ours, in millionths.
    pub(crate) drift: f64,
}

/// What arrives, in order of arrival, and which sequence numbers never do.
pub(crate) struct Carried {
    pub(crate) arrivals: Vec<(Duration, Sent)>,
    pub(crate) lost: Vec<u16>,
}

impl Link {
    pub(crate) fn carry(self, sent: &[Sent]) -> Carried {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut arrivals = BTreeMap::new();
        let mut lost = Vec::new();
        for sent in sent {
            if random.f64() < self.loss {
                lost.push(sent.sequence);
                continue;
            }
            let n_copies = 1 + usize::from(random.f64() < self.duplicates);
            for _ in 0..n_copies {
                let mut at = sent.at.mul_f64(1.0 / (1.0 + self.drift * 1e-6))
                    + Duration::from_millis(40)
                    + self.jitter.mul_f64(random.f64());
                if let Some((from, duration)) =
                    self.stall.filter(|(from, for_)| at > *from && at < *from + *for_)
                {
                    at = from + duration;
                }
                // The number keeps packets apart that arrive in the same nanosecond, in the order they were sent.
                arrivals.insert((at, arrivals.len()), sent.clone());
            }
        }
        Carried { arrivals: arrivals.into_iter().map(|((at, _), sent)| (at, sent)).collect(), lost }
    }
}

/// What was heard of it.
pub(crate) struct Heard {
    pub(crate) samples: Vec<i16>,
    pub(crate) origins: Vec<Origin>,
    /// From when it was spoken, at the network's fastest, to when it was given.
    pub(crate) delays: Vec<Duration>,
    pub(crate) counters: HearingCounters,
}

pub(crate) fn config() -> HearingConfig {
    HearingConfig {
        depth_min: Duration::from_millis(20),
        depth_max: Duration::from_millis(200),
        conceal_max: Duration::from_millis(100),
    }
}

/// The beginning of a test's time.
#[expect(
    clippy::disallowed_methods,
    reason = "virtual time begins at some instant; nothing depends on which"
)]
pub(crate) fn epoch() -> Instant {
    Instant::now()
}

/// Hears all arrivals and pulls whenever told, until `until`.
pub(crate) fn listen(arrivals: &[(Duration, Sent)], until: Duration) -> Heard {
    listen_with(&mut Hearing::new(config()).unwrap(), arrivals, until, |_, _| ())
}

/// The same with an ear of the caller's, which may be told things at each arrival.
pub(crate) fn listen_with(
    hearing: &mut Hearing,
    arrivals: &[(Duration, Sent)],
    until: Duration,
    mut meanwhile: impl FnMut(&mut Hearing, usize),
) -> Heard {
    let epoch = epoch();
    let mut heard = Heard {
        samples: Vec::new(),
        origins: Vec::new(),
        delays: Vec::new(),
        counters: HearingCounters::default(),
    };
    let mut arrivals = arrivals.iter().enumerate().peekable();
    let mut now = epoch;
    loop {
        let arrival = arrivals.peek().map(|(_, (at, _))| epoch + *at);
        let pull = hearing.next_pull();
        now = match (arrival, pull) {
            (Some(arrival), Some(pull)) => now.max(arrival.min(pull)),
            (Some(at), None) | (None, Some(at)) => now.max(at),
            (None, None) => break,
        };
        if now > epoch + until {
            break;
        }
        if arrival == Some(now)
            && let Some((n, (_, sent))) = arrivals.next()
        {
            meanwhile(hearing, n);
            hearing.push(AudioPacket {
                sequence: sent.sequence,
                rtp_time: sent.rtp_time,
                kind: sent.kind,
                payload: &sent.payload,
                arrival: now,
            });
        }
        while let Some(frame) = hearing.pull(now) {
            assert_eq!(frame.position as usize % HEARD_FRAME, 0);
            heard.samples.extend(frame.samples);
            heard.origins.push(frame.origin);
            heard.delays.push(now - frame.spoken_at);
        }
        assert!(
            hearing.next_pull().is_none_or(|next| next > now),
            "a pull that gave nothing is not asked for again"
        );
    }
    heard.counters = hearing.counters();
    heard
}

impl Heard {
    /// The longest stretch that did not come from the sender, each with its first frame and length.
    pub(crate) fn dropouts(&self) -> Vec<(usize, usize)> {
        let mut dropouts: Vec<(usize, usize)> = Vec::new();
        for (n, origin) in self.origins.iter().enumerate() {
            match origin {
                Origin::Received | Origin::Redundant | Origin::ForwardError => {}
                Origin::Silence | Origin::Concealed => match dropouts.last_mut() {
                    Some((start, length)) if *start + *length == n => *length += 1,
                    _ => dropouts.push((n, 1)),
                },
            }
        }
        dropouts
    }

    pub(crate) fn n_from(&self, wanted: Origin) -> usize {
        self.origins.iter().filter(|origin| **origin == wanted).count()
    }
}

/// A tone of 440 Hz.
pub(crate) fn tone(at: f64) -> f64 {
    0.5 * (TAU * 440.0 * at).sin()
}

/// Something like a voice: harmonics of a gliding pitch, louder and softer twice a second.
pub(crate) fn voice(at: f64) -> f64 {
    let pitch = 120.0 + 20.0 * (TAU * 0.7 * at).sin();
    let envelope = 0.55 + 0.45 * (TAU * 2.0 * at).sin();
    (1..12).map(|n| (TAU * pitch * f64::from(n) * at).sin() / f64::from(n)).sum::<f64>() * 0.15 * envelope
}

/// Decodes packets one after another, as a perfect network would.
pub(crate) fn decode_all<'a>(packets: impl IntoIterator<Item = &'a [u8]>) -> Vec<i16> {
    let mut decoder = opus::Decoder::new(16_000, opus::Channels::Mono).unwrap();
    let mut samples = Vec::new();
    for packet in packets {
        let mut out = [0; 1920];
        let n = decoder.decode(packet, &mut out, false).unwrap();
        samples.extend(&out[..n]);
    }
    samples
}

/// Root mean square in decibels of full scale.
pub(crate) fn level(samples: &[i16]) -> f64 {
    let power = samples.iter().map(|sample| (f64::from(*sample) / 32_768.0).powi(2)).sum::<f64>();
    10.0 * (power / samples.len().max(1) as f64).max(1e-12).log10()
}
