//! One signalling link: a WebSocket that is polled. No task, no lock, and every error in words.
//!
//! `livekit-signaling` 0.1.8 was read and is not used: it runs three tasks a room behind unbounded channels and locks,
//! drops what is not protobuf without a word (here it is counted), trusts no private certificate authority, and brings a
//! second crypto library for TLS. What it does besides (URLs, ping and pong, resume) is in `address` and in the machine.
//! It does one thing more: it tries other regions of LiveKit Cloud when one is down.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use agent_rtc_proto::{LinkFailure, LinkRequest};
use bytes::Bytes;
use futures_util::{Sink, Stream};
use rustls::{CertificateError, ClientConfig};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use crate::address::Address;

/// A room of 3 000 participants is told in about 2 MiB.
const MESSAGE_MAX: usize = 16 << 20;
/// The link is idle nearly always; 128 KiB, the default, would be most of a room's memory.
const READ_BUFFER: usize = 4096;
/// Messages waiting to be sent. A server that takes none for so long is gone, as its missing pongs will show.
const QUEUE_MAX: usize = 1024;
/// What of an HTTP error is repeated.
const ERROR_TEXT_MAX: usize = 200;

/// An open link.
pub(crate) struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    queue: VecDeque<Bytes>,
    unflushed: bool,
    closing: Closing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    No,
    Asked,
    Said,
}

/// A link being opened. Dropping it gives it up.
pub(crate) type Opening = Pin<Box<dyn Future<Output = Result<Link, LinkFailure>> + Send>>;

/// Starts to open a link.
pub(crate) fn open(
    address: Address,
    request: LinkRequest,
    tls: Option<Arc<ClientConfig>>,
    patience: Duration,
) -> Opening {
    Box::pin(async move {
        match tokio::time::timeout(patience, connect(&address, &request, tls)).await {
            Ok(result) => result,
            Err(_) => Err(LinkFailure::TimedOut),
        }
    })
}

async fn connect(
    address: &Address,
    request: &LinkRequest,
    tls: Option<Arc<ClientConfig>>,
) -> Result<Link, LinkFailure> {
    let url = address.link(request);
    let uri = url.as_str().parse().map_err(|error| LinkFailure::Url(format!("{error}")))?;
    let builder =
        ClientRequestBuilder::new(uri).with_header("Authorization", format!("Bearer {}", request.token));
    let stream = connect_tcp(address).await?;
    // Without a configuration of its own, TLS trusts the roots that browsers have.
    let connector = tls.map(Connector::Rustls);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    let connected = client_async_tls_with_config(builder, stream, Some(config), connector).await;
    let (socket, _) = connected.map_err(|error| failure_from(error, address, &request.token))?;
    Ok(Link { socket, queue: VecDeque::new(), unflushed: false, closing: Closing::No })
}

async fn connect_tcp(address: &Address) -> Result<TcpStream, LinkFailure> {
    let unreachable = |error: &io::Error| {
        LinkFailure::Unreachable(format!("{}:{}: {error}", address.host(), address.port()))
    };
    let stream =
        TcpStream::connect((address.host(), address.port())).await.map_err(|error| unreachable(&error))?;
    stream.set_nodelay(true).map_err(|error| unreachable(&error))?;
    Ok(stream)
}

fn failure_from(error: Error, address: &Address, token: &str) -> LinkFailure {
    match error {
        Error::Http(response) => {
            let status = response.status().as_u16();
            let body = response.body().as_deref().unwrap_or_default();
            // The server repeats a token that it does not like; it is a secret all the same.
            let text = String::from_utf8_lossy(body).replace(token, "(the token)");
            let text: String = text.trim().chars().take(ERROR_TEXT_MAX).collect();
            match status {
                401 | 403 => LinkFailure::Unauthorized { status, text },
                404 => LinkFailure::NotFound(format!("{}:{}", address.host(), address.port())),
                _ => LinkFailure::Refused { status, text },
            }
        }
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) => LinkFailure::Tls(tls_text(error)),
            None if address.is_secure() && error.kind() == io::ErrorKind::UnexpectedEof => {
                LinkFailure::Tls("the server closed the connection instead of answering in TLS".into())
            }
            None => LinkFailure::Unreachable(format!("{}:{}: {error}", address.host(), address.port())),
        },
        Error::Tls(error) => LinkFailure::Tls(error.to_string()),
        Error::Url(error) => LinkFailure::Url(error.to_string()),
        other => LinkFailure::Protocol(other.to_string()),
    }
}

/// What went wrong with a certificate, in words.
fn tls_text(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => {
            format!("the server's certificate has expired ({error})")
        }
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the server's certificate is from an unknown issuer".into()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => format!("the server's certificate is for another name ({error})"),
        rustls::Error::InvalidMessage(_) => "the server does not speak TLS here: is it ws://?".into(),
        other => other.to_string(),
    }
}

impl Link {
    /// Queues a message; [`Link::poll`] sends it. `false`: too many wait.
    pub(crate) fn send(&mut self, message: Vec<u8>) -> bool {
        let taken = self.queue.len() < QUEUE_MAX;
        if taken {
            self.queue.push_back(message.into());
        }
        taken
    }

    /// Closes after what is queued. [`Link::poll`] then ends with an error.
    pub(crate) fn close(&mut self) {
        if self.closing == Closing::No {
            self.closing = Closing::Asked;
        }
    }

    /// Sends what is queued, and waits for the next message.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, LinkFailure>> {
        loop {
            if let Poll::Ready(Err(error)) = self.poll_send(context) {
                return Poll::Ready(Err(closed(&error)));
            }
            match ready!(Pin::new(&mut self.socket).poll_next(context)) {
                Some(Ok(Message::Binary(bytes))) => return Poll::Ready(Ok(bytes)),
                Some(Ok(Message::Close(frame))) => {
                    let reason = frame.map_or_else(
                        || "by the server".into(),
                        |frame| format!("{} {}", frame.code, frame.reason),
                    );
                    return Poll::Ready(Err(LinkFailure::Closed(reason)));
                }
                // A ping is answered by the library with the next flush.
                Some(Ok(Message::Ping(_))) => self.unflushed = true,
                Some(Ok(Message::Pong(_) | Message::Text(_) | Message::Frame(_))) => {}
                Some(Err(error)) => return Poll::Ready(Err(closed(&error))),
                None => return Poll::Ready(Err(LinkFailure::Closed("by the server".into()))),
            }
        }
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut socket = Pin::new(&mut self.socket);
        while !self.queue.is_empty() {
            ready!(socket.as_mut().poll_ready(context))?;
            let Some(message) = self.queue.pop_front() else { break };
            socket.as_mut().start_send(Message::Binary(message))?;
            self.unflushed = true;
        }
        if self.closing == Closing::Asked {
            ready!(socket.as_mut().poll_ready(context))?;
            socket.as_mut().start_send(Message::Close(None))?;
            self.closing = Closing::Said;
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(socket.as_mut().poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

fn closed(error: &Error) -> LinkFailure {
    LinkFailure::Closed(error.to_string())
}
