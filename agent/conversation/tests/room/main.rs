//! A conversation in a room of a real livekit-server, with a caller of our own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what helps a test fails with it, in words"
)]

mod caller;
#[path = "../../../rtc/tests/rooms/server.rs"]
mod server;

use std::{sync::Arc, time::Duration};

use agent_audio::{
    EncoderConfig, Gain, HearingConfig, PlayoutConfig, Quiet, SpeakingConfig,
    vad::{Detector, DetectorConfig},
};
use agent_conversation::{
    Audience, CallReport, CloseReason, Conversation, Others, Parts, RoomBody, RoomBodyConfig, Standing,
};
use agent_rtc::{JoinOptions, ParticipantKind, Room};
use livekit_token::{AccessToken, VideoGrants};
use providers_core::{ChatMessage, SampleRate, VAD_WINDOW, VoiceActivity};
use providers_fake::{Answer, FakeEar, FakeMind, FakeVoice, Heard, Sound, Speech, When};
use server::Server;
use tests_sim::session::Session;

use crate::caller::{Caller, Seen};

const ANSWER: &str = "I am well.";
const REPLY: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_caller_is_answered_and_an_unmodified_client_is_shown_what_it_expects() {
    agent_rtc::install_crypto();
    let server = Server::start();
    let mut caller = Caller::join(&server, "caller").await;
    let conversation = agent(&server).await;
    let talk = async {
        caller.say_for(Duration::from_millis(800));
        caller.until(is_answered).await;
        caller.leave().await
    };
    let (report, seen): (CallReport, Seen) = tokio::join!(Box::pin(conversation.run()), Box::pin(talk));

    assert_eq!((report.reason, report.turns, report.replies), (CloseReason::UserLeft, 1, 1));
    assert_eq!(report.breaches, 0);
    let states: Vec<&str> = seen.states.iter().map(String::as_str).collect();
    assert_eq!(states[states.len() - 4..], ["listening", "thinking", "speaking", "listening"], "{states:?}");
    assert_eq!(
        seen.words("caller"),
        [("Hello there", "false"), ("Hello there", "true")],
        "{:?}",
        seen.streams
    );
    assert_eq!(seen.words("agent"), [(ANSWER, "true")], "{:?}", seen.streams);
    assert!(seen.loud >= Duration::from_millis(900), "{:?} of one second were heard", seen.loud);
    let tracks =
        seen.streams.iter().filter(|stream| stream.attributes.contains_key("lk.transcribed_track_id"));
    assert_eq!(tracks.count(), seen.streams.len());
}

#[tokio::test]
async fn what_the_caller_writes_is_answered_aloud() {
    agent_rtc::install_crypto();
    let server = Server::start();
    let mut caller = Caller::join(&server, "caller").await;
    let conversation = agent(&server).await;
    let talk = async {
        caller.until(|seen| seen.states.last().is_some_and(|state| state == "listening")).await;
        caller.write("Are you there?");
        caller.until(is_answered).await;
        caller.leave().await
    };
    let (report, seen) = tokio::join!(Box::pin(conversation.run()), Box::pin(talk));
    assert_eq!((report.reason, report.turns, report.replies), (CloseReason::UserLeft, 1, 1));
    assert_eq!(seen.words("agent"), [(ANSWER, "true")], "{:?}", seen.streams);
    assert!(seen.loud >= Duration::from_millis(900), "{:?} of one second were heard", seen.loud);
}

#[tokio::test]
async fn two_people_are_heard_and_answered_each_by_name() {
    agent_rtc::install_crypto();
    let server = Server::start();
    let mut first = Caller::join(&server, "first").await;
    let mut second = Caller::join(&server, "second").await;
    let conversation = agent(&server).await;
    let talk = async {
        let is_listening = |seen: &Seen| seen.states.last().is_some_and(|state| state == "listening");
        tokio::join!(first.until(is_listening), second.until(is_listening));
        second.say_for(Duration::from_millis(800));
        tokio::join!(first.until(is_answered), second.until(is_answered));
        let heard_by_first = second.leave().await;
        first.say_for(Duration::from_millis(800));
        first.until(|seen| seen.words("agent").len() == 2).await;
        (first.leave().await, heard_by_first)
    };
    let (report, (first, second)) = tokio::join!(Box::pin(conversation.run()), Box::pin(talk));
    assert_eq!((report.reason, report.turns, report.replies), (CloseReason::UserLeft, 2, 2));
    let said: Vec<String> = report.history.iter().filter_map(said_by_user).collect();
    let by = |name: &str| said.iter().any(|text| text.contains(name) && text.contains("Hello there"));
    assert!(by("first") && by("second"), "{said:?}");
    assert!(second.words("second").contains(&("Hello there", "true")), "{:?}", second.streams);
    assert!(first.words("first").contains(&("Hello there", "true")), "{:?}", first.streams);
}

fn said_by_user(message: &ChatMessage) -> Option<String> {
    match message {
        ChatMessage::User { text } => Some(text.clone()),
        ChatMessage::System { .. } | ChatMessage::Assistant { .. } | ChatMessage::Tool { .. } => None,
    }
}

