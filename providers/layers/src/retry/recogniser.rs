//! A recogniser that is asked again: an utterance is there as a whole, and can be sent as often as it takes.

use std::sync::Arc;

use providers_core::{
    BatchRecogniser, BoxFuture, ProviderError, ProviderInfo, Recognition, SttOptions, Usage,
};

use super::Retries;

/// A batch recogniser that tries again.
pub struct RetryingRecogniser {
    recogniser: Arc<dyn BatchRecogniser>,
    retries: Arc<Retries>,
}

impl RetryingRecogniser {
    /// `recogniser`, asked again as `retries` says.
    #[must_use]
    pub fn new(recogniser: Arc<dyn BatchRecogniser>, retries: Arc<Retries>) -> Self {
        Self { recogniser, retries }
    }
}

impl BatchRecogniser for RetryingRecogniser {
    fn info(&self) -> &ProviderInfo {
        self.recogniser.info()
    }

    fn word_times(&self) -> bool {
        self.recogniser.word_times()
    }

    fn recognise(
        &self,
        utterance: Vec<i16>,
        options: &SttOptions,
    ) -> BoxFuture<'static, Result<Recognition, ProviderError>> {
        let recogniser = Arc::clone(&self.recogniser);
        let mut attempts = self.retries.request();
        let options = options.clone();
        let mut asked = recogniser.recognise(utterance.clone(), &options);
        Box::pin(async move {
            loop {
                let error = match asked.await {
                    Ok(recognition) => return Ok(recognition),
                    Err(error) => error,
                };
                let Some(pause) = attempts.pause_after(&error, Usage::default()) else { return Err(error) };
                tokio::time::sleep(pause).await;
                asked = recogniser.recognise(utterance.clone(), &options);
            }
        })
    }

    fn prewarm(&self) {
        self.recogniser.prewarm();
    }
}
