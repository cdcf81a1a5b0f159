//! One vendor's API: where it is, how one is known there, and the connections to it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use providers_core::{ErrorKind, ProviderError};
use reqwest::{
    Client, RequestBuilder, Response, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use tokio::task::AbortHandle;

use crate::{Secret, refusal, transport};

/// How connections are made and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpOptions {
    /// DNS, TCP and TLS together.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// Unused connections kept for each host.
    pub idle_connections: usize,
}

/// How one is known at an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Not at all, as at most servers of one's own.
    None,
    /// `Authorization: Bearer …`.
    Bearer(Secret),
    /// The key alone in a header of the vendor's own.
    Header(&'static str, Secret),
}

/// A vendor's API. Cheap to clone; clones share the connections, which live on the runtime that made them.
#[derive(Clone, Debug)]
pub struct Endpoint {
    provider: &'static str,
    base: Url,
    headers: HeaderMap,
    client: Client,
    /// How long after its use a connection is surely still kept.
    warm_for: Duration,
    warmth: Arc<Mutex<Warmth>>,
}

/// Whether a connection is kept.
#[derive(Debug, Default)]
struct Warmth {
    /// When one was last used, or opened ahead of time.
    used: Option<Instant>,
    /// The request that opens one ahead of time; ends with the endpoint.
    opening: Option<AbortHandle>,
}

impl Endpoint {
    /// The API of `provider` below `base_url`.
    ///
    /// Redirects are not followed: a key goes only where it was configured to go.
    ///
    /// # Errors
    /// [`ErrorKind::BadRequest`] for an address or a key that cannot be used, [`ErrorKind::Internal`] when the process
    /// has no crypto provider.
    pub fn new(
        provider: &'static str,
        base_url: &str,
        auth: Auth,
        options: &HttpOptions,
    ) -> Result<Self, ProviderError> {
        let base =
            parse_base(base_url).map_err(|why| ProviderError::new(provider, ErrorKind::BadRequest, why))?;
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let message = "no default crypto provider is installed in this process";
            return Err(ProviderError::new(provider, ErrorKind::Internal, message));
        }
        let client = Client::builder()
            .connect_timeout(options.connect_timeout)
            .pool_idle_timeout(options.idle_timeout)
            .pool_max_idle_per_host(options.idle_connections)
            .tcp_nodelay(true)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| {
                ProviderError::new(provider, ErrorKind::Internal, "cannot make an HTTP client")
                    .with_source(error.without_url())
            })?;
        let headers = auth_headers(auth).map_err(|()| unsendable(provider, "the key"))?;
        // Half of it, for what is sent now is to be used some time later.
        let warm_for = options.idle_timeout / 2;
        Ok(Self { provider, base, headers, client, warm_for, warmth: Arc::default() })
    }

    /// The same API with one more header on every request.
    ///
    /// # Errors
    /// [`ErrorKind::BadRequest`] when the value cannot be sent in a header.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Result<Self, ProviderError> {
        let value = HeaderValue::from_str(value).map_err(|_| unsendable(self.provider, name))?;
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(self)
    }

    /// The provider's name.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        self.provider
    }

    /// A POST to `path` below the base, authorised.
    pub fn post(&self, path: &str) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        self.client.post(url).headers(self.headers.clone())
    }

    /// Sends a request and waits for the head of a successful response.
    ///
    /// # Errors
    /// What the transport or the status says, as in `error.rs`.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, ProviderError> {
        let response = request.send().await.map_err(|error| transport(self.provider, error))?;
        self.warmth().used = Some(Instant::now());
        if response.status().is_success() {
            return Ok(response);
        }
        Err(refusal(self.provider, response).await)
    }

    /// Opens a connection ahead of the first request, without a key, unless one was used just now: cheap enough for
    /// every call to begin with. Does nothing outside a runtime.
    pub fn prewarm(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let mut warmth = self.warmth();
        if warmth.used.is_some_and(|used| used.elapsed() < self.warm_for) {
            return;
        }
        let request = self.client.head(self.base.clone()).timeout(Duration::from_secs(10));
        let task = runtime.spawn(async move {
            // Whatever it answers, the connection stands; and if not, the first request says why.
            drop(request.send().await);
        });
        warmth.used = Some(Instant::now());
        if let Some(previous) = warmth.opening.replace(task.abort_handle()) {
            previous.abort();
        }
    }

    fn warmth(&self) -> MutexGuard<'_, Warmth> {
        self.warmth.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Warmth {
    fn drop(&mut self) {
        if let Some(task) = self.opening.take() {
            task.abort();
        }
    }
}

fn parse_base(base_url: &str) -> Result<Url, String> {
    let base = Url::parse(base_url.trim()).map_err(|error| format!("the base URL is not one: {error}"))?;
    if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
        return Err("the base URL is not an http or https address".to_owned());
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err("the base URL has a user name or password in it; a key has a place of its own".to_owned());
    }
    Ok(base)
}

fn auth_headers(auth: Auth) -> Result<HeaderMap, ()> {
    let mut headers = HeaderMap::new();
    match auth {
        Auth::None => {}
        Auth::Bearer(secret) => {
            headers.insert(reqwest::header::AUTHORIZATION, secret.header("Bearer ").map_err(drop)?);
        }
        Auth::Header(name, secret) => {
            headers.insert(HeaderName::from_static(name), secret.header("").map_err(drop)?);
        }
    }
    Ok(headers)
}

fn unsendable(provider: &'static str, what: &str) -> ProviderError {
    let message = format!("{what} has characters that no HTTP header may carry");
    ProviderError::new(provider, ErrorKind::BadRequest, message)
}

#[cfg(test)]
mod tests {
    use super::parse_base;

    #[test]
    fn an_address_that_cannot_be_used_is_told_at_once() {
        assert!(parse_base("https://api.example.com/v1/").is_ok());
        assert!(parse_base("http://127.0.0.1:8000").is_ok());
        for wrong in
            ["", "api.example.com", "ftp://example.com", "https://user:key@example.com", "https://", "/v1"]
        {
            let why = parse_base(wrong).unwrap_err();
            assert!(!why.contains("key@"), "{why}");
        }
    }
}
