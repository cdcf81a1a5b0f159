//! Server-sent events out of a response, read as fast as they are asked for.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use providers_core::ProviderError;
use reqwest::{Response, header::CONTENT_TYPE};

use crate::{SseEvent, SseParser, broken, transport};

/// Bytes that one event may have.
const EVENT: usize = 1024 * 1024;

/// What is read after the last event that matters, at most, and for how long: the end of the body is all that a server
/// has to send then. Beyond it the connection is closed, and the next request opens another.
const REST: usize = 64 * 1024;
const REST_TIME: Duration = Duration::from_secs(1);

type Body = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>;

/// The events of a response. Dropping it closes the connection, unless the body has ended.
pub struct EventStream {
    provider: &'static str,
    body: Body,
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

    /// No further event matters: reads to the end of the body, so that the connection can be used again. What is not
    /// there yet is read beside the caller.
    pub fn finish(self, cx: &mut Context<'_>) {
        let mut rest = Rest { body: self.body, left: REST };
        if Pin::new(&mut rest).poll(cx).is_ready() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // Too late or too much: the connection is closed with the body.
                let _ = tokio::time::timeout(REST_TIME, rest).await;
            });
        }
    }
}

/// A body that is read for its end.
struct Rest {
    body: Body,
    left: usize,
}

impl Future for Rest {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(Ok(bytes)) = ready!(self.body.as_mut().poll_next(cx)) {
            let Some(left) = self.left.checked_sub(bytes.len()) else { break };
            self.left = left;
        }
        Poll::Ready(())
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("provider", &self.provider).finish_non_exhaustive()
    }
}
