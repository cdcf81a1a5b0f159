//! Session descriptions: an answer to our offer, and an offer of the server.
#![no_main]

use std::time::Duration;

use agent_rtc_proto::SignalPath;
use libfuzzer_sys::fuzz_target;
use livekit_protocol::SessionDescription;
use livekit_protocol::signal_response::Message as Said;
use tests_fuzz::room::Room;

fuzz_target!(|input: &[u8]| {
    let Some((first, text)) = input.split_first() else { return };
    let mut room;
    if first % 2 == 0 {
        room = Room::joined(SignalPath::Single);
        let sdp = String::from_utf8_lossy(&room.fill_in(text)).into_owned();
        let id = room.offer.as_ref().map_or(1, |offer| offer.id);
        room.say(Said::Answer(SessionDescription { r#type: "answer".into(), sdp, id, ..Default::default() }));
    } else {
        room = Room::joined(SignalPath::Dual);
        let sdp = String::from_utf8_lossy(text).into_owned();
        room.say(Said::Offer(SessionDescription {
            r#type: "offer".into(),
            sdp,
            id: 1,
            ..Default::default()
        }));
    }
    room.wait(Duration::from_secs(2));
    assert!(!room.disconnected, "a description ended the room");
});
