//! Writes the corpus to begin with: for each target a few inputs that mean something.
//!
//! `cargo run -p tests-fuzz --example seeds`. What a run of the fuzzer adds to the folders is not kept.

use std::path::Path;
use std::time::Instant;

use agent_rtc_proto::SignalPath;
use livekit_protocol as proto;
use livekit_protocol::data_packet::Value;
use livekit_protocol::data_stream::header::ContentHeader;
use livekit_protocol::signal_response::Message as Said;
use prost::Message;
use str0m::change::SdpOffer;
use str0m::media::{Direction, MediaKind};
use tests_fuzz::room::Room;
use tests_fuzz::steps;

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let (answer, offer) = descriptions()?;
    write("room_sdp", "answer", &[b"\0", answer.as_bytes()].concat())?;
    write("room_sdp", "offer", &[b"\x01", offer.as_bytes()].concat())?;
    write("room_signal", "a_stay", &stay(&answer))?;
    write("room_signal", "a_stay_on_two_connections", &stay_on_two(&offer))?;
    write("room_candidate", "udp_and_tcp", &candidates())?;
    write("room_datagram", "stun_dtls_rtp_rtcp", &datagrams())?;
    write("data_packet", "streams", &data(streams()))?;
    write("data_packet", "procedures", &data(procedures()))?;
    write("data_packet", "messages", &data(messages()))?;
    write("jitter_red", "in_order_lost_and_doubled", &audio())?;
    write("worker_message", "a_job", &job())?;
    write(
        "config_file",
        "example",
        b"[worker]\nslots = 4\n\0COLLOQUY__WORKER__SLOTS=8\nLIVEKIT_URL=ws://127.0.0.1:7880\n",
    )?;
    write(
        "tool_file",
        "booking",
        b"[[tool]]\nname = \"t\"\nmethod = \"POST\"\nurl = \"https://a.example/{day}?n={n}\"\noptional = [\"o\"]\n\
          query = { o = \"{o}\" }\nheaders = { x = \"{call.key}\" }\nbody = { n = \"{n}\", l = [\"{o}\"] }\n[tool.arguments]\n\
          day = { type = \"string\", format = \"date\" }\nn = { type = [\"integer\", \"null\"], minimum = 1 }\n\
          o = { anyOf = [{ enum = [1, \"a\"] }, { type = \"array\", items = { type = \"number\" } }] }\n\
          \0{\"day\": \"2026-11-21\", \"n\": \"3\", \"o\": [1.5]}",
    )?;
    write(
        "sse",
        "events",
        b"\x05\xef\xbb\xbfdata: one\ndata: two\r\n\r\nevent: end\rid: 7\rdata: [DONE]\r\r: remark\n",
    )?;
    write("journal_line", "fact", b"900 user.final 3")?;
    write("journal_line", "timeout", b"900.25 timeout # remark")?;
    Ok(())
}

fn write(target: &str, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(name), bytes)?;
    Ok(())
}

/// What a server's media stack answers to our offer, and what it offers itself.
fn descriptions() -> Result<(String, String), Error> {
    let room = Room::joined(SignalPath::Single);
    let ours = room.offer.as_ref().ok_or("the single path begins with an offer")?;
    let mut server = str0m::RtcConfig::new().clear_codecs().enable_opus(true, true).build(Instant::now());
    let answer = server.sdp_api().accept_offer(SdpOffer::from_sdp_string(&ours.sdp)?)?;
    let mut server = str0m::RtcConfig::new().clear_codecs().enable_opus(true, true).build(Instant::now());
    let mut changes = server.sdp_api();
    changes.add_media(MediaKind::Audio, Direction::SendOnly, None, Some("TR_2".into()), None);
    changes.add_channel("_reliable".into());
    let (offer, _) = changes.apply().ok_or("there is something to offer")?;
    Ok((room.mark(&answer.to_sdp_string()), offer.to_sdp_string()))
}

fn said(kind: u8, message: Said) -> Vec<u8> {
    steps::write(kind, &proto::SignalResponse { message: Some(message) }.encode_to_vec())
}

