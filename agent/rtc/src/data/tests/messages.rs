//! Touch tones, chat, plain data and transcripts in packet form.

use expect_test::expect;
use livekit_protocol as proto;

use super::*;

#[test]
fn all_sixteen_tones_arrive() {
    let mut room = Room::new(0, 0);
    for (sign, code) in "0123456789*#ABCD".chars().zip(0..) {
        let digit = DtmfDigit::parse(sign).unwrap();
        assert_eq!((digit.as_char(), digit.code()), (sign, code));
        room.agent.send_dtmf(digit, &[]).unwrap();
    }
    let told = room.told();
    let tones: String = told.lines().filter_map(|line| line.split("tone ").nth(1)?.chars().next()).collect();
    assert_eq!(tones, "0123456789*#ABCD");
}

#[test]
fn a_tone_is_read_by_its_sign_or_else_by_its_code() {
    for (code, digit, read) in [
        (0, "5", Some('5')),
        (11, "", Some('#')),
        (0, "b", Some('B')),
        (0, "x", None),
        (0, "12", None),
        (16, "", None),
    ] {
        let mut room = Room::new(0, 0);
        let tone = proto::SipDtmf { code, digit: digit.to_owned() };
        room.agent.handle_packet(room.now, Reliability::Reliable, from("caller", Value::SipDtmf(tone)));
        let tone = match room.agent.poll_event() {
            Some(DataEvent::Dtmf { digit, .. }) => Some(digit.as_char()),
            _ => None,
        };
        assert_eq!(tone, read, "code {code}, digit {digit:?}");
        assert_eq!(room.agent.counters().malformed, u64::from(read.is_none()));
    }
}

#[test]
fn chat_and_data_arrive_with_their_sender() {
    let mut room = Room::new(0, 0);
    room.caller.send_chat(room.now, "hello", &[]).unwrap();
    room.caller.send_user_data(Reliability::Reliable, Some("cursor"), vec![1, 2], &[]).unwrap();
    room.caller.send_user_data(Reliability::Lossy, None, vec![3], &["agent".into()]).unwrap();
    expect![[r#"
        0 agent: data [3] on None from Some("caller"), Lossy
        0 agent: chat "hello" from caller
        0 agent: data [1, 2] on Some("cursor") from Some("caller"), Reliable"#]]
    .assert_eq(&room.told());
}

#[test]
fn data_of_the_server_itself_has_no_sender() {
    let mut room = Room::new(0, 0);
    let user = proto::UserPacket { payload: vec![9], ..Default::default() };
    room.agent.handle_packet(room.now, Reliability::Reliable, from("", Value::User(user)));
    expect!["0 agent: data [9] on None from None, Reliable"].assert_eq(&room.told());
}

#[test]
fn a_transcript_in_packet_form_names_the_speaker_and_the_track() {
    let mut room = Room::new(0, 0);
    let segment = TranscriptionSegment {
        id: "SG_1".into(),
        text: "hello".into(),
        is_final: true,
        language: "en".into(),
    };
    room.agent.send_transcription(&"caller".into(), "TR_1", vec![segment]).unwrap();
    let [DataPacket { value: Some(Value::Transcription(sent)), .. }] = &taken(&mut room.agent)[..] else {
        panic!("no transcription")
    };
    assert_eq!((sent.transcribed_participant_identity.as_str(), sent.track_id.as_str()), ("caller", "TR_1"));
    assert_eq!((sent.segments[0].text.as_str(), sent.segments[0].r#final), ("hello", true));
}
