//! From the configuration to what the parts of one call are told.

use std::{path::Path, time::Duration};

use agent_audio::{
    EncoderConfig, Gain, HearingConfig, PlayoutConfig, Quiet, SpeakingConfig,
    vad::{Detector, DetectorConfig},
};
use agent_conversation::{
    Audience, ContextPolicy, ConversationConfig, ErrorPolicy, Greeting, Micros, Others, Prices, Recording,
    Sounds, Speech, Standing, SummaryPolicy,
};
use agent_language::{listening::Listener, reading::normaliser, wording::Wording};
use agent_rtc::ParticipantKind;
use agent_turn::{
    Deadlines, EndpointConfig, InterruptionConfig, JudgeConfig, Keep, Pace, SpeculationConfig,
    TranscriptConfig, TurnLimits,
};
use config_schema::{
    Config, Detection, Endpointing, Normalise, OthersStanding, OverlapJudge, PersonKind, Preemptive,
    Provider, Turn, TurnJudge,
};
use providers_core::{GenerationOptions, Interruption, SampleRate, SttOptions, TtsOptions};

use crate::{
    protocol::JobParticipant,
    providers::voice_activity,
    wav::{self, WavError},
};

/// What every conversation of this process is told.
pub(crate) fn conversation(config: &Config) -> ConversationConfig {
    let conversation = &config.conversation;
    ConversationConfig {
        id: "local".into(),
        turn: turn(config),
        instructions: conversation.instructions.clone(),
        greeting: said(&conversation.greeting).map(|words| Greeting {
            speech: Speech::Words(words),
            interruptible: conversation.greeting_interruptible,
        }),
        hearing: SttOptions { language: Some(conversation.language.clone()), keyterms: Vec::new() },
        // What a provider is told of itself stands with the provider: it may be another's fallback.
        generation: GenerationOptions::default(),
        speaking: TtsOptions { voice: None, language: Some(conversation.language.clone()), speed: None },
        wording: wording(config),
        max_tool_steps: conversation.max_tool_steps,
        tool_deadline: conversation.tool_timeout,
        tools_at_once: conversation.tools_at_once as usize,
        tool_output: conversation.tool_output as usize,
        hook_deadline: conversation.hook_timeout,
        playout_ahead: conversation.playout_ahead,
        patience: config.turn.patience,
        voices_speculations: match config.turn.preemptive {
            Preemptive::Off | Preemptive::Llm => false,
            Preemptive::LlmTts => true,
        },
        speculation_budget: config.turn.preemptive_budget.map(|millionths| Micros(millionths.into())),
        prices: prices(&config.prices),
        fillers: conversation.fillers.split('|').filter_map(said).collect(),
        context: context(&config.context),
        errors: ErrorPolicy {
            apology: said(&conversation.apology),
            max_consecutive: conversation.max_failures,
            recogniser_backoff: conversation.recogniser_backoff,
            realtime_backoff: config.realtime.backoff,
        },
    }
}

/// How what a mind writes is worded for the voice.
fn wording(config: &Config) -> Wording {
    let conversation = &config.conversation;
    let voices = std::iter::once(&config.tts.provider).chain(&config.tts.fallback);
    let reads = match conversation.normalise {
        Normalise::On => true,
        Normalise::Off => false,
        // A text is worded once, before it is known which voice will say it.
        Normalise::Auto => voices.into_iter().any(|voice| match voice {
            Provider::Local => true,
            Provider::Openai | Provider::Fake => false,
        }),
    };
    Wording {
        markdown: conversation.strip_markdown,
        emoji: conversation.strip_emoji,
        replacements: conversation.replacements.0.clone(),
        pronunciations: conversation.pronunciations.0.clone(),
        normaliser: reads.then(|| normaliser(&conversation.language)).flatten(),
    }
}

/// Who judges speech over the agent's own, anew for each call.
pub(crate) fn overlaps(config: &Config) -> Option<Box<dyn Interruption>> {
    match config.turn.overlap_judge {
        OverlapJudge::None => None,
        OverlapJudge::Words => Some(Box::new(Listener::new(&config.conversation.language))),
    }
}

