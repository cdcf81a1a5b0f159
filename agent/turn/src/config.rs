//! What can be set. No defaults here: they live in `config/schema`, with unit and reason.

use std::time::Duration;

/// Everything the machine can be told before it starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// When a user's turn has ended.
    pub endpoint: EndpointConfig,
    /// When the user's speech stops the agent's.
    pub interruption: InterruptionConfig,
    /// Whether a reply may begin before the turn is committed.
    pub speculation: SpeculationConfig,
    /// How long a confirmed reply may take until its first sample is ready; then it is cancelled.
    pub reply_deadline: Duration,
    /// How long the functions that a reply called may take; then the turn goes on without them.
    pub function_deadline: Duration,
    /// How long a playout may go without progress while it is not paused; then it is stopped.
    pub stall_deadline: Duration,
    /// How long nobody speaks before the user counts as away; `None` never.
    pub user_away: Option<Duration>,
}

/// When a user's turn has ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EndpointConfig {
    /// How long after the end of speech a turn is committed.
    pub min_delay: Duration,
    /// The same when the turn detector says that the user has not finished.
    pub max_delay: Duration,
    /// How long after the end of speech a final transcript is awaited. Then the interim words count as final; without
    /// any words the speech is forgotten, until words come.
    pub transcript_limit: Duration,
}

/// When the user's speech stops the agent's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InterruptionConfig {
    /// Whether a reply to a turn can be interrupted.
    pub enabled: bool,
    /// How long speech over the agent's must last.
    pub min_duration: Duration,
    /// How many words it must have (interim ones count for the pause, final ones for the stop).
    pub min_words: u32,
    /// How long after wordless speech has ended a paused reply goes on. `None`: a reply is never paused, it is stopped.
    pub false_interruption: Option<Duration>,
    /// How long after the agent's first sample speech activity does not interrupt, while echo cancellation learns.
    pub aec_warmup: Duration,
}

/// Whether a reply may begin before the turn is committed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpeculationConfig {
    /// Whether at all.
    pub enabled: bool,
    /// How many attempts a turn may cost.
    pub max_attempts: u32,
    /// How long the turn may have lasted.
    pub max_speech: Duration,
}
