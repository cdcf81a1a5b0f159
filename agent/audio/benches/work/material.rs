//! The work of 20 ms in each part of the audio path, prepared so that one call does it once.

use std::{
    fmt,
    time::{Duration, Instant},
};

use agent_audio::{
    AudioPacket, Clip, EncoderConfig, Gain, Hearing, HearingConfig, PayloadKind, Playout, PlayoutConfig,
    PlayoutId, Quiet, Recent, Speaking, SpeakingConfig,
    vad::{Detector, DetectorConfig, Engine},
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
    /// So many participants, each with an ear, voice activity (Silero, gated) and what was heard last; so many of them
    /// speak, the others are silent (DTX).
    Listen(u8, u8),
    /// A reply at this rate brought to 24 kHz and played.
    Play(u32),
    /// A reply at 24 kHz mixed with a background.
    PlayMixed,
    /// libopus alone, 24 kHz: complexity and kb/s, in-band FEC for 10 % loss.
    Encode(u8, u16),
    /// A mouth that speaks: complexity and kb/s.
    Speak(u8, u16),
}

pub(crate) const ALL: [Work; 22] = [
    Work::Decode,
    Work::Hear,
    Work::HearRed,
    Work::HearLossy,
    Work::HearNothing,
    Work::Listen(1, 1),
    Work::Listen(2, 1),
    Work::Listen(3, 1),
    Work::Listen(3, 3),
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
            Self::Listen(present, speaking) => write!(f, "listen-{present}-{speaking}"),
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
            Self::Listen(present, speaking) => listen(present, speaking),
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
    let mut sender = Sender::new(trouble);
    Box::new(move || {
        let now = sender.send();
        while let Some(frame) = sender.hearing.pull(now) {
            std::hint::black_box(frame);
        }
    })
}

fn listen(present: u8, speaking: u8) -> Box<dyn FnMut()> {
    let trouble = |number| if number < speaking { Trouble::None } else { Trouble::Silence };
    let listener = |number| {
        let detector = Detector::new(Engine::GatedSilero.build(), DETECTOR);
        (Sender::new(trouble(number)), detector, Recent::new(Duration::from_secs(8)))
    };
    let mut listeners: Vec<_> = (0..present).map(listener).collect();
    Box::new(move || {
        for (sender, detector, recent) in &mut listeners {
            let now = sender.send();
            while let Some(frame) = sender.hearing.pull(now) {
                recent.push(frame.samples);
                detector.handle_audio(frame.samples);
                while let Some(event) = detector.poll_event() {
                    std::hint::black_box(event);
                }
            }
        }
    })
}

const DETECTOR: DetectorConfig = DetectorConfig {
    activation: 0.5,
    deactivation: 0.35,
    min_speech: Duration::from_millis(50),
    min_silence: Duration::from_millis(250),
};

/// One whose packets come, a packet every 20 ms, and the ear that hears them.
struct Sender {
    trouble: Trouble,
    packets: Vec<Vec<u8>>,
    red: Vec<Vec<u8>>,
    hearing: Hearing,
    now: Instant,
    random: fastrand::Rng,
    n: u32,
}

impl Sender {
    fn new(trouble: Trouble) -> Self {
        let packets = browser_packets(trouble == Trouble::Loss);
        let config = HearingConfig {
            depth_min: FRAME,
            depth_max: Duration::from_millis(200),
            conceal_max: Duration::from_millis(100),
        };
        Self {
            trouble,
            red: red_payloads(&packets),
            packets,
            hearing: Hearing::new(config).expect("16 kHz mono is supported"),
            now: epoch(),
            random: fastrand::Rng::with_seed(1),
            n: 0,
        }
    }

    /// The next 20 ms, and the moment at which they are over.
    fn send(&mut self) -> Instant {
        let place = self.n as usize % self.packets.len();
        let (kind, payload) = match self.trouble {
            Trouble::Red => (PayloadKind::Red, &self.red[place]),
            Trouble::None | Trouble::Loss | Trouble::Silence => (PayloadKind::Opus, &self.packets[place]),
        };
        let comes = match self.trouble {
            Trouble::None | Trouble::Red => true,
            Trouble::Loss => self.random.u32(..10) > 0,
            Trouble::Silence => self.n == 0,
        };
        self.now += FRAME;
        if comes {
            // The first packet of a silence says that it is one.
            let payload = if self.trouble == Trouble::Silence { &payload[..1] } else { payload };
            self.hearing.push(AudioPacket {
                sequence: self.n as u16,
                rtp_time: self.n.wrapping_mul(960),
                kind,
                payload,
                arrival: self.now,
            });
        }
        self.n = self.n.wrapping_add(1);
        self.now
    }
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
