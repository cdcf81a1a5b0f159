//! What the server writes for a scene: the API's events, bodies and errors, in the scene's chunks.

use std::time::Duration;

use providers_conformance::{Chunking, Fault, MindScene, RecogniserScene, VoiceScene};
use serde_json::{Value, json};

use super::{KEY, Request, SLOW, Scene};

/// An answer as steps of writing.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) reset: bool,
    pub(super) delay: Duration,
    pub(super) head: String,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Bytes(Vec<u8>),
    /// Again and again.
    Endless(Vec<u8>),
    /// Nothing more, for ever.
    Stall,
    /// Nothing for this long.
    Pause(Duration),
    /// The connection ends here.
    Close,
}

impl Answer {
    pub(super) fn to(request: &Request, scene: &Scene) -> Self {
        if let Scene::Raw(bytes) = scene {
            return Self {
                steps: vec![Step::Bytes(bytes.as_bytes().to_vec()), Step::Close],
                ..Self::default()
            };
        }
        if request.head.starts_with("HEAD ") {
            return Self {
                head: "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
                ..Self::default()
            };
        }
        let head = request.head.to_ascii_lowercase();
        if !request.head.contains(&format!("Bearer {KEY}")) {
            return refusal(Fault::WrongKey, request);
        }
        let (path, fault) = match scene {
            Scene::Mind(scene) | Scene::LateEnd(scene) => ("/v1/chat/completions", scene.fault),
            Scene::Recogniser(scene) => ("/v1/audio/transcriptions", scene.fault),
            Scene::Voice(scene) => ("/v1/audio/speech", scene.fault),
            Scene::Raw(_) => ("", None),
        };
        if !head.starts_with(&format!("post {path} http/1.1")) {
            return refusal(Fault::NoSuchModel, request);
        }
        let mut answer = match fault {
            Some(Fault::Reset) => return Self { reset: true, ..Self::default() },
            Some(Fault::NoResponse) => return Self { steps: vec![Step::Stall], ..Self::default() },
            Some(
                fault @ (Fault::RateLimited
                | Fault::ServerError
                | Fault::Overloaded
                | Fault::ContextTooLong
                | Fault::ContentFilter
                | Fault::BadRequest
                | Fault::WrongKey
                | Fault::NoSuchModel),
            ) => return refusal(fault, request),
            Some(Fault::SlowFirst | Fault::Cut | Fault::Stalled | Fault::Malformed | Fault::NoEndMark)
            | None => match scene {
                Scene::Mind(scene) => completion(request, scene),
                Scene::LateEnd(scene) => {
                    let mut answer = completion(request, scene);
                    let end = answer.steps.len().saturating_sub(1);
                    answer.steps.insert(end, Step::Pause(SLOW));
                    answer
                }
                Scene::Recogniser(scene) => transcription(request, scene),
                Scene::Voice(scene) => speech(request, scene),
                Scene::Raw(_) => Self::default(),
            },
        };
        if fault == Some(Fault::SlowFirst) {
            answer.delay = SLOW;
        }
        answer
    }
}

/// The vendor's refusals, with sentences that quote what an error must not show.
fn refusal(fault: Fault, request: &Request) -> Answer {
    let said = &request.body[request.body.len().saturating_sub(2_000)..];
    let said = String::from_utf8_lossy(said).into_owned();
    let error = |status: &str, message: &str, kind: &str, code: Value| {
        let body =
            json!({ "error": { "message": message, "type": kind, "param": null, "code": code } }).to_string();
        let pause = if status.starts_with("429") { "retry-after: 7\r\n" } else { "" };
        let length = body.len();
        Answer {
            head: format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{pause}content-length: {length}\r\n\r\n"
            ),
            steps: vec![Step::Bytes(body.into_bytes())],
            ..Answer::default()
        }
    };
    match fault {
        Fault::RateLimited => error(
            "429 Too Many Requests",
            &format!("Rate limit: {said}"),
            "requests",
            json!("rate_limit_exceeded"),
        ),
        Fault::ServerError => {
            error("500 Internal Server Error", "The server had an error", "server_error", json!(null))
        }
        Fault::Overloaded => error("503 Service Unavailable", "overloaded", "server_error", json!(null)),
        Fault::ContextTooLong => error(
            "400 Bad Request",
            "This model's maximum context length is 8192 tokens.",
            "invalid_request_error",
            json!("context_length_exceeded"),
        ),
        Fault::ContentFilter => error(
            "400 Bad Request",
            &format!("Filtered: {said}"),
            "invalid_request_error",
            json!("content_filter"),
        ),
        Fault::NoSuchModel => error(
            "404 Not Found",
            "The model does not exist",
            "invalid_request_error",
            json!("model_not_found"),
        ),
        Fault::WrongKey => error(
            "401 Unauthorized",
            &format!("Incorrect API key provided: {}*****{}.", &KEY[..8], &KEY[KEY.len() - 4..]),
            "invalid_request_error",
            json!("invalid_api_key"),
        ),
        _ => error(
            "400 Bad Request",
            &format!("Prefill refused: {said}"),
            "invalid_request_error",
            json!(null),
        ),
    }
}

/// The end of a chunked body.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

