//! R4: whatever comes from outside is survived, counted, and ends nothing.

use std::time::Duration;

use agent_rtc_proto::protocol::signal_response::Message as Say;
use agent_rtc_proto::protocol::{
    MediaSectionsRequirement, ParticipantInfo, ParticipantUpdate, SessionDescription, SignalResponse,
    SpeakerInfo, SpeakersChanged, TrickleRequest,
};
use agent_rtc_proto::{Input, Request, RoomEvent, Transport};
use proptest::prelude::*;
use prost::Message;

use crate::world::World;

fn still_talks(world: &mut World) {
    world.run(Duration::from_secs(30));
    assert!(!world.machine.is_closed(), "{:?}", world.events.last());
    world.sfu.heard.clear();
    world.send_audio(960);
    world.run(Duration::from_millis(20));
    assert_eq!(world.sfu.heard.len(), 1, "{:?}", world.events.last());
}

fn trickle(candidate_init: &str) -> Say {
    Say::Trickle(TrickleRequest { candidate_init: candidate_init.into(), ..TrickleRequest::default() })
}

#[test]
fn r4_wrong_signals_descriptions_and_candidates_are_survived_and_counted() {
    let mut world = World::talking(21);
    world.feed(Input::SignalReceived(b"\xff\xff\xff no protobuf"));
    world.feed(Input::SignalReceived(b""));
    let says = [
        Say::Answer(SessionDescription { id: 77, sdp: "v=0".into(), ..SessionDescription::default() }),
        Say::Offer(SessionDescription { id: 1, sdp: "v=0".into(), ..SessionDescription::default() }),
        trickle("not json"),
        trickle("{\"candidate\": 7}"),
        trickle("{\"candidate\": \"candidate:1 1 udp nonsense\"}"),
        trickle("{\"candidate\": \"\"}"),
        Say::SpeakersChanged(SpeakersChanged {
            speakers: vec![SpeakerInfo { sid: "PA_nobody".into(), level: f32::NAN, active: true }],
        }),
        Say::Update(ParticipantUpdate { participants: vec![ParticipantInfo::default()] }),
    ];
    for message in says {
        let bytes = SignalResponse { message: Some(message) }.encode_to_vec();
        world.feed(Input::SignalReceived(&bytes));
    }
    let counters = *world.machine.counters();
    assert_eq!(counters.malformed_signals, 2);
    assert_eq!(counters.unexpected_signals, 2);
    assert_eq!(counters.malformed_candidates, 3);
    still_talks(&mut world);
}

#[test]
fn r4_answers_that_are_no_sdp_are_asked_for_again() {
    for broken in
        ["", "v=0\r\n", "nonsense", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 X 1\r\n"]
    {
        let mut world = World::talking(22);
        world.sfu.answers = false;
        world
            .sfu
            .say(Say::MediaSectionsRequirement(MediaSectionsRequirement { num_audios: 1, num_videos: 0 }));
        world.settle();
        let offer = world.sfu.unanswered.pop().unwrap();
        let answer = SessionDescription { id: offer.id, sdp: broken.into(), ..SessionDescription::default() };
        world.sfu.answers = true;
        world.sfu.say(Say::Answer(answer));
        world.settle();
        assert_eq!(world.machine.counters().malformed_sdp, 1, "{broken:?}");
        still_talks(&mut world);
    }
}

#[test]
fn r4_data_that_is_none_and_datagrams_of_strangers_are_survived() {
    let mut world = World::talking(23);
    world.sfu.send_data(world.now, "_reliable", b"\xff\xff\xff");
    world.sfu.send_data(world.now, "_lossy", b"\xff\xff\xff");
    world.run(Duration::from_millis(50));
    assert_eq!(world.machine.counters().malformed_data, 2);
    let (from, to) = ("192.0.2.1:9".parse().unwrap(), "10.0.0.2:40001".parse().unwrap());
    for bytes in
        [&[][..], &[0], &[0; 20], &[22; 40], &[128; 12], &[128, 111, 0, 0], &[129, 200, 0, 1], &[255; 1500]]
    {
        world.feed(Input::DatagramReceived { transport: Transport::Udp, from, to, bytes });
    }
    assert!(world.machine.counters().malformed_datagrams >= 3, "{:?}", world.machine.counters());
    still_talks(&mut world);
}

#[test]
fn r4_so_many_sections_as_are_asked_for_are_never_made() {
    let mut world = World::talking(24);
    world
        .sfu
        .say(Say::MediaSectionsRequirement(MediaSectionsRequirement { num_audios: u32::MAX, num_videos: 0 }));
    world.settle();
    assert_eq!(world.machine.counters().unexpected_signals, 1);
    still_talks(&mut world);
}

/// Facts that make no sense at their time.
fn nonsense() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn r4_random_bytes_in_every_place_panic_nothing(
        signals in proptest::collection::vec(nonsense(), 0..20),
        datagrams in proptest::collection::vec(nonsense(), 0..20),
        sdp in "[ -~\r\n]{0,300}",
        candidate in "[ -~]{0,120}",
    ) {
        let mut world = World::talking(25);
        let (from, to) = (world.sfu.address, "10.0.0.2:40001".parse().unwrap());
        for bytes in &signals {
            world.feed(Input::SignalReceived(bytes));
        }
        for bytes in &datagrams {
            world.feed(Input::DatagramReceived { transport: Transport::Udp, from, to, bytes });
            world.feed(Input::DatagramReceived { transport: Transport::Tcp, from, to, bytes });
        }
        let described = SessionDescription { id: 3, sdp, ..SessionDescription::default() };
        let init = serde_json::json!({ "candidate": candidate }).to_string();
        for message in [Say::Answer(described.clone()), Say::Offer(described), trickle(&init)] {
            world.feed(Input::SignalReceived(&SignalResponse { message: Some(message) }.encode_to_vec()));
        }
        world.run(Duration::from_secs(1));
        prop_assert!(!world.events.iter().any(|event| matches!(event, RoomEvent::Disconnected(_))));
    }

    #[test]
    fn r4_an_answer_with_a_byte_changed_panics_nothing(at in 0_usize..4_000, byte in 32_u8..127) {
        let mut world = World::new(26);
        world.sfu.answers = false;
        world.settle();
        world.sfu.answers = true;
        world.sfu.answer(world.now);
        for message in &mut world.sfu.says {
            if let Ok(SignalResponse { message: Some(Say::Answer(mut answer)) }) = SignalResponse::decode(message.as_slice()) {
                let mut sdp = answer.sdp.into_bytes();
                let at = at % sdp.len();
                sdp[at] = byte;
                answer.sdp = String::from_utf8(sdp).unwrap();
                *message = SignalResponse { message: Some(Say::Answer(answer)) }.encode_to_vec();
            }
        }
        world.run(Duration::from_secs(2));
        world.request(Request::Leave);
        world.run(Duration::from_secs(2));
        prop_assert!(world.machine.is_closed());
    }
}

#[test]
fn a_frame_of_a_tcp_connection_that_was_never_asked_for_is_no_matter() {
    let mut world = World::talking(27);
    let (from, to) = ("10.0.0.1:7881".parse().unwrap(), "10.0.0.2:9".parse().unwrap());
    world.feed(Input::DatagramReceived { transport: Transport::Tcp, from, to, bytes: &[0; 20] });
    still_talks(&mut world);
}
