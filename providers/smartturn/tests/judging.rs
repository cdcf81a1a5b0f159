//! The whole judgement against the reference's, for 26 sounds.

use providers_core::{PauseContext, TurnDetector};
use signals::signals;
use support::detector;

mod signals;
mod support;

/// The probabilities that the reference gives the sounds, by name.
static EXPECTED: &str = include_str!("signals/probabilities.txt");

#[tokio::test]
async fn sounds_are_judged_as_the_reference_judges_them() {
    let detector = detector(1);
    for (signal, line) in signals().into_iter().zip(EXPECTED.lines()) {
        let (name, expected) = line.split_once(' ').expect("a name and a probability");
        assert_eq!(name, signal.name);
        let expected: f32 = expected.parse().expect("a probability");
        let pause = PauseContext { audio: signal.samples, ..PauseContext::default() };
        let verdict = detector.judge(pause).await.expect("a verdict");
        let difference = (f32::from(verdict.complete_permille) / 1_000.0 - expected).abs();
        assert!(difference < 0.02, "{name}: {} for {expected}", verdict.complete_permille);
    }
}

#[tokio::test]
async fn the_model_that_dev_fetches_is_the_one_that_was_measured() {
    let detector = detector(0);
    assert!(detector.facts().is_known, "{:?}", detector.facts());
    assert_eq!(detector.info().model, "smart-turn-v3.2-cpu");
    assert!(detector.supports("en-GB") && !detector.supports("tlh"));
    let german = PauseContext { language: Some("de-AT".to_owned()), ..PauseContext::default() };
    assert_eq!(detector.judge(german).await.expect("a verdict").threshold_permille, 600);
}
