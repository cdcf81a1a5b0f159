//! HTTP, server-sent events, authentication and error texts for providers that are reached over the network.
//!
//! A vendor crate makes an [`Endpoint`], posts to it, and reads an [`EventStream`] or the body. What a status, a
//! header or an error body means is decided in one file, `error.rs`. Keys go into headers marked sensitive and are
//! printed nowhere. TLS uses the process's default crypto provider, which the binary installs.
#![warn(missing_docs)]

mod endpoint;
mod error;
mod secret;
mod sse;
mod stream;

pub use endpoint::{Auth, Endpoint, HttpOptions};
pub use error::{broken, classify, read_body, refusal, retry_after, transport};
pub use secret::Secret;
pub use sse::{SseEvent, SseParser, TooLong};
pub use stream::EventStream;