/// How a call hears its participant.
pub(crate) fn hearing(config: &Config) -> HearingConfig {
    let audio = &config.audio;
    HearingConfig { depth_min: audio.jitter_min, depth_max: audio.jitter_max, conceal_max: audio.conceal_max }
}

/// To whom a call talks in its room; `participant` is whom the job is about.
pub(crate) fn audience(config: &Config, participant: Option<&JobParticipant>) -> Audience {
    let people = &config.people;
    let kind = |kind: &PersonKind| match kind {
        PersonKind::Standard => ParticipantKind::Standard,
        PersonKind::Sip => ParticipantKind::Sip,
        PersonKind::Connector => ParticipantKind::Connector,
    };
    let beside = config.turn.max_speakers.saturating_sub(1);
    Audience {
        identity: people.identity.as_deref().or(participant.map(|one| one.identity.as_str())).map(Into::into),
        kinds: people.kinds.iter().map(kind).collect(),
        others: match people.others {
            OthersStanding::Unheard => Others { most: 0, standing: Standing::HeardOnly },
            OthersStanding::Heard => Others { most: beside, standing: Standing::HeardOnly },
            OthersStanding::Answered => Others { most: beside, standing: Standing::Answered },
        },
    }
}

/// How a call tells speech from silence.
pub(crate) fn detector(config: &Config) -> Detector {
    let vad = &config.vad;
    Detector::new(
        voice_activity(vad).build(),
        DetectorConfig {
            activation: vad.activation,
            deactivation: vad.deactivation,
            min_speech: vad.min_speech,
            min_silence: vad.min_silence,
        },
    )
}

/// How a call's own track is made.
pub(crate) fn speaking(config: &Config) -> SpeakingConfig {
    let audio = &config.audio;
    let narrow = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
    SpeakingConfig {
        encoder: EncoderConfig {
            complexity: narrow(audio.opus_complexity),
            bitrate: audio.opus_bitrate,
            expected_loss: narrow(audio.opus_expected_loss),
        },
        playout: playout(config),
        // The server takes a track on which nothing comes for a bad connection, and shows it to everybody.
        quiet: Quiet::Comfort,
        hangover: HANGOVER,
        first_rtp_time: fastrand::u32(..),
    }
}

/// What is heard beside what the agent says.
pub(crate) fn sounds(config: &Config) -> Result<Sounds, WavError> {
    let recording = |path: &Option<String>, decibels: f32| {
        let read = |path: &String| wav::read(Path::new(path), SampleRate::VOICE);
        let samples = path.as_ref().map(read).transpose()?;
        Ok(samples.map(|samples| Recording { samples: samples.into(), gain: Gain::from_decibels(decibels) }))
    };
    let audio = &config.audio;
    Ok(Sounds {
        background: recording(&audio.background, audio.background_level)?,
        thinking: recording(&audio.thinking, audio.thinking_level)?,
    })
}

/// How replies are played.
pub(crate) fn playout(config: &Config) -> PlayoutConfig {
    PlayoutConfig {
        fade: FADE,
        lead: config.audio.playout_lead,
        duck: Gain::from_decibels(DUCK_DECIBELS),
        duck_fade: DUCK_FADE,
    }
}

