//! What an operator sees when the account, the address or the server is wrong, and what the server is sent.

use futures_util::StreamExt;
use providers_conformance::{Chunking, MindScene, RecogniserScene};
use providers_core::{
    BatchRecogniser, ChatMessage, ChatRequest, ErrorKind, LanguageModel, LlmEvent, ProviderError, SttOptions,
    Usage,
};
use providers_openai::{EarConfig, MindConfig, OpenAi, OpenAiConfig, TokenLimit};

use crate::server::{KEY, Scene, Server, account};

#[tokio::test]
async fn a_wrong_key_is_told_in_words_an_operator_understands() {
    let server = Server::start(Scene::Mind(scene())).await;
    for key in ["sk-wrong-wrong-wrong", ""] {
        let error = first_error(account(&server.base_url(), key)).await;
        let text = "openai: the API key is missing, wrong or lacks a right; check the configured key \
                    (HTTP 401, invalid_api_key)";
        assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::Unauthorised, text));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1", closed.local_addr().unwrap());
    drop(closed);
    let error = first_error(account(&address, KEY)).await;
    assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::Unreachable, "openai: cannot connect"));
}

#[tokio::test]
async fn answers_of_another_protocol_are_told_apart_from_answers() {
    for (bytes, kind) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>",
            ErrorKind::ProtocolBroken,
        ),
        (
            "HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            ErrorKind::ProtocolBroken,
        ),
        ("SSH-2.0-OpenSSH_9.7\r\n", ErrorKind::StreamCut),
        ("", ErrorKind::StreamCut),
        (
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: [DONE]\n\n",
            ErrorKind::ProtocolBroken,
        ),
        ("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", ErrorKind::StreamCut),
        (
            "HTTP/1.1 200 OK\r\n\r\ndata: {\"error\":{\"message\":\"m\",\"type\":\"server_error\"}}\n\n",
            ErrorKind::Overloaded,
        ),
    ] {
        let server = Server::start(Scene::Raw(bytes)).await;
        let error = first_error(account(&server.base_url(), KEY)).await;
        assert_eq!(error.kind, kind, "{bytes:?}: {error}");
    }
}

#[test]
fn an_account_that_cannot_be_used_is_refused_before_anything_is_sent() {
    for (config, text) in [
        (account("api.openai.com/v1", KEY), "openai: the base URL is not one: relative URL without a base"),
        (account("ftp://api.openai.com/v1", KEY), "openai: the base URL is not an http or https address"),
        (
            account(OpenAi::BASE_URL, "sk-\u{7f}"),
            "openai: the key has characters that no HTTP header may carry",
        ),
        (
            OpenAiConfig { organisation: Some("o\n".into()), ..account(OpenAi::BASE_URL, KEY) },
            "openai: openai-organization has characters that no HTTP header may carry",
        ),
    ] {
        assert_eq!(OpenAi::new(config).unwrap_err().to_string(), text);
    }
}

#[tokio::test]
async fn organisation_and_project_go_with_each_request() {
    let server = Server::start(Scene::Mind(scene())).await;
    let config = OpenAiConfig {
        organisation: Some("org-1".into()),
        project: Some("proj-2".into()),
        ..account(&format!("{}/", server.base_url()), KEY)
    };
    let answer: Vec<_> = mind(config).answer(ask()).collect().await;
    assert!(answer.iter().all(Result::is_ok), "{answer:?}");
    let head = server.last_request().unwrap().head;
    assert!(head.starts_with("POST /v1/chat/completions "), "{head}");
    assert!(
        head.contains("openai-organization: org-1\r\n") && head.contains("openai-project: proj-2\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn a_connection_made_ahead_is_the_one_that_is_used_and_shows_no_key() {
    let server = Server::start(Scene::Mind(scene())).await;
    let mind = mind(account(&server.base_url(), KEY));
    mind.prewarm();
    while server.last_request().is_none() || server.open() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(!server.last_request().unwrap().head.contains(KEY));
    // The client keeps the connection once it has read the answer, some turns of the runtime later.
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    let answer: Vec<_> = mind.answer(ask()).collect().await;
    assert!(answer.iter().all(Result::is_ok), "{answer:?}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_is_used_again_although_nobody_waits_for_the_end_of_an_answers_body() {
    let server = Server::start(Scene::LateEnd(scene())).await;
    let mind = mind(account(&server.base_url(), KEY));
    for n in 0..5 {
        let mut answer = mind.answer(ask());
        while !matches!(answer.next().await, Some(Ok(LlmEvent::Finished(_)))) {}
        drop(answer);
        while server.open() > 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(server.connections(), 1, "after answer {n}");
    }
}

#[tokio::test]
async fn a_warm_connection_is_not_made_again() {
    let server = Server::start(Scene::Mind(scene())).await;
    let mind = mind(account(&server.base_url(), KEY));
    for _ in 0..3 {
        mind.prewarm();
        while server.requests() == 0 || server.open() > 0 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(server.requests(), 1);
    let answer: Vec<_> = mind.answer(ask()).collect().await;
    assert!(answer.iter().all(Result::is_ok), "{answer:?}");
    mind.prewarm();
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.requests(), 2, "an answer keeps it warm");
}

#[tokio::test]
async fn an_utterance_is_sent_with_language_names_and_at_least_a_tenth_of_a_second() {
    let scene =
        RecogniserScene { answers: vec![(1_600, "yes".into())], chunking: Chunking::Whole, fault: None };
    let server = Server::start(Scene::Recogniser(scene)).await;
    let account = OpenAi::new(account(&server.base_url(), KEY)).unwrap();
    let ear = account.ear(EarConfig { model: "whisper-1".into(), word_times: true, temperature: Some(0.5) });
    let options = SttOptions { language: Some("de-AT".into()), keyterms: vec!["Graz".into(), "Linz".into()] };
    let heard = ear.recognise(vec![7; 800], &options).await.unwrap();
    assert_eq!((heard.transcript.text.as_str(), heard.usage.audio_in_ms), ("yes", 50));

    let body = String::from_utf8_lossy(&server.last_request().unwrap().body).into_owned();
    for (name, value) in [
        ("model", "whisper-1"),
        ("language", "de"),
        ("prompt", "Graz, Linz"),
        ("temperature", "0.5"),
        ("response_format", "verbose_json"),
        ("timestamp_granularities[]", "word"),
    ] {
        assert!(body.contains(&format!("name=\"{name}\"\r\n\r\n{value}\r\n")), "{name} in {body:.900}");
    }
}

fn scene() -> MindScene {
    MindScene {
        answers: vec![("hi".into(), "Hello.".into())],
        calls: Vec::new(),
        usage: Usage::default(),
        chunking: Chunking::Events,
        fault: None,
        endless: false,
    }
}

fn mind(config: OpenAiConfig) -> impl LanguageModel {
    OpenAi::new(config).unwrap().mind(MindConfig {
        model: "gpt-4o-mini".into(),
        usage: true,
        token_limit: TokenLimit::MaxCompletionTokens,
        temperature: None,
        max_output_tokens: None,
        reasoning_effort: None,
    })
}

fn ask() -> ChatRequest {
    ChatRequest { messages: vec![ChatMessage::User { text: "hi".into() }], ..ChatRequest::default() }
}

async fn first_error(config: OpenAiConfig) -> ProviderError {
    let mut events: Vec<_> = mind(config).answer(ask()).collect().await;
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0).unwrap_err()
}
