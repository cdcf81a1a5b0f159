//! A realtime model as an agent has it, and who finds the turns of whom it talks with.

use std::{fmt, sync::Arc};

use providers_core::Realtime;

/// A realtime model, in place of a mind and a voice.
#[derive(Clone)]
pub struct LiveModel {
    /// The model.
    pub model: Arc<dyn Realtime>,
    /// Who finds the turns.
    pub turns: LiveTurns,
    /// The voice as the provider spells it; `None` takes the configured one.
    pub voice: Option<String>,
}

/// Who finds the turns of the person that talks with a realtime model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LiveTurns {
    /// The model: its beginnings of speech interrupt at once, and a turn is over when it says so. Others
    /// who are heard have no turns. One that cannot is spoken with as [`LiveTurns::Voice`].
    Model,
    /// The call, by voice activity: what lasts long enough to interrupt is a turn, whatever its words. Nobody tells the
    /// words of others who are heard, so that they have no turns.
    Voice,
    /// The call, by voice activity and the words of its own recogniser, as with any other mind.
    Words,
}

impl LiveModel {
    /// Who finds the turns in truth.
    pub(crate) fn effective_turns(&self) -> LiveTurns {
        match self.turns {
            LiveTurns::Model if !self.model.capabilities().turn_detection => LiveTurns::Voice,
            LiveTurns::Model | LiveTurns::Voice | LiveTurns::Words => self.turns,
        }
    }
}

impl fmt::Debug for LiveModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveModel").field("model", self.model.info()).field("turns", &self.turns).finish()
    }
}
