//! A turn detector with a deadline keeps the rules of turn detectors, on a virtual clock.

use std::{sync::Arc, time::Duration};

use providers_conformance::{DetectorBench, check_detector};
use providers_core::{PauseContext, TurnDetector};
use providers_fake::{FakeDetector, Fault, Faults, Judgement, Mishap, When};
use providers_layers::TimedDetector;

const DEADLINE: Duration = Duration::from_millis(250);

#[tokio::test(start_paused = true)]
async fn a_detector_with_a_deadline_keeps_every_rule_of_detectors() {
    let report = check_detector(&mut Bench::default()).await;
    assert!(report.is_clean() && report.not_staged.is_empty(), "{report}");
}

#[derive(Default)]
struct Bench {
    made: Option<Arc<FakeDetector>>,
}

impl Bench {
    fn timed(&mut self, faults: Faults) -> Arc<dyn TurnDetector> {
        let unfinished = Judgement { when: When::Text("my name is".to_owned()), complete_permille: 40 };
        let made = Arc::new(FakeDetector::new(vec![unfinished], DEADLINE / 5).with_faults(faults));
        self.made = Some(Arc::clone(&made));
        Arc::new(TimedDetector::new(made, DEADLINE))
    }
}

impl DetectorBench for Bench {
    fn detector(&mut self) -> Arc<dyn TurnDetector> {
        self.timed(Faults::none())
    }

    fn stalled(&mut self) -> Option<(Arc<dyn TurnDetector>, Duration)> {
        Some((self.timed(Faults::always(Fault { after: 0, what: Mishap::Stall })), DEADLINE))
    }

    fn pauses(&mut self) -> Vec<PauseContext> {
        let pause = |text: &str| PauseContext {
            audio: vec![1_000; 16_000],
            text: text.to_owned(),
            language: Some("en-GB".to_owned()),
            ..PauseContext::default()
        };
        vec![pause("my name is"), pause("my name is alice")]
    }

    fn open_requests(&self) -> u64 {
        self.made.as_ref().map_or(0, |made| made.open_now())
    }
}
