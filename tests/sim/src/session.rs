//! The session of a scenario: what its file overrides, and the values under which the timelines of the field were
//! measured, for all else.

use std::time::Duration;

use agent_conversation::{ContextPolicy, ConversationConfig, ErrorPolicy, Prices};
use agent_turn::{
    Deadlines, EndpointConfig, InterruptionConfig, JudgeConfig, Pace, SpeakingConfig, SpeculationConfig,
    TranscriptConfig, TurnLimits,
};
use providers_core::{GenerationOptions, SttOptions, TtsOptions};
use serde::Deserialize;

use crate::seconds::{Limit, Seconds};

/// What a file overrides, by the names of the configuration.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Session {
    turn_detection: Option<Detection>,
    min_endpointing_delay: Option<Seconds>,
    max_endpointing_delay: Option<Seconds>,
    min_interruption_duration: Option<Seconds>,
    min_interruption_words: Option<u32>,
    allow_interruptions: Option<bool>,
    resume_false_interruption: Option<bool>,
    false_interruption_timeout: Option<Limit>,
    preemptive_generation: Option<Preemption>,
    preemptive_max_speech_duration: Option<Seconds>,
    preemptive_max_retries: Option<u32>,
    #[serde(alias = "aec_warmup_duration")]
    aec_warmup: Option<Limit>,
    user_away_timeout: Option<Limit>,
    max_tool_steps: Option<u32>,
}

/// What ends a turn.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Detection {
    /// Silence after voice activity.
    Vad,
}

/// What is made of a reply before the turn has ended.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Preemption {
    /// Nothing.
    Off,
    /// Its text.
    Llm,
}

impl Session {
    /// What the conversation is told before it starts.
    #[must_use]
    pub fn config(&self) -> ConversationConfig {
        let mut config = measured();
        let turn = &mut config.turn;
        let set = |to: &mut Duration, from: Option<Seconds>| *to = from.map_or(*to, |seconds| seconds.0);
        set(&mut turn.endpoint.min_delay, self.min_endpointing_delay);
        set(&mut turn.endpoint.max_delay, self.max_endpointing_delay);
        set(&mut turn.interruption.min_duration, self.min_interruption_duration);
        set(&mut turn.speculation.max_speech, self.preemptive_max_speech_duration);
        if let Some(words) = self.min_interruption_words {
            turn.interruption.min_words = words;
        }
        if let Some(allowed) = self.allow_interruptions {
            turn.interruption.enabled = allowed;
        }
        if let Some(timeout) = self.false_interruption_timeout {
            turn.interruption.false_interruption = timeout.span();
        }
        if self.resume_false_interruption == Some(false) {
            turn.interruption.false_interruption = None;
        }
        if let Some(warmup) = self.aec_warmup {
            turn.interruption.aec_warmup = warmup.span().unwrap_or_default();
        }
        if let Some(preemption) = self.preemptive_generation {
            turn.speculation.enabled = preemption != Preemption::Off;
        }
        if let Some(retries) = self.preemptive_max_retries {
            turn.speculation.max_attempts = retries;
        }
        if let Some(away) = self.user_away_timeout {
            turn.user_away = away.span().filter(|away| !away.is_zero());
        }
        if let Some(steps) = self.max_tool_steps {
            config.max_tool_steps = steps;
        }
        config
    }
}

/// The session that was measured: turn-taking's defaults, without echo cancellation's warm-up.
fn measured() -> ConversationConfig {
    let seconds = Duration::from_secs_f64;
    ConversationConfig {
        id: "scenario".into(),
        turn: agent_turn::Config {
            detection: agent_turn::Detection::Voice,
            endpoint: EndpointConfig { min_delay: seconds(0.5), max_delay: seconds(6.0), pace: Pace::Fixed },
            judge: JudgeConfig { silence: seconds(0.2), deadline: seconds(1.0), reads_words: false },
            transcript: TranscriptConfig { floor: seconds(5.0), ceiling: seconds(5.0), known: None },
            limits: TurnLimits { longest_speech: seconds(120.0), max_words: None, max_duration: None },
            interruption: InterruptionConfig {
                enabled: true,
                min_duration: seconds(0.5),
                min_words: 0,
                false_interruption: Some(seconds(2.0)),
                aec_warmup: Duration::ZERO,
                backchannel_boundary: seconds(1.0),
            },
            speculation: SpeculationConfig { enabled: true, max_attempts: 3, max_speech: seconds(10.0) },
            speaking: SpeakingConfig { min_gap: Duration::ZERO, filler_after: None },
            deadlines: Deadlines {
                reply: seconds(20.0),
                functions: seconds(30.0),
                stall: seconds(15.0),
                consider: seconds(30.0),
                hold: seconds(30.0),
                close: seconds(2.0),
            },
            considers_turns: false,
            max_speakers: 4,
            user_away: Some(seconds(15.0)),
        },
        instructions: "You are a helpful assistant.".to_owned(),
        greeting: None,
        hearing: SttOptions::default(),
        generation: GenerationOptions::default(),
        speaking: TtsOptions::default(),
        max_tool_steps: 3,
        tool_deadline: seconds(30.0),
        tools_at_once: 64,
        tool_output: 100_000,
        hook_deadline: seconds(30.0),
        playout_ahead: seconds(30.0),
        voices_speculations: false,
        speculation_budget: None,
        prices: Prices::default(),
        fillers: Vec::new(),
        context: ContextPolicy { max_tokens: 24_000, cut_to_percent: 60, summary: None },
        errors: ErrorPolicy { apology: None, max_consecutive: 3, recogniser_backoff: seconds(0.5) },
    }
}
