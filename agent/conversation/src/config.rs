//! What can be set for one conversation. No defaults here: they live in `config/schema`.

use std::{sync::Arc, time::Duration};

use agent_language::wording::Wording;
use providers_core::{GenerationOptions, SttOptions, TtsOptions};

use crate::{ContextPolicy, Micros, Prices};

/// Everything that one conversation is told before it starts.
#[derive(Clone, Debug)]
pub struct ConversationConfig {
    /// Tells it from every other: the id of its job. Visible ASCII, 200 characters at most.
    pub id: Arc<str>,
    /// When to speak, stop and wait.
    pub turn: agent_turn::Config,
    /// What the mind is told to be.
    pub instructions: String,
    /// What the agent of [`crate::Agents::configured`] says first.
    pub greeting: Option<Greeting>,
    /// How to hear.
    pub hearing: SttOptions,
    /// How to think.
    pub generation: GenerationOptions,
    /// How to speak.
    pub speaking: TtsOptions,
    /// How what a mind writes is worded for the voice.
    pub wording: Wording,
    /// After how many further replies with tool calls, in one turn, the next one must do without.
    pub max_tool_steps: u32,
    /// How long one tool may take.
    pub tool_deadline: Duration,
    /// How many tools run at once; those called beyond it wait for their turn.
    pub tools_at_once: usize,
    /// Characters of what a tool returns that the mind is told.
    pub tool_output: usize,
    /// How long an agent that leaves may take.
    pub hook_deadline: Duration,
    /// How much speech may wait in the playout before the voice is held back.
    pub playout_ahead: Duration,
    /// Whether words such as "hold on" ask for a longer wait.
    pub patience: bool,
    /// Whether a speculative reply is voiced before it is confirmed.
    pub voices_speculations: bool,
    /// What speculative replies that were not used may cost in one call; `None`: whatever it is.
    pub speculation_budget: Option<Micros>,
    /// What providers cost.
    pub prices: Prices,
    /// What is said while tools take long that have no words of their own for it, in turn; empty: nothing.
    pub fillers: Vec<String>,
    /// How much of the conversation a mind reads.
    pub context: ContextPolicy,
    /// What to do when a provider fails.
    pub errors: ErrorPolicy,
}

/// What the agent says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// What is said.
    pub speech: Speech,
    /// Whether the user may interrupt it.
    pub interruptible: bool,
}

impl Greeting {
    /// These words, which the user may interrupt.
    #[must_use]
    pub fn words(words: impl Into<String>) -> Self {
        Self { speech: Speech::Words(words.into()), interruptible: true }
    }
}

/// The words of a greeting, or where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speech {
    /// These words.
    Words(String),
    /// What the mind makes of these instructions.
    Instructed(String),
}

/// What to do when a provider fails. One failed turn never ends a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPolicy {
    /// What the agent says when a reply to a turn failed; `None`: nothing.
    pub apology: Option<String>,
    /// How many failures in a row, of one component, are borne; one more closes the call.
    pub max_consecutive: u32,
    /// How long after its failure the recogniser is opened again.
    pub recogniser_backoff: Duration,
    /// How long after its failure another session of a realtime model is opened; twice as long after each further
    /// failure in a row, 64 times at most.
    pub realtime_backoff: Duration,
}
