//! Datagrams from anywhere: STUN, DTLS, RTP, RTCP, and what is none of them.
#![no_main]

use std::net::SocketAddr;
use std::time::Duration;

use agent_rtc_proto::{Input, SignalPath, Transport};
use libfuzzer_sys::fuzz_target;
use tests_fuzz::room::Room;
use tests_fuzz::steps;

fuzz_target!(|input: &[u8]| {
    let Some((first, input)) = input.split_first() else { return };
    let mut room = Room::joined(if first % 2 == 0 { SignalPath::Single } else { SignalPath::Dual });
    for step in steps::read(input).take(16) {
        let Some(&to) = room.sockets.get(usize::from(step.kind & 1) % room.sockets.len().max(1)) else {
            return;
        };
        let transport = if step.kind & 2 == 0 { Transport::Udp } else { Transport::Tcp };
        let from = SocketAddr::from(([127, 0, 0, 1], 7_881));
        room.feed(Input::DatagramReceived { transport, from, to, bytes: step.bytes });
        room.wait(Duration::from_millis(5));
    }
    assert!(!room.disconnected, "a datagram ended the room");
});
