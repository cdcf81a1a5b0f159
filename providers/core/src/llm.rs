//! Minds: a conversation in, text and tool calls out.

use std::pin::Pin;

use futures_core::Stream;

use crate::{ProviderError, ProviderInfo, Usage};

/// A mind: answers a conversation, piece by piece.
pub trait LanguageModel: Send + Sync {
    /// Who it is.
    fn info(&self) -> &ProviderInfo;

    /// Starts an answer at once; connecting happens inside the stream. Dropping the stream cancels the answer.
    fn answer(&self, request: ChatRequest) -> LlmStream;

    /// Whether it does what a system message tells it. One that does not is asked for no summary of a conversation.
    fn follows_instructions(&self) -> bool {
        true
    }

    /// Makes what the first answer will need.
    fn prewarm(&self) {}
}

/// Pieces of an answer. The last is [`LlmEvent::Finished`]; an end without it is an error.
pub type LlmStream = Pin<Box<dyn Stream<Item = Result<LlmEvent, ProviderError>> + Send>>;

/// What is asked of a mind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatRequest {
    /// The conversation, oldest first.
    pub messages: Vec<ChatMessage>,
    /// The tools it may call.
    pub tools: Vec<ToolSpec>,
    /// Whether it may, must or must not call them.
    pub tool_choice: ToolChoice,
    /// How to answer.
    pub options: GenerationOptions,
}

/// One entry of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatMessage {
    /// What the mind is told to be.
    System {
        /// The text.
        text: String,
    },
    /// What a person said.
    User {
        /// The text.
        text: String,
    },
    /// What the agent said, as far as it was heard, and the tools it called.
    Assistant {
        /// The text; may be empty when only tools were called.
        text: String,
        /// The calls, in order.
        calls: Vec<ToolCall>,
    },
    /// What a tool returned.
    Tool {
        /// The call it answers.
        call_id: String,
        /// The tool's name.
        name: String,
        /// The output, or the error's text.
        output: String,
        /// Whether it failed.
        is_error: bool,
    },
}

/// A tool as the mind sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolSpec {
    /// Letters, digits, `_` and `-`, 64 at most.
    pub name: String,
    /// What it does, for the mind.
    pub description: String,
    /// JSON Schema of the arguments object.
    pub parameters: serde_json::Value,
}

/// Whether tools may be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// The mind decides.
    #[default]
    Auto,
    /// No tool may be called.
    None,
    /// Some tool must be called.
    Required,
    /// This tool must be called.
    Named(String),
}

/// How to answer. `None` leaves it to the provider.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GenerationOptions {
    /// 0 to 2.
    pub temperature: Option<f32>,
    /// 0 to 1.
    pub top_p: Option<f32>,
    /// Tokens at most.
    pub max_output_tokens: Option<u32>,
    /// Same seed, same answer, where the provider can.
    pub seed: Option<u64>,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum LlmEvent {
    /// Text to say, in order; never splits a character.
    Text(String),
    /// Thinking that is not said.
    Reasoning(String),
    /// A whole tool call (its arguments are complete).
    Call(ToolCall),
    /// What the answer used; comes at most once, before the end.
    Usage(Usage),
    /// The end mark.
    Finished(FinishReason),
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// The provider's id of the call.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as JSON text, as the provider sent it; may be invalid JSON, which the caller tells the mind.
    pub arguments: String,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishReason {
    /// It was complete.
    Stop,
    /// Tools are to be called.
    Calls,
    /// The token limit was reached.
    Length,
    /// The provider withheld the rest.
    ContentFilter,
}
