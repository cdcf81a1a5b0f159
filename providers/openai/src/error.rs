//! The ways in which this API breaks its own protocol, by name. What a status or an error body means is decided in
//! `providers/http`.

use providers_core::{ErrorKind, ProviderError};
use providers_http::broken;

use crate::account::PROVIDER;

/// The body ended before its end mark.
pub(crate) fn cut(what: &str) -> ProviderError {
    ProviderError::new(PROVIDER, ErrorKind::StreamCut, what)
}

/// A piece of a stream or a body is not what the API promises.
pub(crate) fn malformed(what: &str) -> ProviderError {
    broken(PROVIDER, what)
}

/// The same, with what the JSON reader says. It names a line and a type; a value only where it quotes a wrong
/// one, so its text is left out.
pub(crate) fn not_the_json(what: &str, error: &serde_json::Error) -> ProviderError {
    broken(PROVIDER, format!("{what} ({:?} error at column {})", error.classify(), error.column()))
}
