//! A judge of pauses that reads the words: cheap, always there, and never sure.

use providers_core::{BoxFuture, PauseContext, ProviderError, ProviderInfo, TurnDetector, TurnVerdict};

use super::Lexicon;

/// In thousandths: what a text is given that breaks off, that asks for patience, that is a noise, and any other.
const UNFINISHED: u16 = 150;
const PLEA: u16 = 100;
const NOISE: u16 = 450;
const COMPLETE: u16 = 850;
const THRESHOLD: u16 = 400;

/// Judges whether a turn is complete by its last words.
#[derive(Clone, Debug)]
pub struct WordsDetector {
    info: ProviderInfo,
}

impl Default for WordsDetector {
    fn default() -> Self {
        Self { info: ProviderInfo { provider: "local", model: "words".to_owned() } }
    }
}

impl TurnDetector for WordsDetector {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn supports(&self, language: &str) -> bool {
        Lexicon::knows(language)
    }

    fn judge(&self, pause: PauseContext) -> BoxFuture<'static, Result<TurnVerdict, ProviderError>> {
        let complete_permille = complete(&pause.text, pause.language.as_deref().unwrap_or("en"));
        Box::pin(std::future::ready(Ok(TurnVerdict { complete_permille, threshold_permille: THRESHOLD })))
    }
}

fn complete(text: &str, language: &str) -> u16 {
    let Some(lexicon) = Lexicon::of(language) else {
        return if super::lexicon::breaks_off(text) { UNFINISHED } else { COMPLETE };
    };
    if lexicon.asks_for_patience(text) {
        PLEA
    } else if lexicon.seems_unfinished(text) {
        UNFINISHED
    } else if lexicon.is_noise(text) {
        NOISE
    } else {
        COMPLETE
    }
}
