//! R1 to R6, and what else is promised, each by name.

use std::collections::BTreeMap;
use std::time::Duration;

use agent_rtc_proto::protocol::data_packet::Value;
use agent_rtc_proto::protocol::leave_request::Action;
use agent_rtc_proto::protocol::signal_request::Message as Asked;
use agent_rtc_proto::protocol::signal_response::Message as Say;
use agent_rtc_proto::protocol::{DataPacket, UserPacket};
use agent_rtc_proto::{
    DisconnectCause, DisconnectReason, Input, LinkFailure, LinkPurpose, LocalTrack, Reliability, Request,
    RoomEvent, SignalPath, TrackOptions, TrackSid,
};

use crate::world::{TRACK, Weather, World};

pub(crate) fn user_packet(bytes: usize) -> Box<DataPacket> {
    let user = UserPacket { payload: vec![9; bytes], ..UserPacket::default() };
    Box::new(DataPacket { value: Some(Value::User(user)), ..DataPacket::default() })
}

fn is_add_track(asked: &Asked) -> bool {
    matches!(asked, Asked::AddTrack(_))
}

fn is_reconnected(event: &RoomEvent) -> bool {
    matches!(event, RoomEvent::Reconnected { .. })
}

#[test]
fn media_flows_both_ways_after_joining_publishing_and_subscribing() {
    let mut world = World::talking(1);
    world.somebody_publishes("caller", "TR_caller");
    for n in 0..50 {
        world.send_audio(n * 960);
        world.sfu.speak(world.now, "TR_caller", n * 960, b"caller");
        world.run(Duration::from_millis(20));
    }
    let heard: Vec<u32> = world.sfu.heard.iter().map(|(rtp_time, _)| *rtp_time).collect();
    assert_eq!(heard, (0..50).map(|n| n * 960).collect::<Vec<_>>());
    assert_eq!(world.heard_of("TR_caller"), (0..50).map(|n| n * 960).collect::<Vec<_>>());
    assert_eq!(world.audio[0].participant.as_str(), "caller");
    assert_eq!(world.machine.counters().audio_in, 50);
    assert_eq!(world.machine.counters().audio_out, 50);
}

#[test]
fn r1_one_offer_is_in_flight_however_much_is_asked_for_at_once() {
    let mut world = World::talking(2);
    world.sfu.answers = false;
    for n in 1..6 {
        world.request(Request::Publish { track: LocalTrack::new(n), options: TrackOptions::voice("more") });
        world.somebody_publishes(&format!("caller-{n}"), &format!("TR_{n}"));
        world.request(Request::Unpublish(LocalTrack::new(n)));
    }
    for _ in 0..20 {
        world.sfu.answer(world.now);
        world.run(Duration::from_millis(100));
    }
    assert_eq!(world.sfu.offers_at_once_max, 1);
    for n in 1..6 {
        world.sfu.speak(world.now, &format!("TR_{n}"), 960, b"caller");
        world.settle();
        assert_eq!(world.heard_of(&format!("TR_{n}")), [960], "everything asked for is there in the end");
    }
}

#[test]
fn r2_after_a_full_reconnect_every_track_is_published_once() {
    let mut world = World::talking(3);
    world.request(Request::Publish { track: LocalTrack::new(1), options: TrackOptions::voice("second") });
    world.run(Duration::from_secs(1));
    let before = world.sfu.n_asked(is_add_track);
    assert_eq!(before, 2);
    world.weather.refuses_resume = true;
    world.cut_link();
    world.run(Duration::from_secs(10));
    assert_eq!(world.sfu.n_asked(is_add_track) - before, 2);
    assert_eq!(world.n_events(is_reconnected), 1);
    assert!(world.events.contains(&RoomEvent::Reconnected { full: true }), "{:?}", world.events);
    assert_eq!(world.machine.local_track_sid(TRACK), Some(&TrackSid::from("TR_2_track-0")));
    world.sfu.heard.clear();
    world.send_audio(960);
    world.run(Duration::from_millis(20));
    assert_eq!(world.sfu.heard.len(), 1, "it is heard again");
}

#[test]
fn r3_the_stay_is_resumed_first_then_a_new_one_is_asked_for_then_it_ends() {
    let mut world = World::talking(4);
    world.weather.no_links = true;
    world.links.clear();
    world.cut_link();
    world.run(Duration::from_secs(120));
    let kinds: Vec<bool> =
        world.links.iter().map(|link| matches!(link, LinkPurpose::Resume { .. })).collect();
    let expected: Vec<bool> = [[true; 4].as_slice(), &[false; 12]].concat();
    assert_eq!(kinds, expected);
    let end = world.events.last().unwrap();
    assert!(matches!(end, RoomEvent::Disconnected(DisconnectCause::Lost { attempts: 16, .. })), "{end:?}");
    assert_eq!(world.n_events(|event| matches!(event, RoomEvent::Reconnecting)), 1);
    assert_eq!(world.machine.poll_timeout(), None, "nothing is awaited after the end");
}

