//! The mind: a rule engine over the intents file. It is not a language model, and says so when it is asked.

use std::sync::Arc;

use providers_core::{ChatRequest, LanguageModel, LlmStream, ProviderInfo};
use time::OffsetDateTime;

use crate::intents::Intents;

/// What the mind is made of.
#[derive(Clone)]
pub struct MindConfig {
    /// What it understands and answers.
    pub intents: Arc<Intents>,
    /// What time it is for "what time is it".
    pub clock: WallClock,
}

/// Tells the local date and time.
#[derive(Clone)]
pub struct WallClock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl WallClock {
    /// A clock that asks `read` each time: for tests and for callers with a time zone of their own.
    #[must_use]
    pub fn new(read: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The machine's clock in the machine's time zone.
    #[must_use]
    pub fn machine() -> Self {
        todo!()
    }
}

/// The offline mind.
pub struct LocalMind {
    info: ProviderInfo,
}

impl LocalMind {
    /// A mind that answers by these intents.
    #[must_use]
    pub fn new(_config: MindConfig) -> Self {
        todo!()
    }
}

impl LanguageModel for LocalMind {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn answer(&self, _request: ChatRequest) -> LlmStream {
        todo!()
    }
}
