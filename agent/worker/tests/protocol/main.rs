//! The worker protocol without a wire: timelines, and invariants over random facts.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod line;
mod properties;
mod timelines;
