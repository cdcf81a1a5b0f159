//! What the server says over the link: whole protobuf messages in any order, and time between them.
#![no_main]

use std::time::Duration;

use agent_rtc_proto::{Input, SignalPath};
use libfuzzer_sys::fuzz_target;
use livekit_protocol::SignalResponse;
use livekit_protocol::leave_request::Action;
use livekit_protocol::signal_response::Message as Said;
use prost::Message;
use tests_fuzz::room::Room;
use tests_fuzz::steps;

fuzz_target!(|input: &[u8]| {
    let Some((first, input)) = input.split_first() else { return };
    let path = if first % 2 == 0 { SignalPath::Single } else { SignalPath::Dual };
    let was_let_in = first & 2 == 0;
    let mut room = if was_let_in { Room::joined(path) } else { Room::new(path) };
    let mut was_sent_away = false;
    for step in steps::read(input).take(16) {
        let bytes = room.fill_in(step.bytes);
        was_sent_away |= sends_away(&bytes);
        room.feed(Input::SignalReceived(&bytes));
        room.wait(Duration::from_millis(u64::from(step.kind) * 20));
    }
    // Nobody answers pings here, but a minute and a half is not long enough to give up.
    assert!(!room.disconnected || !was_let_in || was_sent_away, "a signal ended the room");
});

/// Whether the server says that we are to go and not to come back.
fn sends_away(bytes: &[u8]) -> bool {
    let said = SignalResponse::decode(bytes).ok().and_then(|response| response.message);
    matches!(said, Some(Said::Leave(leave)) if !matches!(leave.action(), Action::Resume | Action::Reconnect))
}
