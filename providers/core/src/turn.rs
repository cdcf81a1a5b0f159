//! Judges of turns: has the person finished, and is this overlap a real interruption?

use std::time::Duration;

use crate::{BoxFuture, ProviderError, ProviderInfo};

/// Judges, at a pause, whether the person has finished. Runs off the audio thread.
pub trait TurnDetector: Send + Sync {
    /// Who it is.
    fn info(&self) -> &ProviderInfo;

    /// Whether it judges this language (BCP 47 tag).
    fn supports(&self, language: &str) -> bool;

    /// Judges a pause. A newer pause cancels the judgement by dropping the future.
    fn judge(&self, pause: PauseContext) -> BoxFuture<'static, Result<TurnVerdict, ProviderError>>;
}

/// What a turn detector is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PauseContext {
    /// What the person said in the open turn, from half a second before it at the earliest: its last eight seconds at
    /// most, 16 kHz mono, ending now.
    pub audio: Vec<i16>,
    /// The words of this turn so far.
    pub text: String,
    /// What was said before: (`user` or `assistant`, text), oldest first.
    pub history: Vec<(&'static str, String)>,
    /// BCP 47 tag, when known.
    pub language: Option<String>,
}

/// What a turn detector says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnVerdict {
    /// The probability that the turn is complete, in thousandths (0 to 1000).
    pub complete_permille: u16,
    /// The threshold above which it counts as complete for this language, in thousandths.
    pub threshold_permille: u16,
}

/// Judges whether speech over the agent's own is a real interruption. Small and synchronous.
pub trait Interruption: Send {
    /// Judges the overlap as it stands now; called again as it goes on.
    fn judge(&mut self, overlap: &Overlap<'_>) -> InterruptionVerdict;
}

/// Speech over the agent's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap<'a> {
    /// How long the person has been speaking.
    pub speech: Duration,
    /// How long since the agent began to speak.
    pub since_agent_start: Duration,
    /// The interim words so far; empty when none came.
    pub words: &'a str,
    /// What of the agent was heard from a second before the person began until they could have begun to repeat it.
    pub said_before: &'a str,
    /// What of the agent was heard since: nobody could have known it when they began, so that only an echo says it.
    pub said_since: &'a str,
    /// BCP 47 tag, when known.
    pub language: Option<&'a str>,
}

/// What the overlap is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterruptionVerdict {
    /// Not enough heard to say.
    Undecided,
    /// The person wants the floor.
    Interruption,
    /// A listener's noise: "mhm", "right", laughter.
    Backchannel,
    /// The agent's own voice, back through the microphone.
    Echo,
    /// Words that the agent had said when the person began: an answer in its words, or a short echo of them.
    Repetition,
}
