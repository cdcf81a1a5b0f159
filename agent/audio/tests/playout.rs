//! What is played: each sample of a reply once, in order, through pauses, gaps, stops and sounds.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{
    f64::consts::TAU,
    sync::Arc,
    time::{Duration, Instant},
};

use agent_audio::{
    Clip, Gain, Heard, Playout, PlayoutConfig, PlayoutError, PlayoutEvent, PlayoutId, SPOKEN_FRAME, level,
};
use proptest::prelude::*;
use providers_core::SampleRate;

const REPLY: PlayoutId = PlayoutId(7);
const FRAME: Duration = Duration::from_millis(20);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn config() -> PlayoutConfig {
    PlayoutConfig { fade: ms(5), lead: Duration::ZERO, duck: Gain::from_decibels(-20.0), duck_fade: ms(40) }
}

#[expect(
    clippy::disallowed_methods,
    reason = "virtual time begins at some instant; nothing depends on which"
)]
fn epoch() -> Instant {
    Instant::now()
}

/// A playout and what it has played.
struct Bench {
    playout: Playout,
    now: Instant,
    epoch: Instant,
    played: Vec<i16>,
}

impl Bench {
    fn new(config: PlayoutConfig) -> Self {
        let epoch = epoch();
        Self { playout: Playout::new(config), now: epoch, epoch, played: Vec::new() }
    }

    /// A reply that is all there.
    fn with_reply(samples: &[i16]) -> Self {
        let mut bench = Self::new(config());
        bench.playout.begin(REPLY, SampleRate::VOICE).unwrap();
        bench.playout.push(samples).unwrap();
        bench.playout.finish().unwrap();
        bench
    }

    fn frames(&mut self, n: usize) {
        for _ in 0..n {
            self.played.extend(self.playout.frame(self.now));
            self.now += FRAME;
        }
    }

    /// Until nothing is wanted.
    fn finish(&mut self) {
        while self.playout.wants_frame() {
            self.frames(1);
            assert!(self.played.len() < 10_000_000, "it comes to an end");
        }
    }

    fn events(&mut self) -> Vec<(u64, PlayoutEvent)> {
        let epoch = self.epoch;
        let at = |event: &PlayoutEvent| match event {
            PlayoutEvent::Started { at, .. } | PlayoutEvent::Finished { at, .. } => {
                (*at - epoch).as_micros() as u64
            }
        };
        std::iter::from_fn(|| self.playout.poll_event()).map(|event| (at(&event), event)).collect()
    }
}

/// Samples that tell their place, loud enough that a faded one still does.
fn numbered(n: usize) -> Vec<i16> {
    (0..n).map(|n| (n % 20_000) as i16 + 10_000).collect()
}

#[test]
fn a_reply_is_played_as_it_is_and_its_events_are_exact() {
    let mut reply = numbered(1_000);
    // It ends softly.
    reply[999] = 0;
    let mut bench = Bench::with_reply(&reply);
    assert_eq!(bench.playout.queued(), SampleRate::VOICE.duration_of(1_000));
    bench.finish();
    assert_eq!(bench.played[..1_000], reply);
    assert!(bench.played[1_000..].iter().all(|sample| *sample == 0));
    let events = bench.events();
    let heard = Heard { id: REPLY, samples: 1_000, gap: 0 };
    let ends_at = bench.epoch + FRAME * 2 + SampleRate::VOICE.duration_of(40);
    assert_eq!(
        events.into_iter().map(|(_, event)| event).collect::<Vec<_>>(),
        [PlayoutEvent::Started { id: REPLY, at: bench.epoch }, PlayoutEvent::Finished { heard, at: ends_at }]
    );
    assert_eq!(bench.playout.heard(), None);
}

#[test]
fn a_voice_that_is_late_leaves_a_gap_that_is_counted_and_loses_no_sample() {
    let reply = numbered(4_800);
    let mut bench = Bench::new(config());
    bench.playout.begin(REPLY, SampleRate::VOICE).unwrap();
    assert!(!bench.playout.wants_frame(), "nothing is to be heard yet");
    bench.playout.push(&reply[..700]).unwrap();
    bench.frames(4);
    assert_eq!(bench.playout.heard(), Some(Heard { id: REPLY, samples: 700, gap: 4 * 480 - 700 }));
    assert!(bench.playout.wants_frame(), "a gap is played");
    bench.playout.push(&reply[700..]).unwrap();
    bench.playout.finish().unwrap();
    bench.finish();
    assert_eq!(bench.played[..700], reply[..700]);
    // It comes back softly, over 5 ms, with the next sample.
    assert_eq!(bench.played[1_920 + 120..1_920 + 4_100], reply[820..4_800]);
    assert_eq!((bench.playout.counters().gaps, bench.playout.counters().gap_samples), (1, 1_220));
    // What broke off decays: no step from a loud sample to nothing.
    assert!(steepest(&bench.played[690..1_000]) < 400, "{}", steepest(&bench.played[690..1_000]));
}

fn steepest(samples: &[i16]) -> u16 {
    samples.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap_or(0)
}