fn chunked_head(content: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {content}\r\ntransfer-encoding: chunked\r\n\r\n")
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

/// Units (events, blocks) as HTTP chunks.
fn chunks(units: &[Vec<u8>], chunking: Chunking) -> Vec<Step> {
    let whole = units.concat();
    match chunking {
        Chunking::Bytes => whole.iter().map(|byte| Step::Bytes(chunk(&[*byte]))).collect(),
        Chunking::Events => units.iter().map(|unit| Step::Bytes(chunk(unit))).collect(),
        Chunking::Whole => vec![Step::Bytes(chunk(&whole))],
    }
}

/// The end that a fault makes: units before it are written in full.
fn ending(fault: Option<Fault>) -> Step {
    match fault {
        Some(Fault::Cut) => Step::Close,
        Some(Fault::Stalled) => Step::Stall,
        _ => Step::Bytes(LAST_CHUNK.to_vec()),
    }
}

fn completion(request: &Request, scene: &MindScene) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["stream"], true);
    let question =
        body["messages"].as_array().unwrap().iter().rev().find(|message| message["role"] == "user");
    let question = question.and_then(|message| message["content"].as_str()).unwrap_or_default();
    let answers = &scene.answers;
    let text = answers.iter().find(|(asked, _)| asked == question).map_or("", |(_, text)| text.as_str());

    let delta = |delta: Value| json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] });
    let letters: Vec<char> = text.chars().collect();
    let mut events: Vec<Value> = vec![delta(json!({ "role": "assistant", "content": "" }))];
    events.extend(letters.chunks(3).map(|piece| delta(json!({ "content": String::from_iter(piece) }))));
    let middle = events.len() / 2;
    for (index, call) in scene.calls.iter().enumerate() {
        let begin = json!({ "index": index, "id": call.id, "type": "function",
            "function": { "name": call.name, "arguments": "" } });
        events.push(delta(json!({ "tool_calls": [begin] })));
        let letters: Vec<char> = call.arguments.chars().collect();
        events.extend(letters.chunks(4).map(|piece| {
            let function = json!({ "arguments": String::from_iter(piece) });
            delta(json!({ "tool_calls": [{ "index": index, "function": function }] }))
        }));
    }
    let reason = if scene.calls.is_empty() { "stop" } else { "tool_calls" };
    events.push(json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] }));
    let usage = &scene.usage;
    events.push(json!({ "choices": [], "usage": {
        "prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens,
        "prompt_tokens_details": { "cached_tokens": usage.cached_tokens } } }));

    let mut units: Vec<Vec<u8>> =
        events.iter().map(|event| format!("data: {event}\n\n").into_bytes()).collect();
    units.push(b"data: [DONE]\n\n".to_vec());
    let mut steps = match scene.fault {
        Some(Fault::Cut | Fault::Stalled) => chunks(&units[..middle], scene.chunking),
        Some(Fault::Malformed) => {
            units[middle] = b"data: {\"choices\":[{\"delta\":{\"content\":\"half\n\n".to_vec();
            chunks(&units, scene.chunking)
        }
        Some(Fault::NoEndMark) => chunks(&units[..units.len() - 1], scene.chunking),
        _ => chunks(&units, scene.chunking),
    };
    if scene.endless {
        let event = format!("data: {}\n\n", delta(json!({ "content": text })));
        steps = vec![Step::Endless(chunk(event.as_bytes()))];
    }
    steps.push(ending(scene.fault));
    Answer { head: chunked_head("text/event-stream; charset=utf-8"), steps, ..Answer::default() }
}

fn transcription(request: &Request, scene: &RecogniserScene) -> Answer {
    let file = request.body.windows(4).position(|bytes| bytes == b"RIFF").unwrap();
    let data: [u8; 4] = request.body[file + 40..file + 44].try_into().unwrap();
    let length = u32::from_le_bytes(data) as usize / 2;
    let text = scene.answers.iter().find(|(samples, _)| *samples == length).map(|(_, text)| text);
    let body = match scene.fault {
        Some(Fault::Malformed) => json!({ "text": 1 }),
        _ => json!({ "text": text.unwrap(), "usage": { "type": "duration", "seconds": 1 } }),
    };
    let body = body.to_string().into_bytes();
    let sent = if scene.fault == Some(Fault::Cut) { &body[..body.len() / 2] } else { &body[..] };
    let mut steps = chunks(&sent.chunks(1000).map(<[u8]>::to_vec).collect::<Vec<_>>(), scene.chunking);
    steps.push(ending(scene.fault));
    Answer { head: chunked_head("application/json"), steps, ..Answer::default() }
}

fn speech(request: &Request, scene: &VoiceScene) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["response_format"], "pcm");
    let bytes: Vec<u8> = scene.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let sent =
        if matches!(scene.fault, Some(Fault::Cut | Fault::Stalled)) { bytes.len() / 2 } else { bytes.len() };
    // An odd number of bytes in a block tears samples.
    let units: Vec<Vec<u8>> = bytes[..sent].chunks(999).map(<[u8]>::to_vec).collect();
    let mut steps = chunks(&units, scene.chunking);
    if scene.endless {
        steps = vec![Step::Endless(chunk(&bytes))];
    }
    steps.push(ending(scene.fault));
    Answer { head: chunked_head("audio/pcm"), steps, ..Answer::default() }
}
