//! The scripted realtime model passes the suite that every realtime model passes, on a virtual clock.

#[path = "staged/faults.rs"]
mod faults;

use std::{sync::Arc, time::Duration};

use providers_conformance::{Fault, RealtimeBench, check_realtime};
use providers_core::{HearingRate, Realtime, RealtimeCapabilities, SampleRate, ToolCall};
use providers_fake::{
    FakeRealtime, Faults, Heard, OwnTurns, RealtimeScript, Sound, SpokenAnswer, Told, When,
};

#[tokio::test(start_paused = true)]
async fn the_model_keeps_every_rule_of_realtime_models() {
    for answers_tools in [false, true] {
        let report = check_realtime(&mut Bench { answers_tools, audio: true, model: None }).await;
        assert!(report.is_clean() && report.not_staged.is_empty(), "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_only_writes_keeps_them_too() {
    let report = check_realtime(&mut Bench { answers_tools: false, audio: false, model: None }).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.not_staged, ["a truncation names its item and is exact to the millisecond"]);
}

struct Bench {
    answers_tools: bool,
    audio: bool,
    /// The one that was made last.
    model: Option<Arc<FakeRealtime>>,
}

impl Bench {
    fn make(&mut self, duration: Duration, calls: &[ToolCall], faults: Faults) -> Arc<dyn Realtime> {
        let answer = |when, text: &str, calls: &[ToolCall]| SpokenAnswer {
            when,
            text: text.to_owned(),
            calls: calls.to_vec(),
            length: Duration::from_millis(2_345),
            first: Duration::from_millis(200),
            duration,
        };
        let answers = vec![
            answer(When::Text("sunny".to_owned()), "It is sunny.", &[]),
            answer(When::Any, "Fine, thank you.", calls),
        ];
        let script = RealtimeScript {
            capabilities: RealtimeCapabilities {
                turn_detection: true,
                user_transcripts: true,
                audio: self.audio,
                truncation: true,
                updates: true,
                answers_tools: self.answers_tools,
            },
            hears_at: HearingRate::Khz24,
            speaks_at: SampleRate::VOICE,
            sound: Sound::Tone { hertz: 440, peak: 8_000 },
            heard: Heard::Counted,
            transcript: Some(Duration::from_millis(300)),
            answers,
            turns: OwnTurns::Level { peak: 1_000, silence: Duration::from_millis(300) },
            late_chunks: 0,
        };
        let model = Arc::new(FakeRealtime::new(script).with_faults(faults).recording());
        self.model = Some(Arc::clone(&model));
        model
    }
}

const SOON: Duration = Duration::from_millis(600);

impl RealtimeBench for Bench {
    fn plain(&mut self) -> (Arc<dyn Realtime>, String) {
        (self.make(SOON, &[], Faults::none()), "How are you?".to_owned())
    }

    fn calling(&mut self, _text: &str, calls: &[ToolCall]) -> Option<Arc<dyn Realtime>> {
        Some(self.make(SOON, calls, Faults::none()))
    }

    fn slow(&mut self) -> Option<Arc<dyn Realtime>> {
        Some(self.make(Duration::from_secs(20), &[], Faults::none()))
    }

    fn detecting(&mut self) -> Option<(Arc<dyn Realtime>, Vec<i16>)> {
        let loud = std::iter::repeat_n(5_000, 24_000);
        let speech = loud.chain(std::iter::repeat_n(0, 24_000)).collect();
        Some((self.make(SOON, &[], Faults::none()), speech))
    }

    fn failing(&mut self, fault: Fault) -> Option<Arc<dyn Realtime>> {
        Some(self.make(SOON, &[], faults::script(Some(fault), 0)))
    }

    fn open_sessions(&self) -> u64 {
        self.model.as_ref().map_or(0, |model| model.open_now())
    }

    fn truncations(&self) -> Option<Vec<(String, Duration)>> {
        let told = self.model.as_ref()?.told().into_iter();
        let truncated = told.filter_map(|told| match told {
            Told::Truncated { item, audio, .. } => Some((item.to_string(), audio)),
            Told::Opened(_)
            | Told::Committed(_)
            | Told::Cleared
            | Told::Added(_)
            | Told::Asked(..)
            | Told::Cancelled(_)
            | Told::Updated(_) => None,
        });
        Some(truncated.collect())
    }
}
