//! The worker and the program against an agent server on the wire.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::result_large_err, reason = "the signature of a handshake is tungstenite's")]

mod command_line;
mod offers;
mod support;
mod worker;
