//! Ways of media that are not the way of the signals: another family, another address, another transport.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use agent_rtc::{JoinOptions, SocketCounters};

use crate::peers::Peers;
use crate::proxy::Proxy;
use crate::server::{Server, token};

/// Before, media was sent from the address that faces the signals: from `::1` nothing reaches an IPv4 candidate.
#[tokio::test]
async fn signals_over_ipv6_and_media_over_ipv4_have_each_their_own_way_on_both_paths() {
    let server = Server::start_with(false);
    let proxy = Proxy::start_at(IpAddr::V6(Ipv6Addr::LOCALHOST), server.address(), None).await;
    for single_peer_connection in [true, false] {
        let room = format!("six-{single_peer_connection}");
        let mut peers = Peers::new();
        let over_six = JoinOptions {
            single_peer_connection,
            ..JoinOptions::new(format!("ws://{}", proxy.address()), token(&room, "anna"))
        };
        let anna = peers.join_with(over_six).await;
        let bert = peers.join_with(JoinOptions::new(server.url(), token(&room, "bert"))).await;
        two_hear_each_other(&mut peers, anna, bert).await;
        assert_eq!(peers.room(anna).counters().unreachable_candidates, 0);
    }
}

/// Both publish, both hear, and nobody had to try twice.
async fn two_hear_each_other(peers: &mut Peers, anna: usize, bert: usize) {
    let (annas, _) = peers.publish_to(anna, bert).await;
    let (berts, _) = peers.publish_to(bert, anna).await;
    peers.speak_until_heard(anna, annas, bert).await;
    peers.speak_until_heard(bert, berts, anna).await;
    let counters = peers.room(anna).counters();
    assert_eq!((counters.resumes, counters.restarts), (0, 0));
}

/// Media over UDP may be sent only from an address that this host does not have (RFC 5737): as if a wall let none through.
#[tokio::test]
async fn where_no_candidate_is_reached_over_udp_media_goes_over_tcp() {
    let server = Server::start();
    for single_peer_connection in [true, false] {
        let room = format!("wall-{single_peer_connection}");
        let mut peers = Peers::new();
        let walled = JoinOptions {
            single_peer_connection,
            bind: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
            ..JoinOptions::new(server.url(), token(&room, "anna"))
        };
        let anna = peers.join_with(walled).await;
        let bert = peers.join_with(JoinOptions::new(server.url(), token(&room, "bert"))).await;
        two_hear_each_other(&mut peers, anna, bert).await;
        let counters = peers.room(anna).all_counters();
        assert!(counters.room.unreachable_candidates > 0, "{counters:?}");
        assert_eq!(counters.sockets, SocketCounters::default());
    }
}
