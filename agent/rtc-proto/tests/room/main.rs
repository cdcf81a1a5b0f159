//! One room against a scripted server made of a second str0m: everything in virtual time, nothing on a network.
#![expect(clippy::unwrap_used, reason = "a test says what it misses and stops")]

mod audible;
mod invariants;
mod leaving;
mod malformed;
mod news;
mod sfu;
mod tcp;
mod weather;
mod world;
