//! Losing the server and having it back: the link alone, the server itself, the stay.

use std::time::Duration;

use agent_rtc::data::{DataEvent, Delivery, SendError};
use agent_rtc::{DisconnectCause, Event, JoinOptions, RoomEvent};

use crate::peers::{Peers, on_topic};
use crate::proxy::Proxy;
use crate::server::{Server, token};

fn reconnected(news: &RoomEvent) -> Option<bool> {
    match news {
        RoomEvent::Reconnected { full } => Some(*full),
        _ => None,
    }
}

fn reconnecting(news: &RoomEvent) -> Option<()> {
    matches!(news, RoomEvent::Reconnecting).then_some(())
}

async fn a_cut_link_is_resumed(single_peer_connection: bool) {
    let server = Server::start();
    let proxy = Proxy::start(server.address(), None).await;
    let mut peers = Peers::new();
    let options = JoinOptions {
        single_peer_connection,
        ..JoinOptions::new(format!("ws://{}", proxy.address()), token("room", "anna"))
    };
    let anna = peers.join_with(options).await;
    let bert = peers.join(&server, "bert").await;
    let (annas, sid) = peers.publish_to(anna, bert).await;
    let (berts, _) = peers.publish_to(bert, anna).await;
    peers.speak_until_heard(anna, annas, bert).await;
    peers.speak_until_heard(bert, berts, anna).await;
    peers.room(bert).data().receive("t", Delivery::Whole);
    for round in 1..=2 {
        proxy.cut();
        peers.until_news(anna, "the loss to be seen", reconnecting).await;
        let room = peers.room(anna);
        let now = room.now();
        room.data().send_text(now, "said while the link was down", on_topic("t")).unwrap();
        assert!(!peers.until_news(anna, "the resume", reconnected).await, "the same stay goes on");
        peers.speak_until_heard(anna, annas, bert).await;
        peers.speak_until_heard(bert, berts, anna).await;
        assert_eq!(peers.room(anna).local_track_sid(annas), Some(&sid), "the track is the same");
        assert_eq!(peers.room(anna).counters().resumes, round);
    }
    assert_eq!(peers.room(anna).counters().restarts, 0);
}

#[tokio::test]
async fn a_cut_link_is_resumed_and_everybody_goes_on_hearing() {
    a_cut_link_is_resumed(true).await;
}

#[tokio::test]
async fn a_cut_link_is_resumed_on_the_older_path() {
    a_cut_link_is_resumed(false).await;
}

#[tokio::test]
async fn what_is_published_and_sent_while_the_link_is_down_arrives_after_the_resume() {
    let server = Server::start();
    let proxy = Proxy::start(server.address(), None).await;
    let mut peers = Peers::new();
    let anna =
        peers.join_with(JoinOptions::new(format!("ws://{}", proxy.address()), token("room", "anna"))).await;
    let bert = peers.join(&server, "bert").await;
    peers.room(bert).data().receive("t", Delivery::Whole);
    let connected = |news: &RoomEvent| matches!(news, RoomEvent::MediaConnected).then_some(());
    peers.until_news(anna, "media", connected).await;
    proxy.shut();
    peers.until_news(anna, "the loss to be seen", reconnecting).await;
    let track = peers.room(anna).publish_audio(agent_rtc::TrackOptions::voice("voice"));
    let room = peers.room(anna);
    let now = room.now();
    room.data().send_text(now, "hello", on_topic("t")).unwrap();
    proxy.cut();
    let sid = peers
        .until_news(bert, "the track", |news| match news {
            RoomEvent::TrackPublished { track, .. } => Some(track.sid.clone()),
            _ => None,
        })
        .await;
    peers.room(bert).subscribe(&sid, true);
    peers.speak_until_heard(anna, track, bert).await;
    let text = |event: &Event| match event {
        Event::Data(DataEvent::Text { text, .. }) => Some(text.clone()),
        _ => None,
    };
    let room = peers.room(anna);
    let now = room.now();
    room.data().send_text(now, "hello again", on_topic("t")).unwrap();
    while peers.until(bert, "the text", text).await != "hello again" {}
}

