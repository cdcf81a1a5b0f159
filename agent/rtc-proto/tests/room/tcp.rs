//! Media over TCP, where the network lets no UDP through: when it is tried, where, and what follows when it breaks.

use std::time::Duration;

use agent_rtc_proto::protocol::TrickleRequest;
use agent_rtc_proto::protocol::signal_response::Message as Say;
use agent_rtc_proto::{FrameFate, Request, RoomEvent, TrackOptions};

use crate::world::{TRACK, World};

/// Where the server listens; and an address that swallows what is sent there.
const GOOD: &str = "10.0.0.1 7881";
const SILENT: &str = "10.9.9.9 7881";

fn tell_candidate(world: &mut World, address: &str) {
    let candidate = format!("candidate:1 1 tcp 1 {address} typ host tcptype passive");
    let candidate_init = serde_json::json!({ "candidate": candidate, "sdpMid": "0" }).to_string();
    world.sfu.say(Say::Trickle(TrickleRequest { candidate_init, ..TrickleRequest::default() }));
    world.settle();
}

fn n_opened(world: &World) -> usize {
    world.orders.iter().filter(|order| **order == "open tcp").count()
}

/// A world without UDP, whose server has told of these addresses.
fn behind_a_wall(seed: u64, addresses: &[&str]) -> World {
    let mut world = World::new(seed);
    world.weather.no_datagrams = true;
    world.settle();
    world.request(Request::Publish { track: TRACK, options: TrackOptions::voice("voice") });
    for address in addresses {
        tell_candidate(&mut world, address);
    }
    world
}

fn talks(world: &mut World) -> bool {
    world.sfu.heard.clear();
    let fate = world.send_audio(960);
    world.run(Duration::from_millis(20));
    fate == FrameFate::Sent && world.sfu.heard.len() == 1
}

#[test]
fn tcp_is_tried_when_udp_has_not_connected_in_time_and_only_then() {
    let mut world = behind_a_wall(1, &[SILENT]);
    world.run(Duration::from_millis(900));
    assert_eq!(n_opened(&world), 0);
    world.run(Duration::from_millis(200));
    assert_eq!(n_opened(&world), 1);

    let mut world = World::talking(2);
    tell_candidate(&mut world, SILENT);
    world.run(Duration::from_secs(5));
    assert_eq!(n_opened(&world), 0, "UDP is there");
}

#[test]
fn without_udp_a_room_talks_over_tcp_both_ways() {
    let mut world = behind_a_wall(3, &[GOOD]);
    world.run(Duration::from_secs(3));
    assert!(world.events.contains(&RoomEvent::MediaConnected), "{:?}", world.events);
    assert!(talks(&mut world));
    world.somebody_publishes("caller", "TR_caller");
    world.sfu.speak(world.now, "TR_caller", 960, b"caller");
    world.run(Duration::from_millis(20));
    assert_eq!(world.heard_of("TR_caller"), [960]);
    world.run(Duration::from_secs(60));
    assert_eq!((n_opened(&world), talks(&mut world)), (1, true), "what flows is left alone");
}

#[test]
fn an_address_that_swallows_everything_makes_room_for_the_next_before_the_stay_is_lost() {
    for addresses in [&[SILENT, GOOD][..], &[SILENT, "10.9.9.8 7881", GOOD]] {
        let mut world = behind_a_wall(4, addresses);
        world.run(Duration::from_secs(1 + 2 * addresses.len() as u64));
        assert!(talks(&mut world), "{addresses:?}: {:?}", world.events);
        assert_eq!(n_opened(&world), addresses.len());
        assert_eq!(world.tcp.len(), 1, "what was given up is closed");
        assert!(!world.events.contains(&RoomEvent::Reconnecting));
    }
}

#[test]
fn each_round_of_the_addresses_has_more_time_than_the_one_before() {
    let mut world = behind_a_wall(5, &[SILENT, "10.9.9.8 7881"]);
    world.run(Duration::from_millis(14_900));
    assert_eq!(n_opened(&world), 5, "at 1, 3, 5, 9 and 13 s");
}

#[test]
fn the_only_address_is_left_the_time_it_needs() {
    let mut world = behind_a_wall(6, &[SILENT]);
    world.run(Duration::from_secs(14));
    assert_eq!(n_opened(&world), 1);
}

#[test]
fn a_tcp_connection_that_breaks_is_opened_again_and_the_room_talks_on() {
    let mut world = behind_a_wall(7, &[GOOD]);
    world.run(Duration::from_secs(3));
    world.break_tcp();
    world.run(Duration::from_secs(20));
    assert!(talks(&mut world), "{:?}", world.events);
    assert!(world.machine.counters().restarts == 0, "{:?}", world.events);
}