#[test]
fn a_cut_link_is_resumed_and_what_flowed_flows_on() {
    let mut world = World::talking(5);
    world.somebody_publishes("caller", "TR_caller");
    world.cut_link();
    world.send_audio(960);
    assert_eq!(world.sfu.heard.len(), 1, "media does not need the link");
    world.run(Duration::from_secs(5));
    assert!(world.events.contains(&RoomEvent::Reconnected { full: false }), "{:?}", world.events);
    world.send_audio(1920);
    world.sfu.speak(world.now, "TR_caller", 1920, b"caller");
    world.run(Duration::from_millis(20));
    assert_eq!(world.sfu.heard.len(), 2);
    assert_eq!(world.heard_of("TR_caller"), [1920]);
    assert_eq!(world.sfu.n_asked(is_add_track), 1, "the track was known");
}

#[test]
fn who_leaves_or_comes_while_the_link_is_down_is_told_of_after_the_resume() {
    let mut world = World::talking(18);
    world.somebody_publishes("leaves", "TR_leaves");
    world.somebody_publishes("stays", "TR_stays");
    world.somebody_publishes("vanishes", "TR_vanishes");
    world.weather.no_links = true;
    world.cut_link();
    world.sfu.go("leaves", "TR_leaves");
    world.sfu.vanish("vanishes", "TR_vanishes");
    world.sfu.publish("comes", "TR_comes");
    world.weather.no_links = false;
    world.run(Duration::from_secs(5));
    assert!(world.events.contains(&RoomEvent::Reconnected { full: false }), "{:?}", world.events);
    assert!(!world.knows("leaves") && world.knows("stays") && world.knows("comes"));
    assert!(!world.knows("vanishes"), "of whom the server says nothing any more is gone");
    assert_eq!(world.n_events(|event| matches!(event, RoomEvent::ParticipantLeft { .. })), 2);
    assert_eq!(world.n_events(|event| matches!(event, RoomEvent::TrackUnsubscribed { .. })), 2);
}

#[test]
fn an_offer_whose_answer_was_lost_with_the_link_is_said_again_as_it_was() {
    let mut world = World::talking(19);
    world.sfu.answers = false;
    world.somebody_publishes("caller", "TR_caller");
    world.sfu.answer(world.now);
    world.cut_link();
    world.sfu.answers = true;
    world.run(Duration::from_secs(5));
    assert!(world.events.contains(&RoomEvent::Reconnected { full: false }), "{:?}", world.events);
    world.sfu.speak(world.now, "TR_caller", 960, b"caller");
    world.run(Duration::from_millis(20));
    assert_eq!(world.heard_of("TR_caller"), [960]);
}

#[test]
fn reliable_data_is_sent_again_from_where_the_server_lost_it() {
    let mut world = World::talking(6);
    for _ in 0..3 {
        world.request(Request::SendData { reliability: Reliability::Reliable, packet: user_packet(10) });
    }
    world.run(Duration::from_millis(200));
    let sequences =
        |world: &World| world.sfu.data.iter().map(|(_, packet)| packet.sequence).collect::<Vec<_>>();
    assert_eq!(sequences(&world), [1, 2, 3]);
    world.last_seen_by_server = 1;
    world.cut_link();
    world.request(Request::SendData { reliability: Reliability::Reliable, packet: user_packet(10) });
    world.run(Duration::from_secs(5));
    assert_eq!(sequences(&world), [1, 2, 3, 4, 2, 3, 4]);
    assert_eq!(world.machine.counters().data_out_repeated, 3);
}

#[test]
fn r5_after_every_fact_nothing_is_left_to_be_drained() {
    let mut world = World::talking(20);
    world.somebody_publishes("caller", "TR_caller");
    for n in 0..40_u32 {
        match n % 4 {
            0 => drop(world.send_audio(n * 960)),
            1 => world.sfu.speak(world.now, "TR_caller", n * 960, b"caller"),
            2 => {
                world.request(Request::SendData {
                    reliability: Reliability::Reliable,
                    packet: user_packet(20_000),
                });
            }
            _ => world.request(Request::Publish {
                track: LocalTrack::new(n),
                options: TrackOptions::voice("more"),
            }),
        }
        world.settle();
        world.machine.handle_timeout(world.now);
        let left = world.machine.poll_output();
        assert!(left.is_none(), "at the same moment there was more to do: {left:?}");
        assert!(world.machine.poll_timeout().is_some_and(|(at, _)| at > world.now));
        world.run(Duration::from_millis(7));
    }
}

