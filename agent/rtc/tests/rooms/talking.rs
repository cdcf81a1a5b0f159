//! Hearing and being heard, on both signalling paths and over both transports; who is there and how they are.

use std::collections::BTreeMap;
use std::time::Duration;

use agent_rtc::data::{DataEvent, Delivery};
use agent_rtc::{Event, JoinOptions, MediaTransport, Reliability, RoomEvent, SignalPath, TrackOptions};
use livekit_protocol::data_packet::Value;
use livekit_protocol::{DataPacket, UserPacket};

use crate::peers::{Peers, on_topic};
use crate::server::{Server, token};

/// Two participants publish, subscribe and hear each other.
async fn two_hear_each_other(options: impl Fn(&str) -> JoinOptions, path: SignalPath) {
    let mut peers = Peers::new();
    let anna = peers.join_with(options("anna")).await;
    let bert = peers.join_with(options("bert")).await;
    assert_eq!(peers.room(anna).signal_path(), path);
    let (annas, annas_sid) = peers.publish_to(anna, bert).await;
    let heard = peers.speak_until_heard(anna, annas, bert).await;
    assert_eq!((heard.track, heard.participant.as_str()), (annas_sid.clone(), "anna"));
    let (berts, _) = peers.publish_to(bert, anna).await;
    peers.speak_until_heard(bert, berts, anna).await;
    peers.speak_until_heard(anna, annas, bert).await;
    assert_eq!(peers.room(anna).local_track_sid(annas), Some(&annas_sid));
    let counters = *peers.room(anna).counters();
    assert_eq!(
        (counters.malformed_signals, counters.malformed_sdp, counters.malformed_candidates),
        (0, 0, 0)
    );
    assert_eq!((counters.malformed_datagrams, counters.unexpected_signals, counters.resumes), (0, 0, 0));
}

#[tokio::test]
async fn two_hear_each_other_on_one_peer_connection() {
    let server = Server::start();
    two_hear_each_other(|who| JoinOptions::new(server.url(), token("room", who)), SignalPath::Single).await;
}

#[tokio::test]
async fn two_hear_each_other_on_the_older_path_with_two_peer_connections() {
    let server = Server::start();
    let options = |who: &str| JoinOptions {
        single_peer_connection: false,
        ..JoinOptions::new(server.url(), token("room", who))
    };
    two_hear_each_other(options, SignalPath::Dual).await;
}

#[tokio::test]
async fn two_hear_each_other_over_tcp_on_both_paths() {
    let server = Server::start();
    for (single_peer_connection, path) in [(true, SignalPath::Single), (false, SignalPath::Dual)] {
        let options = |who: &str| JoinOptions {
            single_peer_connection,
            transport: MediaTransport::TcpOnly,
            ..JoinOptions::new(server.url(), token(&format!("{path:?}"), who))
        };
        two_hear_each_other(options, path).await;
    }
}

#[tokio::test]
async fn sections_are_used_again_as_participants_come_and_go() {
    let server = Server::start();
    let mut peers = Peers::new();
    let agent = peers.join(&server, "agent").await;
    let mut offers = Vec::new();
    for caller in ["one", "two", "three", "four"] {
        let caller = peers.join(&server, caller).await;
        let (track, _) = peers.publish_to(caller, agent).await;
        peers.speak_until_heard(caller, track, agent).await;
        tokio::join!(peers.take(caller).leave());
        let gone = |news: &RoomEvent| matches!(news, RoomEvent::ParticipantLeft { .. }).then_some(());
        peers.until_news(agent, "the caller to leave", gone).await;
        offers.push(peers.room(agent).counters().offers);
    }
    assert!(offers[3] - offers[2] <= 2, "a caller costs at most two offers: {offers:?}");
}

