//! A port made of ports keeps the rules of the port that it is, on a virtual clock.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../fake/tests/staged/faults.rs"]
mod faults;

use std::{sync::Arc, time::Duration};

use providers_conformance::{
    EarBench, Fault, MindBench, MindScene, Spoken, VoiceBench, VoiceScene, check_ear, check_mind, check_voice,
};
use providers_core::{BatchRecogniser, LanguageModel, SampleRate, SpeechToText, TextToSpeech};
use providers_fake::{Answer, FakeMind, FakeRecogniser, FakeVoice, Heard, Sound, Speech, When};
use providers_layers::{
    EarTimeouts, MindTimeouts, Retries, RetryBudget, RetryPolicy, RetryingMind, RetryingRecogniser,
    RetryingVoice, SegmentRules, Segments, SentenceRules, Sentences, TimedEar, TimedMind, TimedRecogniser,
    TimedVoice, VoiceTimeouts,
};

use crate::faults::script;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_mind_tried_again_within_timeouts_is_a_mind() {
    let report = check_mind(&mut Bench::default()).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.not_staged, ["memory is bounded when the reader is slow"]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_recogniser_asked_again_and_cut_by_voice_is_an_ear() {
    let report = check_ear(&mut Bench::default()).await;
    assert!(report.is_clean() && report.not_staged.is_empty(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_voice_given_sentences_that_are_tried_again_is_a_voice() {
    let report = check_voice(&mut Bench::default()).await;
    assert!(report.is_clean(), "{report}");
    assert!(report.hold.contains(&"all words together are the text, at times in order"), "{report}");
}

fn retries() -> Arc<Retries> {
    let policy =
        RetryPolicy { attempts: 3, base: Duration::from_millis(100), cap: SECOND, longest_asked: 2 * SECOND };
    Retries::new(policy, RetryBudget::new(200, 10), 7)
}

#[derive(Default)]
struct Bench {
    open: Option<Box<dyn Fn() -> u64>>,
}

impl Bench {
    fn open(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open())
    }

    /// Every stream of a [`Segments`] holds its recogniser.
    fn ear(&mut self, recogniser: FakeRecogniser) -> Option<Arc<dyn SpeechToText>> {
        let recogniser: Arc<dyn BatchRecogniser> =
            Arc::new(TimedRecogniser::new(Arc::new(recogniser), 5 * SECOND));
        let recogniser: Arc<dyn BatchRecogniser> = Arc::new(RetryingRecogniser::new(recogniser, retries()));
        let segments = Segments::new(Arc::clone(&recogniser), SegmentRules::SPOKEN);
        self.open = Some(Box::new(move || Arc::strong_count(&recogniser) as u64 - 2));
        Some(Arc::new(TimedEar::new(Arc::new(segments), EarTimeouts { answer: 5 * SECOND })))
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
        let timed =
            Arc::new(TimedMind::new(mind, MindTimeouts { first: SECOND, idle: SECOND, total: 9 * SECOND }));
        Some(Arc::new(RetryingMind::new(timed, retries())))
    }

    fn plain(&mut self) -> (Arc<dyn LanguageModel>, String) {
        let question = "How are you?".to_owned();
        let scene = MindScene {
            answers: vec![(question.clone(), "Fine, thank you.".to_owned())],
            calls: Vec::new(),
            usage: providers_core::Usage::default(),
            chunking: providers_conformance::Chunking::Events,
            fault: None,
            endless: false,
        };
        (MindBench::mind(self, &scene).unwrap(), question)
    }

    fn open_requests(&self) -> u64 {
        self.open()
    }
}

impl EarBench for Bench {
    fn ear(&mut self, spoken: &[Spoken]) -> Option<Arc<dyn SpeechToText>> {
        let texts = spoken.iter().map(|spoken| spoken.text.clone()).collect();
        Bench::ear(self, FakeRecogniser::new(Heard::InTurn(texts), Duration::from_millis(150)))
    }

    fn speech(&mut self) -> Vec<Spoken> {
        let spoken = |text: &str, length| Spoken { samples: vec![1000; length], text: text.to_owned() };
        vec![spoken("turn on the light", 16_000), spoken("what time is it", 24_000), spoken("stop", 4_000)]
    }

    fn failing(&mut self, fault: Fault) -> Option<Arc<dyn SpeechToText>> {
        let recogniser = FakeRecogniser::new(Heard::Counted, Duration::from_millis(150));
        Bench::ear(self, recogniser.with_faults(script(Some(fault), 0)))
    }

    fn open_streams(&self) -> u64 {
        self.open()
    }
}

impl VoiceBench for Bench {
    fn voice(&mut self, _scene: &VoiceScene) -> Option<Arc<dyn TextToSpeech>> {
        None
    }

    fn plain(&mut self) -> (Arc<dyn TextToSpeech>, String) {
        let speech = Speech {
            when: When::Any,
            length: Duration::from_millis(1_230),
            ttfb: Duration::from_millis(100),
            duration: Duration::from_millis(300),
        };
        let voice = FakeVoice::new(SampleRate::VOICE, Sound::Tone { hertz: 440, peak: 8_000 }, vec![speech]);
        let voice = Arc::new(voice.with_word_times());
        let counted = Arc::clone(&voice);
        self.open = Some(Box::new(move || counted.open_now()));
        let timeouts = VoiceTimeouts { first: SECOND, idle: SECOND, total: 9 * SECOND };
        let timed = Arc::new(RetryingVoice::new(Arc::new(TimedVoice::new(voice, timeouts)), retries()));
        let text =
            "Good morning to all of you. What can I do for you today? One moment please, I am looking.";
        (Arc::new(Sentences::new(timed, SentenceRules::SPOKEN)), text.to_owned())
    }

    fn open_requests(&self) -> u64 {
        self.open()
    }
}
