//! RTP packets of a track into the ear: Opus or RED, any order, any times.
#![no_main]

use std::time::{Duration, Instant};

use agent_audio::{AudioPacket, Hearing, HearingConfig, PayloadKind};
use libfuzzer_sys::fuzz_target;
use tests_fuzz::steps;

/// Frames that one wait may give: each is 20 ms, and no wait is longer than 2.6 s.
const FRAMES: usize = 1_000;

fuzz_target!(|input: &[u8]| {
    let config = HearingConfig {
        depth_min: Duration::from_millis(20),
        depth_max: Duration::from_millis(200),
        conceal_max: Duration::from_millis(100),
    };
    let mut hearing = Hearing::new(config).expect("libopus makes a decoder");
    let mut now = Instant::now();
    let (mut sequence, mut rtp_time) = (65_530u16, u32::MAX - 4_000);
    let mut position = 0;
    for step in steps::read(input).take(64) {
        // Six bytes say how far sequence and time jump and how long it took; the rest is the payload.
        let Some((&[by, at0, at1, at2, took, what], payload)) = step.bytes.split_first_chunk() else {
            continue;
        };
        sequence = sequence.wrapping_add_signed(i16::from(by.cast_signed()));
        rtp_time = rtp_time.wrapping_add_signed(i32::from_le_bytes([0, at0, at1, at2]) >> 8);
        now += Duration::from_millis(u64::from(took) * 10);
        match what {
            0 => hearing.mute(),
            1 => hearing.unmute(),
            2 => hearing.restart(),
            _ => {}
        }
        let kind = if step.kind % 2 == 0 { PayloadKind::Red } else { PayloadKind::Opus };
        hearing.push(AudioPacket { sequence, rtp_time, kind, payload, arrival: now });
        let mut n_frames = 0;
        while let Some(frame) = hearing.pull(now) {
            assert_eq!(frame.position, position, "frames are contiguous");
            position += frame.samples.len() as u64;
            n_frames += 1;
            assert!(n_frames < FRAMES, "time runs away");
        }
    }
});
