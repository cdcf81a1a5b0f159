//! Packets that make no sense: survived, counted, and no harm to their neighbours.

use livekit_protocol::data_stream::header::ContentHeader;
use livekit_protocol::data_stream::{ByteHeader, Chunk, Header, TextHeader, Trailer};

use super::*;

pub(super) fn header(id: &str) -> Header {
    Header {
        stream_id: id.into(),
        topic: "t".into(),
        content_header: Some(ContentHeader::TextHeader(TextHeader::default())),
        ..Default::default()
    }
}

pub(super) fn opens(id: &str) -> Value {
    Value::StreamHeader(header(id))
}

pub(super) fn chunk(id: &str, index: u64, content: &str) -> Value {
    raw_chunk(id, index, content.as_bytes())
}

fn raw_chunk(id: &str, index: u64, content: &[u8]) -> Value {
    Value::StreamChunk(Chunk {
        stream_id: id.into(),
        chunk_index: index,
        content: content.to_vec(),
        ..Default::default()
    })
}

pub(super) fn ends(id: &str) -> Value {
    Value::StreamTrailer(Trailer { stream_id: id.into(), ..Default::default() })
}

/// Feeds packets of one sender and returns what is told and counted.
fn feed(
    limits: Limits,
    delivery: Delivery,
    packets: impl IntoIterator<Item = Value>,
) -> (Vec<String>, DataCounters) {
    let mut plane = outgoing::alone(limits);
    plane.receive("t", delivery);
    for value in packets {
        plane.handle_packet(Instant::now(), Reliability::Reliable, from("caller", value));
    }
    (std::iter::from_fn(|| plane.poll_event()).map(|event| describe(&event)).collect(), plane.counters())
}

fn whole(packets: impl IntoIterator<Item = Value>) -> (Vec<String>, DataCounters) {
    feed(Limits::CONVERSATION, Delivery::Whole, packets)
}

