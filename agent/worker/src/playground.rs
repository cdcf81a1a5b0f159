//! The playground: a page for a person's first call, and tokens for it. For the loopback only, never a way into a
//! server that others use.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use livekit_token::{AccessToken, AccessTokenError, VideoGrants};
use serde::Deserialize;
use serde_json::json;

/// What the playground serves, and for which LiveKit server it makes tokens.
pub struct Playground {
    /// Where it listens; must be a loopback address.
    pub bind: SocketAddr,
    /// The folder with `livekit-client.umd.js` (npm's `livekit-client`, folder `dist`).
    pub assets: PathBuf,
    /// The LiveKit server, as the browser reaches it: `ws://` or `wss://`.
    pub livekit_url: String,
    /// The server's API key.
    pub api_key: String,
    /// The key's secret.
    pub api_secret: String,
}

/// Why the playground does not start.
#[derive(Debug, thiserror::Error)]
pub enum PlaygroundError {
    /// Everybody who reaches it gets a token, so it must not be reachable.
    #[error("the playground hands out tokens, so it listens on a loopback address only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The client library is not where it was said to be.
    #[error("cannot read {path}: {source}; install it with `npm ci --prefix backend/web`")]
    Assets {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

struct Site {
    playground: Playground,
    client: String,
}

impl Playground {
    /// Serves until `stop` resolves.
    ///
    /// # Errors
    /// When it would be reachable from outside, when the client library is missing, when the port is taken.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), PlaygroundError> {
        if !self.bind.ip().is_loopback() {
            return Err(PlaygroundError::NotLoopback(self.bind));
        }
        let client = read(&self.assets.join("livekit-client.umd.js")).await?;
        let address = self.bind;
        let listen = |source| PlaygroundError::Listen { address, source };
        let listener = tokio::net::TcpListener::bind(address).await.map_err(listen)?;
        let router = router(Arc::new(Site { playground: self, client }));
        axum::serve(listener, router).with_graceful_shutdown(stop).await.map_err(listen)
    }
}

async fn read(path: &Path) -> Result<String, PlaygroundError> {
    let file = tokio::fs::read_to_string(path).await;
    file.map_err(|source| PlaygroundError::Assets { path: path.to_owned(), source })
}

fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(|| async { text("text/html; charset=utf-8", PAGE) }))
        .route("/playground.css", get(|| async { text("text/css", STYLE) }))
        .route("/playground.js", get(|| async { text("text/javascript", SCRIPT) }))
        .route("/livekit-client.umd.js", get(client))
        .route("/api/token", get(token))
        .with_state(site)
}

async fn client(State(site): State<Arc<Site>>) -> Response {
    text("text/javascript", &site.client)
}

#[derive(Deserialize)]
struct TokenQuery {
    room: String,
}

async fn token(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Query(query): Query<TokenQuery>,
) -> Response {
    if !asked_for_loopback(&headers) {
        return refusal(StatusCode::FORBIDDEN, "this page is for the machine it runs on");
    }
    if !is_room_name(&query.room) {
        return refusal(
            StatusCode::BAD_REQUEST,
            "a room's name has 1 to 64 letters, digits, dots, dashes or underscores",
        );
    }
    match ticket(&site.playground, &query.room) {
        Ok(token) => Json(json!({ "url": site.playground.livekit_url, "token": token })).into_response(),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &format!("cannot make a token: {error}")),
    }
}

fn ticket(playground: &Playground, room: &str) -> Result<String, AccessTokenError> {
    AccessToken::with_api_key(&playground.api_key, &playground.api_secret)
        .with_identity(&format!("visitor-{:08x}", fastrand::u32(..)))
        .with_ttl(TICKET_LIFE)
        .with_grants(VideoGrants { room_join: true, room: room.to_owned(), ..VideoGrants::default() })
        .to_jwt()
}

/// Whether the browser asked for this machine by a name of the loopback: a page elsewhere whose name was made to
/// point here (DNS rebinding) did not.
fn asked_for_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

fn is_room_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn refusal(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

fn text(kind: &'static str, body: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; connect-src 'self' ws: wss:; worker-src 'self' blob:",
        ),
    ];
    (headers, body.to_owned()).into_response()
}

const PAGE: &str = include_str!("../../../backend/web/playground/index.html");
const STYLE: &str = include_str!("../../../backend/web/playground/playground.css");
const SCRIPT: &str = include_str!("../../../backend/web/playground/playground.js");

/// A token is used at once; the server refreshes it for as long as the call lasts.
const TICKET_LIFE: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_name_is_short_and_plain() {
        for good in ["a", "playground-x1y2", &"x".repeat(64)] {
            assert!(is_room_name(good), "{good}");
        }
        for bad in ["", "a b", "ä", "<script>", &"x".repeat(65)] {
            assert!(!is_room_name(bad), "{bad}");
        }
    }

    #[test]
    fn only_names_of_the_loopback_get_a_token() {
        let asked = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            asked_for_loopback(&headers)
        };
        for good in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "localhost"] {
            assert!(asked(good), "{good}");
        }
        for bad in ["evil.example:8080", "127.0.0.1.evil.example", "[::2]:8080", ""] {
            assert!(!asked(bad), "{bad}");
        }
        assert!(!asked_for_loopback(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn an_address_that_others_reach_is_refused() {
        let playground = Playground {
            bind: "0.0.0.0:0".parse().unwrap(),
            assets: PathBuf::new(),
            livekit_url: "ws://127.0.0.1:7880".into(),
            api_key: "key".into(),
            api_secret: "secret".into(),
        };
        let error = playground.serve(std::future::pending()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the playground hands out tokens, so it listens on a loopback address only, not on 0.0.0.0:0"
        );
    }
}
