//! Realtime models as the configuration names them.

use std::sync::Arc;

use agent_conversation::{LiveModel, LiveTurns};
use config_schema::{Realtime, RealtimeFake, RealtimeProvider, RealtimeTurns};
use providers_core::{HearingRate, RealtimeCapabilities, SampleRate};
use providers_fake::{FakeRealtime, Heard, OwnTurns, RealtimeScript, Sound, SpokenAnswer, When};

use super::TONE_PEAK;

/// The model that is configured, if one is.
pub(super) fn live(config: &Realtime) -> Option<LiveModel> {
    let model = match config.provider {
        RealtimeProvider::None => return None,
        RealtimeProvider::Fake => Arc::new(fake(&config.fake)),
    };
    let turns = match config.turns {
        RealtimeTurns::Model => LiveTurns::Model,
        RealtimeTurns::Voice => LiveTurns::Voice,
        RealtimeTurns::Words => LiveTurns::Words,
    };
    Some(LiveModel { model, turns, voice: None })
}

fn fake(config: &RealtimeFake) -> FakeRealtime {
    let hertz = u16::try_from(config.frequency).unwrap_or(u16::MAX);
    let peak = i16::try_from(config.loudness).unwrap_or(i16::MAX);
    FakeRealtime::new(RealtimeScript {
        capabilities: RealtimeCapabilities {
            turn_detection: true,
            user_transcripts: true,
            audio: true,
            truncation: true,
            updates: true,
            answers_tools: false,
        },
        hears_at: HearingRate::Khz24,
        speaks_at: SampleRate::VOICE,
        sound: Sound::Tone { hertz, peak: TONE_PEAK },
        heard: Heard::InTurn(vec![config.heard.clone()]),
        transcript: Some(config.transcript_delay),
        answers: vec![SpokenAnswer {
            when: When::Any,
            text: config.text.clone(),
            calls: Vec::new(),
            length: config.length,
            first: config.first_frame,
            duration: config.first_frame,
        }],
        turns: OwnTurns::Level { peak, silence: config.silence },
        late_chunks: 0,
    })
}
