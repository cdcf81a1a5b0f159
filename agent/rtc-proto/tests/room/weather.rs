//! Anything in any order: what people and networks do to a room, drawn from a seed, with the invariants looked at throughout.

use std::collections::BTreeSet;
use std::time::Duration;

use agent_rtc_proto::protocol::data_packet::Value;
use agent_rtc_proto::protocol::leave_request::Action;
use agent_rtc_proto::protocol::{DataPacket, UserPacket};
use agent_rtc_proto::{
    Input, LocalTrack, OutgoingAudio, Reliability, Request, RoomEvent, TrackOptions, TrackSid,
};
use proptest::prelude::*;

use crate::world::{Weather, World};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Happening {
    Wait(u64),
    Publish(u32),
    Unpublish(u32),
    Mute(u32, bool),
    SomebodyPublishes(u8),
    SomebodyGoes(u8),
    Unsubscribe(u8),
    SendAudio,
    SendData(usize),
    CutLink,
    Weather(Weather),
    Fair,
    Leave(i32),
    StallAnswers(bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    let weather = any::<[bool; 5]>().prop_map(
        |[no_links, silent_links, refuses_resume, no_datagrams, no_acknowledgements]| {
            Happening::Weather(Weather {
                no_links,
                silent_links,
                refuses_resume,
                no_datagrams,
                no_acknowledgements,
            })
        },
    );
    prop_oneof![
        6 => (1_u64..4_000).prop_map(Happening::Wait),
        2 => (0_u32..8).prop_map(Happening::Publish),
        1 => (0_u32..8).prop_map(Happening::Unpublish),
        1 => (0_u32..8, any::<bool>()).prop_map(|(track, muted)| Happening::Mute(track, muted)),
        2 => (0_u8..4).prop_map(Happening::SomebodyPublishes),
        1 => (0_u8..4).prop_map(Happening::SomebodyGoes),
        1 => (0_u8..4).prop_map(Happening::Unsubscribe),
        2 => Just(Happening::SendAudio),
        1 => (1_usize..60_000).prop_map(Happening::SendData),
        2 => Just(Happening::CutLink),
        1 => weather,
        3 => Just(Happening::Fair),
        1 => (1_i32..3).prop_map(Happening::Leave),
        1 => any::<bool>().prop_map(Happening::StallAnswers),
    ]
}

fn happen(world: &mut World, happening: &Happening) {
    match *happening {
        Happening::Wait(milliseconds) => world.run(Duration::from_millis(milliseconds)),
        // A number is used once.
        Happening::Publish(n) => {
            if world.published.insert(n) {
                let options = TrackOptions::voice("voice");
                world.request(Request::Publish { track: LocalTrack::new(n), options });
            }
        }
        Happening::Unpublish(n) => world.request(Request::Unpublish(LocalTrack::new(n))),
        Happening::Mute(n, muted) => world.request(Request::Mute { track: LocalTrack::new(n), muted }),
        Happening::SomebodyPublishes(n) => {
            world.somebody_publishes(&format!("caller-{n}"), &format!("TR_{n}"));
        }
        Happening::SomebodyGoes(n) => {
            world.sfu.go(&format!("caller-{n}"), &format!("TR_{n}"));
            world.settle();
        }
        Happening::Unsubscribe(n) => {
            world.request(Request::Subscribe { track: TrackSid::from(format!("TR_{n}")), wanted: false });
        }
        Happening::SendAudio => drop(world.send_audio(960)),
        Happening::SendData(size) => {
            let user = UserPacket { payload: vec![1; size.min(50_000)], ..UserPacket::default() };
            let packet = Box::new(DataPacket { value: Some(Value::User(user)), ..DataPacket::default() });
            world.request(Request::SendData { reliability: Reliability::Reliable, packet });
        }
        Happening::CutLink => world.cut_link(),
        Happening::Weather(weather) => world.weather = weather,
        Happening::Fair => world.weather = Weather::default(),
        Happening::Leave(action) => {
            let action = if action == 1 { Action::Resume } else { Action::Reconnect };
            world.sfu.say_leave(action);
            world.settle();
        }
        Happening::StallAnswers(stalled) => {
            world.sfu.answers = !stalled;
            while world.sfu.answers && !world.sfu.unanswered.is_empty() {
                world.sfu.answer(world.now);
                world.settle();
            }
        }
    }
}

/// Joined, Reconnecting and Reconnected alternate, and nothing comes after the end.
fn check_events(events: &[RoomEvent]) -> Result<(), TestCaseError> {
    let mut lost = false;
    for (at, event) in events.iter().enumerate() {
        match event {
            RoomEvent::Joined => prop_assert_eq!(at, 0),
            RoomEvent::Reconnecting => prop_assert!(!std::mem::replace(&mut lost, true), "lost twice"),
            RoomEvent::Reconnected { .. } => {
                prop_assert!(std::mem::replace(&mut lost, false), "found without a loss");
            }
            RoomEvent::Disconnected(_) => prop_assert_eq!(at, events.len() - 1, "something after the end"),
            _ => {}
        }
    }
    Ok(())
}

/// R2 in general: on each link of each stay each track is announced at most once; on a later link of the same stay again
/// only when the link before may have swallowed it.
fn check_announcements(world: &World) -> Result<(), TestCaseError> {
    let mut told = BTreeSet::new();
    for announced in &world.sfu.announced {
        prop_assert!(told.insert(announced), "announced twice: {announced:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_in_whatever_order_the_invariants_hold_and_fair_weather_brings_everything_back(
        seed in any::<u64>(),
        happenings in proptest::collection::vec(happening(), 1..40),
    ) {
        let mut world = World::new(seed);
        world.settle();
        for happening in &happenings {
            happen(&mut world, happening);
            check_events(&world.events)?;
        }
        prop_assert_eq!(world.sfu.offers_at_once_max.min(1), world.sfu.offers_at_once_max, "R1");
        check_announcements(&world)?;
        world.weather = Weather::default();
        happen(&mut world, &Happening::StallAnswers(false));
        world.run(Duration::from_secs(120));
        check_events(&world.events)?;
        let ended = matches!(world.events.last(), Some(RoomEvent::Disconnected(_)));
        if !ended {
            world.request(Request::Publish { track: LocalTrack::new(9), options: TrackOptions::voice("last") });
            world.run(Duration::from_secs(2));
            world.sfu.heard.clear();
            let audio = OutgoingAudio {
                track: LocalTrack::new(9), rtp_time: 7, talkspurt: true, level: None, payload: b"x",
            };
            world.feed(Input::AudioEncoded(audio));
            world.run(Duration::from_millis(20));
            prop_assert_eq!(world.sfu.heard.len(), 1, "heard in fair weather; {:?}", world.events);
        }
    }
}
