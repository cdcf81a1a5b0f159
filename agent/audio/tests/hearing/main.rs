//! What an ear makes of packets that are lost, late, swapped, doubled, silent, stalled or wrong.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod network;
mod runaway;

use std::time::Duration;

use agent_audio::{AudioPacket, HEARD_FRAME, Hearing, Origin, PayloadKind};
use network::{Heard, Link, PACKET, Sender, Sent, decode_all, level, listen, listen_with, tone, voice};
use proptest::prelude::*;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const SECONDS: u64 = 10;

fn all(sent: &[Sent]) -> Vec<i16> {
    decode_all(sent.iter().map(|sent| &sent.opus[..]))
}

#[test]
fn a_packet_in_order_is_heard_the_moment_it_comes() {
    let sent = Sender::default().send(ms(SECONDS * 1000), voice);
    let heard = listen(&Link::default().carry(&sent).arrivals, ms(SECONDS * 1000 + 40));
    assert_eq!(heard.samples, all(&sent));
    assert!(heard.delays.iter().all(|delay| delay.is_zero()), "{:?}", heard.delays.iter().max());
    assert_eq!((heard.counters.lost, heard.counters.concealed_ms, heard.counters.restarts), (0, 0, 0));
}

#[test]
fn packets_of_every_length_and_of_stereo_are_cut_into_frames_of_20_ms() {
    for micros in [2_500, 5_000, 10_000, 20_000, 40_000, 60_000] {
        for channels in [opus::Channels::Mono, opus::Channels::Stereo] {
            let sender = Sender { packet: Duration::from_micros(micros), channels, ..Sender::default() };
            let sent = sender.send(ms(2_400), voice);
            let heard = listen(&Link::default().carry(&sent).arrivals, ms(2_400 + 40));
            assert_eq!(heard.samples, all(&sent), "{micros} {channels:?}");
            assert_eq!(heard.origins.len(), 120);
        }
    }
}

#[test]
fn swapped_packets_are_put_in_order_and_nothing_is_lost() {
    let sent = Sender::default().send(ms(SECONDS * 1000), voice);
    for seed in 0..20 {
        let link = Link { seed, jitter: ms(60), ..Link::default() };
        let heard = listen(&link.carry(&sent).arrivals, ms(SECONDS * 1000 + 100));
        let counters = heard.counters;
        // The depth is learned: what is late is late in the first second.
        assert!(counters.lost <= 5, "seed {seed}: {counters:?}");
        assert!(counters.concealed_ms <= 100, "seed {seed}: {counters:?}");
        assert!((40..=72).contains(&counters.depth_ms), "seed {seed}: {counters:?}");
    }
}

#[test]
fn doubled_packets_are_heard_once() {
    let sent = Sender::default().send(ms(SECONDS * 1000), voice);
    let carried = Link { seed: 4, duplicates: 0.3, ..Link::default() }.carry(&sent);
    let heard = listen(&carried.arrivals, ms(SECONDS * 1000 + 40));
    assert_eq!(heard.samples, all(&sent));
    assert_eq!(heard.counters.duplicates as usize, carried.arrivals.len() - sent.len());
}

/// Under loss and jitter no hole is longer than what was lost, by more than 60 ms; and little is invented.
fn check_loss_and_jitter(sender: Sender, most_concealed_of_lost: f64) {
    let (mut concealed, mut lost_in_all, mut fec) = (0, 0, 0);
    let sent = sender.send(ms(SECONDS * 1000), voice);
    for seed in 0..20 {
        let carried = Link { seed, loss: 0.1, jitter: ms(60), ..Link::default() }.carry(&sent);
        let heard = listen(&carried.arrivals, ms(SECONDS * 1000 + 60));
        let longest_lost = longest_run(&sent, &carried.lost);
        let longest_hole = heard.dropouts().iter().map(|(_, length)| *length).max().unwrap_or(0);
        assert!(
            longest_hole <= longest_lost + 3,
            "seed {seed}: {longest_hole} frames of hole, {longest_lost} packets lost: {:?}",
            heard.counters
        );
        // All that arrived in time is there: a hole never swallows its neighbours.
        let n_sent = sent.len() - carried.lost.len();
        assert!(
            heard.n_from(Origin::Received) + heard.n_from(Origin::Redundant) + 15 >= n_sent,
            "seed {seed}: {:?}",
            heard.counters
        );
        concealed += heard.counters.concealed_ms / 20;
        fec += heard.counters.recovered_fec;
        lost_in_all += carried.lost.len() as u64;
    }
    let share = concealed as f64 / lost_in_all as f64;
    assert!(
        share <= most_concealed_of_lost,
        "{lost_in_all} packets lost, {share:.2} of that concealed, {fec} restored by FEC"
    );
}

