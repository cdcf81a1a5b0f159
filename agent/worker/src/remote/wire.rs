//! The messages of the topic, made of what a call knows: the one place that knows their fields.

use std::time::Duration;

use agent_conversation::{AgentState, Component, Role, ToolEnd, UserState};
use livekit_protocol::agent::{
    self as wire, AgentSessionMessage, ChatMessage, SessionResponse,
    agent_session_message::Message,
    chat_context::{ChatItem, chat_item::Item},
    chat_message::{ChatContent, chat_content::Payload},
    model_usage,
    session_response::{GetChatHistoryResponse, Response},
};
use pbjson_types::Timestamp;
use prost::Message as _;
use providers_core::{ChatMessage as Read, ToolCall, Usage};

use super::{items::Items, mirror::Used};

/// A moment, given as the time since the Unix epoch.
pub(super) fn timestamp(unix: Duration) -> Timestamp {
    Timestamp {
        seconds: i64::try_from(unix.as_secs()).unwrap_or(i64::MAX),
        // Below 10⁹, which fits.
        nanos: i32::try_from(unix.subsec_nanos()).unwrap_or(0),
    }
}

pub(super) fn event(at: Duration, event: wire::agent_session_event::Event) -> Vec<u8> {
    let event = wire::AgentSessionEvent { created_at: Some(timestamp(at)), event: Some(event) };
    encode(Message::Event(event))
}

pub(super) fn answer(request_id: String, answer: Result<Response, &str>) -> Vec<u8> {
    let (response, error) = match answer {
        Ok(response) => (Some(response), None),
        Err(error) => (None, Some(error.to_owned())),
    };
    encode(Message::Response(SessionResponse { request_id, error, response }))
}

/// The answer with all that was said and done, which is lent to it.
#[expect(clippy::unreachable, reason = "what was lent comes back by the way that it went")]
pub(super) fn history(request_id: String, items: &mut Items) -> Vec<u8> {
    items.lend(|items| {
        let response = Some(Response::GetChatHistory(GetChatHistoryResponse { items }));
        let answer = SessionResponse { request_id, error: None, response };
        let message = AgentSessionMessage { message: Some(Message::Response(answer)) };
        let bytes = message.encode_to_vec();
        let Some(Message::Response(SessionResponse {
            response: Some(Response::GetChatHistory(lent)), ..
        })) = message.message
        else {
            unreachable!("it was put in above")
        };
        (bytes, lent.items)
    })
}

fn encode(message: Message) -> Vec<u8> {
    AgentSessionMessage { message: Some(message) }.encode_to_vec()
}

pub(super) const fn agent_state(state: AgentState) -> wire::AgentState {
    match state {
        AgentState::Listening => wire::AgentState::AsListening,
        AgentState::Thinking => wire::AgentState::AsThinking,
        AgentState::Speaking => wire::AgentState::AsSpeaking,
    }
}

pub(super) const fn user_state(state: UserState) -> wire::UserState {
    match state {
        UserState::Listening => wire::UserState::UsListening,
        UserState::Speaking => wire::UserState::UsSpeaking,
        UserState::Away => wire::UserState::UsAway,
    }
}

pub(super) const fn tool_status(end: ToolEnd) -> wire::ToolCallStatus {
    match end {
        ToolEnd::Returned => wire::ToolCallStatus::TcDone,
        ToolEnd::Failed | ToolEnd::TimedOut | ToolEnd::Refused | ToolEnd::Panicked => {
            wire::ToolCallStatus::TcError
        }
        ToolEnd::Cancelled => wire::ToolCallStatus::TcCancelled,
    }
}

pub(super) fn message(id: String, role: Role, text: &str, at: Duration) -> ChatMessage {
    let role = match role {
        Role::User => wire::ChatRole::User,
        Role::Assistant => wire::ChatRole::Assistant,
    };
    ChatMessage { created_at: Some(timestamp(at)), ..words(id, role, text.to_owned()) }
}

fn words(id: String, role: wire::ChatRole, text: String) -> ChatMessage {
    let content = vec![ChatContent { payload: Some(Payload::Text(text)) }];
    ChatMessage { id, role: role.into(), content, ..ChatMessage::default() }
}

pub(super) fn call(id: String, call: ToolCall, at: Option<Duration>) -> wire::FunctionCall {
    let ToolCall { id: call_id, name, arguments } = call;
    wire::FunctionCall {
        id,
        call_id,
        arguments,
        name,
        created_at: at.map(timestamp),
        ..wire::FunctionCall::default()
    }
}

pub(super) const fn item(item: Item) -> ChatItem {
    ChatItem { item: Some(item) }
}

/// The conversation as a mind reads it. It knows of no moments, so that the items have none.
pub(super) fn read(messages: Vec<Read>) -> Items {
    let mut items = Items::default();
    let ids = (1_u64..).map(|n| format!("read_{n}"));
    for (id, read) in ids.zip(messages.into_iter().flat_map(parts)) {
        items.push(item(match read {
            Part::Words(role, text) => Item::Message(words(id, role, text)),
            Part::Call(made) => Item::FunctionCall(call(id, made, None)),
            Part::Output(output) => Item::FunctionCallOutput(wire::FunctionCallOutput { id, ..output }),
        }));
    }
    items
}

/// What is one item of what a mind reads.
enum Part {
    Words(wire::ChatRole, String),
    Call(ToolCall),
    Output(wire::FunctionCallOutput),
}

fn parts(read: Read) -> Vec<Part> {
    match read {
        Read::System { text } => vec![Part::Words(wire::ChatRole::System, text)],
        Read::User { text } => vec![Part::Words(wire::ChatRole::User, text)],
        Read::Assistant { text, calls } => {
            let said = (!text.is_empty()).then_some(Part::Words(wire::ChatRole::Assistant, text));
            said.into_iter().chain(calls.into_iter().map(Part::Call)).collect()
        }
        Read::Tool { call_id, name, output, is_error } => vec![Part::Output(wire::FunctionCallOutput {
            name,
            call_id,
            output,
            is_error,
            ..wire::FunctionCallOutput::default()
        })],
    }
}

/// What was used so far.
pub(super) fn usage(used: &Used) -> wire::AgentSessionUsage {
    let count = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
    let seconds = |ms: u64| ms as f64 / 1_000.0;
    let of_model = |((component, provider, model), used): (&(Component, &str, String), &Usage)| {
        let (provider, model) = ((*provider).to_owned(), model.clone());
        let usage = match component {
            Component::Llm | Component::Realtime => model_usage::Usage::Llm(wire::LlmModelUsage {
                provider,
                model,
                input_tokens: count(used.input_tokens),
                input_cached_tokens: count(used.cached_tokens),
                output_tokens: count(used.output_tokens),
                ..wire::LlmModelUsage::default()
            }),
            Component::Tts => model_usage::Usage::Tts(wire::TtsModelUsage {
                provider,
                model,
                input_tokens: count(used.input_tokens),
                output_tokens: count(used.output_tokens),
                characters_count: count(used.characters),
                audio_duration: seconds(used.audio_out_ms),
            }),
            Component::Stt => model_usage::Usage::Stt(wire::SttModelUsage {
                provider,
                model,
                input_tokens: count(used.input_tokens),
                output_tokens: count(used.output_tokens),
                audio_duration: seconds(used.audio_in_ms),
            }),
            // There is no message for one.
            Component::Judge => return None,
        };
        Some(wire::ModelUsage { usage: Some(usage) })
    };
    wire::AgentSessionUsage { model_usage: used.iter().filter_map(of_model).collect() }
}
