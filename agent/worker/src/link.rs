//! The WebSocket to LiveKit's agent endpoint: opened with a fresh token, read frame by frame, written by one task.
//!
//! It judges nothing but its own failures: whether a server is down or says no ([`LinkError::failure`]).

use std::time::Duration;

use agent_rtc::LinkFailure as RoomFailure;
use bytes::Bytes;
use config_schema::Livekit;
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use livekit_token::{AccessToken, VideoGrants};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{
        self, Message,
        client::IntoClientRequest,
        error::ProtocolError,
        http::{HeaderValue, StatusCode, header::AUTHORIZATION},
        protocol::WebSocketConfig,
    },
};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use crate::{
    protocol::{Frame, LinkFailure},
    trust::Trust,
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An open link. Dropping it closes the socket at once; [`Link::close`] says goodbye.
pub struct Link {
    reader: SplitStream<Socket>,
    outbox: mpsc::Sender<Outgoing>,
    writer: AbortOnDropHandle<()>,
}

/// Why a link could not be opened. The text names what to look at.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The key or its secret is wrong.
    #[error("{0} refused the key (401): check LIVEKIT_API_KEY and LIVEKIT_API_SECRET against the server's")]
    Unauthorised(String),
    /// Something answered that has not what a LiveKit server has.
    #[error("{0} has no such endpoint (404): check LIVEKIT_URL; is this a LiveKit server?")]
    NotFound(String),
    /// What is before the server, or the server itself, is not ready, or too busy: 5xx, 408, 429.
    #[error("{url} answered {status}")]
    Busy {
        /// Where.
        url: String,
        /// What.
        status: StatusCode,
    },
    /// Something answered as no LiveKit server does.
    #[error("{url} answered {status}: check LIVEKIT_URL; is this a LiveKit server?")]
    Status {
        /// Where.
        url: String,
        /// What.
        status: StatusCode,
    },
    /// The server's certificate is not believed.
    #[error("{url} cannot be trusted: {reason}")]
    Certificate {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// Nothing answered.
    #[error("cannot reach {url}: {reason}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// What answered at a secure address does not speak TLS, or none that we do.
    #[error(
        "{url} does not speak TLS ({reason}): check LIVEKIT_URL; is this a LiveKit server, and not ws:// instead?"
    )]
    NotTls {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// What answered does not speak this protocol.
    #[error("{url} does not speak WebSocket ({reason}): check LIVEKIT_URL; is this a LiveKit server?")]
    NotWebSocket {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// The key cannot sign.
    #[error("cannot sign a token with LIVEKIT_API_KEY and LIVEKIT_API_SECRET: {0}")]
    Token(String),
}

impl LinkError {
    /// Whether it may pass by itself.
    #[must_use]
    pub fn failure(&self) -> LinkFailure {
        match self {
            Self::Unauthorised(_)
            | Self::NotFound(_)
            | Self::Status { .. }
            | Self::Certificate { .. }
            | Self::NotTls { .. }
            | Self::NotWebSocket { .. }
            | Self::Token(_) => LinkFailure::Refused,
            Self::Busy { .. } | Self::Unreachable { .. } => LinkFailure::Unreachable,
        }
    }
}

/// Why a room could not be reached, in the words that the link's failures have.
pub(crate) fn of_room(server: &Url, failure: RoomFailure) -> LinkError {
    let url = shown(server);
    match failure {
        RoomFailure::Unauthorized { .. } => LinkError::Unauthorised(url),
        RoomFailure::NotFound(_) => LinkError::NotFound(url),
        RoomFailure::Refused { status, text } => match StatusCode::from_u16(status) {
            Ok(status) => answered(url, status),
            Err(_) => LinkError::NotWebSocket { url, reason: text },
        },
        RoomFailure::Tls(reason) => LinkError::Certificate { url, reason },
        RoomFailure::Protocol(reason) | RoomFailure::Url(reason) => LinkError::NotWebSocket { url, reason },
        RoomFailure::Unreachable(reason) | RoomFailure::Closed(reason) => {
            LinkError::Unreachable { url, reason }
        }
        failure @ (RoomFailure::TimedOut | RoomFailure::Media) => {
            LinkError::Unreachable { url, reason: failure.to_string() }
        }
    }
}

/// One thing to write.
enum Outgoing {
    Frame { message: Message, written: Option<oneshot::Sender<()>> },
    Goodbye,
}

impl Link {
    /// Opens a link within `limit`. At `wss://` the server must be one that `trust` believes.
    pub async fn open(server: &Livekit, trust: &Trust, limit: Duration) -> Result<Self, LinkError> {
        let url = agent_url(&server.url);
        let shown = shown(&server.url);
        let mut request = url.as_str().into_client_request().map_err(|error| failed(&shown, error))?;
        request.headers_mut().insert(AUTHORIZATION, bearer(server)?);
        let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
        let tls = trust.tls().map(Connector::Rustls);
        let (socket, _) = timeout(limit, connect_async_tls_with_config(request, Some(config), true, tls))
            .await
            .map_err(|_| LinkError::Unreachable {
                url: shown.clone(),
                reason: format!("no answer within {limit:?}"),
            })?
            .map_err(|error| failed(&shown, error))?;
        let (sink, reader) = socket.split();
        let (outbox, frames) = mpsc::channel(OUTBOX);
        Ok(Self { reader, outbox, writer: AbortOnDropHandle::new(tokio::spawn(write(sink, frames))) })
    }

    /// The next frame; `None` when the link is gone. Cancelling it loses nothing.
    pub async fn receive(&mut self) -> Option<Frame> {
        match self.reader.next().await? {
            Ok(Message::Binary(bytes)) => Some(Frame::Binary(bytes)),
            Ok(Message::Text(_)) => Some(Frame::Text),
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Some(Frame::Control),
            Ok(Message::Close(_)) | Err(_) => None,
        }
    }

    /// Queues a message; `written` is told when it has gone to the socket. False when the server does not read: then
    /// the link is worth nothing.
    #[must_use]
    pub fn send(&self, bytes: Vec<u8>, written: Option<oneshot::Sender<()>>) -> bool {
        self.outbox.try_send(Outgoing::Frame { message: Message::Binary(bytes.into()), written }).is_ok()
    }

    /// Queues a ping. False as for [`Link::send`].
    #[must_use]
    pub fn ping(&self) -> bool {
        self.outbox.try_send(Outgoing::Frame { message: Message::Ping(Bytes::new()), written: None }).is_ok()
    }

    /// Writes what is queued, says goodbye, and closes; bounded, also where the queue is full.
    pub async fn close(self) {
        let goodbye = async {
            if self.outbox.send(Outgoing::Goodbye).await.is_ok() {
                drop(self.writer.await);
            }
        };
        // A server that does not read is left without a goodbye.
        drop(timeout(GOODBYE, goodbye).await);
    }
}

async fn write(mut sink: SplitSink<Socket, Message>, mut frames: mpsc::Receiver<Outgoing>) {
    while let Some(outgoing) = frames.recv().await {
        match outgoing {
            Outgoing::Frame { message, written } => {
                if sink.send(message).await.is_err() {
                    return;
                }
                if let Some(written) = written {
                    // Nobody waits any more: the call was told to hurry.
                    let _ = written.send(());
                }
            }
            Outgoing::Goodbye => {
                // The server may be gone already.
                drop(sink.close().await);
                return;
            }
        }
    }
}

/// The agent endpoint of a server: `agent` joined to its path, over WebSocket.
fn agent_url(server: &Url) -> Url {
    let mut url = websocket_url(server);
    url.set_path(&format!("{}/agent", server.path().trim_end_matches('/')));
    url
}

/// The server as WebSocket clients reach it: `http` is `ws`, `https` is `wss`.
#[must_use]
pub fn websocket_url(server: &Url) -> Url {
    let mut url = server.clone();
    let scheme = if matches!(server.scheme(), "https" | "wss") { "wss" } else { "ws" };
    // All four are schemes with a host, and only others are refused.
    let _ = url.set_scheme(scheme);
    url
}

/// The server's address for people: as WebSocket clients reach it, and nothing that could be a secret.
pub(crate) fn shown(server: &Url) -> String {
    let url = websocket_url(server);
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path().trim_end_matches('/'))
}

