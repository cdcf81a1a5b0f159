//! What a status, a header, an error body or a broken connection means. The only file that decides it.
//!
//! An error's text names codes, never the vendor's sentence: that may quote what a person said, or a part of the
//! key. The sentence goes to the log at DEBUG.

use std::time::{Duration, SystemTime};

use providers_core::{ErrorKind, ProviderError};
use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde_json::Value;
use tracing::debug;

/// Bytes of an error body that are read.
const ERROR_BODY: usize = 16 * 1024;

/// Time for an error body to come; after it the status alone decides.
const ERROR_BODY_TIME: Duration = Duration::from_secs(2);

/// Letters of the vendor's sentence in the log.
const LOGGED: usize = 300;

/// A connection that could not be made, or broke.
#[must_use]
pub fn transport(provider: &'static str, error: reqwest::Error) -> ProviderError {
    let (kind, message) = if error.is_connect() && error.is_timeout() {
        (ErrorKind::ConnectTimeout, "no connection within the connect timeout")
    } else if error.is_connect() {
        (ErrorKind::Unreachable, "cannot connect")
    } else if error.is_timeout() {
        (ErrorKind::TotalTimeout, "not finished in time")
    } else if error.is_builder() {
        (ErrorKind::BadRequest, "the request cannot be sent")
    } else {
        (ErrorKind::StreamCut, "the connection broke")
    };
    ProviderError::new(provider, kind, message).with_source(error.without_url())
}

/// A response or a piece of it that the protocol does not allow.
#[must_use]
pub fn broken(provider: &'static str, what: impl Into<String>) -> ProviderError {
    ProviderError::new(provider, ErrorKind::ProtocolBroken, what)
}

/// A response whose status is not success.
pub async fn refusal(provider: &'static str, response: Response) -> ProviderError {
    let (status, headers) = (response.status(), response.headers().clone());
    let body =
        tokio::time::timeout(ERROR_BODY_TIME, read_up_to(response, ERROR_BODY)).await.unwrap_or_default();
    classify(provider, Some(status), &body).with_retry_after(retry_after(&headers, SystemTime::now()))
}

/// The whole body of a successful response.
///
/// # Errors
/// When the connection breaks, or the body is longer than `limit` bytes.
pub async fn read_body(
    provider: &'static str,
    mut response: Response,
    limit: usize,
) -> Result<Vec<u8>, ProviderError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport(provider, error))? {
        if body.len() + chunk.len() > limit {
            return Err(broken(provider, format!("the response is longer than {limit} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn read_up_to(mut response: Response, limit: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = limit - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == limit {
            break;
        }
    }
    body
}

/// What a status and an error body say; without a status, the body came in the middle of a stream.
#[must_use]
pub fn classify(provider: &'static str, status: Option<StatusCode>, body: &[u8]) -> ProviderError {
    let said = Said::read(body);
    let kind = said.kind().unwrap_or_else(|| match status {
        Some(status) => kind_of_status(status),
        None => ErrorKind::Overloaded,
    });
    debug!(
        provider,
        status = status.map(|s| s.as_u16()),
        kind = kind.name(),
        said = said.shown(),
        "request refused"
    );
    ProviderError::new(provider, kind, text(kind, status, said.code.as_deref()))
}

fn kind_of_status(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401..=403 => ErrorKind::Unauthorised,
        404 | 405 | 410 => ErrorKind::NotFound,
        408 | 425 | 500 | 502..=599 => ErrorKind::Overloaded,
        429 => ErrorKind::RateLimited,
        415 | 501 => ErrorKind::Unsupported,
        400..=499 => ErrorKind::BadRequest,
        _ => ErrorKind::ProtocolBroken,
    }
}

fn text(kind: ErrorKind, status: Option<StatusCode>, code: Option<&str>) -> String {
    let what = match kind {
        ErrorKind::Unauthorised if code == Some("insufficient_quota") => "the account has no quota left",
        ErrorKind::Unauthorised => "the API key is missing, wrong or lacks a right; check the configured key",
        ErrorKind::NotFound => "no such model, voice or address; check the configured model and base URL",
        ErrorKind::RateLimited => "too many requests",
        ErrorKind::Overloaded => "the server failed or is overloaded",
        ErrorKind::ContextTooLong => "the conversation is longer than the model can read",
        ErrorKind::ContentFiltered => "the content filter withheld the answer",
        ErrorKind::BadRequest => "the server calls the request wrong",
        ErrorKind::Unsupported => "the server cannot do what was asked",
        _ => "the server answered what its protocol does not allow",
    };
    let origin = match (status, code) {
        (Some(status), Some(code)) => format!(" (HTTP {}, {code})", status.as_u16()),
        (Some(status), None) => format!(" (HTTP {})", status.as_u16()),
        (None, Some(code)) => format!(" (in the stream, {code})"),
        (None, None) => " (in the stream)".to_owned(),
    };
    format!("{what}{origin}")
}

/// What an error body says, in the shapes that vendors use:
/// `{"error": {"code", "type", "status", "message"}}`, `{"error": "…"}`, `{"code", "type", "message"}`.
#[derive(Debug, Default)]
struct Said {
    /// The most telling of the codes: letters, digits and a few marks, 64 at most.
    code: Option<String>,
    codes: Vec<String>,
    sentence: String,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            return Self { sentence: String::from_utf8_lossy(body).into_owned(), ..Self::default() };
        };
        let error = json.get("error").unwrap_or(&json);
        let field = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
        let codes: Vec<String> = ["code", "type", "status"]
            .iter()
            .filter_map(|name| field(name))
            .filter(|code| is_code(code))
            .collect();
        let sentence = error.as_str().map(str::to_owned).or_else(|| field("message")).unwrap_or_default();
        Self { code: codes.first().cloned(), codes, sentence }
    }

    /// What the codes, or for servers without codes the sentence, say beyond the status.
    fn kind(&self) -> Option<ErrorKind> {
        self.codes.iter().find_map(|code| kind_of_code(code)).or_else(|| kind_of_sentence(&self.sentence))
    }

    fn shown(&self) -> String {
        let words = self.sentence.split_whitespace().map(|word| if is_key_like(word) { "…" } else { word });
        words.collect::<Vec<_>>().join(" ").chars().take(LOGGED).collect()
    }
}

