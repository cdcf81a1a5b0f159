//! After the first seconds nothing on the audio path takes memory: neither an ear under loss nor a mouth that speaks.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

use agent_audio::{
    AudioPacket, Clip, EncoderConfig, Gain, Hearing, HearingConfig, PayloadKind, PlayoutConfig, PlayoutId,
    Quiet, Speaking, SpeakingConfig,
};
use providers_core::SampleRate;

thread_local! {
    /// Allocations of this thread. Plain memory: reading it allocates nothing.
    static TAKEN: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[expect(unsafe_code, reason = "an allocator is unsafe to write; this one only counts and passes on")]
// SAFETY: every call is passed on unchanged to the system's allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.with(|taken| taken.set(taken.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        TAKEN.with(|taken| taken.set(taken.get() + 1));
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn taken() -> u64 {
    TAKEN.with(Cell::get)
}

#[expect(
    clippy::disallowed_methods,
    reason = "virtual time begins at some instant; nothing depends on which"
)]
fn epoch() -> Instant {
    Instant::now()
}

const FRAME: Duration = Duration::from_millis(20);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn an_ear_takes_no_memory_per_packet_under_loss_and_disorder() {
    let mut encoder = opus::Encoder::new(24_000, opus::Channels::Mono, opus::Application::Voip).unwrap();
    encoder.set_inband_fec(true).unwrap();
    encoder.set_packet_loss_perc(20).unwrap();
    let packets: Vec<Vec<u8>> = (0..500)
        .map(|n| {
            let frame: Vec<i16> =
                (0..480).map(|at| ((n * 480 + at) as f64 * 0.11).sin() * 9_000.0).map(|s| s as i16).collect();
            encoder.encode_vec(&frame, 1275).unwrap()
        })
        .collect();
    let seed = 11;
    let mut random = fastrand::Rng::with_seed(seed);
    let config = HearingConfig { depth_min: ms(20), depth_max: ms(200), conceal_max: ms(100) };
    let mut hearing = Hearing::new(config).unwrap();
    let mut now = epoch();
    let (mut n_frames, mut before) = (0, 0);
    for round in 0..20u16 {
        if round == 4 {
            before = taken();
        }
        for (n, payload) in packets.iter().enumerate() {
            now += FRAME;
            let number = round * 500 + n as u16;
            // Pairs swapped, every eleventh lost.
            let swapped = if random.u8(..) < 40 { number ^ 1 } else { number };
            if random.u8(..) > 23 {
                hearing.push(AudioPacket {
                    sequence: swapped,
                    rtp_time: u32::from(swapped) * 960,
                    kind: PayloadKind::Opus,
                    payload,
                    arrival: now,
                });
            }
            while hearing.pull(now).is_some() {
                n_frames += 1;
            }
        }
    }
    assert_eq!(taken() - before, 0, "seed {seed}, {n_frames} frames");
    let counters = hearing.counters();
    assert!(counters.recovered_fec > 100 && counters.concealed_ms > 0, "{counters:?}");
}

#[test]
fn a_mouth_takes_no_memory_per_frame() {
    let config = SpeakingConfig {
        encoder: EncoderConfig { complexity: 0, bitrate: 24_000, expected_loss: 10 },
        playout: PlayoutConfig {
            fade: ms(5),
            lead: ms(0),
            duck: Gain::from_decibels(-12.0),
            duck_fade: ms(50),
        },
        quiet: Quiet::Comfort,
        hangover: ms(60),
        first_rtp_time: 0,
    };
    let mut now = epoch();
    let mut speaking = Speaking::new(config, now).unwrap();
    let background: Arc<[i16]> = vec![100; 24_000].into();
    speaking.playout.add_sound(Box::new(Clip::looped(background)), Gain::UNITY, ms(100));
    for rate in [16_000, 22_050, 24_000] {
        let piece = vec![5_000; rate as usize / 10];
        let mut before = 0;
        for round in 0..4 {
            // The first reply sizes the queue, the second begins in it.
            if round == 2 {
                before = taken();
            }
            speaking.playout.begin(PlayoutId(round), SampleRate::new(rate).unwrap()).unwrap();
            for n in 0..30 {
                speaking.playout.push(&piece).unwrap();
                if n == 12 {
                    speaking.playout.pause();
                }
                if n == 15 {
                    speaking.playout.resume();
                }
                for _ in 0..4 {
                    now += FRAME;
                    while speaking.frame(now).is_some() {}
                }
            }
            if round % 2 == 0 {
                speaking.playout.stop();
            } else {
                speaking.playout.finish().unwrap();
            }
            while speaking.playout.heard().is_some() {
                now += FRAME;
                while speaking.frame(now).is_some() {}
            }
            while speaking.playout.poll_event().is_some() {}
        }
        assert_eq!(taken() - before, 0, "at {rate} Hz");
    }
}
