//! This machine's own ear, mind and voice: not in this build.

use std::sync::Arc;

use config_schema::Config;
use providers_core::{LanguageModel, SpeechToText, TextToSpeech};

use super::BuildError;

pub(super) fn ear(_: &Config) -> Result<Arc<dyn SpeechToText>, BuildError> {
    Err(BuildError::NotBuilt { key: "stt.provider = \"local\"", feature: "local" })
}

pub(super) fn mind(_: &Config) -> Result<Arc<dyn LanguageModel>, BuildError> {
    Err(BuildError::NotBuilt { key: "llm.provider = \"local\"", feature: "local" })
}

pub(super) fn voice(_: &Config) -> Result<Arc<dyn TextToSpeech>, BuildError> {
    Err(BuildError::NotBuilt { key: "tts.provider = \"local\"", feature: "local" })
}
