//! The work of 20 ms in each part of the audio path, prepared so that one call does it once.

use std::{
    fmt,
    time::{Duration, Instant},
};

use agent_audio::{
    AudioPacket, Clip, EncoderConfig, Gain, Hearing, HearingConfig, PayloadKind, Playout, PlayoutConfig,
    PlayoutId, Quiet, Speaking, SpeakingConfig,
};
use providers_core::SampleRate;

/// A piece of work.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// libopus alone, to 16 kHz, of what a browser sends.
    Decode,
    /// An ear that gets packets in order.
    Hear,
    /// The same with RED of one level.
    HearRed,
    /// The same with 10 % loss and in-band FEC.
    HearLossy,
    /// An ear whose sender is silent (DTX).
    HearNothing,
    /// A reply at this rate brought to 24 kHz and played.
    Play(u32),
    /// A reply at 24 kHz mixed with a background.
    PlayMixed,
    /// libopus alone, 24 kHz: complexity and kb/s, in-band FEC for 10 % loss.
    Encode(u8, u16),
    /// A mouth that speaks: complexity and kb/s.
    Speak(u8, u16),
}

pub(crate) const ALL: [Work; 18] = [
    Work::Decode,
    Work::Hear,
    Work::HearRed,
    Work::HearLossy,
    Work::HearNothing,
    Work::Play(24_000),
    Work::Play(16_000),
    Work::Play(22_050),
    Work::Play(48_000),
    Work::PlayMixed,
    Work::Encode(0, 24),
    Work::Encode(5, 24),
    Work::Encode(10, 24),
    Work::Encode(0, 40),
    Work::Encode(1, 40),
    Work::Encode(5, 40),
    Work::Encode(10, 40),
    Work::Speak(1, 40),
];

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode => f.write_str("decode"),
            Self::Hear => f.write_str("hear"),
            Self::HearRed => f.write_str("hear-red"),
            Self::HearLossy => f.write_str("hear-lossy"),
            Self::HearNothing => f.write_str("hear-nothing"),
            Self::Play(rate) => write!(f, "play-{rate}"),
            Self::PlayMixed => f.write_str("play-mixed"),
            Self::Encode(complexity, kilobits) => write!(f, "encode-{complexity}-{kilobits}k"),
            Self::Speak(complexity, kilobits) => write!(f, "speak-{complexity}-{kilobits}k"),
        }
    }
}

const FRAME: Duration = Duration::from_millis(20);

/// 2.8 s of a synthetic voice at 16 kHz.
static SPEECH: &[u8] = include_bytes!("../../tests/vad_vectors/speech.s16");