#[tokio::test]
async fn mute_names_attributes_speakers_and_subscriptions_are_told() {
    let server = Server::start();
    let mut peers = Peers::new();
    let anna = peers.join(&server, "anna").await;
    let bert = peers.join(&server, "bert").await;
    let come = |news: &RoomEvent| match news {
        RoomEvent::ParticipantJoined(participant) => Some(participant.identity.to_string()),
        _ => None,
    };
    assert_eq!(peers.until_news(anna, "bert", come).await, "bert");
    let present: Vec<&str> = peers.room(bert).participants().map(|other| other.identity.as_str()).collect();
    assert_eq!(present, ["anna"], "who was there first is known from the beginning");

    let (track, sid) = peers.publish_to(anna, bert).await;
    let subscribed = |news: &RoomEvent| matches!(news, RoomEvent::LocalTrackSubscribed { .. }).then_some(());
    peers.until_news(anna, "somebody to listen", subscribed).await;
    peers.speak_until_heard(anna, track, bert).await;
    peers.room(anna).set_muted(track, true);
    let muted = |news: &RoomEvent| match news {
        RoomEvent::TrackMuted { track, .. } => Some(track.clone()),
        _ => None,
    };
    assert_eq!(peers.until_news(bert, "mute", muted).await, sid);
    peers.room(anna).set_muted(track, false);
    let unmuted = |news: &RoomEvent| matches!(news, RoomEvent::TrackUnmuted { .. }).then_some(());
    peers.until_news(bert, "unmute", unmuted).await;
    peers.speak_until_heard(anna, track, bert).await;

    peers.room(anna).set_attributes(BTreeMap::from([("lk.agent.state".into(), "listening".into())]));
    let attribute = |news: &RoomEvent| match news {
        RoomEvent::ParticipantChanged { changes, .. } => changes.attributes.get("lk.agent.state").cloned(),
        _ => None,
    };
    assert_eq!(peers.until_news(bert, "the attribute", attribute).await, "listening");
    peers.room(anna).set_attributes(BTreeMap::from([("lk.agent.state".into(), String::new())]));
    assert_eq!(peers.until_news(bert, "the attribute to go", attribute).await, "");
    peers.room(anna).set_name("Anna".into());
    peers.room(anna).set_metadata("m".into());
    let metadata = |news: &RoomEvent| match news {
        RoomEvent::ParticipantChanged { changes, .. } => changes.metadata.clone(),
        _ => None,
    };
    assert_eq!(peers.until_news(bert, "the metadata", metadata).await, "m");
    assert_eq!(
        peers.room(bert).participants().map(|other| other.name.as_str()).collect::<Vec<_>>(),
        ["Anna"]
    );

    peers.room(bert).subscribe(&sid, false);
    let ended = |news: &RoomEvent| matches!(news, RoomEvent::TrackUnsubscribed { .. }).then_some(());
    peers.until_news(bert, "the subscription to end", ended).await;
    peers.room(anna).unpublish(track);
    let unpublished = |news: &RoomEvent| matches!(news, RoomEvent::TrackUnpublished { .. }).then_some(());
    peers.until_news(bert, "the track to end", unpublished).await;
    let (track, second) = peers.publish_to(anna, bert).await;
    assert_ne!(second, sid);
    peers.speak_until_heard(anna, track, bert).await;
}

#[tokio::test]
async fn the_one_who_speaks_is_told_to_be_speaking() {
    let server = Server::start();
    let mut peers = Peers::new();
    let anna = peers.join(&server, "anna").await;
    let bert = peers.join(&server, "bert").await;
    let (track, _) = peers.publish_to(anna, bert).await;
    let began = tokio::time::Instant::now();
    loop {
        peers.say(anna, track);
        let speaking = async {
            loop {
                if let (1, Event::Room(RoomEvent::ActiveSpeakers(speakers))) = peers.next().await
                    && speakers.iter().any(|speaker| speaker.participant.as_str() == "anna")
                {
                    return;
                }
            }
        };
        if tokio::time::timeout(Duration::from_millis(20), speaking).await.is_ok() {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "nobody is told to be speaking");
    }
}

#[tokio::test]
async fn data_of_every_kind_arrives_on_both_paths() {
    let server = Server::start();
    for single_peer_connection in [true, false] {
        let options = |who: &str| JoinOptions {
            single_peer_connection,
            ..JoinOptions::new(server.url(), token(&format!("data-{single_peer_connection}"), who))
        };
        let mut peers = Peers::new();
        let anna = peers.join_with(options("anna")).await;
        let bert = peers.join_with(options("bert")).await;
        let connected = |news: &RoomEvent| matches!(news, RoomEvent::MediaConnected).then_some(());
        peers.until_news(bert, "media", connected).await;
        let counters = peers.room(bert).counters();
        assert_eq!(
            (counters.resumes, counters.restarts),
            (0, 0),
            "on both paths at once, with no track about"
        );
        for reliability in [Reliability::Reliable, Reliability::Lossy] {
            let user =
                UserPacket { payload: b"hello".to_vec(), topic: Some("t".into()), ..UserPacket::default() };
            let packet = DataPacket { value: Some(Value::User(user)), ..DataPacket::default() };
            peers.room(anna).send_data_packet(reliability, packet).unwrap();
            let user_data = |event: &Event| match event {
                Event::Data(DataEvent::UserData { payload, .. }) => Some(payload.to_vec()),
                _ => None,
            };
            assert_eq!(peers.until(bert, "user data", user_data).await, b"hello");
        }
        peers.room(bert).data().receive("lk.chat", Delivery::Whole);
        let long = "grüße ".repeat(10_000);
        let room = peers.room(anna);
        let now = room.now();
        room.data().send_text(now, &long, on_topic("lk.chat")).unwrap();
        let text = |event: &Event| match event {
            Event::Data(DataEvent::Text { text, .. }) => Some(text.clone()),
            _ => None,
        };
        assert_eq!(peers.until(bert, "a text", text).await, long);
    }
}

#[tokio::test]
async fn nothing_flows_that_was_not_asked_for() {
    let server = Server::start();
    let mut peers = Peers::new();
    let anna = peers.join(&server, "anna").await;
    let bert = peers.join(&server, "bert").await;
    let track = peers.room(anna).publish_audio(TrackOptions::voice("voice"));
    let published = |news: &RoomEvent| matches!(news, RoomEvent::TrackPublished { .. }).then_some(());
    peers.until_news(bert, "the track", published).await;
    let payload = [0x78; 40];
    for rtp_time in (0..50).map(|n| n * 960) {
        peers.room(anna).send_audio(agent_rtc::OutgoingAudio {
            track,
            rtp_time,
            talkspurt: false,
            level: None,
            payload: &payload,
        });
        peers.drive(Duration::from_millis(5)).await;
    }
    assert_eq!(peers.room(bert).counters().audio_in + peers.room(bert).counters().audio_in_unknown, 0);
}