fn longest_run(sent: &[Sent], lost: &[u16]) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for sent in sent {
        run = if lost.contains(&sent.sequence) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[test]
fn ten_percent_loss_and_jitter_leave_no_hole_longer_than_what_was_lost() {
    check_loss_and_jitter(Sender::default(), 1.15);
}

#[test]
fn with_in_band_fec_most_of_what_was_lost_is_not_invented() {
    check_loss_and_jitter(Sender { fec: true, ..Sender::default() }, 0.4);
}

#[test]
fn with_redundancy_of_two_less_than_a_tenth_is_invented() {
    check_loss_and_jitter(Sender { red: 2, ..Sender::default() }, 0.1);
}

#[test]
fn a_lost_packet_is_restored_bit_by_bit_from_redundancy() {
    let sent = Sender { red: 1, ..Sender::default() }.send(ms(2_000), voice);
    let mut arrivals = Link::default().carry(&sent).arrivals;
    arrivals.remove(50);
    arrivals.remove(30);
    let heard = listen(&arrivals, ms(2_040));
    assert_eq!(heard.samples, all(&sent));
    assert_eq!((heard.counters.recovered_red, heard.counters.lost, heard.counters.concealed_ms), (2, 0, 0));
    assert_eq!((heard.n_from(Origin::Redundant), heard.n_from(Origin::Received)), (2, 98));
}

#[test]
fn of_a_sender_that_repeats_every_second_packet_two_lost_in_a_row_are_both_restored_in_their_order() {
    let sender = Sender { red: 1, red_step: 2, ..Sender::default() };
    let sent = sender.send(ms(2_000), voice);
    let mut arrivals = Link::default().carry(&sent).arrivals;
    arrivals.drain(30..32);
    // The copy of the second comes 40 ms after it was due.
    let patient = agent_audio::HearingConfig { depth_min: ms(60), ..network::config() };
    let mut hearing = Hearing::new(patient).unwrap();
    let heard = listen_with(&mut hearing, &arrivals, ms(2_060), |_, _| ());
    assert_eq!((heard.counters.recovered_red, heard.counters.lost, heard.counters.concealed_ms), (2, 0, 0));
    assert_eq!(heard.samples, all(&sent));
}

#[test]
fn a_tone_keeps_its_level_through_loss() {
    for (fec, red) in [(false, 0), (true, 0), (false, 1)] {
        let sent = Sender { fec, red, ..Sender::default() }.send(ms(SECONDS * 1000), tone);
        for seed in 0..5 {
            let carried = Link { seed, loss: 0.1, jitter: ms(30), ..Link::default() }.carry(&sent);
            let heard = listen(&carried.arrivals, ms(SECONDS * 1000 + 40));
            let (expected, found) = (level(&all(&sent)), level(&heard.samples));
            assert!(
                (expected - found).abs() < 1.0,
                "seed {seed} fec {fec} red {red}: {expected} dB, then {found} dB"
            );
        }
    }
}

#[test]
fn silence_that_is_not_sent_is_silence_and_not_loss() {
    let talk_and_pause = |at: f64| if at % 4.0 < 2.0 { voice(at) } else { 0.0 };
    let sent = Sender { dtx: true, ..Sender::default() }.send(ms(12_000), talk_and_pause);
    assert!(sent.len() < 450, "the sender saved packets: {}", sent.len());
    let heard = listen(&Link::default().carry(&sent).arrivals, ms(12_040));
    let counters = heard.counters;
    assert_eq!(
        (counters.lost, counters.concealed_ms, counters.stalls, counters.late),
        (0, 0, 0, 0),
        "{counters:?}"
    );
    assert!(counters.dtx >= 9, "{counters:?}");
    assert!(counters.silence_ms >= 3_000, "{counters:?}");
    assert!(heard.origins.len().abs_diff(600) <= 3, "{}", heard.origins.len());
}

#[test]
fn silence_that_nobody_announced_is_told_from_loss_when_the_next_packet_comes() {
    let mut sent = Sender::default().send(ms(4_000), voice);
    // The sender stops for a second without a word; its numbers go on, its time too.
    sent.drain(100..150);
    for later in &mut sent[100..] {
        later.sequence = later.sequence.wrapping_sub(50);
    }
    let heard = listen(&Link::default().carry(&sent).arrivals, ms(4_040));
    let counters = heard.counters;
    assert_eq!((counters.lost, counters.stalls, counters.dtx), (0, 0, 1), "{counters:?}");
    assert_eq!((counters.concealed_ms, counters.silence_ms), (0, 1_000), "{counters:?}");
    assert_eq!(heard.origins.len(), 200);
    assert_eq!(heard.n_from(Origin::Concealed), 5);
}

#[test]
fn a_stall_of_the_network_loses_nothing() {
    let sent = Sender::default().send(ms(6_000), voice);
    for seed in 0..10 {
        let stall = Some((ms(3_000), ms(400)));
        let carried = Link { seed, stall, jitter: ms(5), ..Link::default() }.carry(&sent);
        let heard = listen(&carried.arrivals, ms(6_045));
        let counters = heard.counters;
        assert_eq!((counters.lost, counters.late, counters.stalls), (0, 0, 1), "seed {seed}: {counters:?}");
        assert_eq!(heard.n_from(Origin::Received), 300, "seed {seed}: every packet is heard");
        assert_eq!(counters.concealed_ms, 100, "seed {seed}: {counters:?}");
        assert!(
            heard.delays.iter().rev().take(100).all(|delay| *delay <= ms(10)),
            "seed {seed}: no delay is left"
        );
    }
}

#[test]
fn clocks_that_drift_apart_leave_no_delay() {
    let sent = Sender::default().send(ms(60_000), tone);
    for drift in [-300.0, 300.0] {
        let carried = Link { seed: 1, drift, jitter: ms(10), ..Link::default() }.carry(&sent);
        let heard = listen(&carried.arrivals, ms(60_000));
        assert!(
            heard.delays.iter().all(|delay| *delay <= ms(40)),
            "{drift}: {:?}",
            heard.delays.iter().max()
        );
        assert_eq!((heard.counters.lost, heard.counters.restarts), (0, 0), "{drift}");
        assert!(heard.counters.concealed_ms <= 40, "{drift}: {:?}", heard.counters);
    }
}

#[test]
fn another_stream_in_the_tracks_place_is_heard_from_its_second_packet_or_at_once_when_told() {
    let first = Sender::default().send(ms(1_000), voice);
    let other = Sender { first_sequence: 7_000, first_time: 5, ..Sender::default() };
    let second =
        other.send(ms(1_000), voice).into_iter().map(|sent| Sent { at: sent.at + ms(1_000), ..sent });
    let both: Vec<Sent> = first.into_iter().chain(second).collect();
    let arrivals = Link::default().carry(&both).arrivals;
    for (told, n_received) in [(false, 99), (true, 100)] {
        let mut hearing = Hearing::new(network::config()).unwrap();
        let heard = listen_with(&mut hearing, &arrivals, ms(2_040), |hearing, n| {
            if told && n == 50 {
                hearing.restart();
            }
        });
        assert_eq!(heard.counters.restarts, 1);
        assert_eq!(heard.n_from(Origin::Received), n_received, "told {told}");
    }
}

#[test]
fn one_stray_packet_disturbs_nothing() {
    let sent = Sender::default().send(ms(2_000), voice);
    let mut arrivals = Link::default().carry(&sent).arrivals;
    let mut stray = arrivals[40].clone();
    stray.1.sequence = stray.1.sequence.wrapping_add(20_000);
    arrivals.insert(41, stray);
    let heard = listen(&arrivals, ms(2_040));
    assert_eq!(heard.samples, all(&sent));
    assert_eq!((heard.counters.malformed, heard.counters.restarts), (1, 0));
}

#[test]
fn a_muted_sender_is_silent_at_once() {
    let sent = Sender::default().send(ms(1_000), voice);
    let arrivals = Link::default().carry(&sent).arrivals;
    let mut hearing = Hearing::new(network::config()).unwrap();
    let heard = listen_with(&mut hearing, &arrivals, ms(2_045), |hearing, n| {
        if n == 49 {
            hearing.mute();
        }
    });
    assert_eq!((heard.n_from(Origin::Received), heard.n_from(Origin::Concealed)), (50, 0));
    assert!(heard.n_from(Origin::Silence).abs_diff(50) <= 2, "{}", heard.n_from(Origin::Silence));
    assert!(heard.samples[16_000..].iter().all(|sample| *sample == 0));
}

#[test]
fn time_goes_on_when_nothing_comes_and_an_ear_that_overslept_does_not_make_up_for_it() {
    let sent = Sender::default().send(ms(100), voice);
    let mut hearing = Hearing::new(network::config()).unwrap();
    let Heard { origins, .. } =
        listen_with(&mut hearing, &Link::default().carry(&sent).arrivals, ms(5_040), |_, _| ());
    assert!(origins.len().abs_diff(250) <= 4, "{}", origins.len());
    let now = hearing.next_pull().unwrap() + ms(3_600_000);
    let n_frames = std::iter::from_fn(|| hearing.pull(now).map(|frame| frame.origin)).count();
    assert!(n_frames <= 55, "{n_frames}");
}

#[derive(Clone, Debug)]
struct Anything {
    sequence: u16,
    rtp_time: u32,
    red: bool,
    payload: Vec<u8>,
    later: u64,
}

fn anything() -> impl Strategy<Value = Anything> {
    let near_or_far = prop_oneof![4 => 0u16..80, 1 => any::<u16>()];
    let payload = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..60),
        proptest::collection::vec(any::<u8>(), 1..40).prop_map(|mut bytes| {
            // A sound RED header before wild bytes.
            bytes.splice(0..0, [0x80 | 111, 0x0f, 0, 1, 111]);
            bytes
        }),
    ];
    (near_or_far, prop_oneof![4 => 0u32..80, 1 => any::<u32>()], any::<bool>(), payload, 0u64..60).prop_map(
        |(sequence, time, red, payload, later)| Anything {
            sequence,
            rtp_time: time.wrapping_mul(960),
            red,
            payload,
            later,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_packets_are_survived_and_time_goes_on(packets in proptest::collection::vec(anything(), 1..200)) {
        let mut hearing = Hearing::new(network::config()).unwrap();
        let began = network::epoch();
        let (mut now, mut position) = (began, 0);
        let n_packets = packets.len() as u64;
        for packet in packets {
            now += ms(packet.later);
            hearing.push(AudioPacket {
                sequence: packet.sequence,
                rtp_time: packet.rtp_time,
                kind: if packet.red { PayloadKind::Red } else { PayloadKind::Opus },
                payload: &packet.payload,
                arrival: now,
            });
            while let Some(frame) = hearing.pull(now) {
                prop_assert_eq!(frame.position, position);
                prop_assert!(frame.spoken_at <= now);
                position += HEARD_FRAME as u64;
                runaway::check(position, now - began);
            }
            prop_assert!(hearing.next_pull().is_none_or(|next| next > now));
        }
        prop_assert_eq!(hearing.counters().received, n_packets);
    }
}

#[test]
fn the_wait_for_a_lost_packet_is_as_long_as_the_jitter_asks() {
    for (jitter, least, most) in [(0, 20, 20), (30, 20, 40), (60, 40, 72), (400, 200, 200)] {
        let sent = Sender::default().send(ms(SECONDS * 1000), voice);
        let carried = Link { seed: 9, jitter: ms(jitter), ..Link::default() }.carry(&sent);
        let depth = listen(&carried.arrivals, ms(SECONDS * 1000)).counters.depth_ms;
        assert!((least..=most).contains(&depth), "jitter {jitter}: depth {depth}");
    }
    assert_eq!(PACKET, ms(20));
}