fn bearer(server: &Livekit) -> Result<HeaderValue, LinkError> {
    let token = AccessToken::with_api_key(&server.api_key, server.api_secret.expose())
        .with_ttl(TOKEN_LIFE)
        .with_grants(VideoGrants { agent: true, ..VideoGrants::default() })
        .to_jwt()
        .map_err(|error| LinkError::Token(error.to_string()))?;
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|error| LinkError::Token(error.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn failed(url: &str, error: tungstenite::Error) -> LinkError {
    use tungstenite::Error;
    let url = url.to_owned();
    match error {
        Error::Http(response) => answered(url, response.status()),
        Error::Io(error) => match error.get_ref().and_then(|source| source.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(reason)) => {
                LinkError::Certificate { url, reason: format!("{reason:?}") }
            }
            Some(reason @ (rustls::Error::InvalidMessage(_) | rustls::Error::PeerIncompatible(_))) => {
                LinkError::NotTls { url, reason: reason.to_string() }
            }
            Some(_) | None => LinkError::Unreachable { url, reason: error.to_string() },
        },
        Error::Tls(error) => LinkError::Certificate { url, reason: error.to_string() },
        // It closed before it had answered: a server, or a balancer before it, that comes or goes.
        Error::Protocol(ProtocolError::HandshakeIncomplete | ProtocolError::ResetWithoutClosingHandshake)
        | Error::ConnectionClosed
        | Error::AlreadyClosed => {
            LinkError::Unreachable { url, reason: "the connection was closed before an answer".to_owned() }
        }
        Error::Protocol(error) => LinkError::NotWebSocket { url, reason: error.to_string() },
        Error::Capacity(error) => LinkError::NotWebSocket { url, reason: error.to_string() },
        Error::HttpFormat(error) => LinkError::NotWebSocket { url, reason: error.to_string() },
        other => LinkError::Unreachable { url, reason: other.to_string() },
    }
}

/// What an answer means that opens no link. As LiveKit's own clients have it: 5xx and "later" pass by themselves, and
/// are waited for; what else is answered will be answered again.
pub(crate) fn answered(url: String, status: StatusCode) -> LinkError {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => LinkError::Unauthorised(url),
        StatusCode::NOT_FOUND => LinkError::NotFound(url),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => LinkError::Busy { url, status },
        status if status.is_server_error() => LinkError::Busy { url, status },
        status => LinkError::Status { url, status },
    }
}