#[test]
fn a_reply_waits_for_its_lead_and_no_longer_than_its_end() {
    let mut bench = Bench::new(PlayoutConfig { lead: ms(60), ..config() });
    bench.playout.begin(REPLY, SampleRate::VOICE).unwrap();
    bench.playout.push(&numbered(1_439)).unwrap();
    assert!(!bench.playout.wants_frame());
    bench.playout.push(&[1]).unwrap();
    assert!(bench.playout.wants_frame());
    assert!(bench.playout.stop().is_some());
    bench.playout.begin(REPLY, SampleRate::VOICE).unwrap();
    bench.playout.push(&numbered(10)).unwrap();
    bench.playout.finish().unwrap();
    assert!(bench.playout.wants_frame());
}

#[test]
fn a_pause_fades_within_ten_milliseconds_and_a_resumed_reply_goes_on_with_the_next_sample() {
    let reply = numbered(9_600);
    let mut bench = Bench::with_reply(&reply);
    bench.frames(3);
    bench.playout.pause();
    assert!(bench.playout.wants_frame(), "the fade");
    bench.finish();
    let heard = bench.playout.heard().unwrap();
    assert_eq!(heard.samples, 3 * 480 + 120);
    assert!(bench.played[1_440 + 120..].iter().all(|sample| *sample == 0));
    assert!(bench.played[1_440..1_560].windows(2).all(|pair| pair[0] >= pair[1]));
    let from = bench.played.len();
    bench.playout.resume();
    bench.finish();
    // After the fade in, sample by sample what comes next.
    let next = heard.samples as usize;
    assert_eq!(bench.played[from + 120..from + 9_600 - next], reply[next + 120..]);
    assert_eq!(bench.playout.counters().gaps, 0, "a pause is no gap");
}

#[test]
fn a_stop_fades_and_says_to_the_sample_what_was_heard() {
    let reply = numbered(9_600);
    let mut bench = Bench::with_reply(&reply);
    bench.frames(4);
    assert_eq!(bench.playout.stop(), Some(Heard { id: REPLY, samples: 4 * 480 + 120, gap: 0 }));
    assert_eq!(bench.playout.heard(), None);
    assert_eq!(bench.playout.stop(), None);
    bench.frames(3);
    assert!(bench.played[1_920..2_040].iter().all(|sample| *sample > 0), "the fade");
    assert!(bench.played[2_040..].iter().all(|sample| *sample == 0), "then silence");
    assert!(!bench.playout.wants_frame());
    assert_eq!(bench.events().len(), 1, "started; that it was stopped the caller knows");
}

#[test]
fn a_reply_that_was_never_heard_stops_without_a_sound() {
    let mut bench = Bench::with_reply(&numbered(9_600));
    assert_eq!(bench.playout.stop(), Some(Heard { id: REPLY, samples: 0, gap: 0 }));
    assert!(!bench.playout.wants_frame());
    bench.playout.begin(REPLY, SampleRate::VOICE).unwrap();
    bench.playout.push(&numbered(960)).unwrap();
    bench.playout.pause();
    assert!(!bench.playout.wants_frame(), "a reply paused before it began is silent");
    bench.playout.resume();
    bench.frames(2);
    assert_eq!(bench.played, numbered(960));
}

#[test]
fn one_reply_at_a_time_takes_samples_until_it_is_finished() {
    let mut playout = Playout::new(config());
    assert_eq!(playout.push(&[1]), Err(PlayoutError::NoReply));
    assert_eq!(playout.begin(REPLY, SampleRate::new(16_001).unwrap()), Err(PlayoutError::Rate(16_001)));
    playout.begin(REPLY, SampleRate::VOICE).unwrap();
    assert_eq!(playout.begin(PlayoutId(8), SampleRate::VOICE), Err(PlayoutError::Busy));
    playout.finish().unwrap();
    assert_eq!(playout.push(&[1]), Err(PlayoutError::NoReply));
}

#[test]
fn a_reply_without_samples_finishes() {
    let mut bench = Bench::with_reply(&[]);
    bench.finish();
    let heard = Heard { id: REPLY, samples: 0, gap: 0 };
    assert_eq!(bench.events(), [(0, PlayoutEvent::Finished { heard, at: bench.epoch })]);
}

#[test]
fn a_reply_at_another_rate_lasts_as_long() {
    for rate in [8_000, 16_000, 22_050, 44_100, 48_000] {
        let mut bench = Bench::new(config());
        bench.playout.begin(REPLY, SampleRate::new(rate).unwrap()).unwrap();
        for piece in numbered(rate as usize).chunks(777) {
            bench.playout.push(piece).unwrap();
        }
        bench.playout.finish().unwrap();
        bench.finish();
        let Some((micros, PlayoutEvent::Finished { heard, .. })) = bench.events().pop() else {
            panic!("finished")
        };
        assert_eq!((micros, heard.samples, heard.gap), (1_000_000, 24_000, 0), "{rate}");
    }
}

fn wave(n: usize) -> Arc<[i16]> {
    (0..n).map(|n| (8_000.0 * (TAU * 300.0 * n as f64 / 24_000.0).sin()) as i16).collect()
}

