//! The way out: the connections of all HTTP tools, and how a request is sent, sent again, and followed.

use std::time::{Duration, SystemTime};

use reqwest::{
    Client, Method, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION},
    redirect,
};
use tracing::debug;
use url::Url;

use super::{
    guard::{Guard, Inside},
    plan::Request,
};

/// The connections of HTTP tools. Cheap to clone; clones share them.
#[derive(Clone, Debug)]
pub struct Egress {
    public: Client,
    private: Client,
}

/// Why there is no way out.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// TLS cannot be spoken.
    #[error("no default crypto provider is installed in this process")]
    NoCrypto,
    /// The client cannot be made.
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
}

/// How the requests of one tool may go.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) guard: Guard,
    /// Hosts to which an answer may redirect, besides its own.
    pub(super) redirect_hosts: Vec<String>,
    pub(super) attempts: u32,
    pub(super) is_repeatable: bool,
    /// Bytes of an answer.
    pub(super) limit: usize,
    /// The header that carries the key; goes to the first host only.
    pub(super) secret: Option<(HeaderName, HeaderValue)>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error(transparent)]
    Inside(#[from] Inside),
    #[error("the server cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("the connection broke")]
    Broken(#[source] reqwest::Error),
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
}

/// Redirects that are followed, one after the other.
const REDIRECTS: usize = 3;

/// DNS, TCP and TLS together.
const CONNECT: Duration = Duration::from_secs(5);

/// The pause before the second attempt; doubled with each one more.
const PAUSE: Duration = Duration::from_millis(150);

/// The longest pause that a server is granted; one that asks for more is not asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

impl Egress {
    /// The way out of this process. Connections live on the runtime that makes them.
    ///
    /// # Errors
    /// When the process cannot speak TLS.
    pub fn new() -> Result<Self, EgressError> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(EgressError::NoCrypto);
        }
        let client = |allow_private| {
            Client::builder()
                .connect_timeout(CONNECT)
                .tcp_nodelay(true)
                .redirect(redirect::Policy::none())
                // A proxy would look names up by itself, and reach what the guard refuses.
                .no_proxy()
                .dns_resolver(std::sync::Arc::new(Guard { allow_private }))
                .user_agent(concat!("colloquy/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| EgressError::Client(error.without_url()))
        };
        Ok(Self { public: client(false)?, private: client(true)? })
    }

    /// Sends a request, again where that can do nothing twice, and reads the answer.
    pub(super) async fn send(&self, request: &Request, way: &Way) -> Result<Reply, Lost> {
        let mut attempt = 1;
        loop {
            let sent = self.follow(request, way).await;
            let pause = match &sent {
                Ok((reply, wait)) => again_after(reply.status, *wait, way.is_repeatable),
                Err(Lost::Unreachable(_)) => Some(Duration::ZERO),
                Err(Lost::Broken(_)) => way.is_repeatable.then_some(Duration::ZERO),
                Err(Lost::Inside(_) | Lost::TooLong(_)) => None,
            };
            let (Some(pause), true) = (pause, attempt < way.attempts) else {
                return sent.map(|(reply, _)| reply);
            };
            let doubled = PAUSE * 2_u32.saturating_pow(attempt - 1);
            debug!(attempt, "a tool's request is sent again");
            tokio::time::sleep(doubled.max(pause)).await;
            attempt += 1;
        }
    }

    /// One attempt: sends the request, and follows redirects within the hosts that are allowed.
    async fn follow(&self, request: &Request, way: &Way) -> Result<(Reply, Option<Duration>), Lost> {
        let mut request = request.clone();
        let home = request.url.origin();
        let mut hops = 0;
        loop {
            let carries_secret = request.url.origin() == home;
            let response = self.ask(&request, way, carries_secret).await?;
            let next = redirected(&request, &response, way).filter(|_| hops < REDIRECTS);
            let Some(next) = next else {
                let wait = providers_http::retry_after(response.headers(), SystemTime::now());
                return Ok((read(response, way.limit).await?, wait));
            };
            request = next;
            hops += 1;
        }
    }

    async fn ask(&self, request: &Request, way: &Way, carries_secret: bool) -> Result<Response, Lost> {
        way.guard.admit(&request.url)?;
        let client = if way.guard.allow_private { &self.private } else { &self.public };
        let mut builder =
            client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
        if let Some((name, value)) = way.secret.as_ref().filter(|_| carries_secret) {
            builder = builder.header(name, value);
        }
        if !request.body.is_empty() {
            builder = builder.body(request.body.clone());
        }
        builder.send().await.map_err(lost)
    }
}

/// How long to wait before the request is sent again, if it may be.
fn again_after(status: StatusCode, asked: Option<Duration>, is_repeatable: bool) -> Option<Duration> {
    let may = match status.as_u16() {
        // Not obeyed, says the server.
        429 => true,
        500 | 502..=504 => is_repeatable,
        _ => false,
    };
    let pause = asked.unwrap_or_default();
    (may && pause <= LONGEST_PAUSE).then_some(pause)
}

/// The request to which a response redirects, if it may be followed.
fn redirected(request: &Request, response: &Response, way: &Way) -> Option<Request> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let url = request.url.join(location).ok()?;
    let is_allowed = url.origin() == request.url.origin()
        || (url.scheme() == "https" || way.guard.allow_private)
            && way.redirect_hosts.iter().any(|host| is_host(host, &url));
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    if !is_allowed || has_credentials {
        return None;
    }
    match (response.status().as_u16(), &request.method) {
        (307 | 308, _) | (301..=303, &Method::GET) => Some(Request { url, ..request.clone() }),
        (303, _) => {
            let mut headers: HeaderMap = request.headers.clone();
            headers.remove(CONTENT_TYPE);
            Some(Request { method: Method::GET, url, headers, body: Vec::new() })
        }
        _ => None,
    }
}

/// Whether `host`, or `host:port`, is where the address goes.
fn is_host(host: &str, url: &Url) -> bool {
    let Some(name) = url.host_str() else { return false };
    let with_port = url.port_or_known_default().map(|port| format!("{name}:{port}"));
    host.eq_ignore_ascii_case(name) && url.port().is_none()
        || with_port.is_some_and(|with_port| host.eq_ignore_ascii_case(&with_port))
}

/// Reads an answer up to a limit; of one that is no success the beginning is enough.
async fn read(mut response: Response, limit: usize) -> Result<Reply, Lost> {
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        let room = limit - body.len();
        if chunk.len() > room && status.is_success() {
            return Err(Lost::TooLong(limit));
        }
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == limit && !status.is_success() {
            break;
        }
    }
    Ok(Reply { status, body })
}

fn lost(error: reqwest::Error) -> Lost {
    let error = error.without_url();
    let mut causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    if causes.any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(is_inside)) {
        return Lost::Inside(Inside);
    }
    if error.is_connect() || error.is_builder() { Lost::Unreachable(error) } else { Lost::Broken(error) }
}

fn is_inside(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Inside>())
}
