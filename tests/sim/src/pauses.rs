//! A judge of pauses that has the scenario's word for it: how probable an end is after which words.

use providers_core::{BoxFuture, PauseContext, ProviderError, ProviderInfo, TurnDetector, TurnVerdict};

use crate::scenario::{Script, Utterance};

/// Judges pauses as the utterances of a scenario say.
pub(crate) struct ScriptedJudge {
    info: ProviderInfo,
    utterances: Vec<Utterance>,
    threshold_permille: u16,
}

impl ScriptedJudge {
    pub(crate) fn of(script: &Script) -> Self {
        let mut utterances: Vec<Utterance> = script.user.iter().map(|said| said.get_ref().clone()).collect();
        utterances.retain(|said| !said.text.is_empty());
        utterances.sort_by_key(|said| said.start);
        Self {
            info: ProviderInfo { provider: "scenario", model: "pauses".to_owned() },
            utterances,
            threshold_permille: script.session.end_of_turn_threshold(),
        }
    }
}

impl TurnDetector for ScriptedJudge {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn supports(&self, _language: &str) -> bool {
        true
    }

    fn judge(&self, pause: PauseContext) -> BoxFuture<'static, Result<TurnVerdict, ProviderError>> {
        let said = self.utterances.iter().rfind(|said| pause.text.trim_end().ends_with(said.text.trim_end()));
        let probability = said.and_then(|said| said.end_of_turn_probability);
        let complete_permille = probability.map_or(1000, |probability| probability.permille);
        let latency = said.map_or_else(Default::default, |said| said.end_of_turn_latency.0);
        let verdict = TurnVerdict { complete_permille, threshold_permille: self.threshold_permille };
        Box::pin(async move {
            tokio::time::sleep(latency).await;
            Ok(verdict)
        })
    }
}
