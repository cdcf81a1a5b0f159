//! Streams from one side to the other.

use expect_test::expect;

use super::*;

#[test]
fn a_text_arrives_whole() {
    let mut room = Room::new(0, 0);
    room.agent.receive("lk.chat", Delivery::Whole);
    room.caller.send_text(room.now, "what time is it?", topic("lk.chat")).unwrap();
    expect![[r#"0 agent: text lk.chat from caller [] "what time is it?""#]].assert_eq(&room.told());
}

#[test]
fn a_reply_is_written_out_as_it_is_heard() {
    let mut room = Room::new(0, 0);
    room.caller.receive("lk.transcription", Delivery::Chunks);
    let mut options = topic("lk.transcription");
    options.attributes = attributes([("lk.segment_id", "SG_1"), ("lk.transcription_final", "false")]);
    let mut stream = room.agent.open_text(room.now, options).unwrap();
    room.at(300).agent.append_text(&mut stream, "It is ").unwrap();
    room.at(700).agent.append_text(&mut stream, "noon.").unwrap();
    room.at(900).agent.close_text(stream, attributes([("lk.transcription_final", "true")]), None);
    expect![[r#"
        0 caller: opened lk.transcription from agent [lk.segment_id=SG_1 lk.transcription_final=false]
        300 caller: chunk "It is "
        700 caller: chunk "noon."
        900 caller: closed {"lk.transcription_final": "true"}"#]]
    .assert_eq(&room.told());
}

#[test]
fn what_the_user_said_is_sent_in_the_users_name() {
    let mut room = Room::new(0, 0);
    room.caller.receive("lk.transcription", Delivery::Whole);
    let options = StreamOptions { sender: Some("caller".into()), ..topic("lk.transcription") };
    room.agent.send_text(room.now, "hello", options).unwrap();
    expect![[r#"0 caller: text lk.transcription from caller [] "hello""#]].assert_eq(&room.told());
}

#[test]
fn attributes_of_the_end_join_those_of_the_beginning() {
    let mut room = Room::new(0, 0);
    room.caller.receive("t", Delivery::Whole);
    let mut options = topic("t");
    options.attributes = attributes([("a", "1"), ("final", "false")]);
    let stream = room.agent.open_text(room.now, options).unwrap();
    room.agent.close_text(stream, attributes([("final", "true")]), None);
    expect![[r#"0 caller: text t from agent [a=1 final=true] """#]].assert_eq(&room.told());
}

#[test]
fn a_stream_cut_short_says_why() {
    let mut room = Room::new(0, 0);
    room.caller.receive("t", Delivery::Chunks);
    let mut stream = room.agent.open_text(room.now, topic("t")).unwrap();
    room.agent.append_text(&mut stream, "It is").unwrap();
    room.agent.close_text(stream, BTreeMap::new(), Some("interrupted"));
    expect![[r#"
        0 caller: opened t from agent []
        0 caller: chunk "It is"
        0 caller: failed t: the sender ended it: interrupted"#]]
    .assert_eq(&room.told());
}

#[test]
fn bytes_arrive_with_their_name_and_type() {
    let mut room = Room::new(0, 0);
    room.agent.receive("audio", Delivery::Whole);
    let bytes: Vec<u8> = (0..40_000u32).map(|n| n as u8).collect();
    room.caller.send_bytes(room.now, &bytes, "before.opus", "audio/opus", topic("audio")).unwrap();
    for packet in taken(&mut room.caller) {
        let packet = DataPacket { participant_identity: "caller".into(), ..packet };
        room.agent.handle_packet(room.now, Reliability::Reliable, packet);
    }
    let Some(DataEvent::Bytes { info, bytes: received }) = room.agent.poll_event() else {
        panic!("no byte stream")
    };
    assert_eq!(received, bytes);
    assert_eq!(info.total_length, Some(40_000));
    assert_eq!(info.kind, StreamKind::Bytes { name: "before.opus".into(), mime_type: "audio/opus".into() });
    assert_eq!(info.sent_at_unix_ms, 1_800_000_000_000);
}

#[test]
fn bytes_flow_in_pieces() {
    let mut room = Room::new(0, 0);
    room.agent.receive("audio", Delivery::Chunks);
    let mut stream = room.caller.open_bytes(room.now, "live", "audio/l16", topic("audio")).unwrap();
    room.caller.append_bytes(&mut stream, &[0; 20_000]).unwrap();
    room.caller.close_bytes(stream, BTreeMap::new(), None);
    expect![[r#"
        0 agent: opened audio from caller []
        0 agent: chunk 15000 B
        0 agent: chunk 5000 B
        0 agent: closed {}"#]]
    .assert_eq(&room.told());
}

#[test]
fn a_topic_nobody_asked_for_is_dropped_at_its_header() {
    let mut room = Room::new(0, 0);
    room.caller.send_text(room.now, "hello", topic("other")).unwrap();
    expect![""].assert_eq(&room.told());
    let counters = room.agent.counters();
    assert_eq!((counters.streams_unwanted, counters.stray, counters.packets), (1, 2, 3));
}

#[test]
fn a_stream_that_falls_silent_fails_and_one_that_speaks_does_not() {
    let mut room = Room::new(0, 0);
    room.agent.receive("t", Delivery::Chunks);
    let mut speaking = room.caller.open_text(room.now, topic("t")).unwrap();
    let _silent = room.caller.open_text(room.now, topic("t")).unwrap();
    room.at(45_000).caller.append_text(&mut speaking, "still here").unwrap();
    room.at(90_000);
    expect![[r#"
        0 agent: opened t from caller []
        0 agent: opened t from caller []
        45000 agent: chunk "still here"
        60000 agent: failed t: silent for too long"#]]
    .assert_eq(&room.told());
    assert_eq!(room.agent.poll_timeout().map(|(_, timer)| timer), Some(Timer::StreamIdle));
}

#[test]
fn what_a_participant_that_left_said_last_has_two_seconds_to_arrive() {
    let mut room = Room::new(0, 0);
    room.agent.receive("t", Delivery::Whole);
    let mut last = room.caller.open_text(room.now, topic("t")).unwrap();
    let _unended = room.caller.open_text(room.now, topic("t")).unwrap();
    room.at(500);
    room.agent.handle_participant_left(room.now, &"caller".into());
    room.at(900).caller.append_text(&mut last, "last words").unwrap();
    room.caller.close_text(last, BTreeMap::new(), None);
    room.at(60_000);
    expect![[r#"
        900 agent: text t from caller [] "last words"
        2500 agent: failed t: the sender has left"#]]
    .assert_eq(&room.told());
    assert_eq!(room.agent.poll_timeout(), None);
}

#[test]
fn all_streams_fail_when_the_room_is_over() {
    let mut room = Room::new(0, 0);
    room.agent.receive("t", Delivery::Whole);
    let _stream = room.caller.open_text(room.now, topic("t")).unwrap();
    room.at(500);
    room.agent.handle_disconnected(room.now);
    expect!["500 agent: failed t: the room is disconnected"].assert_eq(&room.told());
}

#[test]
fn one_who_comes_under_the_name_of_another_does_not_write_into_their_stream() {
    let mut room = Room::new(0, 0);
    room.agent.receive("t", Delivery::Whole);
    let stream = room.caller.open_text(room.now, topic("t")).unwrap();
    room.caller.close_text(stream, BTreeMap::new(), None);
    let of = |stay: &str, packet: &DataPacket| DataPacket {
        participant_identity: "caller".into(),
        participant_sid: stay.into(),
        ..packet.clone()
    };
    let [header, trailer] = taken(&mut room.caller).try_into().unwrap();
    for packet in [of("PA_1", &header), of("PA_2", &trailer)] {
        room.agent.handle_packet(room.now, Reliability::Reliable, packet);
    }
    assert_eq!((room.agent.poll_event(), room.agent.counters().stray), (None, 1));
    room.agent.handle_packet(room.now, Reliability::Reliable, of("PA_1", &trailer));
    let Some(DataEvent::Text { info, .. }) = room.agent.poll_event() else { panic!("no text") };
    assert_eq!(info.key.stay, ParticipantSid::from("PA_1"));
}
