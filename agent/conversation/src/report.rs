//! What is left of a conversation when it is over.

use std::{collections::BTreeMap, time::Duration};

use agent_turn::CloseReason;
use providers_core::{ChatMessage, Usage};

use crate::{Component, Micros};

/// What is left of a conversation when it is over.
#[derive(Clone, Debug, PartialEq)]
pub struct CallReport {
    /// Why it was closed.
    pub reason: CloseReason,
    /// How long it lasted, from `run` to the close.
    pub duration: Duration,
    /// How many turns of the user were committed.
    pub turns: u64,
    /// How many replies were heard, at least in part.
    pub replies: u64,
    /// How many of them were stopped before their end because the user spoke or wrote.
    pub interruptions: u64,
    /// How many pauses turned out to be false interruptions.
    pub false_interruptions: u64,
    /// How many speculative replies were begun, and how many of them were used.
    pub speculations: (u64, u64),
    /// What those that were not used had used, and what that costs.
    pub wasted: (Usage, Micros),
    /// Failures of providers, by component.
    pub failures: BTreeMap<Component, u64>,
    /// What was used, by component.
    pub usage: BTreeMap<Component, Usage>,
    /// Breaches of the turn machine's invariants; 0 unless this program is wrong.
    pub breaches: u64,
    /// How late final transcripts came after the end of speech, nineteen of twenty; `None` when too few came.
    pub transcript_delay: Option<Duration>,
    /// The conversation, as far as it was heard.
    pub history: Vec<ChatMessage>,
}
