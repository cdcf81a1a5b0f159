//! Every server that speaks the OpenAI API: chat completions, transcription, speech.
//!
//! [`OpenAi`] is an account at one server; it makes a mind, an ear for whole utterances (`providers/layers` makes a
//! stream of it), and a voice for whole texts (the same). What is sent and read stands in `wire.rs`; what is done
//! when it fails is no business of this crate.
#![warn(missing_docs)]

mod account;
mod error;
mod llm;
mod stt;
mod tts;
mod wire;

pub use account::{OpenAi, OpenAiConfig};
pub use llm::{MindConfig, OpenAiMind, TokenLimit};
pub use stt::{EarConfig, OpenAiEar};
pub use tts::{OpenAiVoice, VoiceConfig};
