//! The whole crate against a server of this API on loopback.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod account;
mod conformance;
mod server;
