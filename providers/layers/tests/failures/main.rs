//! What the layers make of a provider that fails, flaps, stalls or is too slow, by the minute of a virtual clock.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use providers_core::ErrorKind;
use providers_fake::{Fault, Mishap};
use providers_layers::RetryPolicy;

mod ears;
mod minds;
mod voices;

/// How failures are tried again.
const POLICY: RetryPolicy = RetryPolicy {
    attempts: 4,
    base: Duration::from_millis(100),
    cap: Duration::from_millis(300),
    longest_asked: Duration::from_secs(2),
};

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn error(after: usize, kind: ErrorKind) -> Option<Fault> {
    Some(Fault { after, what: Mishap::Error { kind, retry_after: None } })
}
