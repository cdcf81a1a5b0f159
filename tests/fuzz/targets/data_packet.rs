//! Packets of a data channel into the data plane, from several senders, with time between them.
#![no_main]

use std::time::{Duration, Instant};

use agent_rtc::data::{DataEvent, DataPlane, Delivery, Limits, Reliability, RpcCall, RpcError, WallClock};
use libfuzzer_sys::fuzz_target;
use livekit_protocol::DataPacket;
use prost::Message;
use tests_fuzz::steps;

const LIMITS: Limits = Limits {
    open_streams: 4,
    stream_bytes: 4_096,
    gathered_bytes: 8_192,
    rpc_pending: 4,
    ..Limits::CONVERSATION
};

fuzz_target!(|input: &[u8]| {
    let mut now = Instant::now();
    let mut plane = DataPlane::new(LIMITS, WallClock { at: now, unix: Duration::ZERO }, 1);
    plane.receive("whole", Delivery::Whole);
    plane.receive("chunks", Delivery::Chunks);
    plane.serve("method");
    plane.handle_participant_joined("caller".into(), 2);
    for step in steps::read(input) {
        now += Duration::from_millis(u64::from(step.kind) * 50);
        plane.handle_timeout(now);
        match DataPacket::decode(step.bytes) {
            Ok(packet) => plane.handle_packet(now, Reliability::Reliable, packet),
            Err(_) => {
                let call = RpcCall {
                    destination: "caller".into(),
                    method: "method".into(),
                    payload: String::new(),
                    response_timeout: Duration::from_secs(10),
                };
                let _full = plane.request_rpc(now, call);
            }
        }
        assert!(plane.poll_timeout().is_none_or(|(at, _)| at >= now), "a deadline lies in the past");
        while let Some(event) = plane.poll_event() {
            match event {
                DataEvent::RpcRequested(request) if request.payload.len() % 2 == 0 => {
                    plane.answer_rpc(now, &request.key, Ok(request.payload)).expect("asked just now");
                }
                DataEvent::RpcRequested(request) if request.payload.len() % 3 == 0 => {
                    plane.answer_rpc(now, &request.key, Err(RpcError::APPLICATION)).expect("asked just now");
                }
                DataEvent::Text { text, .. } => assert!(text.len() <= LIMITS.stream_bytes),
                DataEvent::Bytes { bytes, .. } => assert!(bytes.len() <= LIMITS.stream_bytes),
                _ => {}
            }
        }
        while let Some(packet) = plane.poll_packet(Reliability::Reliable) {
            assert!(packet.encoded_len() <= 16 * 1024);
        }
        assert_eq!(plane.queued_bytes(), 0);
    }
    plane.handle_timeout(now + Duration::from_secs(60 * 60 * 24 * 60));
    assert_eq!(plane.poll_timeout(), None, "something is open for ever");
});
