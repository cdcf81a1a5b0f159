//! The judge of pauses that the configuration names: one for all calls of the process.

use std::sync::Arc;

use agent_language::listening::WordsDetector;
use config_schema::{Turn, TurnJudge};
use providers_core::TurnDetector;

use super::BuildError;

/// The judge, behind its deadline; `None` when silence alone decides.
pub(super) fn judge(turn: &Turn) -> Result<Option<Arc<dyn TurnDetector>>, BuildError> {
    match turn.detector {
        TurnJudge::None => Ok(None),
        TurnJudge::Words => Ok(Some(Arc::new(WordsDetector::default()))),
        TurnJudge::SmartTurn => smart_turn(&turn.smart_turn).map(Some),
    }
}

#[cfg(feature = "smart-turn")]
fn smart_turn(settings: &config_schema::SmartTurn) -> Result<Arc<dyn TurnDetector>, BuildError> {
    use providers_layers::TimedDetector;
    use providers_smartturn::{SmartTurn, SmartTurnConfig, Thresholds};

    let Some(model) = &settings.model else {
        let remedy = "`./dev models smart-turn` fetches the file and says where it is";
        return Err(BuildError::Empty { key: "turn.smart_turn.model", remedy });
    };
    let by_language = settings.thresholds.0.iter().map(|(tag, share)| (tag.clone(), permille(*share)));
    let thresholds = Thresholds { usual: permille(settings.threshold), by_language: by_language.collect() };
    let detector = SmartTurn::new(SmartTurnConfig {
        model: model.into(),
        library: settings.library.as_ref().map(Into::into),
        thresholds,
        threads: settings.threads as usize,
        waiting: settings.max_waiting as usize,
    })
    .map_err(|source| BuildError::Provider { key: "turn.smart_turn", source })?;
    let facts = detector.facts();
    tracing::info!(
        model = %facts.model.display(),
        sha256 = facts.sha256,
        is_known = facts.is_known,
        library = %facts.library.display(),
        "smart turn is loaded"
    );
    Ok(Arc::new(TimedDetector::new(Arc::new(detector), settings.deadline)))
}

/// From one thousandth on: a threshold of nothing would find every turn complete.
#[cfg(feature = "smart-turn")]
fn permille(share: f32) -> u16 {
    ((share * 1_000.0).round() as u16).max(1)
}

#[cfg(not(feature = "smart-turn"))]
fn smart_turn(_: &config_schema::SmartTurn) -> Result<Arc<dyn TurnDetector>, BuildError> {
    Err(BuildError::NotBuilt { key: "turn.detector = \"smart-turn\"", feature: "smart-turn" })
}

#[cfg(test)]
mod tests {
    use config_schema::{Sources, load};

    use super::judge;

    /// What is said of settings; `None` when a judge or none can be had.
    fn refused(settings: &[&str]) -> Option<String> {
        let arguments: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let sources = Sources { arguments: &arguments, ..Sources::default() };
        let config = load(&sources).expect("settings that exist").config;
        judge(&config.turn).err().map(|error| error.to_string())
    }

    #[test]
    fn silence_alone_decides_unless_a_judge_is_named() {
        assert_eq!(refused(&[]), None);
        assert_eq!(refused(&["turn.detector=words"]), None);
        assert_eq!(refused(&["turn.smart_turn.model=/nowhere.onnx"]), None, "nothing is loaded unasked");
    }

    #[test]
    fn a_judge_that_cannot_be_had_is_told_with_its_key_and_its_remedy() {
        let named = refused(&["turn.detector=smart-turn"]).expect("no model");
        let missing = refused(&["turn.detector=smart-turn", "turn.smart_turn.model=/nowhere.onnx"])
            .expect("none there");
        if cfg!(feature = "smart-turn") {
            assert!(
                named.starts_with("turn.smart_turn.model is empty: `./dev models smart-turn`"),
                "{named}"
            );
            assert!(
                missing.starts_with("turn.smart_turn: smart-turn: cannot read the model /nowhere.onnx"),
                "{missing}"
            );
        } else {
            assert!(named.contains("--features smart-turn") && missing == named, "{named}");
        }
    }
}