#[tokio::test]
async fn who_left_while_the_link_was_down_is_told_to_be_gone() {
    let server = Server::start();
    let proxy = Proxy::start(server.address(), None).await;
    let mut peers = Peers::new();
    let anna =
        peers.join_with(JoinOptions::new(format!("ws://{}", proxy.address()), token("room", "anna"))).await;
    let bert = peers.join(&server, "bert").await;
    let come = |news: &RoomEvent| matches!(news, RoomEvent::ParticipantJoined(_)).then_some(());
    peers.until_news(anna, "bert", come).await;
    proxy.shut();
    peers.until_news(anna, "the loss to be seen", reconnecting).await;
    let room = peers.take(bert);
    tokio::join!(peers.drive(Duration::from_millis(300)), room.leave());
    proxy.cut();
    let gone = |news: &RoomEvent| matches!(news, RoomEvent::ParticipantLeft { .. }).then_some(());
    peers.until_news(anna, "bert to be gone", gone).await;
    assert_eq!(peers.room(anna).participants().count(), 0);
}

#[tokio::test]
async fn a_server_that_restarts_is_joined_anew_and_every_track_is_published_once() {
    let mut server = Server::start();
    let mut peers = Peers::new();
    let anna = peers.join(&server, "anna").await;
    let bert = peers.join(&server, "bert").await;
    let (annas, first_sid) = peers.publish_to(anna, bert).await;
    peers.speak_until_heard(anna, annas, bert).await;
    peers.room(anna).set_attributes([("state".to_owned(), "kept".to_owned())].into());
    let room = peers.room(anna);
    let now = room.now();
    let mut caption = room.data().open_text(now, on_topic("t")).unwrap();
    server.restart();
    let (mut published, mut done) = (Vec::new(), [false, false]);
    let began = tokio::time::Instant::now();
    while done != [true, true] || published.is_empty() {
        assert!(began.elapsed() < Duration::from_secs(60), "not back in time: {done:?} {published:?}");
        let (place, event) = peers.next().await;
        match event {
            Event::Room(RoomEvent::Reconnected { full }) => {
                assert!(full && !done[place], "one piece of news for one outage");
                done[place] = true;
            }
            Event::Room(RoomEvent::TrackPublished { track, .. })
                if place == bert && track.sid != first_sid =>
            {
                published.push(track.sid);
            }
            Event::Room(_) | Event::Audio(_) | Event::Data(_) => {}
        }
    }
    peers.drive(Duration::from_millis(500)).await;
    assert_eq!(published.len(), 1, "R2: {published:?}");
    assert_eq!(peers.room(bert).participants().next().unwrap().tracks.len(), 1);
    assert_eq!(peers.room(bert).participants().next().unwrap().attributes.get("state").unwrap(), "kept");
    peers.room(bert).subscribe(&published[0], true);
    peers.speak_until_heard(anna, annas, bert).await;

    peers.room(bert).data().receive("t", Delivery::Whole);
    let room = peers.room(anna);
    let now = room.now();
    let lost = room.data().append_text(&mut caption, "into nothing");
    assert_eq!(lost, Err(SendError::StreamLost), "nobody in the new stay has its beginning");
    room.data().close_text(caption, Default::default(), None);
    room.data().send_text(now, "heard", on_topic("t")).unwrap();
    let text = |event: &Event| match event {
        Event::Data(DataEvent::Text { text, .. }) => Some(text.clone()),
        _ => None,
    };
    assert_eq!(peers.until(bert, "the text", text).await, "heard");
    assert_eq!(peers.room(bert).data().counters().stray, 0);
}

#[tokio::test]
async fn a_server_that_stays_away_ends_the_room_with_a_reason() {
    let mut server = Server::start();
    let mut peers = Peers::new();
    let mut options = JoinOptions::new(server.url(), token("room", "anna"));
    options.patience.resumes = 1;
    options.patience.restarts = 2;
    let anna = peers.join_with(options).await;
    server.stop();
    let cause = peers
        .until_news(anna, "the end", |news| match news {
            RoomEvent::Disconnected(cause) => Some(cause.clone()),
            _ => None,
        })
        .await;
    let text = cause.to_string();
    assert!(matches!(cause, DisconnectCause::Lost { attempts: 3, .. }), "{text}");
    assert!(text.contains("refused"), "{text}");
}
