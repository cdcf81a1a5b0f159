//! RTP packets of a track into the ear: Opus or RED, any order, any times.
#![no_main]

use std::time::{Duration, Instant};

use agent_audio::{AudioPacket, Hearing, HearingConfig, PayloadKind};
use libfuzzer_sys::fuzz_target;
use tests_fuzz::steps;

/// What may be heard beyond the time that passed, of which the ear counts a tenth more: 5 s, and a packet of 120 ms.
const CREDIT: Duration = Duration::from_millis(5_120);

fuzz_target!(|input: &[u8]| {
    let config = HearingConfig {
        depth_min: Duration::from_millis(20),
        depth_max: Duration::from_millis(200),
        conceal_max: Duration::from_millis(100),
    };
    let mut hearing = Hearing::new(config).expect("libopus makes a decoder");
    let began = Instant::now();
    let mut now = began;
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
        while let Some(frame) = hearing.pull(now) {
            assert_eq!(frame.position, position, "frames are contiguous");
            position += frame.samples.len() as u64;
            let heard = Duration::from_micros(position * 1_000 / 16);
            assert!(heard <= (now - began) * 11 / 10 + CREDIT, "time runs away");
        }
    }
});
