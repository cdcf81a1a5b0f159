//! What one participant may take of a room, and what nobody can take from another.

use livekit_protocol::data_stream::Header;
use livekit_protocol::data_stream::header::ContentHeader;

use super::malformed::{chunk, ends, header, opens};
use super::*;

/// An agent that receives texts, serves a procedure, and knows of two others.
fn agent(limits: Limits) -> (DataPlane, Instant) {
    let now = Instant::now();
    let mut plane =
        DataPlane::new(limits, WallClock { at: now, unix: Duration::from_secs(1_800_000_000) }, 1);
    plane.receive("t", Delivery::Whole);
    plane.serve("weather");
    for who in ["caller", "mallory"] {
        plane.handle_participant_joined(who.into(), 2);
    }
    (plane, now)
}

fn give(plane: &mut DataPlane, now: Instant, sender: &str, value: Value) {
    plane.handle_packet(now, Reliability::Reliable, from(sender, value));
}

/// A stream of a remote procedure.
fn of_procedure(topic: &str, id: &str, request: &str) -> Header {
    let attributes = [
        ("lk.rpc_request_id", request),
        ("lk.rpc_request_method", "weather"),
        ("lk.rpc_request_version", "2"),
    ];
    Header {
        topic: topic.into(),
        attributes: attributes.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        ..header(id)
    }
}

fn told(plane: &mut DataPlane) -> Vec<String> {
    std::iter::from_fn(|| plane.poll_event()).map(|event| describe(&event)).collect()
}

/// What is answered to procedures: acknowledgements and errors.
fn replies(plane: &mut DataPlane) -> Vec<String> {
    let word = |packet: DataPacket| match packet.value {
        Some(Value::RpcAck(ack)) => format!("acknowledged {}", ack.request_id),
        Some(Value::RpcResponse(response)) => match response.value {
            Some(proto::rpc_response::Value::Error(error)) => {
                format!("refused {}: {} {}", response.request_id, error.code, error.data)
            }
            other => format!("{other:?}"),
        },
        other => format!("{other:?}"),
    };
    taken(plane).into_iter().map(word).collect()
}

#[test]
fn one_participant_cannot_take_the_places_of_all() {
    let (mut plane, now) = agent(Limits::CONVERSATION);
    for id in 0..200 {
        give(&mut plane, now, "mallory", opens(&id.to_string()));
    }
    assert_eq!(plane.counters().streams_refused, 200 - 16);
    for value in [opens("1"), chunk("1", 0, "hello"), ends("1")] {
        give(&mut plane, now, "caller", value);
    }
    assert_eq!(told(&mut plane), [r#"text t from caller [] "hello""#]);
}

#[test]
fn one_participant_cannot_take_the_memory_of_all() {
    let limits =
        Limits { stream_bytes: 10, gathered_bytes: 30, gathered_bytes_of_one: 15, ..Limits::CONVERSATION };
    let (mut plane, now) = agent(limits);
    for id in ["1", "2", "3"] {
        give(&mut plane, now, "mallory", opens(id));
        give(&mut plane, now, "mallory", chunk(id, 0, "0123456789"));
    }
    for value in [opens("1"), chunk("1", 0, "0123456789"), ends("1")] {
        give(&mut plane, now, "caller", value);
    }
    let expected = [
        "failed t: longer than 5 bytes",
        "failed t: longer than 5 bytes",
        r#"text t from caller [] "0123456789""#,
    ];
    assert_eq!(told(&mut plane), expected);
}

#[test]
fn a_stream_that_never_falls_silent_and_never_ends_is_ended() {
    let (mut plane, began) = agent(Limits::CONVERSATION);
    give(&mut plane, began, "mallory", opens("1"));
    for n in 0..30 {
        let now = began + Duration::from_secs(30) * n;
        plane.handle_timeout(now);
        give(&mut plane, now, "mallory", chunk("1", n.into(), "x"));
    }
    assert_eq!(told(&mut plane), ["failed t: open for too long"]);
    assert_eq!((plane.counters().stray, plane.poll_timeout()), (10, None));
}

#[test]
fn an_answer_that_was_asked_for_comes_in_whatever_others_send_and_no_other_does() {
    let limits = Limits { open_streams: 4, gathered_bytes: 8, ..Limits::CONVERSATION };
    let (mut plane, now) = agent(limits);
    for id in ["1", "2", "3", "4"] {
        give(&mut plane, now, "mallory", opens(id));
        give(&mut plane, now, "mallory", chunk(id, 0, "12"));
    }
    let call = RpcCall {
        destination: "caller".into(),
        method: "where".into(),
        payload: String::new(),
        response_timeout: Duration::from_secs(15),
    };
    let id = plane.request_rpc(now, call).unwrap();
    let answer = |stream: &str| Value::StreamHeader(of_procedure("lk.rpc_response", stream, id.as_str()));
    give(&mut plane, now, "mallory", answer("forged"));
    assert_eq!(plane.counters().rpc_stray, 1, "of somebody who was not asked");
    give(&mut plane, now, "caller", answer("a"));
    give(&mut plane, now, "caller", answer("b"));
    assert_eq!(plane.counters().streams_refused, 1, "one answer was asked for");
    give(&mut plane, now, "caller", chunk("a", 0, "in the kitchen"));
    give(&mut plane, now, "caller", ends("a"));
    assert_eq!(told(&mut plane), [r#"answered "in the kitchen""#]);
}

#[test]
fn a_request_is_acknowledged_when_it_is_taken_and_otherwise_refused() {
    let limits = Limits { open_streams_of_one: 1, ..Limits::CONVERSATION };
    let (mut plane, now) = agent(limits);
    let request = |id: &str| of_procedure("lk.rpc_request", id, id);
    give(&mut plane, now, "caller", Value::StreamHeader(request("1")));
    give(&mut plane, now, "caller", Value::StreamHeader(request("1")));
    assert_eq!(replies(&mut plane), ["acknowledged 1"]);
    give(&mut plane, now, "caller", Value::StreamHeader(request("2")));
    assert_eq!(replies(&mut plane), ["refused 2: 1500 too many streams"]);
    let packed = Header { compression: 1, ..request("3") };
    give(&mut plane, now, "caller", Value::StreamHeader(packed));
    let empty = Header { content_header: None::<ContentHeader>, ..request("4") };
    give(&mut plane, now, "caller", Value::StreamHeader(empty));
    assert_eq!(replies(&mut plane), ["refused 3: 1404 ", "refused 4: 1404 "]);
    give(&mut plane, now, "caller", ends("1"));
    assert_eq!(told(&mut plane), [r#"asked for weather("") within 15s"#]);
    assert_eq!(plane.counters().rpc_refused, 3);
}
