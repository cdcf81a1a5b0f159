//! The agent that a configuration describes: no code of its own.

use super::{Agent, AgentProfile, UserTurn};
use crate::Handle;

/// An agent that is what its profile says, and has no hooks.
#[derive(Clone, Debug, Default)]
pub struct PlainAgent(pub AgentProfile);

impl Agent for PlainAgent {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        self.0.clone()
    }

    async fn on_user_turn_completed(&self, _call: &Handle, _turn: &mut UserTurn) {}

    fn considers_turns(&self) -> bool {
        false
    }
}
