//! What of the conversation an agent that is handed over to may read.

use std::fmt;

use providers_core::ChatMessage;

/// Makes of what was said what is to be read of it.
pub type Chooser = Box<dyn FnOnce(Vec<ChatMessage>) -> Vec<ChatMessage> + Send>;

/// What of the conversation an agent that is handed over to may read.
#[derive(Default)]
pub enum Keep {
    /// All that the present agent reads.
    #[default]
    All,
    /// Nothing: it begins anew.
    Nothing,
    /// From the beginning of the user's turn that was so many turns ago.
    LastTurns(usize),
    /// All of it, told in short by the present agent's mind while it says its last words; all, if that fails or takes
    /// longer than a hook may.
    Summary,
    /// What is chosen. The messages come without instructions; what is returned takes their place.
    Chosen(Chooser),
}

impl fmt::Debug for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("All"),
            Self::Nothing => f.write_str("Nothing"),
            Self::LastTurns(n) => f.debug_tuple("LastTurns").field(n).finish(),
            Self::Summary => f.write_str("Summary"),
            Self::Chosen(_) => f.write_str("Chosen"),
        }
    }
}