#[tokio::test]
async fn a_room_that_is_gone_closes_the_call() {
    agent_rtc::install_crypto();
    let mut server = Server::start();
    let mut options = JoinOptions::new(server.url(), agent_token());
    options.patience.resumes = 1;
    options.patience.restarts = 1;
    let conversation = conversation(Room::join(options).await.unwrap(), REPLY);
    server.stop();
    let report = tokio::time::timeout(Duration::from_secs(30), conversation.run()).await.unwrap();
    assert_eq!(report.reason, CloseReason::Disconnected);
}

#[tokio::test]
async fn what_was_to_be_said_in_an_outage_is_said_after_it() {
    agent_rtc::install_crypto();
    let mut server = Server::start();
    let mut caller = Caller::join(&server, "caller").await;
    let length = Duration::from_secs(4);
    let room = Room::join(JoinOptions::new(server.url(), agent_token())).await.unwrap();
    let conversation = conversation(room, length);
    let talk = async {
        caller.say_for(Duration::from_millis(800));
        caller.until(|seen| seen.loud >= Duration::from_secs(1)).await;
        server.stop();
        let enough = tokio::time::Instant::now() + Duration::from_secs(1);
        caller.until(|_| tokio::time::Instant::now() >= enough).await;
        server.restart();
        caller.until(is_answered).await;
        caller.leave().await
    };
    let (report, seen): (CallReport, Seen) = tokio::join!(Box::pin(conversation.run()), Box::pin(talk));
    assert_eq!((report.turns, report.replies, report.breaches), (1, 1, 0));
    assert!(seen.loud + Duration::from_millis(500) >= length, "{:?} of {length:?} were heard", seen.loud);
    assert_eq!(seen.words("agent"), [(ANSWER, "true")], "{:?}", seen.streams);
}

/// The state comes over the signalling link, the words over the data channel: the last of both ends the answer.
fn is_answered(seen: &Seen) -> bool {
    seen.states.ends_with(&["speaking".to_owned(), "listening".to_owned()]) && !seen.words("agent").is_empty()
}

async fn agent(server: &Server) -> Conversation<RoomBody> {
    conversation(Room::join(JoinOptions::new(server.url(), agent_token())).await.unwrap(), REPLY)
}

fn agent_token() -> String {
    let grants = VideoGrants {
        room_join: true,
        agent: true,
        room: "room".into(),
        can_publish: Some(true),
        can_subscribe: Some(true),
        can_publish_data: Some(true),
        can_update_own_metadata: Some(true),
        ..VideoGrants::default()
    };
    let token =
        AccessToken::with_api_key(server::KEY, server::SECRET).with_identity("agent").with_kind("agent");
    token.with_grants(grants).to_jwt().unwrap()
}

/// With replies of this length.
fn conversation(room: Room, reply: Duration) -> Conversation<RoomBody> {
    let body = RoomBodyConfig {
        hearing: hearing(),
        speaking: speaking(),
        speaks: true,
        hears: true,
        audience: Audience {
            identity: None,
            kinds: vec![ParticipantKind::Standard],
            others: Others { most: 1, standing: Standing::Answered },
        },
        subscription_wait: Duration::from_secs(5),
        service: None,
        meter: None,
        before_leaving: None,
    };
    let body = RoomBody::new(room, body, || Detector::new(Box::new(Loudness), detector())).unwrap();
    let ms = Duration::from_millis;
    let answer = Answer {
        when: When::Any,
        text: ANSWER.to_owned(),
        calls: Vec::new(),
        ttft: ms(50),
        duration: ms(50),
    };
    let speech = Speech { when: When::Any, length: reply, ttfb: ms(50), duration: ms(100) };
    let parts = Parts::new(
        Arc::new(FakeEar::answering(Heard::InTurn(vec!["Hello there".to_owned()]), ms(100))),
        Arc::new(FakeMind::new(vec![answer])),
        Arc::new(FakeVoice::new(SampleRate::VOICE, Sound::Tone { hertz: 440, peak: 8000 }, vec![speech])),
    );
    Conversation::new(Session::default().config(), parts, body)
}

/// A loud window is speech: the caller's voice is a tone.
struct Loudness;

impl VoiceActivity for Loudness {
    fn probability(&mut self, window: &[i16; VAD_WINDOW]) -> f32 {
        if window.iter().any(|sample| sample.unsigned_abs() > 1000) { 1.0 } else { 0.0 }
    }

    fn reset(&mut self) {}
}

fn detector() -> DetectorConfig {
    DetectorConfig {
        activation: 0.5,
        deactivation: 0.35,
        min_speech: Duration::from_millis(50),
        min_silence: Duration::from_millis(250),
    }
}

pub(crate) fn hearing() -> HearingConfig {
    let ms = Duration::from_millis;
    HearingConfig { depth_min: ms(20), depth_max: ms(200), conceal_max: ms(100) }
}

pub(crate) fn speaking() -> SpeakingConfig {
    let ms = Duration::from_millis;
    SpeakingConfig {
        encoder: EncoderConfig { complexity: 5, bitrate: 24_000, expected_loss: 0 },
        playout: PlayoutConfig { fade: ms(5), lead: ms(0), duck: Gain::UNITY, duck_fade: ms(100) },
        quiet: Quiet::Nothing,
        hangover: ms(60),
        first_rtp_time: 0,
    }
}
