//! The port: a pause in, a verdict out.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use providers_core::{BoxFuture, PauseContext, ProviderError, ProviderInfo, TurnDetector, TurnVerdict};
use sha2::{Digest as _, Sha256};

use crate::{
    PROVIDER,
    error::SmartTurnError,
    languages::{is_known, primary},
    model::Model,
    pool::Pool,
    runtime::Runtime,
};

/// How Smart Turn judges. Defaults live in `config/schema`; recommended values in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmartTurnConfig {
    /// The model: an ONNX file. `./dev models smart-turn` fetches `smart-turn-v3.2-cpu.onnx`.
    pub model: PathBuf,
    /// ONNX Runtime's library; `None` looks beside the model, then where the system looks for libraries.
    pub library: Option<PathBuf>,
    /// From which probability on a turn counts as complete.
    pub thresholds: Thresholds,
    /// Pauses judged at once, each by a thread of its own with its own copy of the network: 72 MB for the first, 40 MB
    /// for each other [1].
    pub threads: usize,
    /// Pauses that may wait; one more is refused with [`providers_core::ErrorKind::Overloaded`] [16].
    pub waiting: usize,
}

/// Thresholds in thousandths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// For every language without one of its own [500].
    pub usual: u16,
    /// By BCP 47 tag in lower case; that of a language also holds for its regions.
    pub by_language: BTreeMap<String, u16>,
}

impl Thresholds {
    /// The threshold for a language: of its whole tag, of its language, the usual one.
    #[must_use]
    pub fn of(&self, language: Option<&str>) -> u16 {
        let Some(tag) = language else { return self.usual };
        let own = self.by_language.get(&tag.to_ascii_lowercase());
        own.or_else(|| self.by_language.get(&primary(tag))).copied().unwrap_or(self.usual)
    }
}

/// What was loaded, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    /// The model's file.
    pub model: PathBuf,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Whether it is the file that this program was measured with, Smart Turn v3.2 for processors.
    pub is_known: bool,
    /// ONNX Runtime's library; a bare name was found by the system's loader.
    pub library: PathBuf,
}

/// Smart Turn v3.
pub struct SmartTurn {
    info: ProviderInfo,
    facts: ModelFacts,
    thresholds: Thresholds,
    pool: Pool<Model>,
}

/// `smart-turn-v3.2-cpu.onnx` as the package pipecat-ai 1.14.0 ships it.
const KNOWN: &str = "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f";

impl SmartTurn {
    /// Opens ONNX Runtime, loads the model (some 100 ms a thread) and starts the threads; they end with the detector.
    ///
    /// # Errors
    /// When the model or the library is missing, or is not what it should be; the text says which, and how to get it.
    pub fn new(config: SmartTurnConfig) -> Result<Self, ProviderError> {
        let SmartTurnConfig { model, library, thresholds, threads, waiting } = config;
        let bytes = std::fs::read(&model)
            .map_err(|source| SmartTurnError::ModelMissing { path: model.clone(), source })?;
        let runtime = Runtime::open(library.as_deref(), model.parent().unwrap_or(Path::new("")))?;
        let judges: Result<Vec<Model>, SmartTurnError> =
            (0..threads.max(1)).map(|_| Model::new(&runtime, &model, &bytes)).collect();
        let pool = Pool::new(judges?, waiting)?;
        let sha256 = hexadecimal(&Sha256::digest(&bytes));
        let name = model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self {
            info: ProviderInfo { provider: PROVIDER, model: name },
            facts: ModelFacts { is_known: sha256 == KNOWN, model, sha256, library: runtime.library },
            thresholds,
            pool,
        })
    }

    /// What was loaded.
    #[must_use]
    pub fn facts(&self) -> &ModelFacts {
        &self.facts
    }

    /// Pauses that wait or are being judged.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.pool.busy()
    }
}

impl TurnDetector for SmartTurn {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn supports(&self, language: &str) -> bool {
        is_known(language)
    }

    fn judge(&self, pause: PauseContext) -> BoxFuture<'static, Result<TurnVerdict, ProviderError>> {
        let threshold_permille = self.thresholds.of(pause.language.as_deref());
        let ticket = self.pool.submit(pause.audio);
        Box::pin(async move {
            let complete_permille = permille(ticket?.await?);
            Ok(TurnVerdict { complete_permille, threshold_permille })
        })
    }
}

fn permille(probability: f32) -> u16 {
    (probability * 1_000.0).round() as u16
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Thresholds, permille};

    #[test]
    fn the_nearest_threshold_counts() {
        let by_language = [("de".to_owned(), 600), ("de-at".to_owned(), 700)].into();
        let thresholds = Thresholds { usual: 500, by_language };
        for (language, threshold) in [
            (None, 500),
            (Some("en"), 500),
            (Some("de"), 600),
            (Some("de-CH"), 600),
            (Some("DE-AT"), 700),
            (Some(""), 500),
        ] {
            assert_eq!(thresholds.of(language), threshold, "{language:?}");
        }
    }

    #[test]
    fn a_probability_is_told_in_thousandths() {
        assert_eq!([0.0, 0.0004, 0.0006, 0.5, 1.0].map(permille), [0, 0, 1, 500, 1_000]);
    }
}
