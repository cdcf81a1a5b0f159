//! Leaving, and being sent away.

use agent_rtc::data::{DataEvent, Delivery};
use agent_rtc::{DisconnectCause, DisconnectReason, Event, RoomEvent};

use crate::peers::{Peers, on_topic};
use crate::server::Server;

#[tokio::test]
async fn who_leaves_is_gone_at_once_and_its_last_words_arrive() {
    let server = Server::start();
    let mut peers = Peers::new();
    let anna = peers.join(&server, "anna").await;
    let bert = peers.join(&server, "bert").await;
    peers.room(bert).data().receive("t", Delivery::Whole);
    let connected = |news: &RoomEvent| matches!(news, RoomEvent::MediaConnected).then_some(());
    peers.until_news(anna, "media", connected).await;
    let said = |event: &Event| match event {
        Event::Data(DataEvent::Text { text, .. }) => Some(text.clone()),
        _ => None,
    };
    let words = |peers: &mut Peers, text: &str| {
        let room = peers.room(anna);
        let now = room.now();
        room.data().send_text(now, text, on_topic("t")).unwrap();
    };
    words(&mut peers, "first");
    assert_eq!(peers.until(bert, "the first words", said).await, "first");
    let last = "last words ".repeat(3_000);
    words(&mut peers, &last);
    let room = peers.take(anna);
    let (heard, ()) = tokio::join!(peers.until(bert, "the last words", said), room.leave());
    assert_eq!(heard, last);
    let gone = |news: &RoomEvent| match news {
        RoomEvent::ParticipantLeft { reason, .. } => Some(*reason),
        _ => None,
    };
    assert_eq!(peers.until_news(bert, "anna to be gone", gone).await, DisconnectReason::ClientInitiated);
}

#[tokio::test]
async fn who_is_replaced_is_told_so_and_hears_nothing_more() {
    let server = Server::start();
    let mut peers = Peers::new();
    let first = peers.join(&server, "anna").await;
    peers.join(&server, "anna").await;
    let cause = peers
        .until_news(first, "the end", |news| match news {
            RoomEvent::Disconnected(cause) => Some(cause.clone()),
            _ => None,
        })
        .await;
    assert_eq!(cause, DisconnectCause::Removed(DisconnectReason::DuplicateIdentity));
    let mut room = peers.take(first);
    let more = tokio::time::timeout(std::time::Duration::from_millis(200), room.next_event()).await;
    assert!(more.is_err(), "after the end there is nothing: {more:?}");
}
