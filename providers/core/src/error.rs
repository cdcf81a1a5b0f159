//! What can go wrong at a provider, in words a caller can act on.

use std::{error::Error, time::Duration};

/// What kind of failure it was. Decides between trying again, trying another provider and giving up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// The key is missing, wrong or lacks a right.
    Unauthorised,
    /// No such model, voice, deployment or address.
    NotFound,
    /// Too many requests; see `retry_after`.
    RateLimited,
    /// The provider says that it is overloaded or down (HTTP 5xx).
    Overloaded,
    /// No connection within the connect timeout.
    ConnectTimeout,
    /// Connected, but nothing came within the first-result timeout.
    FirstByteTimeout,
    /// The stream was silent for longer than the idle timeout.
    IdleTimeout,
    /// The whole took longer than allowed.
    TotalTimeout,
    /// The connection could not be made: DNS, TLS, refused.
    Unreachable,
    /// The provider says that the request is wrong.
    BadRequest,
    /// The context is longer than the model can read.
    ContextTooLong,
    /// The provider withheld the answer.
    ContentFiltered,
    /// The answer's limit of tokens was used up before anything of it was said: by thinking, or it is too small.
    OutputLimit,
    /// The provider cannot do what was asked (language, tool, rate).
    Unsupported,
    /// The provider sent what its protocol does not allow.
    ProtocolBroken,
    /// The stream ended without its end mark.
    StreamCut,
    /// The caller cancelled.
    Cancelled,
    /// A fault in this program.
    Internal,
}

impl ErrorKind {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Unauthorised,
        Self::NotFound,
        Self::RateLimited,
        Self::Overloaded,
        Self::ConnectTimeout,
        Self::FirstByteTimeout,
        Self::IdleTimeout,
        Self::TotalTimeout,
        Self::Unreachable,
        Self::BadRequest,
        Self::ContextTooLong,
        Self::ContentFiltered,
        Self::OutputLimit,
        Self::Unsupported,
        Self::ProtocolBroken,
        Self::StreamCut,
        Self::Cancelled,
        Self::Internal,
    ];

    /// Whether the same request may succeed at the same provider a little later.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        match self {
            Self::RateLimited
            | Self::Overloaded
            | Self::ConnectTimeout
            | Self::FirstByteTimeout
            | Self::IdleTimeout
            | Self::TotalTimeout
            | Self::Unreachable
            | Self::ProtocolBroken
            | Self::StreamCut => true,
            Self::Unauthorised
            | Self::NotFound
            | Self::BadRequest
            | Self::ContextTooLong
            | Self::ContentFiltered
            | Self::OutputLimit
            | Self::Unsupported
            | Self::Cancelled
            | Self::Internal => false,
        }
    }

    /// The name used in metrics and journals: lower case, underscores.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unauthorised => "unauthorised",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::ConnectTimeout => "connect_timeout",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::TotalTimeout => "total_timeout",
            Self::Unreachable => "unreachable",
            Self::BadRequest => "bad_request",
            Self::ContextTooLong => "context_too_long",
            Self::ContentFiltered => "content_filtered",
            Self::OutputLimit => "output_limit",
            Self::Unsupported => "unsupported",
            Self::ProtocolBroken => "protocol_broken",
            Self::StreamCut => "stream_cut",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

/// A failure at a provider.
#[derive(Debug, thiserror::Error)]
#[error("{provider}: {message}")]
pub struct ProviderError {
    /// The provider's name as configured, such as `openai`.
    pub provider: &'static str,
    /// What kind of failure it was.
    pub kind: ErrorKind,
    /// What happened, for an operator: lower case, no full stop, no key, nothing that a person said.
    pub message: String,
    /// How long the provider asks to be left alone.
    pub retry_after: Option<Duration>,
    /// What caused it.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl ProviderError {
    /// An error without a cause.
    #[must_use]
    pub fn new(provider: &'static str, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { provider, kind, message: message.into(), retry_after: None, source: None }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error with the pause that the provider asked for.
    #[must_use]
    pub fn with_retry_after(mut self, pause: Option<Duration>) -> Self {
        self.retry_after = pause;
        self
    }
}
