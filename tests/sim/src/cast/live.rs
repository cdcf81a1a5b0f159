//! A realtime model of a scenario: it answers what the mind would, as long as the voice would speak.

use std::sync::Arc;

use agent_conversation::LiveTurns;
use providers_core::{HearingRate, RealtimeCapabilities, SampleRate};
use providers_fake::{
    Answer, FakeRealtime, Heard, OwnTurns, RealtimeScript, Sound, Speech, SpokenAnswer, When,
};

use super::{answers, said_by, speeches};
use crate::scenario::{Realtime, Script, Turns};

/// The model, and who finds the turns.
pub(super) fn model(realtime: &Realtime, script: &Script) -> (Arc<FakeRealtime>, LiveTurns) {
    let said = said_by(script, None);
    let words: Vec<_> = said.iter().map(|said| said.text.clone()).filter(|text| !text.is_empty()).collect();
    let times = said.iter().map(|said| (said.start.0, said.end.0)).collect();
    let speeches = speeches(script);
    let model = FakeRealtime::new(RealtimeScript {
        capabilities: RealtimeCapabilities {
            turn_detection: true,
            user_transcripts: true,
            audio: true,
            truncation: true,
            updates: true,
            answers_tools: false,
        },
        hears_at: HearingRate::Khz16,
        speaks_at: SampleRate::HEARING,
        sound: Sound::Silence,
        heard: Heard::InTurn(words),
        transcript: realtime.transcript_delay.span(),
        answers: answers(script).into_iter().map(|answer| spoken(answer, &speeches)).collect(),
        turns: OwnTurns::At(times),
        late_chunks: 0,
    });
    let turns = match realtime.turns {
        Turns::Model => LiveTurns::Model,
        Turns::Voice => LiveTurns::Voice,
        Turns::Words => LiveTurns::Words,
    };
    (Arc::new(model), turns)
}

/// An answer of the mind, spoken; what the voice does not know is not heard.
fn spoken(answer: Answer, speeches: &[Speech]) -> SpokenAnswer {
    let Answer { when, text, calls, ttft, duration } = answer;
    let knows = |when: &When| matches!(when, When::Text(own) if *own == text);
    let speech = speeches.iter().find(|speech| knows(&speech.when));
    let speech = speech.or_else(|| speeches.iter().find(|speech| speech.when == When::Any));
    let length = speech.map(|speech| speech.length).unwrap_or_default();
    SpokenAnswer { when, text, calls, length, first: ttft, duration }
}
