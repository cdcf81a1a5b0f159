//! The suite that every turn detector passes, with the real network. Its deadline is a layer's, and tested there.

use std::{sync::Arc, time::Duration};

use providers_conformance::{DetectorBench, check_detector};
use providers_core::{PauseContext, TurnDetector};
use providers_smartturn::SmartTurn;
use signals::signals;

mod signals;
mod support;

#[tokio::test]
async fn smart_turn_keeps_the_rules() {
    let detector = Arc::new(support::detector(8));
    let report = check_detector(&mut Bench { detector }).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.not_staged, ["a judgement that does not come ends at its deadline"]);
}

struct Bench {
    detector: Arc<SmartTurn>,
}

impl DetectorBench for Bench {
    fn detector(&mut self) -> Arc<dyn TurnDetector> {
        Arc::clone(&self.detector) as Arc<dyn TurnDetector>
    }

    fn stalled(&mut self) -> Option<(Arc<dyn TurnDetector>, Duration)> {
        None
    }

    fn pauses(&mut self) -> Vec<PauseContext> {
        let voices =
            signals().into_iter().filter(|signal| ["high_voice", "five_seconds"].contains(&signal.name));
        let pause = |samples| PauseContext {
            audio: samples,
            text: "something confidential".to_owned(),
            language: Some("pt-BR".to_owned()),
            ..PauseContext::default()
        };
        voices.map(|signal| pause(signal.samples)).collect()
    }

    fn open_requests(&self) -> u64 {
        self.detector.busy() as u64
    }
}