#[test]
fn a_background_plays_on_ducks_under_the_reply_and_comes_back() {
    let mut bench = Bench::new(config());
    let sound = bench.playout.add_sound(Box::new(Clip::looped(wave(24_000))), Gain::UNITY, ms(20));
    bench.frames(50);
    let alone = level(&bench.played[12_000..24_000]);
    bench.playout.begin(REPLY, SampleRate::VOICE).unwrap();
    bench.playout.push(&[0; 24_000]).unwrap();
    bench.playout.finish().unwrap();
    bench.frames(100);
    let ducked = level(&bench.played[30_000..46_000]);
    let after = level(&bench.played[52_000..72_000]);
    assert!((alone - ducked - 20.0).abs() < 0.5, "{alone} dB alone, {ducked} dB under a reply");
    assert!((alone - after).abs() < 0.2, "{alone} dB before, {after} dB after");
    assert!(bench.playout.wants_frame());
    bench.playout.remove_sound(sound, ms(100));
    bench.frames(5);
    assert!(!bench.playout.wants_frame(), "it has faded out and is forgotten");
    assert!(steepest(&bench.played) < 700, "no click: {}", steepest(&bench.played));
}

#[test]
fn a_sound_that_is_heard_once_ends_and_a_silent_one_holds_its_place() {
    let mut bench = Bench::new(config());
    let sound =
        bench.playout.add_sound(Box::new(Clip::once(numbered(1_000).into())), Gain::UNITY, Duration::ZERO);
    bench.frames(1);
    bench.playout.set_sound_gain(sound, Gain::SILENT, Duration::ZERO);
    assert!(!bench.playout.wants_frame());
    bench.frames(1);
    bench.playout.set_sound_gain(sound, Gain::UNITY, Duration::ZERO);
    bench.finish();
    assert_eq!(bench.played[..480], numbered(480));
    assert_eq!(bench.played[960..1_480], numbered(1_000)[480..]);
}

#[test]
fn two_loud_sounds_are_bent_into_full_scale() {
    let mut bench = Bench::with_reply(&[30_000; 4_800]);
    bench.playout.add_sound(Box::new(Clip::once(vec![30_000; 4_800].into())), Gain::UNITY, Duration::ZERO);
    bench.playout.set_gain(Gain::UNITY, Duration::ZERO);
    bench.frames(8);
    assert!(bench.played.iter().all(|sample| *sample >= 0), "nothing wraps");
    assert!(bench.playout.counters().limited > 0);
}

#[test]
fn a_gain_reaches_its_value_without_a_step() {
    let mut bench = Bench::with_reply(&[10_000; 9_600]);
    bench.frames(5);
    bench.playout.set_gain(Gain::from_decibels(-20.0), ms(100));
    bench.frames(10);
    assert_eq!(bench.played[2_399], 10_000);
    assert_eq!(bench.played[2_400 + 2_401], 1_000);
    assert!(steepest(&bench.played[..7_000]) <= 10);
}

#[derive(Clone, Debug)]
enum Step {
    Push(usize),
    Frame,
    Pause,
    Resume,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1usize..1_500).prop_map(Step::Push),
        4 => Just(Step::Frame),
        1 => Just(Step::Pause),
        2 => Just(Step::Resume),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// Whatever is pushed, paused and resumed when: the samples given are those pushed, in order, each once.
    #[test]
    fn no_sample_is_lost_or_repeated(steps in proptest::collection::vec(step(), 1..120), fade in 0u64..=10) {
        let mut bench = Bench::new(PlayoutConfig { fade: ms(fade), ..config() });
        bench.playout.begin(REPLY, SampleRate::VOICE).unwrap();
        let mut pushed: Vec<i16> = Vec::new();
        let mut n_before = 0;
        for step in steps {
            match step {
                Step::Push(n) => {
                    let samples: Vec<i16> = (0..n).map(|n| ((pushed.len() + n) % 16_000) as i16 + 16_000).collect();
                    bench.playout.push(&samples).unwrap();
                    pushed.extend(samples);
                }
                Step::Frame => {
                    bench.frames(1);
                    let heard = bench.playout.heard().unwrap().samples as usize;
                    prop_assert!(heard - n_before <= SPOKEN_FRAME);
                    let frame = &bench.played[bench.played.len() - SPOKEN_FRAME..];
                    // Each is at its place in the frame; only those under a fade or a decay are changed.
                    let places = frame[..heard - n_before].iter().zip(&pushed[n_before..heard]);
                    let n_changed = places.filter(|(played, pushed)| played != pushed).count();
                    prop_assert!(n_changed <= 2 * fade as usize * 24 + 120, "{n_changed} changed");
                    n_before = heard;
                }
                Step::Pause => bench.playout.pause(),
                Step::Resume => bench.playout.resume(),
            }
        }
        bench.playout.resume();
        bench.playout.finish().unwrap();
        bench.finish();
        let Some((_, PlayoutEvent::Finished { heard, .. })) = bench.events().pop() else {
            return Err(TestCaseError::fail("no end"));
        };
        prop_assert_eq!(heard.samples as usize, pushed.len());
    }
}
