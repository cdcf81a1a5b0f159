//! OpenAI's API, wherever it is served.

use std::{sync::Arc, time::Duration};

use config_schema::{LlmOpenai, Secret, SttOpenai, TokenLimit as ConfiguredLimit, TtsOpenai};
use providers_core::{LanguageModel, ProviderError, SampleRate, SpeechToText, TextToSpeech};
use providers_http::HttpOptions;
use providers_layers::{
    MindTimeouts, Retries, RetryBudget, RetryPolicy, RetryingMind, RetryingRecogniser, RetryingVoice,
    SegmentRules, Segments, SentenceRules, Sentences, TimedMind, TimedRecogniser, TimedVoice, VoiceTimeouts,
};
use providers_openai::{EarConfig, MindConfig, OpenAi, OpenAiConfig, TokenLimit, VoiceConfig};

use super::{BuildError, line::Kept};

pub(super) fn ear(openai: &SttOpenai, kept: &Kept) -> Result<Arc<dyn SpeechToText>, BuildError> {
    let account = account(&openai.base_url, &openai.api_key).map_err(refused("stt.openai"))?;
    let ear = account.ear(EarConfig {
        model: openai.model.clone(),
        word_times: openai.word_times,
        temperature: None,
    });
    let ear = TimedRecogniser::new(Arc::new(ear), openai.timeout);
    let ear = RetryingRecogniser::new(Arc::new(ear), retries(openai.attempts, kept));
    Ok(Arc::new(Segments::new(Arc::new(ear), SegmentRules::SPOKEN)))
}

pub(super) fn mind(openai: &LlmOpenai, kept: &Kept) -> Result<Arc<dyn LanguageModel>, BuildError> {
    let account = account(&openai.base_url, &openai.api_key).map_err(refused("llm.openai"))?;
    let mind = account.mind(MindConfig {
        model: openai.model.clone(),
        usage: openai.usage,
        token_limit: match openai.token_limit {
            ConfiguredLimit::MaxCompletionTokens => TokenLimit::MaxCompletionTokens,
            ConfiguredLimit::MaxTokens => TokenLimit::MaxTokens,
        },
        temperature: Some(openai.temperature),
        max_output_tokens: openai.max_output_tokens,
        reasoning_effort: openai.reasoning_effort.clone(),
    });
    let timeouts = MindTimeouts {
        first: openai.first_token_timeout,
        idle: openai.idle_timeout,
        total: openai.total_timeout,
    };
    let mind = TimedMind::new(Arc::new(mind), timeouts);
    Ok(Arc::new(RetryingMind::new(Arc::new(mind), retries(openai.attempts, kept))))
}

pub(super) fn voice(openai: &TtsOpenai, kept: &Kept) -> Result<Arc<dyn TextToSpeech>, BuildError> {
    let account = account(&openai.base_url, &openai.api_key).map_err(refused("tts.openai"))?;
    let voice = account.voice(VoiceConfig {
        model: openai.model.clone(),
        voice: openai.voice.clone(),
        speed: Some(openai.speed),
        instructions: openai.instructions.clone(),
        sample_rate: SampleRate::new(openai.sample_rate)
            .expect("the rule of the setting is that of the type"),
    });
    let timeouts = VoiceTimeouts {
        first: openai.first_audio_timeout,
        idle: openai.idle_timeout,
        total: openai.total_timeout,
    };
    let voice = TimedVoice::new(Arc::new(voice), timeouts);
    let voice = RetryingVoice::new(Arc::new(voice), retries(openai.attempts, kept));
    Ok(Arc::new(Sentences::new(Arc::new(voice), SentenceRules::SPOKEN)))
}

/// How one of them is tried again, within a budget of its own.
fn retries(attempts: u32, kept: &Kept) -> Arc<Retries> {
    let budget = RetryBudget::new(RETRY_SHARE_PERMILLE, RETRY_RESERVE);
    let retries = Retries::new(RetryPolicy { attempts, ..RETRIES }, budget, fastrand::u64(..));
    kept.keep("openai", &retries);
    retries
}

fn account(base_url: &url::Url, key: &Secret) -> Result<OpenAi, ProviderError> {
    OpenAi::new(OpenAiConfig {
        base_url: base_url.to_string(),
        api_key: providers_http::Secret::new(key.expose()),
        organisation: None,
        project: None,
        http: CONNECTIONS,
    })
}

fn refused(key: &'static str) -> impl Fn(ProviderError) -> BuildError {
    move |source| BuildError::Provider { key, source }
}

/// A connection that takes longer than 5 s would be heard; one that is kept saves its handshake to the next turn, and
/// as many are kept as a busy shard uses at one moment.
const CONNECTIONS: HttpOptions = HttpOptions {
    connect_timeout: Duration::from_secs(5),
    idle_timeout: Duration::from_secs(90),
    idle_connections: 32,
};
/// A caller waits: the pauses are short, and a provider that asks for more than 2 s is answered by an apology.
const RETRIES: RetryPolicy = RetryPolicy {
    attempts: 1,
    base: Duration::from_millis(100),
    cap: Duration::from_secs(1),
    longest_asked: Duration::from_secs(2),
};
/// Retries are at most a fifth of the load, and ten at any time.
const RETRY_SHARE_PERMILLE: u16 = 200;
const RETRY_RESERVE: u32 = 10;
