//! The fakes pass the suite that every provider passes, on a virtual clock.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "staged/faults.rs"]
mod faults;

use std::{sync::Arc, time::Duration};

use providers_conformance::{
    EarBench, Fault, MindBench, MindScene, Spoken, VoiceBench, VoiceScene, check_ear, check_mind, check_voice,
};
use providers_core::{LanguageModel, SampleRate, SpeechToText, TextToSpeech};
use providers_fake::{Answer, FakeEar, FakeMind, FakeVoice, Heard, Sound, Speech, When};

use crate::faults::script;

#[tokio::test(start_paused = true)]
async fn the_mind_keeps_every_rule_of_minds() {
    let report = check_mind(&mut Bench::default()).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.not_staged, ["memory is bounded when the reader is slow"]);
}

#[tokio::test(start_paused = true)]
async fn the_ear_keeps_every_rule_of_ears() {
    let report = check_ear(&mut Bench::default()).await;
    assert!(report.is_clean() && report.not_staged.is_empty(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn the_voice_keeps_every_rule_of_voices() {
    let report = check_voice(&mut Bench::default()).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(
        report.not_staged,
        [
            "no sample is lost or repeated at any chunking",
            "audio that does not come or stalls invents nothing",
            "a slow beginning is waited for",
            "each fault has its name and shows no secret",
            "memory is bounded when the reader is slow",
        ]
    );
}

/// Counts what is open at the fake that was made last.
#[derive(Default)]
struct Bench {
    open: Option<Box<dyn Fn() -> u64>>,
}

impl Bench {
    fn open(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open())
    }
}

impl MindBench for Bench {
    fn mind(&mut self, scene: &MindScene) -> Option<Arc<dyn LanguageModel>> {
        if scene.endless {
            return None;
        }
        let answers = scene.answers.iter().map(|(question, text)| Answer {
            when: When::Text(question.clone()),
            text: text.clone(),
            calls: scene.calls.clone(),
            ttft: Duration::from_millis(20),
            duration: Duration::from_millis(200),
        });
        let pieces = scene.answers[0].1.chars().count().div_ceil(3);
        let mind = Arc::new(FakeMind::new(answers.collect()).with_faults(script(scene.fault, pieces)));
        let counted = Arc::clone(&mind);
        self.open = Some(Box::new(move || counted.open_now()));
        Some(mind)
    }

    fn plain(&mut self) -> (Arc<dyn LanguageModel>, String) {
        let answer = Answer {
            when: When::Any,
            text: "Fine, thank you.".to_owned(),
            calls: Vec::new(),
            ttft: Duration::from_millis(300),
            duration: Duration::from_millis(400),
        };
        (Arc::new(FakeMind::new(vec![answer])), "How are you?".to_owned())
    }

    fn open_requests(&self) -> u64 {
        self.open()
    }
}

impl EarBench for Bench {
    fn ear(&mut self, spoken: &[Spoken]) -> Option<Arc<dyn SpeechToText>> {
        let texts = spoken.iter().map(|spoken| spoken.text.clone()).collect();
        self.count_ear(FakeEar::answering(Heard::InTurn(texts), Duration::from_millis(150)))
    }

    fn speech(&mut self) -> Vec<Spoken> {
        let spoken = |text: &str, length| Spoken { samples: vec![1000; length], text: text.to_owned() };
        vec![spoken("turn on the light", 16_000), spoken("what time is it", 24_000), spoken("stop", 4_000)]
    }

    fn failing(&mut self, fault: Fault) -> Option<Arc<dyn SpeechToText>> {
        let ear = FakeEar::answering(Heard::Counted, Duration::from_millis(150));
        self.count_ear(ear.with_faults(script(Some(fault), 0)))
    }

    fn open_streams(&self) -> u64 {
        self.open()
    }
}

impl Bench {
    fn count_ear(&mut self, ear: FakeEar) -> Option<Arc<dyn SpeechToText>> {
        let ear = Arc::new(ear);
        let counted = Arc::clone(&ear);
        self.open = Some(Box::new(move || counted.open_now()));
        Some(ear)
    }
}

impl VoiceBench for Bench {
    fn voice(&mut self, _scene: &VoiceScene) -> Option<Arc<dyn TextToSpeech>> {
        None
    }

    fn plain(&mut self) -> (Arc<dyn TextToSpeech>, String) {
        let speech = Speech {
            when: When::Any,
            length: Duration::from_millis(2_345),
            ttfb: Duration::from_millis(100),
            duration: Duration::from_millis(300),
        };
        let rate = SampleRate::new(24_000).unwrap();
        let voice = FakeVoice::new(rate, Sound::Tone { hertz: 440, peak: 8_000 }, vec![speech]);
        let voice = Arc::new(voice.with_word_times());
        let counted = Arc::clone(&voice);
        self.open = Some(Box::new(move || counted.open_now()));
        (voice, "Good morning, what can I do for you?".to_owned())
    }

    fn open_requests(&self) -> u64 {
        self.open()
    }
}
