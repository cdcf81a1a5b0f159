//! What a vendor's server may do, by name, and what a provider must make of it.

use std::time::Duration;

use providers_core::{ErrorKind, ProviderError};
use tokio::time::Instant;

use crate::report::{Broken, ensure};

/// How the bytes of an answer are cut when they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunking {
    /// One byte at a time: characters, numbers and marks are torn.
    Bytes,
    /// One event, or 1000 bytes, at a time.
    Events,
    /// All at once.
    Whole,
}

impl Chunking {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bytes, Self::Events, Self::Whole];
}

/// What goes wrong at the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// HTTP 429 with `Retry-After: 7`, or the vendor's like.
    RateLimited,
    /// HTTP 500.
    ServerError,
    /// HTTP 503.
    Overloaded,
    /// The connection is reset before anything was answered.
    Reset,
    /// The request is read and nothing is ever answered.
    NoResponse,
    /// The answer begins after 80 ms.
    SlowFirst,
    /// The connection breaks in the middle of the answer.
    Cut,
    /// Nothing comes after the middle of the answer.
    Stalled,
    /// A piece in the middle is not what the protocol allows.
    Malformed,
    /// The answer is whole and its body ends properly, without the protocol's end mark.
    NoEndMark,
    /// The context is too long.
    ContextTooLong,
    /// The content filter refuses.
    ContentFilter,
    /// The request is refused as wrong, such as a prefilled answer.
    BadRequest,
    /// The key is wrong, and the vendor's sentence quotes a part of it.
    WrongKey,
    /// The model does not exist.
    NoSuchModel,
}

impl Fault {
    /// All that end in an error.
    pub(crate) const FATAL: [Self; 12] = [
        Self::RateLimited,
        Self::ServerError,
        Self::Overloaded,
        Self::Reset,
        Self::Cut,
        Self::Malformed,
        Self::NoEndMark,
        Self::ContextTooLong,
        Self::ContentFilter,
        Self::BadRequest,
        Self::WrongKey,
        Self::NoSuchModel,
    ];

    /// The kinds that name it rightly.
    const fn kinds(self) -> &'static [ErrorKind] {
        match self {
            Self::RateLimited => &[ErrorKind::RateLimited],
            Self::ServerError | Self::Overloaded => &[ErrorKind::Overloaded],
            Self::Reset => &[ErrorKind::StreamCut, ErrorKind::Unreachable],
            Self::Cut | Self::NoEndMark => &[ErrorKind::StreamCut],
            Self::Malformed => &[ErrorKind::ProtocolBroken],
            Self::ContextTooLong => &[ErrorKind::ContextTooLong],
            Self::ContentFilter => &[ErrorKind::ContentFiltered],
            Self::BadRequest => &[ErrorKind::BadRequest],
            Self::WrongKey => &[ErrorKind::Unauthorised],
            Self::NoSuchModel => &[ErrorKind::NotFound],
            Self::NoResponse | Self::SlowFirst | Self::Stalled => &[],
        }
    }

    /// Whether `error` names this fault and keeps `secrets` to itself.
    pub(crate) fn judge(self, error: &ProviderError, secrets: &[&str]) -> Result<(), Broken> {
        ensure(self.kinds().contains(&error.kind), || {
            format!("{self:?} is called {:?}: {error}", error.kind)
        })?;
        if self == Self::RateLimited {
            let asked = Some(Duration::from_secs(7));
            ensure(error.retry_after == asked, || {
                format!("the pause asked for is read as {:?}", error.retry_after)
            })?;
        }
        let mut shown = format!("{error} {error:?}");
        let mut cause = std::error::Error::source(error);
        while let Some(next) = cause {
            shown.push_str(&format!(" {next} {next:?}"));
            cause = next.source();
        }
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            ensure(!shown.contains(secret), || format!("the error for {self:?} shows what it must not"))?;
        }
        ensure(!error.message.is_empty() && !error.message.ends_with('.'), || {
            format!("the error's text is no text: {:?}", error.message)
        })
    }
}

/// How soon a dropped stream must have freed its request.
const FREED: Duration = Duration::from_millis(50);

/// How often freeing is measured: the median counts, since the machine has other work.
pub(crate) const MEASURES: usize = 5;

/// Waits until `open` says none; how long it took.
pub(crate) async fn freed(open: impl Fn() -> u64) -> Result<Duration, Broken> {
    let began = Instant::now();
    while open() > 0 {
        ensure(began.elapsed() < Duration::from_secs(5), || {
            "a dropped stream's request stays open".to_owned()
        })?;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(began.elapsed())
}

/// Judges the times of several drops.
pub(crate) fn judge_freed(mut times: Vec<Duration>) -> Result<(), Broken> {
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    ensure(median <= FREED, || format!("dropped streams free their requests after {median:?}"))
}

/// Waits until `open` says that a request is open.
pub(crate) async fn opened(open: impl Fn() -> u64) -> Result<(), Broken> {
    let began = Instant::now();
    while open() == 0 {
        ensure(began.elapsed() < Duration::from_secs(5), || "no request was seen".to_owned())?;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// How long nothing must come to be believed to come never.
pub(crate) const NEVER: Duration = Duration::from_millis(150);

/// What a server may have sent when nobody reads: socket buffers and a few pieces.
pub(crate) const BUFFERED: u64 = 16 * 1024 * 1024;

/// Waits until what `sent` says does not grow any more, and says it.
pub(crate) async fn settled(sent: impl Fn() -> u64) -> Result<u64, Broken> {
    let mut last = sent();
    loop {
        tokio::time::sleep(NEVER).await;
        let now = sent();
        if now == last {
            return Ok(now);
        }
        ensure(now <= BUFFERED, || format!("{now} bytes were taken from the server while nobody read"))?;
        last = now;
    }
}