/// What the server accepts as one message.
const LARGEST: usize = 2 * 1024 * 1024;
/// Messages that may wait for the socket. A server that reads none of so many is taken for dead.
const OUTBOX: usize = 1_024;
/// How long the last messages and the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// The token opens the link and is not looked at again.
const TOKEN_LIFE: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_endpoint_is_joined_to_the_path_of_the_server() {
        for (server, endpoint) in [
            ("ws://127.0.0.1:7880", "ws://127.0.0.1:7880/agent"),
            ("http://127.0.0.1:7880/", "ws://127.0.0.1:7880/agent"),
            ("https://rooms.example/base", "wss://rooms.example/base/agent"),
            ("wss://rooms.example/base/", "wss://rooms.example/base/agent"),
        ] {
            assert_eq!(agent_url(&server.parse().unwrap()).as_str(), endpoint);
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let url = "https://user:hush@rooms.example:8443/base/?token=hush".parse().unwrap();
        assert_eq!(shown(&url), "wss://rooms.example:8443/base");
    }

    #[tokio::test]
    async fn a_server_that_does_not_read_does_not_hold_up_the_goodbye() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accept = async {
            let (stream, _) = listener.accept().await.unwrap();
            tokio_tungstenite::accept_async(stream).await.unwrap()
        };
        let secret = "a secret of at least 32 bytes, of a test";
        let arguments = [
            format!("livekit.url=ws://{address}"),
            "livekit.api_key=key".to_owned(),
            format!("livekit.api_secret={secret}"),
        ];
        let sources = config_schema::Sources { arguments: &arguments, ..Default::default() };
        let server = config_schema::load(&sources).unwrap().config.livekit;
        let (trust, limit) = (Trust::default(), Duration::from_secs(20));
        let (link, _unread) = tokio::join!(Link::open(&server, &trust, limit), accept);
        let link = link.unwrap();
        // More than the socket's buffers take, and then as many as may wait.
        while link.send(vec![0; LARGEST / 2], None) {
            tokio::task::yield_now().await;
        }
        // All that the sockets do is done: from here on only time passes.
        tokio::time::pause();
        let before = tokio::time::Instant::now();
        link.close().await;
        assert_eq!(before.elapsed().as_secs(), GOODBYE.as_secs());
    }
}