fn turn(config: &Config) -> agent_turn::Config {
    let turn = &config.turn;
    agent_turn::Config {
        detection: match (turn.detection, turn.detector) {
            (Detection::Voice, TurnJudge::None) => agent_turn::Detection::Voice,
            (Detection::Voice, TurnJudge::Words | TurnJudge::SmartTurn) => agent_turn::Detection::Model,
            (Detection::Recogniser, _) => agent_turn::Detection::Recogniser,
            (Detection::Manual, _) => agent_turn::Detection::Manual,
        },
        endpoint: EndpointConfig {
            min_delay: turn.endpointing_min_delay,
            max_delay: turn.endpointing_max_delay,
            pace: pace(turn),
        },
        judge: JudgeConfig {
            silence: turn.judge_silence,
            deadline: turn.judge_timeout,
            reads_words: match turn.detector {
                TurnJudge::Words => true,
                TurnJudge::None | TurnJudge::SmartTurn => false,
            },
        },
        transcript: TranscriptConfig {
            floor: turn.transcript_timeout_min,
            ceiling: turn.transcript_timeout,
            known: None,
        },
        limits: TurnLimits {
            longest_speech: turn.longest_speech,
            max_words: turn.turn_max_words,
            max_duration: turn.turn_max_duration,
        },
        interruption: InterruptionConfig {
            enabled: turn.interruption,
            min_duration: turn.interruption_min_duration,
            min_words: turn.interruption_min_words,
            false_interruption: turn.false_interruption_timeout,
            aec_warmup: turn.aec_warmup,
            backchannel_boundary: turn.backchannel_boundary,
        },
        speculation: SpeculationConfig {
            enabled: match turn.preemptive {
                Preemptive::Off => false,
                Preemptive::Llm | Preemptive::LlmTts => true,
            },
            max_attempts: turn.preemptive_max_attempts,
            max_speech: turn.preemptive_max_speech,
        },
        speaking: agent_turn::SpeakingConfig {
            min_gap: turn.min_consecutive_speech_delay,
            filler_after: turn.filler_after,
        },
        deadlines: Deadlines {
            reply: turn.reply_timeout,
            // The tools of one step run side by side, so that the step may take as long as its slowest.
            functions: config.conversation.tool_timeout,
            stall: turn.stall_timeout,
            consider: turn.consider_timeout,
            hold: turn.hold_timeout,
            close: turn.close_transcript_timeout,
        },
        considers_turns: false,
        user_away: turn.user_away_timeout,
        max_speakers: turn.max_speakers,
    }
}

fn pace(turn: &Turn) -> Pace {
    let keep = u16::try_from(turn.endpointing_alpha).ok().and_then(Keep::from_permille);
    match (turn.endpointing, keep) {
        (Endpointing::Dynamic, Some(keep)) => Pace::Learned { keep },
        (Endpointing::Fixed, _) | (_, None) => Pace::Fixed,
    }
}

fn context(context: &config_schema::Context) -> ContextPolicy {
    ContextPolicy {
        max_tokens: context.max_tokens,
        cut_to_percent: u8::try_from(context.cut_to).unwrap_or(100),
        summary: context.summary_above.map(|above_tokens| SummaryPolicy {
            above_tokens,
            keep_turns: context.summary_keep_turns as usize,
            instructions: context.summary_instructions.clone(),
        }),
    }
}

fn prices(prices: &config_schema::Prices) -> Prices {
    // A price is never negative, and far below what would not fit.
    let micros = |price: f32| Micros((f64::from(price) * 1e6).round() as u64);
    Prices {
        llm_input: micros(prices.llm_input),
        llm_cached: micros(prices.llm_cached),
        llm_output: micros(prices.llm_output),
        tts_characters: micros(prices.tts_characters),
        tts_hour: micros(prices.tts_hour),
        stt_hour: micros(prices.stt_hour),
    }
}

/// Empty is nothing to say.
fn said(words: &str) -> Option<String> {
    (!words.trim().is_empty()).then(|| words.to_owned())
}

/// What the audio crate recommends, and no listener would set otherwise: silent frames after the last audible one, the
/// fade of a pause, and how far other sounds go down under a reply.
const HANGOVER: Duration = Duration::from_millis(60);
const FADE: Duration = Duration::from_millis(5);
const DUCK_DECIBELS: f32 = -12.0;
const DUCK_FADE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use config_schema::{Sources, load};

    use super::*;

    #[test]
    fn what_is_said_is_fit_for_every_voice_that_may_say_it() {
        for (settings, reads) in [
            (&["tts.provider=local"][..], true),
            (&["tts.provider=fake"], false),
            (&["tts.provider=fake", "tts.fallback=local"], true),
            (&["tts.provider=fake", "tts.fallback=local", "conversation.normalise=off"], false),
            (&["tts.provider=fake", "conversation.normalise=on"], true),
        ] {
            let arguments: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
            let sources = Sources { arguments: &arguments, ..Sources::default() };
            let config = load(&sources).unwrap().config;
            assert_eq!(wording(&config).normaliser.is_some(), reads, "{settings:?}");
        }
    }
}
