//! Ports and vocabulary: what an ear, a mind and a voice are to this house. Pure.
//!
//! A provider crate implements one or more of these traits and nothing else; a shell holds them as trait objects
//! and never learns a vendor's name. Retry, fallback, hedging, budget and metering are layers over a port
//! (`providers/layers`), never part of a provider.
//!
//! Rules that hold for every port:
//! - **Nothing blocks.** A call takes at most half a millisecond; what takes longer runs on threads or tasks of the
//!   provider's own and answers through the stream it returned.
//! - **Dropping cancels.** Dropping a stream ends the request at the vendor and frees its connection.
//! - **Ends are explicit.** A stream that ends without its end mark ends with [`ErrorKind::StreamCut`], never in success.
//! - **Errors carry no secrets.** Neither keys nor what people say appear in an error's text.
//!
//! Audio is 16-bit PCM, mono. What is heard is at 16 kHz ([`SampleRate::HEARING`]); what is spoken is at the rate
//! the voice declares.
#![warn(missing_docs)]

mod audio;
mod batch;
mod embed;
mod error;
mod info;
mod llm;
mod realtime;
mod stt;
mod tools;
mod tts;
mod turn;
mod vad;

pub use audio::SampleRate;
pub use batch::{BatchRecogniser, Recognition};
pub use embed::Embedder;
pub use error::{ErrorKind, ProviderError};
pub use info::{ProviderInfo, Usage};
pub use llm::{
    ChatMessage, ChatRequest, FinishReason, GenerationOptions, LanguageModel, LlmEvent, LlmStream, ToolCall,
    ToolChoice, ToolSpec,
};
pub use realtime::{
    AnswerId, AnswerWish, HeardId, HearingRate, ItemHeard, ItemId, Realtime, RealtimeCapabilities,
    RealtimeEvent, RealtimeSession, RealtimeSetup, RealtimeUpdate,
};
pub use stt::{SpeechToText, SttCapabilities, SttEvent, SttOptions, SttStream, Transcript, VoiceEdge, Word};
pub use tools::{
    AgentName, Arguments, OnInterruption, OnRepeat, ResultRule, Then, Tool, ToolContext, ToolOutcome,
    ToolRules, Toolset, ToolsetError, is_tool_name,
};
pub use tts::{SpeechChunk, TextToSpeech, TtsCapabilities, TtsOptions, TtsStream, WordTiming};
pub use turn::{Interruption, InterruptionVerdict, Overlap, PauseContext, TurnDetector, TurnVerdict};
pub use vad::{VAD_WINDOW, VoiceActivity};

/// A boxed future that may move between threads: what a port returns when the answer comes once.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
