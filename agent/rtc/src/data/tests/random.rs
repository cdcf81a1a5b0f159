//! Random packets, losses, repetitions and time: what holds for all of them.

use livekit_protocol::data_stream::header::ContentHeader;
use livekit_protocol::data_stream::{Chunk, Header, TextHeader, Trailer};
use prost::Message;

use super::*;

const RUNS: u64 = 300;
const STEPS: usize = 300;

/// Each run comes from its seed alone, which every message names.
#[test]
fn nothing_from_outside_breaks_the_data_plane() {
    for seed in 0..RUNS {
        run(seed);
    }
}

/// Small numbers of senders, streams and requests, so that packets meet each other.
fn packet(random: &mut fastrand::Rng) -> DataPacket {
    let sender = *random.choice(&["caller", "mallory", ""]).expect("not empty");
    let stream_id = random.u8(0..3).to_string();
    let value = match random.u8(0..9) {
        0 | 1 => Value::StreamHeader(Header {
            stream_id,
            topic: (*random
                .choice(&["t", "chunks", "other", "lk.rpc_request", "lk.rpc_response"])
                .expect("not empty"))
            .into(),
            total_length: random.bool().then(|| random.u64(0..6)),
            attributes: [("lk.rpc_request_id".to_owned(), random.u8(0..3).to_string())].into(),
            inline_content: (random.u8(0..4) == 0).then(|| vec![b'x'; random.usize(0..6)]),
            compression: i32::from(random.u8(0..8) == 0),
            content_header: (random.u8(0..8) != 0).then(|| ContentHeader::TextHeader(TextHeader::default())),
            ..Default::default()
        }),
        2..=4 => Value::StreamChunk(Chunk {
            stream_id,
            chunk_index: random.u64(0..4),
            content: vec![*random.choice(b"a\xc3\xa9\xff").expect("not empty"); random.usize(0..5)],
            ..Default::default()
        }),
        5 => Value::StreamTrailer(Trailer {
            stream_id,
            reason: if random.bool() { String::new() } else { "x".into() },
            ..Default::default()
        }),
        6 => Value::RpcRequest(proto::RpcRequest {
            id: stream_id,
            method: if random.bool() { "weather".into() } else { "other".into() },
            response_timeout_ms: random.u32(0..3_000),
            version: random.u32(0..3),
            ..Default::default()
        }),
        7 => Value::RpcAck(proto::RpcAck { request_id: stream_id }),
        _ => Value::RpcResponse(proto::RpcResponse { request_id: stream_id, value: None }),
    };
    let packet = from(sender, value);
    if random.u8(0..4) > 0 {
        return packet;
    }
    let mut bytes = packet.encode_to_vec();
    if let Some(at) = (!bytes.is_empty()).then(|| random.usize(..bytes.len())) {
        bytes[at] ^= 1 << random.u8(0..8);
    }
    DataPacket::decode(&bytes[..]).unwrap_or_default()
}

fn run(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let limits = Limits {
        open_streams: 4,
        stream_bytes: 8,
        gathered_bytes: 12,
        rpc_pending: 2,
        ..Limits::CONVERSATION
    };
    let mut plane = outgoing::alone(limits);
    plane.receive("t", Delivery::Whole);
    plane.receive("chunks", Delivery::Chunks);
    plane.serve("weather");
    plane.handle_participant_joined("caller".into(), random.i32(0..3));
    let mut now = Instant::now();
    let mut n_asked = 0;
    let mut n_answered = 0;
    for step in 0..STEPS {
        now += Duration::from_millis(random.u64(0..2_000));
        match random.u8(0..12) {
            0 => {
                let call = RpcCall {
                    destination: "caller".into(),
                    method: "weather".into(),
                    payload: String::new(),
                    response_timeout: Duration::from_secs(random.u64(0..20)),
                };
                n_asked += usize::from(plane.request_rpc(now, call).is_ok());
            }
            1 => plane.handle_timeout(now),
            2 if random.u8(0..8) == 0 => plane.handle_participant_left(now, &"mallory".into()),
            3 if random.u8(0..16) == 0 => {
                plane.handle_disconnected(now);
                plane.handle_participant_joined("caller".into(), random.i32(0..3));
            }
            _ => plane.handle_packet(now, Reliability::Reliable, packet(&mut random)),
        }
        plane.handle_timeout(now);
        if let Some((at, timer)) = plane.poll_timeout() {
            assert!(at > now, "seed {seed}, step {step}: {timer:?} is due and was not handled");
        }
        while let Some(packet) = plane.poll_packet(Reliability::Reliable) {
            assert!(packet.encoded_len() <= 16 * 1024, "seed {seed}, step {step}");
        }
        while let Some(event) = plane.poll_event() {
            match event {
                DataEvent::RpcAnswered { .. } => n_answered += 1,
                DataEvent::Text { text, .. } => {
                    assert!(text.len() <= 8, "seed {seed}, step {step}: {text:?}");
                }
                DataEvent::StreamChunk { content: StreamContent::Text(text), .. } => {
                    assert!(!text.is_empty(), "seed {seed}, step {step}");
                }
                _ => {}
            }
        }
        assert_eq!(plane.queued_bytes(), 0, "seed {seed}, step {step}");
    }
    plane.handle_timeout(now + Duration::from_secs(3_600));
    assert_eq!(plane.poll_timeout(), None, "seed {seed}: an hour later nothing is open");
    n_answered += std::iter::from_fn(|| plane.poll_event())
        .filter(|event| matches!(event, DataEvent::RpcAnswered { .. }))
        .count();
    assert_eq!(n_answered, n_asked, "seed {seed}: every request ends exactly once");
}
