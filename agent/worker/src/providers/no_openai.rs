//! OpenAI's API: not in this build.

use std::sync::Arc;

use config_schema::{LlmOpenai, SttOpenai, TtsOpenai};
use providers_core::{LanguageModel, SpeechToText, TextToSpeech};

use super::{BuildError, line::Kept};

pub(super) fn ear(_: &SttOpenai, _: &Kept) -> Result<Arc<dyn SpeechToText>, BuildError> {
    Err(BuildError::NotBuilt { key: "stt.provider = \"openai\"", feature: "openai" })
}

pub(super) fn mind(_: &LlmOpenai, _: &Kept) -> Result<Arc<dyn LanguageModel>, BuildError> {
    Err(BuildError::NotBuilt { key: "llm.provider = \"openai\"", feature: "openai" })
}

pub(super) fn voice(_: &TtsOpenai, _: &Kept) -> Result<Arc<dyn TextToSpeech>, BuildError> {
    Err(BuildError::NotBuilt { key: "tts.provider = \"openai\"", feature: "openai" })
}