fn is_code(code: &str) -> bool {
    let fine = |b: u8| {
        b.is_ascii_lowercase() || b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_' || b == b'.'
    };
    !code.is_empty() && code.len() <= 64 && code.bytes().all(fine) && !is_key_like(code)
}

/// Vendors quote a wrong key in part: `sk-ab***yz`.
fn is_key_like(word: &str) -> bool {
    word.contains("**") || (word.len() >= 20 && word.bytes().any(|b| b.is_ascii_digit()))
}

fn kind_of_code(code: &str) -> Option<ErrorKind> {
    Some(match code.to_ascii_lowercase().as_str() {
        "invalid_api_key"
        | "authentication_error"
        | "permission_error"
        | "insufficient_quota"
        | "permission_denied"
        | "unauthenticated"
        | "billing_not_active" => ErrorKind::Unauthorised,
        "model_not_found" | "not_found_error" | "not_found" | "deploymentnotfound" => ErrorKind::NotFound,
        "rate_limit_exceeded" | "rate_limit_error" | "resource_exhausted" => ErrorKind::RateLimited,
        "server_error"
        | "api_error"
        | "overloaded_error"
        | "internal_server_error"
        | "unavailable"
        | "service_unavailable" => ErrorKind::Overloaded,
        "context_length_exceeded" | "exceed_context_size_error" | "string_above_max_length" => {
            ErrorKind::ContextTooLong
        }
        "content_filter" | "content_policy_violation" | "responsibleaipolicyviolation" => {
            ErrorKind::ContentFiltered
        }
        "unsupported_language" | "unsupported_value" | "unsupported_parameter" => ErrorKind::Unsupported,
        _ => return None,
    })
}

fn kind_of_sentence(sentence: &str) -> Option<ErrorKind> {
    let sentence = sentence.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| sentence.contains(words));
    if says(&[
        "maximum context length",
        "context size",
        "context window",
        "context length",
        "prompt is too long",
    ]) {
        return Some(ErrorKind::ContextTooLong);
    }
    says(&["content management policy", "content filter"]).then_some(ErrorKind::ContentFiltered)
}

