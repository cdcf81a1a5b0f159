//! Handing over to another agent, as a tool of the mind.

use agent_conversation::{Handle, Keep};
use providers_core::{Arguments, BoxFuture, Tool, ToolContext, ToolOutcome, ToolRules, ToolSpec};
use serde_json::json;

use super::Successor;

/// Hands the conversation over to one other agent.
pub(super) struct HandOver {
    spec: ToolSpec,
    rules: ToolRules,
    to: Successor,
    call: Handle,
}

impl HandOver {
    pub(super) fn new(to: Successor, call: Handle) -> Self {
        let spec = ToolSpec {
            name: format!("{PREFIX}{}", to.name),
            description: format!("Hands the conversation over to {}. {}", to.name, to.description),
            parameters: json!({ "type": "object", "properties": {}, "additionalProperties": false }),
        };
        Self { spec, rules: ToolRules::default(), to, call }
    }
}

impl Tool for HandOver {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn rules(&self) -> &ToolRules {
        &self.rules
    }

    fn call(&self, _: Arguments, _: ToolContext) -> BoxFuture<'static, ToolOutcome> {
        let outcome = match self.call.hand_off_to(self.to.name.clone(), kept(self.to.keep)) {
            Ok(()) => ToolOutcome::returned(format!("{} takes over now.", self.to.name)).silently(),
            Err(refused) => ToolOutcome::failed(refused.to_string()),
        };
        Box::pin(async move { outcome })
    }
}

/// What an agent reads of what was said before, by the word of its file.
pub(super) fn kept(keep: config_schema::Keep) -> Keep {
    match keep {
        config_schema::Keep::All => Keep::All,
        config_schema::Keep::LastTurn => Keep::LastTurns(1),
        config_schema::Keep::Nothing => Keep::Nothing,
    }
}

/// What a mind calls to hand over to an agent begins with this.
const PREFIX: &str = "hand_over_to_";
