//! What the layers make of a provider that fails, flaps, stalls or is too slow, by the minute of a virtual clock.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use providers_core::ErrorKind;
use providers_fake::{Fault, Mishap};

mod ears;
mod minds;
mod voices;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn error(after: usize, kind: ErrorKind) -> Option<Fault> {
    Some(Fault { after, what: Mishap::Error { kind, retry_after: None } })
}
