//! What goes on the wire: cuts, single packets, bounds.

use prost::Message;

use super::*;

#[test]
fn a_long_text_is_cut_between_characters() {
    let mut room = Room::new(0, 0);
    room.agent.receive("t", Delivery::Whole);
    let text = "Grüße aus 東京 👋 ".repeat(4_000);
    room.caller.send_text(room.now, &text, topic("t")).unwrap();
    let packets = taken(&mut room.caller);
    assert_eq!(packets.len(), 2 + text.len().div_ceil(cut::CHUNK_BYTES));
    for packet in packets {
        assert!(packet.encoded_len() <= 16 * 1024, "a packet of {} bytes", packet.encoded_len());
        if let Some(Value::StreamChunk(chunk)) = &packet.value {
            assert!(std::str::from_utf8(&chunk.content).is_ok(), "a character was split");
        }
        let packet = DataPacket { participant_identity: "caller".into(), ..packet };
        room.agent.handle_packet(room.now, Reliability::Reliable, packet);
    }
    let Some(DataEvent::Text { text: received, .. }) = room.agent.poll_event() else { panic!("no text") };
    assert_eq!(received, text);
}

#[test]
fn one_packet_is_enough_when_every_receiver_reads_it() {
    for (first, second, to, n_packets) in [
        (2, 2, None, 1),
        (2, 1, None, 3),
        (2, 0, Some("new"), 1),
        (2, 0, Some("old"), 3),
        (2, 2, Some("unknown"), 3),
    ] {
        let mut plane = alone(Limits::CONVERSATION);
        plane.handle_participant_joined("new".into(), first);
        plane.handle_participant_joined("old".into(), second);
        let destinations = to.map(Identity::from).into_iter().collect();
        plane.send_text(Instant::now(), "hello", StreamOptions { destinations, ..topic("t") }).unwrap();
        assert_eq!(taken(&mut plane).len(), n_packets, "protocols {first} and {second}, to {to:?}");
    }
}

#[test]
fn a_text_in_one_packet_arrives_whole_or_in_chunks() {
    for (delivery, n_events) in [(Delivery::Whole, 1), (Delivery::Chunks, 3)] {
        let mut room = Room::new(2, 2);
        room.agent.receive("t", delivery);
        room.caller.send_text(room.now, "hello", topic("t")).unwrap();
        assert_eq!(room.told().lines().count(), n_events);
        assert_eq!(room.agent.counters().streams_complete, 1);
    }
}

#[test]
fn every_packet_of_a_stream_names_its_receivers_and_its_sender() {
    let mut plane = alone(Limits::CONVERSATION);
    let options =
        StreamOptions { destinations: vec!["page".into()], sender: Some("caller".into()), ..topic("t") };
    let mut stream = plane.open_text(Instant::now(), options).unwrap();
    plane.append_text(&mut stream, "hello").unwrap();
    plane.close_text(stream, BTreeMap::new(), None);
    let packets = taken(&mut plane);
    assert_eq!(packets.len(), 3);
    for packet in packets {
        assert_eq!(packet.destination_identities, ["page"]);
        assert_eq!(packet.participant_identity, "caller");
    }
}

#[test]
fn past_the_bound_nothing_of_a_message_is_queued() {
    let mut plane = alone(Limits { queued_bytes: 40_000, ..Limits::CONVERSATION });
    let now = Instant::now();
    let mut stream = plane.open_text(now, topic("t")).unwrap();
    plane.append_text(&mut stream, &"a".repeat(30_000)).unwrap();
    let queued = plane.queued_bytes();
    let refused = plane.append_text(&mut stream, &"b".repeat(30_000));
    assert!(matches!(refused, Err(SendError::Backlog { limit: 40_000, .. })), "{refused:?}");
    assert_eq!(plane.queued_bytes(), queued);
    plane.append_text(&mut stream, "c").unwrap();
    plane.close_text(stream, BTreeMap::new(), None);
    let indices: Vec<u64> = taken(&mut plane)
        .into_iter()
        .filter_map(|packet| match packet.value {
            Some(Value::StreamChunk(chunk)) => Some(chunk.chunk_index),
            _ => None,
        })
        .collect();
    assert_eq!(indices, [0, 1, 2], "the refused piece leaves no gap");
    assert_eq!(plane.queued_bytes(), 0);
}

#[test]
fn an_open_stream_can_be_closed_past_the_bound() {
    let mut plane = alone(Limits { queued_bytes: 200, ..Limits::CONVERSATION });
    let stream = plane.open_text(Instant::now(), topic("t")).unwrap();
    assert!(plane.send_user_data(Reliability::Reliable, None, vec![0; 200], &[]).is_err());
    plane.close_text(stream, attributes([("why", &"x".repeat(200))]), None);
    assert_eq!(taken(&mut plane).len(), 2);
    assert_eq!(plane.queued_bytes(), 0);
}

#[test]
fn what_one_packet_cannot_carry_is_refused() {
    let mut plane = alone(Limits::CONVERSATION);
    let mut options = topic("t");
    options.attributes = attributes([("long", &"x".repeat(17_000))]);
    let refused = plane.send_text(Instant::now(), "hello", options);
    assert!(matches!(refused, Err(SendError::TooLong { .. })), "{refused:?}");
    let refused = plane.send_user_data(Reliability::Lossy, None, vec![0; 17_000], &[]);
    assert!(matches!(refused, Err(SendError::TooLong { .. })), "{refused:?}");
    assert_eq!(plane.queued_bytes(), 0);
}

#[test]
fn the_same_seed_gives_the_same_packets_and_another_gives_others() {
    let now = Instant::now();
    let sent = |seed| {
        let clock = WallClock { at: now, unix: Duration::ZERO };
        let mut plane = DataPlane::new(Limits::CONVERSATION, clock, seed);
        let id = plane.send_text(now, "hello", topic("t")).unwrap();
        assert_eq!(id.as_str().len(), 36);
        assert_eq!(id.as_str().as_bytes()[14], b'4', "version 4: {id}");
        assert!(b"89ab".contains(&id.as_str().as_bytes()[19]), "variant: {id}");
        taken(&mut plane)
    };
    assert_eq!(sent(7), sent(7));
    assert_ne!(sent(7), sent(8));
}

#[test]
fn dates_follow_the_time_given() {
    let now = Instant::now();
    let clock = WallClock { at: now, unix: Duration::from_secs(1_000) };
    let mut plane = DataPlane::new(Limits::CONVERSATION, clock, 0);
    plane.send_chat(now + Duration::from_millis(250), "hello", &[]).unwrap();
    let [DataPacket { value: Some(Value::ChatMessage(message)), .. }] = &taken(&mut plane)[..] else {
        panic!("no chat message")
    };
    assert_eq!(message.timestamp, 1_000_250);
}

pub(super) fn alone(limits: Limits) -> DataPlane {
    DataPlane::new(limits, WallClock { at: Instant::now(), unix: Duration::ZERO }, 1)
}
