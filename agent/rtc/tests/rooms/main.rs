//! Rooms of a real livekit-server: what is promised, seen from two participants at once.
//!
//! Each test starts a server of its own on free ports of the loopback, and ends it. The server is the program named by
//! `LIVEKIT_SERVER`, or the one that `./dev up` builds.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what it misses and stops"
)]

mod api;
mod door;
mod leaving;
mod lost;
mod peers;
mod proxy;
mod server;
mod talking;
mod ways;
