//! The messages of the topic, made of what a call knows: the one place that knows their fields.

use std::time::Duration;

use agent_conversation::{AgentState, Component, Role, ToolEnd, UserState};
use livekit_protocol::agent::{
    self as wire, AgentSessionMessage, ChatMessage, SessionResponse,
    agent_session_message::Message,
    chat_context::{ChatItem, chat_item::Item},
    chat_message::{ChatContent, chat_content::Payload},
    model_usage,
    session_response::Response,
};
use pbjson_types::Timestamp;
use prost::Message as _;
use providers_core::{ChatMessage as Read, ToolCall, Usage};

use super::mirror::Used;

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
    ChatMessage { created_at: Some(timestamp(at)), ..words(id, role, text) }
}

fn words(id: String, role: wire::ChatRole, text: &str) -> ChatMessage {
    let content = vec![ChatContent { payload: Some(Payload::Text(text.to_owned())) }];
    ChatMessage { id, role: role.into(), content, ..ChatMessage::default() }
}

pub(super) fn call(id: String, call: &ToolCall, at: Option<Duration>) -> wire::FunctionCall {
    wire::FunctionCall {
        id,
        call_id: call.id.clone(),
        arguments: call.arguments.clone(),
        name: call.name.clone(),
        created_at: at.map(timestamp),
        ..wire::FunctionCall::default()
    }
}

pub(super) const fn item(item: Item) -> ChatItem {
    ChatItem { item: Some(item) }
}

/// The conversation as a mind reads it. It knows of no moments, so that the items have none.
pub(super) fn read(messages: &[Read]) -> Vec<ChatItem> {
    let mut items = Vec::with_capacity(messages.len());
    for message in messages {
        let id = format!("read_{}", items.len() + 1);
        match message {
            Read::System { text } => items.push(item(Item::Message(words(id, wire::ChatRole::System, text)))),
            Read::User { text } => items.push(item(Item::Message(words(id, wire::ChatRole::User, text)))),
            Read::Assistant { text, calls } => {
                if !text.is_empty() {
                    items.push(item(Item::Message(words(id, wire::ChatRole::Assistant, text))));
                }
                for made in calls {
                    let id = format!("read_{}", items.len() + 1);
                    items.push(item(Item::FunctionCall(call(id, made, None))));
                }
            }
            Read::Tool { call_id, name, output, is_error } => {
                items.push(item(Item::FunctionCallOutput(wire::FunctionCallOutput {
                    id,
                    name: name.clone(),
                    call_id: call_id.clone(),
                    output: output.clone(),
                    is_error: *is_error,
                    created_at: None,
                })));
            }
        }
    }
    items
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
