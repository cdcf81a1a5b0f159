//! Candidates of the server, as the JSON that browsers write, for either connection.
#![no_main]

use std::time::Duration;

use agent_rtc_proto::SignalPath;
use libfuzzer_sys::fuzz_target;
use livekit_protocol::TrickleRequest;
use livekit_protocol::signal_response::Message as Said;
use tests_fuzz::room::Room;
use tests_fuzz::steps;

fuzz_target!(|input: &[u8]| {
    let Some((first, input)) = input.split_first() else { return };
    let mut room = Room::joined(if first % 2 == 0 { SignalPath::Single } else { SignalPath::Dual });
    for step in steps::read(input).take(16) {
        room.say(Said::Trickle(TrickleRequest {
            candidate_init: String::from_utf8_lossy(step.bytes).into_owned(),
            target: i32::from(step.kind & 3),
            r#final: step.kind & 4 != 0,
        }));
        room.wait(Duration::from_millis(5));
    }
    assert!(!room.disconnected, "a candidate ended the room");
});
