//! The judge that reads the words keeps the rules of turn detectors.

use std::{sync::Arc, time::Duration};

use agent_language::listening::WordsDetector;
use providers_conformance::{DetectorBench, check_detector};
use providers_core::{PauseContext, TurnDetector};

#[tokio::test(start_paused = true)]
async fn the_judge_of_words_keeps_the_rules_of_turn_detectors() {
    let report = check_detector(&mut Bench).await;
    assert!(report.is_clean(), "{report}");
    let at_once = [
        "a dropped judgement frees its place within 50 ms",
        "a judgement that does not come ends at its deadline",
    ];
    assert_eq!(
        report.not_staged, at_once,
        "it judges at once, so that there is nothing to drop and nothing to wait for"
    );
}

struct Bench;

impl DetectorBench for Bench {
    fn detector(&mut self) -> Arc<dyn TurnDetector> {
        Arc::new(WordsDetector::default())
    }

    fn stalled(&mut self) -> Option<(Arc<dyn TurnDetector>, Duration)> {
        None
    }

    fn pauses(&mut self) -> Vec<PauseContext> {
        let pause = |text: &str, language: &str| PauseContext {
            audio: vec![1_000; 16_000],
            text: text.to_owned(),
            language: Some(language.to_owned()),
            ..PauseContext::default()
        };
        vec![pause("my name is", "en-GB"), pause("ich heiße Anna", "de-AT"), pause("hold on a second", "en")]
    }

    fn open_requests(&self) -> u64 {
        0
    }
}