#[test]
fn r6_a_flood_of_data_delays_no_audio() {
    let mut world = World::talking(7);
    world.weather.no_acknowledgements = true;
    for _ in 0..20 {
        world.request(Request::SendData { reliability: Reliability::Reliable, packet: user_packet(50_000) });
        world.request(Request::SendData { reliability: Reliability::Lossy, packet: user_packet(20_000) });
    }
    for n in 0..100_u32 {
        world.request(Request::SendData { reliability: Reliability::Lossy, packet: user_packet(20_000) });
        world.orders.clear();
        world.send_audio(n * 960);
        let before = world.orders.iter().position(|order| *order == "rtp").expect("audio is sent at once");
        assert!(before * 1_100 <= 64 * 1024, "{before} datagrams before the audio");
        assert_eq!(world.sfu.heard.len(), n as usize + 1);
        world.run(Duration::from_millis(20));
    }
    assert!(world.machine.counters().data_out_dropped > 0, "lossy data gives way");
}

#[test]
fn media_lost_while_the_link_lives_is_resumed_and_flows_on_in_the_same_stay() {
    let mut world = World::talking(8);
    world.weather.no_datagrams = true;
    world.run(Duration::from_secs(20));
    assert!(world.events.contains(&RoomEvent::Reconnecting), "{:?}", world.events);
    assert!(matches!(world.links.last(), Some(LinkPurpose::Resume { .. })), "{:?}", world.links);
    world.weather.no_datagrams = false;
    world.run(Duration::from_secs(10));
    assert!(world.events.contains(&RoomEvent::Reconnected { full: false }), "{:?}", world.events);
    world.sfu.heard.clear();
    world.send_audio(960);
    world.run(Duration::from_millis(20));
    assert_eq!(world.sfu.heard.len(), 1);
}

#[test]
fn media_that_a_resume_does_not_bring_back_is_begun_anew_within_half_a_minute() {
    let mut world = World::talking(8);
    world.weather.no_datagrams = true;
    let began = world.now;
    while !matches!(world.links.last(), Some(LinkPurpose::Join { .. })) || world.links.len() < 2 {
        world.run(Duration::from_millis(100));
        assert!(world.now - began <= Duration::from_secs(30), "{:?}", world.links);
    }
    let n_resumes = world.links.iter().filter(|link| matches!(link, LinkPurpose::Resume { .. })).count();
    assert_eq!(n_resumes, 1, "a link that can be had and brings no media is not asked for again");
    world.weather.no_datagrams = false;
    world.run(Duration::from_secs(30));
    assert_eq!(world.n_events(is_reconnected), 1);
    assert!(world.events.contains(&RoomEvent::Reconnected { full: true }), "{:?}", world.events);
}

#[test]
fn an_offer_that_is_never_answered_costs_one_resume_and_then_the_stay() {
    let mut world = World::talking(9);
    world.sfu.answers = false;
    world.somebody_publishes("caller", "TR_caller");
    world.run(Duration::from_secs(25));
    let kinds: Vec<_> = world.links.iter().map(|link| matches!(link, LinkPurpose::Resume { .. })).collect();
    assert_eq!(kinds[..3], [false, true, false], "joined, resumed, joined anew");
}

/// What closes media comes over UDP, what says why over the link; either may be first.
#[test]
fn a_room_that_is_deleted_is_not_joined_again() {
    let mut world = World::talking(14);
    let n_links = world.links.len();
    world.sfu.end_media();
    world.run(Duration::from_millis(300));
    assert_eq!(world.links.len(), n_links, "the server may still say why");
    world.sfu.say_leave(Action::Disconnect);
    world.run(Duration::from_secs(60));
    assert!(matches!(world.events.last(), Some(RoomEvent::Disconnected(DisconnectCause::Removed(_)))));
    assert_eq!(world.links.len(), n_links);
}

#[test]
fn media_that_is_closed_without_a_word_is_begun_anew() {
    let mut world = World::talking(15);
    world.sfu.end_media();
    world.run(Duration::from_secs(3));
    assert!(matches!(world.links.last(), Some(LinkPurpose::Join { .. })), "{:?}", world.links);
    assert!(world.events.contains(&RoomEvent::Reconnected { full: true }), "{:?}", world.events);
}

#[test]
fn leave_is_obeyed_in_all_its_actions() {
    let mut world = World::talking(9);
    world.sfu.say_leave(Action::Resume);
    world.run(Duration::from_secs(3));
    assert!(matches!(world.links.last(), Some(LinkPurpose::Resume { .. })));
    assert!(world.events.contains(&RoomEvent::Reconnected { full: false }));
    world.sfu.say_leave(Action::Reconnect);
    world.run(Duration::from_secs(3));
    assert!(matches!(world.links.last(), Some(LinkPurpose::Join { .. })));
    assert!(world.events.contains(&RoomEvent::Reconnected { full: true }));
    world.sfu.say_leave(Action::Disconnect);
    world.run(Duration::from_secs(1));
    let removed = RoomEvent::Disconnected(DisconnectCause::Removed(DisconnectReason::UnknownReason));
    assert_eq!(world.events.last(), Some(&removed));
}

