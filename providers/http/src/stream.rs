//! Server-sent events out of a response, read as fast as they are asked for.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use providers_core::ProviderError;
use reqwest::{Response, header::CONTENT_TYPE};

use crate::{SseEvent, SseParser, broken, transport};

/// Bytes that one event may have.
const EVENT: usize = 1024 * 1024;

/// The events of a response. Dropping it closes the connection.
pub struct EventStream {
    provider: &'static str,
    body: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    parser: SseParser,
}

impl EventStream {
    /// Reads `response`, which must be a stream of events.
    ///
    /// # Errors
    /// [`providers_core::ErrorKind::ProtocolBroken`] when its content type is another one; a missing one is borne.
    pub fn new(provider: &'static str, response: Response) -> Result<Self, ProviderError> {
        let content = response.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
        if content.is_some_and(|content| !content.trim_start().starts_with("text/event-stream")) {
            return Err(broken(provider, "the answer is not a stream of events; check the base URL"));
        }
        Ok(Self { provider, body: Box::pin(response.bytes_stream()), parser: SseParser::new(EVENT) })
    }

    /// The next event; `None` at the end of the body.
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<SseEvent, ProviderError>>> {
        loop {
            match self.parser.next_event() {
                Ok(Some(event)) => return Poll::Ready(Some(Ok(event))),
                Ok(None) => {}
                Err(too_long) => return Poll::Ready(Some(Err(broken(self.provider, too_long.to_string())))),
            }
            match ready!(self.body.as_mut().poll_next(cx)) {
                Some(Ok(bytes)) => self.parser.push(&bytes),
                Some(Err(error)) => return Poll::Ready(Some(Err(transport(self.provider, error)))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("provider", &self.provider).finish_non_exhaustive()
    }
}
