//! Handing over to another agent, as a tool of the mind.

use agent_conversation::Keep;
use agent_tools::{Function, NoArguments, ToolError};
use providers_core::{AgentName, Then, ToolOutcome};

/// Hands the conversation over to the agent of this name, which is for what `description` says.
pub(super) fn hand_over(name: &str, description: &str) -> Function {
    let to = AgentName(name.to_owned());
    Function::typed(
        format!("{PREFIX}{name}"),
        format!("Hands the conversation over to {name}. {description}"),
        move |_: NoArguments, _| {
            let outcome = ToolOutcome::returned(format!("{to} takes over now."));
            let outcome = outcome.silently().then(Then::HandOff(to.clone()));
            async move { Ok::<_, ToolError>(outcome) }
        },
    )
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
