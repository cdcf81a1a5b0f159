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

/// Opus packets of 20 ms, and the same with the one before in each (RFC 2198).
fn packets(n: usize) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let mut encoder = opus::Encoder::new(24_000, opus::Channels::Mono, opus::Application::Voip)
        .expect("libopus makes an encoder");
    let plain: Vec<Vec<u8>> = (0..n)
        .map(|n| {
            let frame: Vec<i16> =
                (0..480).map(|at| ((n * 480 + at) as f64 * 0.07).sin() * 9_000.0).map(|s| s as i16).collect();
            encoder.encode_vec(&frame, 1275).expect("a frame of 20 ms is encoded")
        })
        .collect();
    let with_copy = |n: usize| {
        let before = &plain[(n + plain.len() - 1) % plain.len()];
        let header = (0x80 | 111_u32) << 24 | 960 << 10 | before.len() as u32;
        [&header.to_be_bytes()[..], &[111], before, &plain[n]].concat()
    };
    let red = (0..n).map(with_copy).collect();
    (plain, red)
}

#[test]
fn an_ear_takes_no_memory_in_redundancy_silence_mute_stalls_and_new_streams() {
    let (plain, red) = packets(200);
    let config = HearingConfig { depth_min: ms(20), depth_max: ms(200), conceal_max: ms(100) };
    let mut hearing = Hearing::new(config).unwrap();
    let mut now = epoch();
    let (mut sequence, mut rtp_time, mut before) = (0_u16, 0_u32, 0);
    for round in 0..8 {
        // Everything has happened once.
        if round == 3 {
            before = taken();
        }
        for n in 0..red.len() {
            now += FRAME;
            rtp_time = rtp_time.wrapping_add(960);
            match n {
                // Two in a row are lost, here and there; their copies are not.
                30 | 31 | 60 | 90 => sequence = sequence.wrapping_add(1),
                // The sender is silent and says so by sending nothing.
                100..120 => {}
                _ => {
                    // A stall: what was sent meanwhile comes at once.
                    let arrival = if (140..150).contains(&n) { None } else { Some(now) };
                    let behind = if n == 150 { 10 } else { 0 };
                    for late in (0..=behind).rev() {
                        let (sequence, rtp_time) =
                            (sequence.wrapping_sub(late as u16), rtp_time.wrapping_sub(960 * late as u32));
                        let (kind, payload) = match round % 2 {
                            0 => (PayloadKind::Red, &red[n - late]),
                            _ => (PayloadKind::Opus, &plain[n - late]),
                        };
                        if let Some(arrival) = arrival {
                            hearing.push(AudioPacket { sequence, rtp_time, kind, payload, arrival });
                        }
                    }
                    sequence = sequence.wrapping_add(1);
                }
            }
            match n {
                170 => hearing.mute(),
                180 => hearing.unmute(),
                190 => {
                    hearing.restart();
                    (sequence, rtp_time) = (sequence.wrapping_add(9_000), rtp_time.wrapping_add(1 << 30));
                }
                _ => {}
            }
            while hearing.pull(now).is_some() {}
        }
    }
    assert_eq!(taken() - before, 0);
    let counters = hearing.counters();
    assert!(counters.recovered_red > 10 && counters.dtx >= 8 && counters.stalls >= 8, "{counters:?}");
    assert!(counters.restarts >= 8 && counters.concealed_ms > 0, "{counters:?}");
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
    for rate in [8_000, 12_000, 16_000, 22_050, 24_000, 44_100, 48_000] {
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
