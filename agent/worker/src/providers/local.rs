//! This machine's own ear, mind and voice.

use std::{path::Path, sync::Arc, time::Duration};

use config_schema::{Config, SttEngine, SttLocal, SttMode};
use providers_core::{LanguageModel, SpeechToText, TextToSpeech};
use providers_layers::{SentenceRules, Sentences, TimedVoice, VoiceTimeouts};
use providers_local::{
    EarConfig, EarMode, Intents, LocalEar, LocalMind, LocalVoice, MindConfig, VoiceConfig, WallClock,
};

use super::BuildError;

pub(super) fn ear(config: &Config) -> Result<Arc<dyn SpeechToText>, BuildError> {
    let local = &config.stt.local;
    match local.engine {
        SttEngine::Pocketsphinx => {
            let ear = LocalEar::new(ear_config(local), &intents(config)?);
            Ok(Arc::new(ear.map_err(|source| BuildError::Provider { key: "stt.local", source })?))
        }
        SttEngine::Whisper => whisper(local),
    }
}

fn ear_config(local: &SttLocal) -> EarConfig {
    EarConfig {
        mode: match local.mode {
            SttMode::Open => EarMode::Open,
            SttMode::Grammar => EarMode::Grammar,
            SttMode::Both => EarMode::Both,
        },
        model: local.model.clone().into(),
        decoders: local.max_decoders as usize,
        waiting: local.max_waiting as usize,
        tape: local.tape,
        interim_every: local.interim_interval,
        stable_after: local.interim_stability as usize,
        margin: local.margin,
    }
}

#[cfg(feature = "whisper")]
fn whisper(local: &SttLocal) -> Result<Arc<dyn SpeechToText>, BuildError> {
    let config = providers_local::WhisperConfig {
        weights: local.whisper_weights.clone().unwrap_or_default().into(),
        recognisers: local.whisper_recognisers as usize,
        waiting: local.max_waiting as usize,
    };
    let ear = providers_local::WhisperEar::new(&config)
        .map_err(|source| BuildError::Provider { key: "stt.local.whisper_weights", source })?;
    Ok(Arc::new(providers_layers::Segments::new(Arc::new(ear), providers_layers::SegmentRules::SPOKEN)))
}

#[cfg(not(feature = "whisper"))]
fn whisper(_: &SttLocal) -> Result<Arc<dyn SpeechToText>, BuildError> {
    Err(BuildError::NotBuilt { key: "stt.local.engine = \"whisper\"", feature: "whisper" })
}

pub(super) fn mind(config: &Config) -> Result<Arc<dyn LanguageModel>, BuildError> {
    let intents = Arc::new(intents(config)?);
    Ok(Arc::new(LocalMind::new(MindConfig { intents, clock: WallClock::machine() })))
}

pub(super) fn voice(config: &Config) -> Result<Arc<dyn TextToSpeech>, BuildError> {
    let local = &config.tts.local;
    let voice =
        LocalVoice::new(VoiceConfig { voice: local.voice.clone(), speed: local.speed, ahead: local.ahead })
            .map_err(|source| BuildError::Provider { key: "tts.local", source })?;
    let voice = TimedVoice::new(Arc::new(voice), VOICE);
    Ok(Arc::new(Sentences::new(Arc::new(voice), SentenceRules::SPOKEN)))
}

/// The file from which both the mind's answers and the recogniser's grammar are made.
fn intents(config: &Config) -> Result<Intents, BuildError> {
    Ok(match &config.llm.local.intents {
        Some(path) => Intents::read(Path::new(path))?,
        None => Intents::embedded(),
    })
}

/// One thread speaks for all calls: a sentence that has waited for so long behind those of others is not said any more.
const VOICE: VoiceTimeouts = VoiceTimeouts {
    first: Duration::from_secs(10),
    idle: Duration::from_secs(5),
    total: Duration::from_secs(60),
};