fn caller() -> proto::ParticipantInfo {
    proto::ParticipantInfo {
        sid: "PA_2".into(),
        identity: "caller".into(),
        attributes: [("key".to_owned(), "value".to_owned())].into(),
        tracks: vec![proto::TrackInfo {
            sid: "TR_2".into(),
            name: "microphone".into(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn stay(answer: &str) -> Vec<u8> {
    let answer = proto::SessionDescription {
        r#type: "answer".into(),
        sdp: answer.into(),
        id: 1,
        mid_to_track_id: [("@0@".to_owned(), "TR_2".to_owned())].into(),
    };
    let leave =
        proto::LeaveRequest { action: proto::leave_request::Action::Reconnect.into(), ..Default::default() };
    [
        vec![0],
        said(0, Said::Answer(answer)),
        said(1, Said::Update(proto::ParticipantUpdate { participants: vec![caller()] })),
        said(
            1,
            Said::MediaSectionsRequirement(proto::MediaSectionsRequirement { num_audios: 1, num_videos: 0 }),
        ),
        said(1, Said::RefreshToken("token".into())),
        said(50, Said::PongResp(proto::Pong::default())),
        said(0, Said::Leave(leave)),
    ]
    .concat()
}

fn stay_on_two(offer: &str) -> Vec<u8> {
    let offer =
        proto::SessionDescription { r#type: "offer".into(), sdp: offer.into(), id: 1, ..Default::default() };
    let join = proto::JoinResponse {
        participant: Some(proto::ParticipantInfo {
            sid: "PA_1".into(),
            identity: "agent".into(),
            ..Default::default()
        }),
        other_participants: vec![caller()],
        subscriber_primary: true,
        ..Default::default()
    };
    [vec![3], said(0, Said::Join(join)), said(0, Said::Offer(offer))].concat()
}

fn candidates() -> Vec<u8> {
    let json = |text: &str| format!(r#"{{"candidate":"{text}","sdpMid":"0","sdpMLineIndex":0}}"#);
    [
        vec![0],
        steps::write(0, json("candidate:1 1 udp 2130706431 127.0.0.1 7882 typ host").as_bytes()),
        steps::write(
            0,
            json("candidate:2 1 tcp 1671430143 127.0.0.1 7881 typ host tcptype passive").as_bytes(),
        ),
        steps::write(
            1,
            json("candidate:3 1 udp 1 2001:db8::1 7882 typ srflx raddr 0.0.0.0 rport 0").as_bytes(),
        ),
        steps::write(4, b""),
    ]
    .concat()
}

fn datagrams() -> Vec<u8> {
    let stun = b"\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl";
    let dtls = b"\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00";
    let rtp = b"\x80\x6f\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01opus";
    let rtcp = b"\x80\xc8\x00\x06\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";
    [vec![0], steps::write(0, stun), steps::write(0, dtls), steps::write(0, rtp), steps::write(0, rtcp)]
        .concat()
}

fn data(values: Vec<Value>) -> Vec<u8> {
    values
        .into_iter()
        .flat_map(|value| {
            let packet = proto::DataPacket {
                participant_identity: "caller".into(),
                value: Some(value),
                ..Default::default()
            };
            steps::write(1, &packet.encode_to_vec())
        })
        .collect()
}

fn header(id: &str, topic: &str, content: ContentHeader) -> proto::data_stream::Header {
    proto::data_stream::Header {
        stream_id: id.into(),
        topic: topic.into(),
        content_header: Some(content),
        ..Default::default()
    }
}

fn text() -> ContentHeader {
    ContentHeader::TextHeader(proto::data_stream::TextHeader::default())
}

fn chunk(id: &str, chunk_index: u64, content: &str) -> Value {
    Value::StreamChunk(proto::data_stream::Chunk {
        stream_id: id.into(),
        chunk_index,
        content: content.into(),
        ..Default::default()
    })
}

fn trailer(id: &str) -> Value {
    Value::StreamTrailer(proto::data_stream::Trailer { stream_id: id.into(), ..Default::default() })
}

fn streams() -> Vec<Value> {
    let bytes = ContentHeader::ByteHeader(proto::data_stream::ByteHeader { name: "file".into() });
    let inline =
        proto::data_stream::Header { inline_content: Some("whole".into()), ..header("3", "whole", text()) };
    vec![
        Value::StreamHeader(header("1", "whole", text())),
        Value::StreamHeader(header("2", "chunks", bytes)),
        chunk("1", 0, "one "),
        chunk("2", 0, "bytes"),
        chunk("1", 0, "one "),
        chunk("1", 1, "two"),
        trailer("1"),
        trailer("2"),
        Value::StreamHeader(inline),
    ]
}

fn procedures() -> Vec<Value> {
    let mut asked = header("1", "lk.rpc_request", text());
    for (key, value) in [
        ("lk.rpc_request_id", "a"),
        ("lk.rpc_request_method", "method"),
        ("lk.rpc_request_version", "2"),
        ("lk.rpc_request_response_timeout_ms", "8000"),
    ] {
        asked.attributes.insert(key.into(), value.into());
    }
    let request = proto::RpcRequest {
        id: "b".into(),
        method: "method".into(),
        payload: "argument".into(),
        response_timeout_ms: 8_000,
        version: 1,
        ..Default::default()
    };
    vec![
        Value::StreamHeader(asked),
        chunk("1", 0, "argument"),
        trailer("1"),
        Value::RpcRequest(request),
        Value::RpcAck(proto::RpcAck { request_id: "c".into() }),
        Value::RpcResponse(proto::RpcResponse {
            request_id: "c".into(),
            value: Some(proto::rpc_response::Value::Payload("answer".into())),
        }),
    ]
}

fn messages() -> Vec<Value> {
    vec![
        Value::User(proto::UserPacket {
            payload: b"data".to_vec(),
            topic: Some("topic".into()),
            ..Default::default()
        }),
        Value::SipDtmf(proto::SipDtmf { code: 5, digit: "5".into() }),
        Value::ChatMessage(proto::ChatMessage {
            id: "1".into(),
            message: "hello".into(),
            ..Default::default()
        }),
        Value::Transcription(proto::Transcription::default()),
        Value::EncryptedPacket(proto::EncryptedPacket::default()),
    ]
}

/// Packets of 20 ms: the sequence goes up by `by`, time by 960 ticks for each, 20 ms pass.
fn audio() -> Vec<u8> {
    let packet = |kind: u8, by: u8, payload: &[u8]| {
        let ticks = 960 * u32::from(by);
        let [low, middle, high, _] = ticks.to_le_bytes();
        steps::write(kind, &[&[by, low, middle, high, 2, 9], payload].concat())
    };
    // Opus: 20 ms of SILK, wide band, as a silence of three bytes; RED: one earlier copy of it before the newest.
    let opus = [0x48, 0xff, 0xfe];
    let red = [&[0xef, 0x0f, 0x00, 0x03, 0x6f], &opus[..], &opus[..]].concat();
    [
        packet(1, 1, &opus),
        packet(1, 1, &opus),
        packet(0, 1, &red),
        packet(0, 2, &red),
        packet(0, 0, &red),
        packet(1, 100, &opus),
    ]
    .concat()
}

fn job() -> Vec<u8> {
    use proto::server_message::Message as FromServer;
    let message = |message| steps::write(0, &proto::ServerMessage { message: Some(message) }.encode_to_vec());
    let job = proto::Job {
        id: "AJ_1".into(),
        room: Some(proto::Room { sid: "RM_1".into(), name: "room".into(), ..Default::default() }),
        ..Default::default()
    };
    [
        message(FromServer::Register(proto::RegisterWorkerResponse {
            worker_id: "AW_1".into(),
            ..Default::default()
        })),
        message(FromServer::Availability(proto::AvailabilityRequest {
            job: Some(job.clone()),
            resuming: false,
        })),
        message(FromServer::Assignment(proto::JobAssignment {
            job: Some(job),
            url: None,
            token: "token".into(),
        })),
        message(FromServer::Termination(proto::JobTermination { job_id: "AJ_1".into() })),
        steps::write(5, b""),
        steps::write(4, b""),
    ]
    .concat()
}