#[test]
fn a_chunk_that_comes_twice_is_dropped() {
    let (told, counters) = whole([
        opens("1"),
        chunk("1", 0, "a"),
        chunk("1", 0, "a"),
        chunk("1", 1, "b"),
        chunk("1", 0, "a"),
        ends("1"),
    ]);
    assert_eq!(told, [r#"text t from caller [] "ab""#]);
    assert_eq!(counters.duplicate_chunks, 2);
}

#[test]
fn a_gap_ends_the_stream_and_what_follows_is_stray() {
    let (told, counters) =
        whole([opens("1"), chunk("1", 0, "a"), chunk("1", 2, "c"), chunk("1", 1, "b"), ends("1")]);
    assert_eq!(told, ["failed t: chunk 1 is missing, 2 came"]);
    assert_eq!((counters.streams_failed, counters.stray), (1, 2));
}

#[test]
fn a_second_header_changes_nothing() {
    let (told, counters) = whole([opens("1"), chunk("1", 0, "a"), opens("1"), chunk("1", 1, "b"), ends("1")]);
    assert_eq!(told, [r#"text t from caller [] "ab""#]);
    assert_eq!(counters.duplicate_headers, 1);
}

#[test]
fn a_header_that_says_too_little_opens_nothing() {
    let no_kind = Header { content_header: None, ..header("1") };
    let (told, counters) = whole([Value::StreamHeader(no_kind), opens(""), chunk("1", 0, "a")]);
    assert!(told.is_empty(), "{told:?}");
    assert_eq!((counters.malformed, counters.stray), (2, 1));
}

#[test]
fn a_compressed_stream_is_not_opened() {
    for compression in [1, 7, -1] {
        let (told, counters) = whole([Value::StreamHeader(Header { compression, ..header("1") }), ends("1")]);
        assert!(told.is_empty(), "{told:?}");
        assert_eq!((counters.streams_unsupported, counters.stray), (1, 1));
    }
}

#[test]
fn the_promised_length_is_held() {
    let promised =
        |total_length| Value::StreamHeader(Header { total_length: Some(total_length), ..header("1") });
    let (told, _) = whole([promised(3), chunk("1", 0, "ab"), ends("1")]);
    assert_eq!(told, ["failed t: 2 bytes of 3"]);
    let (told, _) = whole([promised(3), chunk("1", 0, "abcd"), ends("1")]);
    assert_eq!(told, ["failed t: longer than 3 bytes"]);
    let inline = Header { total_length: Some(3), inline_content: Some(b"ab".to_vec()), ..header("1") };
    let (told, _) = whole([Value::StreamHeader(inline)]);
    assert_eq!(told, ["failed t: 2 bytes of 3"]);
}

#[test]
fn a_text_that_is_no_text_fails() {
    let (told, _) = whole([opens("1"), raw_chunk("1", 0, &[0xff]), ends("1")]);
    assert_eq!(told, ["failed t: not UTF-8"]);
    let (told, _) = feed(Limits::CONVERSATION, Delivery::Chunks, [opens("1"), raw_chunk("1", 0, &[0xff])]);
    assert_eq!(told, ["opened t from caller []", "failed t: not UTF-8"]);
    let half = [opens("1"), raw_chunk("1", 0, &"é".as_bytes()[..1]), ends("1")];
    let (told, _) = feed(Limits::CONVERSATION, Delivery::Chunks, half);
    assert_eq!(told, ["opened t from caller []", "failed t: not UTF-8"]);
}

#[test]
fn a_character_cut_in_two_chunks_is_put_together() {
    let [first, second, ..] = "é".as_bytes() else { panic!("two bytes") };
    let packets = [opens("1"), raw_chunk("1", 0, &[b'a', *first]), raw_chunk("1", 1, &[*second]), ends("1")];
    let (told, _) = feed(Limits::CONVERSATION, Delivery::Chunks, packets);
    assert_eq!(told, ["opened t from caller []", r#"chunk "a""#, r#"chunk "é""#, "closed {}"]);
}

#[test]
fn nobody_writes_into_the_stream_of_another() {
    let mut plane = outgoing::alone(Limits::CONVERSATION);
    plane.receive("t", Delivery::Whole);
    for (sender, value) in [
        ("caller", opens("1")),
        ("mallory", chunk("1", 0, "no")),
        ("mallory", opens("1")),
        ("mallory", ends("1")),
        ("caller", chunk("1", 0, "yes")),
        ("caller", ends("1")),
    ] {
        plane.handle_packet(Instant::now(), Reliability::Reliable, from(sender, value));
    }
    let told: Vec<String> = std::iter::from_fn(|| plane.poll_event()).map(|event| describe(&event)).collect();
    assert_eq!(told, [r#"text t from mallory [] """#, r#"text t from caller [] "yes""#]);
}

#[test]
fn open_streams_are_bounded() {
    let limits = Limits { open_streams: 2, ..Limits::CONVERSATION };
    let (told, counters) = feed(limits, Delivery::Chunks, ["1", "2", "3"].map(opens));
    assert_eq!((told.len(), counters.streams_refused), (2, 1));
}

#[test]
fn gathered_bytes_are_bounded_for_one_stream_and_for_all() {
    let limits = Limits { stream_bytes: 10, gathered_bytes: 15, ..Limits::CONVERSATION };
    let (told, counters) = feed(limits, Delivery::Whole, [opens("1"), chunk("1", 0, "12345678901")]);
    assert_eq!((told, counters.streams_refused), (vec!["failed t: longer than 10 bytes".to_owned()], 1));
    let packets =
        [opens("1"), chunk("1", 0, "1234567890"), opens("2"), chunk("2", 0, "123456"), ends("1"), opens("3")];
    let rest = [chunk("3", 0, "1234567890"), ends("3")];
    let (told, _) = feed(limits, Delivery::Whole, packets.into_iter().chain(rest));
    assert_eq!(
        told,
        [
            "failed t: longer than 5 bytes",
            r#"text t from caller [] "1234567890""#,
            r#"text t from caller [] "1234567890""#
        ],
        "what a stream held is free again after its end"
    );
}

#[test]
fn streams_in_chunks_are_not_gathered() {
    let limits = Limits { stream_bytes: 10, gathered_bytes: 10, ..Limits::CONVERSATION };
    let bytes =
        Header { content_header: Some(ContentHeader::ByteHeader(ByteHeader::default())), ..header("1") };
    let chunks = (0..100).map(|index| chunk("1", index, "1234567890"));
    let packets = std::iter::once(Value::StreamHeader(bytes)).chain(chunks).chain([ends("1")]);
    let (told, _) = feed(limits, Delivery::Chunks, packets);
    assert_eq!(told.len(), 102);
}

#[test]
fn packets_without_sense_are_counted() {
    let mut plane = outgoing::alone(Limits::CONVERSATION);
    let now = Instant::now();
    plane.handle_packet(now, Reliability::Reliable, DataPacket::default());
    plane.handle_packet(now, Reliability::Reliable, from("", opens("1")));
    plane.handle_packet(
        now,
        Reliability::Reliable,
        from("caller", Value::RpcRequest(proto::RpcRequest::default())),
    );
    plane.handle_packet(now, Reliability::Lossy, from("caller", Value::EncryptedPacket(Default::default())));
    plane.handle_packet(now, Reliability::Lossy, from("caller", Value::Metrics(Default::default())));
    plane.handle_packet(now, Reliability::Reliable, from("caller", Value::RpcAck(Default::default())));
    plane.handle_packet(now, Reliability::Reliable, from("caller", Value::RpcResponse(Default::default())));
    let counters = plane.counters();
    assert_eq!((counters.packets, counters.malformed, counters.encrypted), (7, 3, 1));
    assert_eq!((counters.ignored, counters.rpc_stray), (1, 2));
    assert_eq!(plane.poll_event(), None);
}
