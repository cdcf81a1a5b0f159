//! A turn detector that judges pauses by their words, as the script says, some time after it is asked.

use std::{sync::Arc, time::Duration};

use providers_core::{
    BoxFuture, ErrorKind, PauseContext, ProviderError, ProviderInfo, TurnDetector, TurnVerdict,
};
use tokio::time::sleep;

use crate::{
    Faults, Mishap, When,
    record::{Open, PROVIDER, Record},
};

/// What is judged of a pause after these words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// After which words.
    pub when: When,
    /// The probability that the turn is complete, in thousandths.
    pub complete_permille: u16,
}

/// A scripted turn detector, for every language. What the script does not name is complete.
pub struct FakeDetector {
    info: ProviderInfo,
    judgements: Vec<Judgement>,
    threshold_permille: u16,
    delay: Duration,
    faults: Faults,
    record: Arc<Record<PauseContext>>,
}

impl FakeDetector {
    /// A detector that judges `delay` after it is asked, with a threshold of 500.
    #[must_use]
    pub fn new(judgements: Vec<Judgement>, delay: Duration) -> Self {
        Self {
            info: ProviderInfo { provider: PROVIDER, model: "pauses".to_owned() },
            judgements,
            threshold_permille: 500,
            delay,
            faults: Faults::none(),
            record: Record::new(false),
        }
    }

    /// The same detector with another threshold, in thousandths.
    #[must_use]
    pub fn with_threshold(mut self, permille: u16) -> Self {
        self.threshold_permille = permille;
        self
    }

    /// The same detector with failures, counted by pause; nothing comes before them.
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The same detector, which keeps the pauses (4096 at most).
    #[must_use]
    pub fn recording(mut self) -> Self {
        self.record = Record::new(true);
        self
    }

    /// How many pauses are neither judged nor dropped.
    #[must_use]
    pub fn open_now(&self) -> u64 {
        self.record.open()
    }

    /// The pauses; empty unless [`FakeDetector::recording`].
    #[must_use]
    pub fn pauses(&self) -> Vec<PauseContext> {
        self.record.requests()
    }
}

impl TurnDetector for FakeDetector {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn supports(&self, _language: &str) -> bool {
        true
    }

    fn judge(&self, pause: PauseContext) -> BoxFuture<'static, Result<TurnVerdict, ProviderError>> {
        let (open, number) = Open::count(&self.record);
        let judgement = When::choose(&self.judgements, |judgement| &judgement.when, &pause.text);
        let complete_permille = judgement.map_or(1_000, |judgement| judgement.complete_permille);
        let verdict = TurnVerdict { complete_permille, threshold_permille: self.threshold_permille };
        open.record().keep(|| pause);
        let (fault, delay) = (self.faults.of_request(number), self.delay);
        Box::pin(async move {
            let _open = open;
            sleep(delay).await;
            match fault.map(|fault| fault.what) {
                None => Ok(verdict),
                Some(Mishap::Pause(pause)) => {
                    sleep(pause).await;
                    Ok(verdict)
                }
                Some(Mishap::Stall) => std::future::pending().await,
                Some(Mishap::End) => {
                    Err(ProviderError::new(PROVIDER, ErrorKind::StreamCut, "the script says so"))
                }
                Some(Mishap::Error { kind, retry_after }) => {
                    let error = ProviderError::new(PROVIDER, kind, "the script says so");
                    Err(error.with_retry_after(retry_after))
                }
            }
        })
    }
}
