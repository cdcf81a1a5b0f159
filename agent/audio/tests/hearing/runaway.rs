//! A sender cannot make an ear hear more time than passes, whatever stands in its packets and however many they are.

use std::time::Duration;

use agent_audio::{AudioPacket, Hearing, HearingCounters, PayloadKind};

use crate::network::{self, Link, Sender, listen, tone};
use crate::{all, ms};

/// What may be heard beyond the time that passed: the credit of 5 s, and a packet of 120 ms.
const CREDIT: Duration = Duration::from_millis(5_120);

/// Holds what was heard against the time that passed, of which the ear counts a tenth more.
pub(crate) fn check(samples: u64, elapsed: Duration) {
    let heard = Duration::from_micros(samples * 1_000 / 16);
    assert!(heard <= elapsed * 11 / 10 + CREDIT, "{heard:?} heard in {elapsed:?}");
}

/// Sends `n` packets, one each `every`, of this payload and with these steps; returns what was heard.
fn flood(n: u32, every: Duration, (by, at): (u16, u32), payload: &[u8]) -> (Duration, HearingCounters) {
    let began = network::epoch();
    let mut hearing = Hearing::new(network::config()).unwrap();
    let mut samples = 0;
    for packet in 0..n {
        let arrival = began + every * packet;
        hearing.push(AudioPacket {
            sequence: (packet as u16).wrapping_mul(by),
            rtp_time: packet.wrapping_mul(at),
            kind: PayloadKind::Opus,
            payload,
            arrival,
        });
        while let Some(frame) = hearing.pull(arrival) {
            samples = frame.position + frame.samples.len() as u64;
            check(samples, arrival - began);
        }
        assert!(hearing.next_pull().is_none_or(|next| next > arrival), "an ear that gave nothing waits");
    }
    (Duration::from_micros(samples * 1_000 / 16), hearing.counters())
}

/// 20 ms of CELT, and 120 ms.
const SHORT: [u8; 3] = [0b1111_1000, 1, 2];
const LONG: [u8; 4] = [0b1111_1011, 6, 1, 2];

#[test]
fn a_sender_whose_clock_leaps_almost_two_seconds_a_packet_is_not_heard_faster_than_time() {
    let (heard, counters) = flood(3_000, ms(20), (1, 95_000), &SHORT);
    assert!(heard <= ms(60_000 * 11 / 10) + CREDIT, "{heard:?} {counters:?}");
    assert!(counters.runaway > 0, "{counters:?}");
}

#[test]
fn one_leap_of_a_clock_is_no_longer_a_silence_than_the_time_that_passed() {
    let (heard, counters) = flood(2, ms(20), (1, 95_000), &SHORT);
    assert!(heard <= ms(20 + 20 + 20 + 200), "{heard:?} {counters:?}");
    assert_eq!((counters.restarts, counters.runaway), (0, 0));
}

#[test]
fn a_thousand_packets_a_second_of_120_ms_each_are_not_heard_faster_than_time() {
    let (heard, counters) = flood(20_000, ms(1), (1, 5_760), &LONG);
    assert!((ms(20_000)..=ms(22_000) + CREDIT).contains(&heard), "{heard:?} {counters:?}");
    assert!(counters.runaway > 15_000, "{counters:?}");
}

#[test]
fn a_sender_that_begins_anew_with_every_packet_is_not_heard_faster_than_time() {
    let (heard, counters) = flood(20_000, ms(1), (1, 1 << 30), &LONG);
    assert!(heard <= ms(22_000) + CREDIT, "{heard:?} {counters:?}");
    assert!(counters.restarts > 15_000, "{counters:?}");
}

#[test]
fn a_clock_that_goes_back_and_forth_is_not_heard_faster_than_time() {
    for step in [(-90_000_i32) as u32, 90_000_u32.wrapping_neg() / 2] {
        let (heard, counters) = flood(2_000, ms(20), (1, step), &SHORT);
        assert!(heard <= ms(44_000) + CREDIT, "{step}: {heard:?} {counters:?}");
    }
}

#[test]
fn four_seconds_that_come_at_once_after_a_stall_are_heard_in_full_and_a_minute_later_again() {
    let sent = Sender::default().send(ms(80_000), tone);
    let mut arrivals = Link::default().carry(&sent).arrivals;
    for (at, _) in &mut arrivals {
        for stall in [ms(3_000), ms(70_000)] {
            if (stall..stall + ms(4_000)).contains(at) {
                *at = stall + ms(4_000);
            }
        }
    }
    let heard = listen(&arrivals, ms(80_045));
    assert_eq!((heard.counters.runaway, heard.counters.lost, heard.counters.stalls), (0, 0, 2));
    assert_eq!(heard.n_from(agent_audio::Origin::Received) * 320, all(&sent).len(), "every packet is heard");
}
