//! Remote procedures, asked and served.

use expect_test::expect;
use livekit_protocol as proto;

use super::*;

const FORMS: [i32; 3] = [0, 1, 2];

fn ask(room: &mut Room, payload: &str) -> RpcId {
    let call = RpcCall {
        destination: "caller".into(),
        method: "weather".into(),
        payload: payload.into(),
        response_timeout: Duration::from_secs(15),
    };
    room.agent.request_rpc(room.now, call).unwrap()
}

/// What the caller has been asked since the last look.
fn asked(room: &mut Room) -> Option<RpcRequest> {
    carry(room.now, "agent", &mut room.agent, &mut room.caller, false);
    match room.caller.poll_event()? {
        DataEvent::RpcRequested(request) => Some(request),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_comes_back_in_every_form() {
    for protocol in FORMS {
        let mut room = Room::new(protocol, protocol);
        room.caller.serve("weather");
        let id = ask(&mut room, "Bern");
        let request = asked(&mut room).unwrap();
        assert_eq!((request.method.as_str(), request.payload.as_str()), ("weather", "Bern"));
        assert_eq!(request.response_timeout, Duration::from_secs(8), "less a round trip");
        assert_eq!((request.key.caller.as_str(), &request.key.id), ("agent", &id));
        room.caller.answer_rpc(room.now, &request.key, Ok("sunny".into())).unwrap();
        expect![[r#"0 agent: answered "sunny""#]].assert_eq(&room.told());
        assert_eq!(room.agent.poll_timeout(), None, "protocol {protocol}");
        assert_eq!(room.caller.poll_timeout(), None, "protocol {protocol}");
    }
}

#[test]
fn an_error_comes_back_in_every_form() {
    for protocol in FORMS {
        let mut room = Room::new(protocol, protocol);
        room.caller.serve("weather");
        ask(&mut room, "Atlantis");
        let request = asked(&mut room).unwrap();
        let error = RpcError { code: 404, message: "no such town".into(), data: "Atlantis".into() };
        room.caller.answer_rpc(room.now, &request.key, Err(error)).unwrap();
        expect![[r#"0 agent: refused no such town (404) "Atlantis""#]].assert_eq(&room.told());
    }
}

#[test]
fn a_method_that_is_not_served_is_refused_for_the_application() {
    for protocol in FORMS {
        let mut room = Room::new(protocol, protocol);
        ask(&mut room, "Bern");
        expect![[r#"0 agent: refused method not supported at destination (1400) """#]]
            .assert_eq(&room.told());
        assert_eq!(room.caller.counters().rpc_refused, 1);
    }
}

#[test]
fn without_an_acknowledgement_the_wait_ends_after_a_round_trip() {
    let mut room = Room::new(0, 0);
    room.cut = true;
    ask(&mut room, "Bern");
    assert_eq!(room.agent.poll_timeout().map(|(_, timer)| timer), Some(Timer::RpcAcknowledgement));
    room.at(60_000);
    expect![[r#"7000 agent: refused connection timeout (1501) """#]].assert_eq(&room.told());
}

#[test]
fn without_an_answer_the_wait_ends_after_the_response_timeout() {
    let mut room = Room::new(1, 1);
    room.caller.serve("weather");
    ask(&mut room, "Bern");
    room.at(60_000);
    expect![[r#"
        0 caller: asked for weather("Bern") within 8s
        15000 agent: refused response timeout (1502) """#]]
    .assert_eq(&room.told());
    assert_eq!(room.caller.counters().rpc_expired, 1, "the caller of the procedure has stopped waiting");
}

#[test]
fn an_answer_on_its_way_is_heard_after_its_sender_left() {
    let mut room = Room::new(1, 1);
    room.caller.serve("weather");
    ask(&mut room, "Bern");
    let request = asked(&mut room).unwrap();
    room.at(100);
    room.agent.handle_participant_left(room.now, &"caller".into());
    room.at(1_500);
    room.caller.answer_rpc(room.now, &request.key, Ok("sunny".into())).unwrap();
    expect![[r#"1500 agent: answered "sunny""#]].assert_eq(&room.told());
}

#[test]
fn two_seconds_after_the_recipient_left_the_wait_ends() {
    let mut room = Room::new(1, 1);
    room.caller.serve("weather");
    ask(&mut room, "Bern");
    room.at(1_000);
    room.agent.handle_participant_left(room.now, &"caller".into());
    room.at(60_000);
    expect![[r#"
        0 caller: asked for weather("Bern") within 8s
        3000 agent: refused recipient disconnected (1503) """#]]
    .assert_eq(&room.told());
}

#[test]
fn every_request_ends_when_the_room_does() {
    let mut room = Room::new(1, 1);
    room.cut = true;
    ask(&mut room, "Bern");
    ask(&mut room, "Basel");
    room.agent.handle_disconnected(room.now);
    expect![[r#"
        0 agent: refused recipient disconnected (1503) ""
        0 agent: refused recipient disconnected (1503) """#]]
    .assert_eq(&room.told());
}

#[test]
fn only_the_one_who_was_asked_can_answer() {
    let mut room = Room::new(0, 0);
    room.cut = true;
    let id = ask(&mut room, "Bern");
    let forged = |sender: &str| {
        let value = proto::rpc_response::Value::Payload("rain".into());
        let response = proto::RpcResponse { request_id: id.as_str().into(), value: Some(value) };
        from(sender, Value::RpcResponse(response))
    };
    room.agent.handle_packet(room.now, Reliability::Reliable, forged("mallory"));
    expect![""].assert_eq(&room.told());
    assert_eq!(room.agent.counters().rpc_stray, 1);
    room.agent.handle_packet(room.now, Reliability::Reliable, forged("caller"));
    expect![[r#"0 agent: answered "rain""#]].assert_eq(&room.told());
    room.agent.handle_packet(room.now, Reliability::Reliable, forged("caller"));
    assert_eq!(room.agent.counters().rpc_stray, 2, "one answer is enough");
}

#[test]
fn a_request_that_comes_twice_is_served_once() {
    let mut room = Room::new(0, 0);
    room.agent.serve("weather");
    let request = proto::RpcRequest {
        id: "1".into(),
        method: "weather".into(),
        response_timeout_ms: 8_000,
        version: 1,
        ..Default::default()
    };
    for _ in 0..2 {
        let packet = from("caller", Value::RpcRequest(request.clone()));
        room.agent.handle_packet(room.now, Reliability::Reliable, packet);
    }
    expect![[r#"0 agent: asked for weather("") within 8s"#]].assert_eq(&room.told());
}

#[test]
fn an_unknown_version_is_refused() {
    let mut room = Room::new(0, 0);
    room.agent.serve("weather");
    let request =
        proto::RpcRequest { id: "1".into(), method: "weather".into(), version: 9, ..Default::default() };
    room.agent.handle_packet(room.now, Reliability::Reliable, from("caller", Value::RpcRequest(request)));
    let refused = taken(&mut room.agent).into_iter().find_map(|packet| match packet.value {
        Some(Value::RpcResponse(response)) => response.value,
        _ => None,
    });
    let Some(proto::rpc_response::Value::Error(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error.code, 1404);
}

#[test]
fn a_long_argument_needs_a_recipient_that_takes_streams() {
    let mut room = Room::new(1, 0);
    let call = |destination: &str| RpcCall {
        destination: destination.into(),
        method: "weather".into(),
        payload: "x".repeat(20_000),
        response_timeout: Duration::from_secs(15),
    };
    let refused = room.agent.request_rpc(room.now, call("caller"));
    assert_eq!(refused, Err(SendError::TooLong { size: 20_000, limit: 15_360 }));
    let refused = room.agent.request_rpc(room.now, call("nobody"));
    assert_eq!(refused, Err(SendError::UnknownParticipant("nobody".into())));
    room.agent.handle_participant_joined("caller".into(), 1);
    room.caller.serve("weather");
    room.agent.request_rpc(room.now, call("caller")).unwrap();
    assert_eq!(asked(&mut room).map(|request| request.payload.len()), Some(20_000));
}

/// Its packets and the server's word of it come by two ways.
#[test]
fn one_who_asked_before_the_server_told_of_it_can_be_asked_in_return() {
    let mut plane = outgoing::alone(Limits::CONVERSATION);
    let now = Instant::now();
    let call = || RpcCall {
        destination: "early".into(),
        method: "weather".into(),
        payload: String::new(),
        response_timeout: Duration::from_secs(15),
    };
    let unknown = Err(SendError::UnknownParticipant("early".into()));
    assert_eq!(plane.request_rpc(now, call()), unknown);
    let tone = proto::SipDtmf { code: 1, digit: "1".into() };
    plane.handle_packet(now, Reliability::Reliable, from("early", Value::SipDtmf(tone)));
    plane.request_rpc(now, call()).unwrap();
    let sent = plane.poll_packet(Reliability::Reliable).and_then(|packet| packet.value);
    assert!(
        matches!(sent, Some(Value::RpcRequest(_))),
        "asked in the form that every client reads: {sent:?}"
    );
    plane.handle_participant_left(now, &"early".into());
    assert_eq!(plane.request_rpc(now, call()), unknown);
}

#[test]
fn a_long_answer_in_packet_form_becomes_an_error() {
    let mut room = Room::new(0, 0);
    room.caller.serve("weather");
    ask(&mut room, "Bern");
    let request = asked(&mut room).unwrap();
    room.caller.answer_rpc(room.now, &request.key, Ok("x".repeat(20_000))).unwrap();
    expect![[r#"0 agent: refused response payload too large (1504) """#]].assert_eq(&room.told());
}

#[test]
fn long_error_texts_are_cut() {
    let mut room = Room::new(0, 0);
    room.caller.serve("weather");
    ask(&mut room, "Bern");
    let request = asked(&mut room).unwrap();
    let error = RpcError { code: 1, message: "é".repeat(200).into(), data: "d".repeat(20_000) };
    room.caller.answer_rpc(room.now, &request.key, Err(error)).unwrap();
    carry(room.now, "caller", &mut room.caller, &mut room.agent, false);
    let Some(DataEvent::RpcAnswered { outcome: Err(error), .. }) = room.agent.poll_event() else {
        panic!("no error")
    };
    assert_eq!((error.message.len(), error.data.len()), (256, 15_360));
}

#[test]
fn an_answer_is_given_once_and_in_time() {
    let mut room = Room::new(0, 0);
    room.caller.serve("weather");
    ask(&mut room, "Bern");
    let first = asked(&mut room).unwrap();
    room.caller.answer_rpc(room.now, &first.key, Ok("sunny".into())).unwrap();
    let again = room.caller.answer_rpc(room.now, &first.key, Ok("rain".into()));
    assert_eq!(again, Err(SendError::UnknownRequest(first.key)));
    ask(&mut room, "Basel");
    let second = asked(&mut room).unwrap();
    room.at(20_000);
    let late = room.caller.answer_rpc(room.now, &second.key, Ok("rain".into()));
    assert_eq!(late, Err(SendError::UnknownRequest(second.key)));
}

#[test]
fn requests_in_flight_are_bounded_both_ways() {
    let limits = Limits { rpc_pending: 2, ..Limits::CONVERSATION };
    let mut plane = outgoing::alone(limits);
    plane.handle_participant_joined("caller".into(), 0);
    plane.serve("weather");
    let now = Instant::now();
    let call = || RpcCall {
        destination: "caller".into(),
        method: "weather".into(),
        payload: String::new(),
        response_timeout: Duration::from_secs(15),
    };
    for _ in 0..2 {
        plane.request_rpc(now, call()).unwrap();
    }
    assert_eq!(plane.request_rpc(now, call()), Err(SendError::TooManyRequests { limit: 2 }));
    for id in ["1", "2", "3"] {
        let request = proto::RpcRequest {
            id: id.into(),
            method: "weather".into(),
            response_timeout_ms: 8_000,
            version: 1,
            ..Default::default()
        };
        plane.handle_packet(now, Reliability::Reliable, from("caller", Value::RpcRequest(request)));
    }
    let n_asked = std::iter::from_fn(|| plane.poll_event()).count();
    assert_eq!((n_asked, plane.counters().rpc_refused), (2, 1));
}

#[test]
fn a_request_whose_stream_fails_is_refused_with_the_reason() {
    let mut room = Room::new(1, 1);
    room.agent.serve("weather");
    let mut options = topic("lk.rpc_request");
    options.attributes = attributes([
        ("lk.rpc_request_id", "1"),
        ("lk.rpc_request_method", "weather"),
        ("lk.rpc_request_version", "2"),
    ]);
    let stream = room.caller.open_text(room.now, options).unwrap();
    room.caller.close_text(stream, BTreeMap::new(), Some("gave up"));
    carry(room.now, "caller", &mut room.caller, &mut room.agent, false);
    let sent: Vec<String> = taken(&mut room.agent)
        .into_iter()
        .map(|packet| match packet.value {
            Some(Value::RpcAck(ack)) => format!("ack {}", ack.request_id),
            Some(Value::RpcResponse(proto::RpcResponse {
                value: Some(proto::rpc_response::Value::Error(error)),
                ..
            })) => format!("{} {}", error.code, error.data),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(sent, ["ack 1", "1500 the sender ended it: gave up"]);
}
