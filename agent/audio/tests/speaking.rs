//! What is sent: packets on the beat, RTP time through silence, and the end of a reply told to the listener.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::time::{Duration, Instant};

use agent_audio::{
    AudioPacket, EncoderConfig, Gain, Hearing, HearingConfig, Origin, PayloadKind, PlayoutConfig, PlayoutId,
    Quiet, Speaking, SpeakingConfig, level,
};
use providers_core::SampleRate;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn config(quiet: Quiet) -> SpeakingConfig {
    SpeakingConfig {
        encoder: EncoderConfig { complexity: 5, bitrate: 24_000, expected_loss: 5 },
        playout: PlayoutConfig { fade: ms(5), lead: ms(0), duck: Gain::UNITY, duck_fade: ms(0) },
        quiet,
        hangover: ms(60),
        first_rtp_time: u32::MAX - 500,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "virtual time begins at some instant; nothing depends on which"
)]
fn epoch() -> Instant {
    Instant::now()
}

fn tone(n: usize) -> Vec<i16> {
    (0..n).map(|n| (12_000.0 * (std::f64::consts::TAU * 440.0 * n as f64 / 24_000.0).sin()) as i16).collect()
}

/// A packet as it went out: when, RTP time since the first, marker, payload.
type Sent = (u64, u32, bool, Vec<u8>);

struct Line {
    speaking: Speaking,
    epoch: Instant,
    now: Instant,
    sent: Vec<Sent>,
}

impl Line {
    fn new(quiet: Quiet) -> Self {
        let epoch = epoch();
        Self { speaking: Speaking::new(config(quiet), epoch).unwrap(), epoch, now: epoch, sent: Vec::new() }
    }

    fn say(&mut self, samples: &[i16]) {
        self.speaking.playout.begin(PlayoutId(1), SampleRate::VOICE).unwrap();
        self.speaking.playout.push(samples).unwrap();
        self.speaking.playout.finish().unwrap();
    }

    /// Sends what is due, when it is due, until `at` (milliseconds).
    fn run_to(&mut self, at: u64) {
        let end = self.epoch + ms(at);
        while let Some(due) = self.speaking.next_frame().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let first = self.speaking.frame(self.now).map(|packet| {
                (packet.rtp_time.wrapping_sub(u32::MAX - 500), packet.first, packet.payload.to_vec())
            });
            let (rtp_time, first, payload) = first.unwrap();
            self.sent.push(((self.now - self.epoch).as_millis() as u64, rtp_time, first, payload));
        }
        self.now = end;
        assert!(self.speaking.frame(end).is_none());
    }
}

#[test]
fn nothing_is_sent_until_something_is_to_be_heard_and_then_at_once() {
    let mut line = Line::new(Quiet::Nothing);
    line.run_to(1_013);
    assert!(line.sent.is_empty());
    line.say(&tone(960));
    line.run_to(3_000);
    let times: Vec<_> =
        line.sent.iter().map(|(at, rtp, first, payload)| (*at, *rtp, *first, payload.len() <= 2)).collect();
    assert_eq!(
        times,
        [
            // Two frames of tone at once and on the beat, one with the decay of its last sample,
            (1_013, 48_624, true, false),
            (1_033, 49_584, false, false),
            (1_053, 50_544, false, false),
            // three of silence, and the word that it lasts.
            (1_073, 51_504, false, false),
            (1_093, 52_464, false, false),
            (1_113, 53_424, false, false),
            (1_133, 54_384, false, true),
        ]
    );
    let counters = line.speaking.counters();
    assert_eq!((counters.frames, counters.quiet_frames, counters.skipped), (3, 4, 0));
}

#[test]
fn the_rtp_time_runs_through_silence_and_the_next_sound_is_marked() {
    let mut line = Line::new(Quiet::Nothing);
    line.say(&tone(480));
    line.run_to(5_007);
    let n_before = line.sent.len();
    line.say(&tone(480));
    line.run_to(6_000);
    let (at, rtp_time, first, _) = &line.sent[n_before];
    assert_eq!((*at, *rtp_time, *first), (5_007, 5_007 * 48, true));
}

#[test]
fn comfort_is_one_byte_every_400_milliseconds() {
    let mut line = Line::new(Quiet::Comfort);
    line.say(&tone(480));
    line.run_to(2_000);
    let comfort: Vec<u64> = line.sent.iter().filter(|sent| sent.3.len() == 1).map(|sent| sent.0).collect();
    assert_eq!(comfort, [100, 500, 900, 1_300, 1_700]);
}

#[test]
fn a_late_caller_catches_up_within_200_ms_and_skips_beyond() {
    let mut line = Line::new(Quiet::Nothing);
    line.say(&tone(48_000));
    line.run_to(0);
    let mut at = |at: u64| {
        let now = line.epoch + ms(at);
        let mut times = Vec::new();
        while let Some(packet) = line.speaking.frame(now) {
            times.push(packet.rtp_time.wrapping_sub(u32::MAX - 500) / 48);
        }
        times
    };
    assert_eq!(at(100), [20, 40, 60, 80, 100], "five on the beat, together");
    assert_eq!(at(1_000), [1_000], "one, now");
    assert_eq!(at(1_020), [1_020]);
    assert_eq!(line.speaking.counters().skipped, 44);
}

#[test]
fn what_is_said_is_heard_at_its_level_and_its_silence_is_not_taken_for_loss() {
    let mut line = Line::new(Quiet::Nothing);
    line.say(&tone(24_000));
    line.run_to(3_000);
    line.say(&tone(24_000));
    line.run_to(6_000);
    let config = HearingConfig { depth_min: ms(20), depth_max: ms(200), conceal_max: ms(100) };
    let mut hearing = Hearing::new(config).unwrap();
    let (mut samples, mut origins) = (Vec::new(), Vec::new());
    for (sequence, (at, rtp_time, _, payload)) in line.sent.iter().enumerate() {
        let arrival = line.epoch + ms(*at + 30);
        while let Some(pull) = hearing.next_pull().filter(|pull| *pull < arrival) {
            while let Some(frame) = hearing.pull(pull) {
                samples.extend(frame.samples);
                origins.push(frame.origin);
            }
        }
        hearing.push(AudioPacket {
            sequence: sequence as u16,
            rtp_time: *rtp_time,
            kind: PayloadKind::Opus,
            payload,
            arrival,
        });
        while let Some(frame) = hearing.pull(arrival) {
            samples.extend(frame.samples);
            origins.push(frame.origin);
        }
    }
    let counters = hearing.counters();
    assert_eq!((counters.lost, counters.concealed_ms, counters.dtx), (0, 0, 1), "{counters:?}");
    assert!(!origins.contains(&Origin::Concealed));
    let heard = level(&samples[1_600..16_000]);
    let said = level(&tone(24_000));
    assert!((heard - said).abs() < 1.0, "said at {said} dB, heard at {heard} dB");
}

#[test]
fn a_wrong_encoder_setting_is_an_error() {
    let mut wrong = config(Quiet::Nothing);
    wrong.encoder.complexity = 11;
    assert!(Speaking::new(wrong, epoch()).is_err());
}
