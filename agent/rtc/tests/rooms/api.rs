//! What an administrator does to a participant by the server's API, as the participant is told of it.

use std::time::Duration;

use agent_rtc::{DisconnectReason, Event, FrameFate, JoinOptions, RoomEvent};
use livekit_token::{AccessToken, VideoGrants};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::peers::Peers;
use crate::proxy::Proxy;
use crate::server::{KEY, SECRET, Server, token};

/// One request of the room service, as JSON over plain HTTP, for the room `room`.
async fn ask(server: &Server, method: &str, mut request: Value) {
    request["room"] = "room".into();
    let grants = VideoGrants { room_admin: true, room: "room".into(), ..VideoGrants::default() };
    let token = AccessToken::with_api_key(KEY, SECRET).with_grants(grants).to_jwt().unwrap();
    let body = request.to_string();
    let head = format!(
        "POST /twirp/livekit.RoomService/{method} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{method}: {answer}");
}

#[tokio::test]
async fn what_an_administrator_changes_is_told_to_whom_it_concerns() {
    let server = Server::start();
    let mut peers = Peers::new();
    let anna = peers.join(&server, "anna").await;
    let bert = peers.join(&server, "bert").await;
    let (track, sid) = peers.publish_to(anna, bert).await;
    peers.speak_until_heard(anna, track, bert).await;

    ask(&server, "UpdateRoomMetadata", json!({ "metadata": "closing soon" })).await;
    let metadata = |news: &RoomEvent| match news {
        RoomEvent::RoomUpdated(room) if !room.metadata.is_empty() => Some(room.metadata.clone()),
        _ => None,
    };
    assert_eq!(peers.until_news(anna, "the room's metadata", metadata).await, "closing soon");
    assert_eq!(peers.room(anna).info().metadata, "closing soon");

    let mute = json!({ "identity": "anna", "track_sid": sid.as_str(), "muted": true });
    ask(&server, "MutePublishedTrack", mute).await;
    let muted = |news: &RoomEvent| match news {
        RoomEvent::LocalTrackMuted { muted, .. } => Some(*muted),
        _ => None,
    };
    assert!(peers.until_news(anna, "the mute", muted).await);
    assert_eq!(peers.say(anna, track).1, FrameFate::Muted);
    peers.room(anna).set_muted(track, false);
    peers.speak_until_heard(anna, track, bert).await;

    let permission = json!({ "can_subscribe": true, "can_publish": false, "can_publish_data": true });
    ask(&server, "UpdateParticipant", json!({ "identity": "anna", "permission": permission })).await;
    let (mut forbidden, mut unpublished) = (false, false);
    let both = |news: &RoomEvent| {
        forbidden |= matches!(news, RoomEvent::Permissions(may) if !may.publish);
        unpublished |= matches!(news, RoomEvent::LocalTrackUnpublished { .. });
        (forbidden && unpublished).then_some(())
    };
    peers.until_news(anna, "the permission and the track to be gone", both).await;
    assert_eq!(peers.say(anna, track).1, FrameFate::NotPublished);
}

#[tokio::test]
async fn whose_stay_was_ended_while_the_link_was_down_begins_another_with_every_track_once() {
    let server = Server::start();
    let proxy = Proxy::start(server.address(), None).await;
    let mut peers = Peers::new();
    let anna =
        peers.join_with(JoinOptions::new(format!("ws://{}", proxy.address()), token("room", "anna"))).await;
    let bert = peers.join(&server, "bert").await;
    let (track, first) = peers.publish_to(anna, bert).await;
    peers.speak_until_heard(anna, track, bert).await;
    proxy.shut();
    let lost = |news: &RoomEvent| matches!(news, RoomEvent::Reconnecting).then_some(());
    peers.until_news(anna, "the loss to be seen", lost).await;
    ask(&server, "RemoveParticipant", json!({ "identity": "anna" })).await;
    proxy.cut();
    let (mut published, mut is_back) = (Vec::new(), false);
    let patience = tokio::time::Instant::now() + Duration::from_secs(30);
    while !is_back || published.is_empty() {
        assert!(tokio::time::Instant::now() < patience, "not back in time: {published:?}");
        match peers.next().await {
            (place, Event::Room(RoomEvent::Reconnected { full })) if place == anna => {
                assert!(full, "the stay was over");
                is_back = true;
            }
            (place, Event::Room(RoomEvent::TrackPublished { track, .. })) if place == bert => {
                assert_ne!(track.sid, first);
                published.push(track.sid);
            }
            (_, Event::Room(_) | Event::Audio(_) | Event::Data(_)) => {}
        }
    }
    peers.drive(Duration::from_millis(500)).await;
    assert_eq!(published.len(), 1, "R2: {published:?}");
    assert_eq!(peers.room(bert).participants().next().unwrap().tracks.len(), 1);
    peers.room(bert).subscribe(&published[0], true);
    peers.speak_until_heard(anna, track, bert).await;
}

#[tokio::test]
async fn who_leaves_while_the_link_is_lost_is_gone_at_once() {
    let server = Server::start();
    let proxy = Proxy::start(server.address(), None).await;
    let mut peers = Peers::new();
    let anna =
        peers.join_with(JoinOptions::new(format!("ws://{}", proxy.address()), token("room", "anna"))).await;
    let bert = peers.join(&server, "bert").await;
    // A server keeps the stay of a lost link only once it has seen media.
    let (track, _) = peers.publish_to(anna, bert).await;
    peers.speak_until_heard(anna, track, bert).await;
    proxy.shut();
    let lost = |news: &RoomEvent| matches!(news, RoomEvent::Reconnecting).then_some(());
    peers.until_news(anna, "the loss to be seen", lost).await;
    proxy.cut();
    let gone = |event: &Event| match event {
        Event::Room(RoomEvent::ParticipantLeft { reason, .. }) => Some(*reason),
        Event::Room(_) | Event::Audio(_) | Event::Data(_) => None,
    };
    let room = peers.take(anna);
    // Without a word the server waits half a minute for one whose link broke.
    let within = Duration::from_secs(8);
    let (reason, ()) = tokio::join!(peers.until_within(within, bert, "anna to be gone", gone), room.leave());
    assert_eq!(reason, DisconnectReason::ClientInitiated);
}