/// The pause a server asks for: `retry-after-ms`, or `Retry-After` in seconds or as a date.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok().filter(|n| (0.0..=1e9).contains(n));
    if let Some(millis) = text("retry-after-ms").and_then(number) {
        return Some(Duration::from_secs_f64(millis / 1000.0));
    }
    let asked = text(RETRY_AFTER.as_str())?;
    if let Some(seconds) = number(asked) {
        return Some(Duration::from_secs_f64(seconds));
    }
    let until = httpdate::parse_http_date(asked).ok()?;
    // The server's own clock, where it tells the time, is the one it meant.
    let now = text("date").and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use providers_core::ErrorKind;
    use reqwest::{StatusCode, header::HeaderMap};

    use super::{classify, retry_after};

    #[test]
    fn statuses_and_codes_become_kinds_and_texts() {
        use ErrorKind::*;
        for (status, body, kind, text) in [
            (
                401,
                r#"{"error":{"message":"Incorrect API key provided: sk-ab****wxyz.","type":"invalid_request_error","code":"invalid_api_key"}}"#,
                Unauthorised,
                "x: the API key is missing, wrong or lacks a right; check the configured key (HTTP 401, invalid_api_key)",
            ),
            (
                403,
                "",
                Unauthorised,
                "x: the API key is missing, wrong or lacks a right; check the configured key (HTTP 403)",
            ),
            (
                404,
                r#"{"error":{"message":"The model `gpt-9` does not exist","code":"model_not_found"}}"#,
                NotFound,
                "x: no such model, voice or address; check the configured model and base URL (HTTP 404, model_not_found)",
            ),
            (429, "busy", RateLimited, "x: too many requests (HTTP 429)"),
            (
                429,
                r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}"#,
                Unauthorised,
                "x: the account has no quota left (HTTP 429, insufficient_quota)",
            ),
            (500, "<html>", Overloaded, "x: the server failed or is overloaded (HTTP 500)"),
            (
                503,
                r#"{"error":{"type":"server_error"}}"#,
                Overloaded,
                "x: the server failed or is overloaded (HTTP 503, server_error)",
            ),
            (529, "", Overloaded, "x: the server failed or is overloaded (HTTP 529)"),
            (
                400,
                r#"{"error":{"code":"context_length_exceeded","message":"m"}}"#,
                ContextTooLong,
                "x: the conversation is longer than the model can read (HTTP 400, context_length_exceeded)",
            ),
            (
                400,
                r#"{"object":"error","message":"This model's maximum context length is 4096 tokens","type":"BadRequestError","code":400}"#,
                ContextTooLong,
                "x: the conversation is longer than the model can read (HTTP 400, BadRequestError)",
            ),
            (
                400,
                r#"{"error":{"code":"content_filter"}}"#,
                ContentFiltered,
                "x: the content filter withheld the answer (HTTP 400, content_filter)",
            ),
            (
                400,
                r#"{"error":"assistant prefill is not supported"}"#,
                BadRequest,
                "x: the server calls the request wrong (HTTP 400)",
            ),
            (
                422,
                r#"{"error":{"code":"my name is Ann, sk-1"}}"#,
                BadRequest,
                "x: the server calls the request wrong (HTTP 422)",
            ),
            (302, "", ProtocolBroken, "x: the server answered what its protocol does not allow (HTTP 302)"),
        ] {
            let error = classify("x", StatusCode::from_u16(status).ok(), body.as_bytes());
            assert_eq!((error.kind, error.to_string().as_str()), (kind, text));
        }
        let in_stream = classify("x", None, br#"{"error":{"message":"boom","type":"server_error"}}"#);
        assert_eq!(
            in_stream.to_string(),
            "x: the server failed or is overloaded (in the stream, server_error)"
        );
    }

    #[test]
    fn the_pause_a_server_asks_for_is_read_in_all_its_forms() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (headers, expected) in [
            (&[("retry-after", "7")][..], Some(Duration::from_secs(7))),
            (&[("retry-after", "0.5")], Some(Duration::from_millis(500))),
            (&[("retry-after", "9"), ("retry-after-ms", "250")], Some(Duration::from_millis(250))),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")], Some(Duration::from_secs(3))),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:30 GMT")], Some(Duration::ZERO)),
            (
                &[
                    ("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT"),
                    ("date", "Sun, 06 Nov 1994 08:49:30 GMT"),
                ],
                Some(Duration::from_secs(10)),
            ),
            (&[("retry-after", "soon")], None),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "1e300")], None),
            (&[], None),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, value.parse().unwrap());
            }
            assert_eq!(retry_after(&map, now), expected, "{headers:?}");
        }
    }
}