#[test]
fn a_renewed_token_is_the_one_to_come_back_with() {
    let mut world = World::talking(10);
    world.sfu.say(Say::RefreshToken("second".into()));
    world.settle();
    world.cut_link();
    world.run(Duration::from_secs(3));
    assert_eq!(world.tokens, ["first", "second"]);
}

#[test]
fn a_server_that_does_not_answer_pings_is_lost() {
    let mut world = World::talking(11);
    world.run(Duration::from_secs(60));
    assert!(!world.events.contains(&RoomEvent::Reconnecting), "{:?}", world.events);
    world.sfu.answers_pings = false;
    world.run(Duration::from_secs(20));
    assert!(world.events.contains(&RoomEvent::Reconnecting), "{:?}", world.events);
    assert!(world.sfu.n_asked(|asked| matches!(asked, Asked::PingReq(_))) >= 2);
}

#[test]
fn what_is_wanted_and_known_by_is_kept_over_a_full_reconnect() {
    let mut world = World::talking(12);
    world.somebody_publishes("caller", "TR_caller");
    world.request(Request::SetAttributes(BTreeMap::from([("a".into(), "1".into())])));
    world.request(Request::SetName("Agent".into()));
    world.sfu.asked.clear();
    world.sfu.say_leave(Action::Reconnect);
    world.run(Duration::from_secs(3));
    assert!(!world.knows("caller"), "the new stay has nobody else in it");
    assert_eq!(world.n_events(|event| matches!(event, RoomEvent::TrackUnsubscribed { .. })), 1);
    let told = world.sfu.asked.iter().find_map(|asked| match asked {
        Asked::UpdateMetadata(update) => Some((update.name.clone(), update.attributes.get("a").cloned())),
        _ => None,
    });
    assert_eq!(told, Some(("Agent".into(), Some("1".into()))));
}

#[test]
fn sections_are_used_again_when_one_goes_and_another_comes() {
    let mut world = World::talking(13);
    for n in 0..6 {
        let (identity, sid) = (format!("caller-{n}"), format!("TR_{n}"));
        world.somebody_publishes(&identity, &sid);
        world.sfu.speak(world.now, &sid, 960, b"caller");
        world.run(Duration::from_millis(20));
        assert_eq!(world.heard_of(&sid), [960], "caller {n}");
        world.sfu.go(&identity, &sid);
        world.run(Duration::from_millis(20));
    }
    let last = world.sfu.asked.iter().rev().find_map(|asked| match asked {
        Asked::Offer(offer) => Some(offer.sdp.matches("m=audio").count()),
        _ => None,
    });
    assert_eq!(last, Some(2), "one for us, one for whoever is there");
}

#[test]
fn a_server_without_the_single_path_is_asked_on_the_other() {
    let mut world = World::new(16);
    world.weather.no_links = true;
    let not_found = LinkFailure::NotFound("10.0.0.1:7880".into());
    while world.machine.poll_output().is_some() {}
    world.machine.handle_input(world.now, Input::LinkFailed(not_found));
    assert_eq!(world.machine.path(), SignalPath::Dual);
    world.weather = Weather::default();
    world.settle();
    assert!(matches!(world.links.last(), Some(LinkPurpose::Join { offer: None })), "{:?}", world.links);
    assert!(world.events.contains(&RoomEvent::Joined));
    assert_eq!(
        world.sfu.n_asked(|asked| matches!(asked, Asked::Offer(_))),
        1,
        "the publisher's offer follows"
    );
}

#[test]
fn what_cannot_be_heard_is_not_asked_for() {
    let mut world = World::talking(17);
    let video =
        agent_rtc_proto::protocol::TrackInfo { sid: "TR_cam".into(), r#type: 1, ..Default::default() };
    let participant = agent_rtc_proto::protocol::ParticipantInfo {
        sid: "PA_c".into(),
        identity: "caller".into(),
        tracks: vec![video],
        ..Default::default()
    };
    world
        .sfu
        .say(Say::Update(agent_rtc_proto::protocol::ParticipantUpdate { participants: vec![participant] }));
    world.settle();
    world.request(Request::Subscribe { track: TrackSid::from("TR_cam"), wanted: true });
    assert_eq!(world.n_events(|event| matches!(event, RoomEvent::SubscriptionFailed { .. })), 1);
    assert_eq!(world.sfu.n_asked(|asked| matches!(asked, Asked::Subscription(_))), 0);
}
