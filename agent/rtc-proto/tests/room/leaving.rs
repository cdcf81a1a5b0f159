//! Leaving: with the last words, with a word to the server, and in bounded time.

use std::time::Duration;

use agent_rtc_proto::protocol::signal_request::Message as Asked;
use agent_rtc_proto::{DisconnectCause, LinkPurpose, Reliability, Request, RoomEvent};

use crate::invariants::user_packet;
use crate::world::World;

fn n_goodbyes(world: &World) -> usize {
    world.sfu.n_asked(|asked| matches!(asked, Asked::Leave(_)))
}

#[test]
fn leaving_lets_reliable_data_arrive_and_waits_for_it_no_longer_than_it_should() {
    let mut world = World::talking(14);
    for _ in 0..4 {
        world.request(Request::SendData { reliability: Reliability::Reliable, packet: user_packet(50_000) });
    }
    world.request(Request::Leave);
    world.run(Duration::from_secs(2));
    assert_eq!(world.sfu.data.len(), 4);
    assert!(world.sfu.n_asked(|asked| matches!(asked, Asked::Leave(_))) == 1);
    assert_eq!(world.events.last(), Some(&RoomEvent::Disconnected(DisconnectCause::Left)));

    let mut world = World::talking(15);
    world.weather.no_datagrams = true;
    world.request(Request::SendData { reliability: Reliability::Reliable, packet: user_packet(50_000) });
    world.request(Request::Leave);
    world.run(Duration::from_millis(900));
    assert!(!world.machine.is_closed());
    world.run(Duration::from_millis(200));
    assert!(world.machine.is_closed());
}

#[test]
fn who_leaves_while_the_link_is_lost_says_so_on_the_next_one_at_once() {
    let mut world = World::talking(31);
    world.cut_link();
    world.request(Request::Leave);
    assert!(matches!(world.links.last(), Some(LinkPurpose::Resume { .. })), "{:?}", world.links);
    assert_eq!(n_goodbyes(&world), 1);
    assert_eq!(world.events.last(), Some(&RoomEvent::Disconnected(DisconnectCause::Left)));
    assert_eq!(world.machine.counters().goodbyes_missed, 0);
}

#[test]
fn who_leaves_while_a_link_is_being_opened_waits_for_it() {
    let mut world = World::talking(32);
    world.weather.silent_links = true;
    world.cut_link();
    world.run(Duration::from_millis(200));
    assert!(matches!(world.links.last(), Some(LinkPurpose::Resume { .. })), "{:?}", world.links);
    world.request(Request::Leave);
    assert!(!world.machine.is_closed());
    world.sfu.on_resume(0);
    world.settle();
    assert_eq!((n_goodbyes(&world), world.machine.is_closed()), (1, true));
}

#[test]
fn a_link_that_cannot_be_had_holds_nobody_up_and_is_counted() {
    for silent_links in [true, false] {
        let mut world = World::talking(33);
        (world.weather.silent_links, world.weather.no_links) = (silent_links, !silent_links);
        world.cut_link();
        world.request(Request::Leave);
        world.run(Duration::from_millis(1_100));
        assert_eq!(world.events.last(), Some(&RoomEvent::Disconnected(DisconnectCause::Left)));
        assert_eq!((n_goodbyes(&world), world.machine.counters().goodbyes_missed), (0, 1));
        assert_eq!(world.machine.poll_timeout(), None);
    }
}