impl Work {
    /// Does it once a call.
    pub(crate) fn prepare(self) -> Box<dyn FnMut()> {
        match self {
            Self::Decode => decode(),
            Self::Hear => hear(Trouble::None),
            Self::HearRed => hear(Trouble::Red),
            Self::HearLossy => hear(Trouble::Loss),
            Self::HearNothing => hear(Trouble::Silence),
            Self::Play(rate) => play(rate, false),
            Self::PlayMixed => play(24_000, true),
            Self::Encode(complexity, kilobits) => encode(complexity, kilobits),
            Self::Speak(complexity, kilobits) => speak(complexity, kilobits),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    Red,
    Loss,
    Silence,
}

fn decode() -> Box<dyn FnMut()> {
    let packets = browser_packets(false);
    let mut decoder = opus::Decoder::new(16_000, opus::Channels::Mono).expect("16 kHz mono is supported");
    let mut out = [0; 320];
    let mut n = 0;
    Box::new(move || {
        let packet = &packets[n % packets.len()];
        n += 1;
        decoder.decode(packet, &mut out, false).expect("our own packets decode");
    })
}

fn hear(trouble: Trouble) -> Box<dyn FnMut()> {
    let packets = browser_packets(trouble == Trouble::Loss);
    let red = red_payloads(&packets);
    let config = HearingConfig {
        depth_min: FRAME,
        depth_max: Duration::from_millis(200),
        conceal_max: Duration::from_millis(100),
    };
    let mut hearing = Hearing::new(config).expect("16 kHz mono is supported");
    let mut now = epoch();
    let mut random = fastrand::Rng::with_seed(1);
    let mut n = 0u32;
    Box::new(move || {
        let place = n as usize % packets.len();
        let (kind, payload) = match trouble {
            Trouble::Red => (PayloadKind::Red, &red[place]),
            Trouble::None | Trouble::Loss | Trouble::Silence => (PayloadKind::Opus, &packets[place]),
        };
        let comes = match trouble {
            Trouble::None | Trouble::Red => true,
            Trouble::Loss => random.u32(..10) > 0,
            Trouble::Silence => n == 0,
        };
        now += FRAME;
        if comes {
            // The first packet of a silence says that it is one.
            let payload = if trouble == Trouble::Silence { &payload[..1] } else { payload };
            hearing.push(AudioPacket {
                sequence: n as u16,
                rtp_time: n.wrapping_mul(960),
                kind,
                payload,
                arrival: now,
            });
        }
        n = n.wrapping_add(1);
        while let Some(frame) = hearing.pull(now) {
            std::hint::black_box(frame);
        }
    })
}

fn play(rate: u32, with_background: bool) -> Box<dyn FnMut()> {
    let mut playout = Playout::new(PLAYOUT);
    if with_background {
        playout.add_sound(
            Box::new(Clip::looped(speech_at(24_000).into())),
            Gain::from_decibels(-20.0),
            FRAME,
        );
    }
    let speech = speech_at(rate);
    let mut pieces = pieces(rate, speech.len());
    let mut now = epoch();
    playout.begin(PlayoutId(0), SampleRate::new(rate).expect("a usual rate")).expect("none plays");
    Box::new(move || {
        now += FRAME;
        playout.push(&speech[pieces.next_piece()]).expect("a reply is open");
        std::hint::black_box(playout.frame(now));
    })
}

fn encode(complexity: u8, kilobits: u16) -> Box<dyn FnMut()> {
    let speech = speech_at(24_000);
    let mut encoder =
        opus::Encoder::new(24_000, opus::Channels::Mono, opus::Application::Voip).expect("supported");
    encoder.set_signal(opus::Signal::Voice).expect("supported");
    encoder.set_complexity(complexity.into()).expect("0 to 10");
    encoder.set_bitrate(opus::Bitrate::Bits(i32::from(kilobits) * 1000)).expect("supported");
    encoder.set_inband_fec(true).expect("supported");
    encoder.set_packet_loss_perc(10).expect("supported");
    let mut out = [0; 1275];
    let mut pieces = pieces(24_000, speech.len());
    Box::new(move || {
        encoder.encode(&speech[pieces.next_piece()], &mut out).expect("20 ms are a frame");
    })
}

fn speak(complexity: u8, kilobits: u16) -> Box<dyn FnMut()> {
    let config = SpeakingConfig {
        encoder: EncoderConfig { complexity, bitrate: u32::from(kilobits) * 1000, expected_loss: 10 },
        playout: PLAYOUT,
        quiet: Quiet::Nothing,
        hangover: FRAME,
        first_rtp_time: 0,
    };
    let mut now = epoch();
    let mut speaking = Speaking::new(config, now).expect("a good configuration");
    let speech = speech_at(24_000);
    let mut pieces = pieces(24_000, speech.len());
    speaking.playout.begin(PlayoutId(0), SampleRate::VOICE).expect("none plays");
    Box::new(move || {
        speaking.playout.push(&speech[pieces.next_piece()]).expect("a reply is open");
        while let Some(packet) = speaking.frame(now) {
            std::hint::black_box(packet);
        }
        now += FRAME;
    })
}

const PLAYOUT: PlayoutConfig = PlayoutConfig {
    fade: Duration::from_millis(5),
    lead: Duration::ZERO,
    duck: Gain::UNITY,
    duck_fade: Duration::ZERO,
};

/// The speech again and again, 20 ms at a time.
struct Pieces {
    n: usize,
    piece: usize,
    length: usize,
}

fn pieces(rate: u32, length: usize) -> Pieces {
    Pieces { n: 0, piece: rate as usize / 50, length }
}

impl Pieces {
    fn next_piece(&mut self) -> std::ops::Range<usize> {
        let start = self.n % (self.length / self.piece) * self.piece;
        self.n += 1;
        start..start + self.piece
    }
}

fn speech_at(rate: u32) -> Vec<i16> {
    let speech: Vec<f32> =
        SPEECH.as_chunks::<2>().0.iter().map(|sample| f32::from(i16::from_le_bytes(*sample))).collect();
    let n = (speech.len() - 1) as u64 * u64::from(rate) / 16_000;
    let at = |n: u64| {
        let place = n as f32 * 16_000.0 / rate as f32;
        let (before, part) = (place as usize, place.fract());
        (speech[before] * (1.0 - part) + speech[(before + 1).min(speech.len() - 1)] * part) as i16
    };
    (0..n).map(at).collect()
}

/// 48 kHz mono at 32 kb/s, as a browser's microphone comes.
fn browser_packets(fec: bool) -> Vec<Vec<u8>> {
    let mut encoder =
        opus::Encoder::new(48_000, opus::Channels::Mono, opus::Application::Voip).expect("supported");
    encoder.set_bitrate(opus::Bitrate::Bits(32_000)).expect("supported");
    encoder.set_inband_fec(fec).expect("supported");
    encoder.set_packet_loss_perc(if fec { 10 } else { 0 }).expect("supported");
    let encoded = speech_at(48_000).chunks_exact(960).map(|frame| encoder.encode_vec(frame, 1275)).collect();
    let encoded: Result<_, opus::Error> = encoded;
    encoded.expect("20 ms are a frame")
}

fn red_payloads(packets: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let red = |(n, newest): (usize, &Vec<u8>)| {
        let older = &packets[(n + packets.len() - 1) % packets.len()];
        let header = (0x80 | 111) << 24 | 960 << 10 | older.len() as u32;
        [&header.to_be_bytes()[..], &[111], older, newest].concat()
    };
    packets.iter().enumerate().map(red).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "virtual time begins at some instant; nothing depends on which"
)]
fn epoch() -> Instant {
    Instant::now()
}
