//! The session of a scenario: what its file overrides, and the values under which the timelines of the field were
//! measured, for all else.

use std::time::Duration;

use agent_conversation::{ContextPolicy, ConversationConfig, ErrorPolicy, Prices};
use agent_language::{listening::Listener, wording::Wording};
use agent_turn::{
    Deadlines, EndpointConfig, InterruptionConfig, JudgeConfig, Keep, Pace, SpeakingConfig,
    SpeculationConfig, TranscriptConfig, TurnLimits,
};
use providers_core::{GenerationOptions, Interruption, SttOptions, TtsOptions};
use serde::Deserialize;

use crate::seconds::{Alpha, Limit, Probability, Seconds};

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
    min_consecutive_speech_delay: Option<Seconds>,
    endpointing: Option<Endpointing>,
    endpointing_alpha: Option<Alpha>,
    #[serde(alias = "eou_threshold")]
    end_of_turn_threshold: Option<Probability>,
    transcription_timeout: Option<Seconds>,
    session_close_transcript_timeout: Option<Seconds>,
    user_turn_limit_words: Option<u32>,
    user_turn_limit_duration: Option<Seconds>,
    discard_audio_if_uninterruptible: Option<Kept>,
    overlap_judge: Option<OverlapJudge>,
}

/// What is said over a speech that cannot be interrupted is heard, and answered after it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "bool")]
struct Kept;

impl TryFrom<bool> for Kept {
    type Error = &'static str;

    fn try_from(discards: bool) -> Result<Self, Self::Error> {
        if discards { Err("no word of a user is discarded: it can only be false") } else { Ok(Self) }
    }
}

/// What ends a turn.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Detection {
    /// Silence after voice activity.
    Vad,
    /// The recogniser.
    Stt,
    /// The program.
    Manual,
    /// Silence after voice activity, and a judge of pauses.
    Model,
}

/// Who judges what speech over the agent's own is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum OverlapJudge {
    /// Nobody: its length, and whether it has words.
    None,
    /// Word lists, in English.
    Words,
}

/// How the silence that ends a turn is found.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Endpointing {
    /// It is given.
    Fixed,
    /// It follows the user's own pauses.
    Dynamic,
}

/// What is made of a reply before the turn has ended.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Preemption {
    /// Nothing.
    Off,
    /// Its text.
    Llm,
    /// Its text and its audio.
    LlmTts,
}

impl Session {
    /// How turns end.
    #[must_use]
    pub fn detection(&self) -> Detection {
        self.turn_detection.unwrap_or(Detection::Vad)
    }

    /// From which probability on a judge of pauses counts a turn as complete, in thousandths.
    #[must_use]
    pub fn end_of_turn_threshold(&self) -> u16 {
        self.end_of_turn_threshold.map_or(THRESHOLD, |threshold| threshold.permille)
    }

    /// Who judges speech over the agent's own, if anybody does.
    #[must_use]
    pub fn overlaps(&self) -> Option<Box<dyn Interruption>> {
        match self.overlap_judge.unwrap_or(OverlapJudge::None) {
            OverlapJudge::None => None,
            OverlapJudge::Words => Some(Box::new(Listener::new("en"))),
        }
    }

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
        turn.detection = match self.detection() {
            Detection::Vad => agent_turn::Detection::Voice,
            Detection::Stt => agent_turn::Detection::Recogniser,
            Detection::Manual => agent_turn::Detection::Manual,
            Detection::Model => agent_turn::Detection::Model,
        };
        if self.endpointing == Some(Endpointing::Dynamic) {
            let keep = self.endpointing_alpha.map(|alpha| alpha.0).or(Keep::from_permille(ALPHA));
            turn.endpoint.pace = keep.map_or(Pace::Fixed, |keep| Pace::Learned { keep });
        }
        set(&mut turn.speaking.min_gap, self.min_consecutive_speech_delay);
        set(&mut turn.transcript.floor, self.transcription_timeout);
        set(&mut turn.transcript.ceiling, self.transcription_timeout);
        set(&mut turn.deadlines.close, self.session_close_transcript_timeout);
        turn.limits.max_words = self.user_turn_limit_words;
        turn.limits.max_duration = self.user_turn_limit_duration.map(|limit| limit.0);
        config.voices_speculations = self.preemptive_generation == Some(Preemption::LlmTts);
        if let Some(steps) = self.max_tool_steps {
            config.max_tool_steps = steps;
        }
        config
    }
}

/// The share of the old average that a learned endpoint keeps, in thousandths.
const ALPHA: u16 = 900;
/// From which probability on a turn counts as complete, in thousandths.
const THRESHOLD: u16 = 500;

/// Longer than any pause: the judge that was measured reads words, and is asked at the end of speech and when they come.
const NEVER: Duration = Duration::from_secs(86_400);

/// The session that was measured: turn-taking's defaults, without echo cancellation's warm-up.
fn measured() -> ConversationConfig {
    let seconds = Duration::from_secs_f64;
    ConversationConfig {
        id: "scenario".into(),
        turn: agent_turn::Config {
            detection: agent_turn::Detection::Voice,
            endpoint: EndpointConfig { min_delay: seconds(0.5), max_delay: seconds(6.0), pace: Pace::Fixed },
            judge: JudgeConfig { silence: NEVER, deadline: seconds(1.0), reads_words: true },
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
        wording: Wording { markdown: true, emoji: true, ..Wording::default() },
        patience: false,
        voices_speculations: false,
        speculation_budget: None,
        prices: Prices::default(),
        fillers: Vec::new(),
        context: ContextPolicy { max_tokens: 24_000, cut_to_percent: 60, summary: None },
        errors: ErrorPolicy {
            apology: None,
            max_consecutive: 3,
            recogniser_backoff: seconds(0.5),
            realtime_backoff: seconds(0.5),
        },
    }
}
