//! The mind: a rule engine over the intents file. It is not a language model, and says so when it is asked.
//!
//! It answers the last words that the person said by the intent that fits them, with the values that the person gave
//! earlier in the same request; it keeps nothing between requests. A system message does not change what it does.

use std::sync::Arc;

use futures_util::stream;
use providers_core::{
    ChatRequest, FinishReason, LanguageModel, LlmEvent, LlmStream, ProviderError, ProviderInfo, Usage,
};

use crate::{PROVIDER, intents::Intents};

mod arithmetic;
mod clock;
mod reply;
mod standing;

pub use clock::WallClock;
use reply::Reply;

/// What the mind is made of.
#[derive(Clone, Debug)]
pub struct MindConfig {
    /// What it understands and answers.
    pub intents: Arc<Intents>,
    /// What time it is for "what time is it".
    pub clock: WallClock,
}

/// The offline mind.
#[derive(Debug)]
pub struct LocalMind {
    info: ProviderInfo,
    config: MindConfig,
}

impl LocalMind {
    /// A mind that answers by these intents.
    #[must_use]
    pub fn new(config: MindConfig) -> Self {
        let info = ProviderInfo { provider: PROVIDER, model: "intents".to_owned() };
        Self { info, config }
    }
}

impl LanguageModel for LocalMind {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn answer(&self, request: ChatRequest) -> LlmStream {
        let pieces = match reply::to(&self.config, &request) {
            Ok(reply) => events(&request, reply),
            Err(error) => vec![Err(error)],
        };
        Box::pin(stream::iter(pieces))
    }

    fn follows_instructions(&self) -> bool {
        false
    }
}

/// The events of a reply: its text word by word, or its call, then what it used and the end mark.
fn events(request: &ChatRequest, reply: Reply) -> Vec<Result<LlmEvent, ProviderError>> {
    let (mut events, reason): (Vec<LlmEvent>, FinishReason) = match reply {
        Reply::Call(call) => (vec![LlmEvent::Call(call)], FinishReason::Calls),
        Reply::Text(text) => {
            let words: Vec<&str> = text.split_inclusive(' ').collect();
            let limit = request.options.max_output_tokens.map_or(usize::MAX, |limit| limit as usize);
            let reason = if words.len() > limit { FinishReason::Length } else { FinishReason::Stop };
            (words.into_iter().take(limit).map(|word| LlmEvent::Text(word.to_owned())).collect(), reason)
        }
    };
    // A rule engine has no tokens; words stand in for them.
    let usage = Usage {
        input_tokens: reply::words_in(request),
        output_tokens: events.len() as u64,
        ..Usage::default()
    };
    events.push(LlmEvent::Usage(usage));
    events.push(LlmEvent::Finished(reason));
    events.into_iter().map(Ok).collect()
}
