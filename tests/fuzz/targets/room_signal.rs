//! What the server says over the link: whole protobuf messages in any order, and time between them.
#![no_main]

use std::time::Duration;

use agent_rtc_proto::{Input, SignalPath};
use libfuzzer_sys::fuzz_target;
use tests_fuzz::room::Room;
use tests_fuzz::steps;

fuzz_target!(|input: &[u8]| {
    let Some((first, input)) = input.split_first() else { return };
    let path = if first % 2 == 0 { SignalPath::Single } else { SignalPath::Dual };
    let mut room = if first & 2 == 0 { Room::joined(path) } else { Room::new(path) };
    for step in steps::read(input).take(16) {
        let bytes = room.fill_in(step.bytes);
        room.feed(Input::SignalReceived(&bytes));
        room.wait(Duration::from_millis(u64::from(step.kind) * 20));
    }
});
