//! Not getting in, and why: every error names what to look at. And getting in by TLS.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use agent_rtc::{JoinError, JoinOptions, LinkFailure, Room, RoomEvent};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::peers::Peers;
use crate::proxy::{Authority, Proxy};
use crate::server::{SECRET, Server, token, token_with};

async fn refusal(options: JoinOptions) -> (LinkFailure, String) {
    agent_rtc::install_crypto();
    match Room::join(options).await {
        Err(JoinError::Link(failure)) => {
            let text = failure.to_string();
            (failure, text)
        }
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("was let in"),
    }
}

#[tokio::test]
async fn a_wrong_url_a_silent_port_and_a_page_are_told_apart() {
    let server = Server::start();
    let (failure, text) = refusal(JoinOptions::new("localhost:7880", token("r", "a"))).await;
    assert!(matches!(failure, LinkFailure::Url(_)), "{text}");
    assert!(text.contains("ws://"), "{text}");

    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let (failure, text) = refusal(JoinOptions::new(format!("ws://127.0.0.1:{port}"), token("r", "a"))).await;
    assert!(matches!(failure, LinkFailure::Unreachable(_)), "{text}");
    assert!(text.contains(&port.to_string()) && text.contains("refused"), "{text}");

    let below = format!("{}/nothing/here", server.url());
    let (failure, text) = refusal(JoinOptions::new(below, token("r", "a"))).await;
    assert!(matches!(failure, LinkFailure::NotFound(_)), "{text}");
}

#[tokio::test]
async fn a_wrong_key_and_an_expired_token_are_told_and_are_final() {
    let server = Server::start();
    let lifetime = Duration::from_secs(60);
    let forged = token_with("r", "a", "another-secret-of-more-than-thirty-two-letters", lifetime);
    let (failure, text) = refusal(JoinOptions::new(server.url(), forged)).await;
    assert!(matches!(failure, LinkFailure::Unauthorized { status: 401, .. }), "{text}");
    assert!(failure.is_final());

    let expired = expired_token();
    let (failure, text) = refusal(JoinOptions::new(server.url(), expired)).await;
    assert!(matches!(failure, LinkFailure::Unauthorized { status: 401, .. }), "{text}");
    assert!(text.contains("expired"), "{text}");
    assert!(!text.contains("eyJ"), "a token is a secret, even an expired one: {text}");
}

/// The library makes only tokens with a future; this one is changed and signed again.
fn expired_token() -> String {
    let valid = token_with("r", "a", SECRET, Duration::from_secs(60));
    let [header, claims, _] = valid.split('.').collect::<Vec<_>>()[..] else {
        panic!("a token has three parts")
    };
    let engine = URL_SAFE_NO_PAD;
    let mut claims: serde_json::Value = serde_json::from_slice(&engine.decode(claims).unwrap()).unwrap();
    claims["exp"] = 1_600_000_000.into();
    claims["nbf"] = 1_500_000_000.into();
    let signed = format!("{header}.{}", engine.encode(claims.to_string()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = engine.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

#[tokio::test]
async fn a_room_is_joined_by_tls_and_a_certificate_that_is_not_right_is_named() {
    agent_rtc::install_crypto();
    let server = Server::start();
    let authority = Authority::new();
    let good = Proxy::start(server.address(), Some(authority.acceptor("localhost", 2096))).await;
    let secure = |proxy: &Proxy, tls| JoinOptions {
        tls,
        ..JoinOptions::new(format!("wss://localhost:{}", proxy.address().port()), token("room", "anna"))
    };
    let mut peers = Peers::new();
    let anna = peers.join_with(secure(&good, Some(authority.trusting()))).await;
    let connected = |news: &RoomEvent| matches!(news, RoomEvent::MediaConnected).then_some(());
    peers.until_news(anna, "media", connected).await;

    let (failure, text) = refusal(secure(&good, None)).await;
    assert!(matches!(failure, LinkFailure::Tls(_)) && text.contains("unknown issuer"), "{text}");
    let expired = Proxy::start(server.address(), Some(authority.acceptor("localhost", 2001))).await;
    let (_, text) = refusal(secure(&expired, Some(authority.trusting()))).await;
    assert!(text.contains("has expired"), "{text}");
    let other = Proxy::start(server.address(), Some(authority.acceptor("elsewhere.example", 2096))).await;
    let (_, text) = refusal(secure(&other, Some(authority.trusting()))).await;
    assert!(text.contains("for another name"), "{text}");
    let plain = Proxy::start(server.address(), None).await;
    let (failure, text) = refusal(secure(&plain, Some(authority.trusting()))).await;
    assert!(matches!(failure, LinkFailure::Tls(_)), "{text}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_in_time() {
    agent_rtc::install_crypto();
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let options = JoinOptions {
        connect_timeout: Duration::from_millis(300),
        ..JoinOptions::new(format!("ws://{}", silent.local_addr().unwrap()), token("r", "a"))
    };
    let (failure, text) = refusal(options).await;
    assert_eq!(failure, LinkFailure::TimedOut, "{text}");
}
