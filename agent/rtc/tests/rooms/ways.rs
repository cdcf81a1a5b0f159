//! Ways of media that are not the way of the signals: another family, another address, another transport.

use std::net::{IpAddr, Ipv6Addr};

use agent_rtc::{JoinOptions, RoomEvent};

use crate::peers::Peers;
use crate::proxy::Proxy;
use crate::server::{Server, token};

/// One who joins by these options and one who joins as usual hear each other.
async fn hears_and_is_heard(server: &Server, options: JoinOptions) {
    let mut peers = Peers::new();
    let anna = peers.join_with(options).await;
    let bert = peers.join(server, "bert").await;
    let (annas, _) = peers.publish_to(anna, bert).await;
    let (berts, _) = peers.publish_to(bert, anna).await;
    peers.speak_until_heard(anna, annas, bert).await;
    peers.speak_until_heard(bert, berts, anna).await;
    let counters = peers.room(anna).counters();
    assert_eq!((counters.resumes, counters.restarts), (0, 0), "at the first attempt");
}

/// Before, media was sent from the address that faces the signals: from `::1` nothing reaches an IPv4 candidate.
#[tokio::test]
async fn signals_over_ipv6_and_media_over_ipv4_have_each_their_own_way_on_both_paths() {
    let server = Server::start_with(false);
    let proxy = Proxy::start_at(IpAddr::V6(Ipv6Addr::LOCALHOST), server.address(), None).await;
    for single_peer_connection in [true, false] {
        let room = format!("six-{single_peer_connection}");
        let mut peers = Peers::new();
        let options = JoinOptions {
            single_peer_connection,
            ..JoinOptions::new(format!("ws://{}", proxy.address()), token(&room, "anna"))
        };
        let anna = peers.join_with(options).await;
        let connected = |news: &RoomEvent| matches!(news, RoomEvent::MediaConnected).then_some(());
        peers.until_news(anna, "media", connected).await;
        assert_eq!(peers.room(anna).counters().unreachable_candidates, 0);
    }
    let url = format!("ws://{}", proxy.address());
    hears_and_is_heard(&server, JoinOptions::new(url, token("room", "anna"))).await;
}

/// The server's candidates are of IPv4, and this host may send from IPv6 alone: as if a wall let no UDP through.
#[tokio::test]
async fn where_no_candidate_is_reached_over_udp_media_goes_over_tcp() {
    let server = Server::start();
    for single_peer_connection in [true, false] {
        let room = format!("wall-{single_peer_connection}");
        let mut peers = Peers::new();
        let walled = JoinOptions {
            single_peer_connection,
            bind: Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            ..JoinOptions::new(server.url(), token(&room, "anna"))
        };
        let anna = peers.join_with(walled).await;
        let bert = peers.join_with(JoinOptions::new(server.url(), token(&room, "bert"))).await;
        let (annas, _) = peers.publish_to(anna, bert).await;
        let (berts, _) = peers.publish_to(bert, anna).await;
        peers.speak_until_heard(anna, annas, bert).await;
        peers.speak_until_heard(bert, berts, anna).await;
        let counters = peers.room(anna).counters();
        assert!(counters.unreachable_candidates > 0, "{counters:?}");
        assert_eq!((counters.resumes, counters.restarts), (0, 0));
    }
}
