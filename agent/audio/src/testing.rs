//! Scaffolding of the tests: the one place where a test takes the moment to count from.

use std::time::Instant;

/// The moment at which a test begins.
#[expect(clippy::disallowed_methods, reason = "virtual time has to start somewhere")]
pub(crate) fn start() -> Instant {
    Instant::now()
}
