//! The agents of a scenario: what they do when they have the call, when the user's turn has ended, and in their tools.

use std::{rc::Rc, sync::Arc};

use agent_conversation::{
    Agent, AgentProfile, Agents, CloseReason, Generate, Handle, Keep, Say, ToolOutcome, Toolset, UserTurn,
};
use agent_tools::Function;
use providers_core::ToolSpec;

use crate::scenario::{self, OnEnter, Script, Tool};

/// The name of the agent of the beginning.
const FIRST: &str = "agent";

/// The agents of a script.
pub(crate) fn agents(script: &Script) -> Agents {
    let tools: Arc<[Tool]> = script.tool.iter().map(|tool| tool.get_ref().clone()).collect();
    let role = |name: &str, part: &scenario::Agent| {
        let actor = Actor { name: name.to_owned(), part: part.clone(), tools: Arc::clone(&tools) };
        let actor = Rc::new(actor);
        move || Playing(Rc::clone(&actor))
    };
    let first = Agents::new(FIRST, role(FIRST, &script.agent));
    script.agents.iter().fold(first, |agents, (name, part)| agents.with(name.as_str(), role(name, part)))
}

/// An agent as its table has it.
struct Actor {
    name: String,
    part: scenario::Agent,
    tools: Arc<[Tool]>,
}

/// One appearance of an agent.
struct Playing(Rc<Actor>);

impl Agent for Playing {
    fn profile(&self, call: &Handle) -> AgentProfile {
        let mut tools = Toolset::new();
        for described in self.0.tools.iter() {
            tools
                .add(Arc::new(tool(described, call)))
                .expect("the names were checked when the script was read");
        }
        AgentProfile { name: self.0.name.clone(), ..AgentProfile::default() }.with_tools(tools)
    }

    async fn on_enter(&self, call: &Handle) {
        let part = &self.0.part;
        match part.on_enter {
            None => {}
            Some(OnEnter::Say) => {
                let say = Say::words(part.text.as_str());
                call.say(match part.allow_interruptions {
                    Some(may) => say.interruptible(may),
                    None => say,
                });
            }
            Some(OnEnter::GenerateReply) => {
                let reply = Generate::instructed(part.text.as_str());
                call.generate_reply(match part.allow_interruptions {
                    Some(may) => reply.interruptible(may),
                    None => reply,
                });
            }
        }
    }

    async fn on_exit(&self, call: &Handle) {
        if let Some(words) = &self.0.part.exit_say {
            call.say(words.as_str()).await;
        }
    }

    async fn on_user_turn_completed(&self, call: &Handle, turn: &mut UserTurn) {
        let part = &self.0.part;
        if let Some(words) = &part.hook_say {
            call.say(words.as_str());
        }
        tokio::time::sleep(part.hook_delay.0).await;
        if part.hook_stop || part.hook_error {
            turn.ignore();
        }
    }

    fn considers_turns(&self) -> bool {
        let part = &self.0.part;
        part.hook_say.is_some() || !part.hook_delay.0.is_zero() || part.hook_stop || part.hook_error
    }
}

/// A tool of a script, in the hands of one agent.
fn tool(tool: &Tool, call: &Handle) -> Function {
    let spec = ToolSpec {
        name: tool.name.clone(),
        description: "A tool of the scenario.".to_owned(),
        parameters: serde_json::json!({ "type": "object" }),
    };
    let (tool, call) = (Arc::new(tool.clone()), call.clone());
    Function::raw(spec, move |_, _| {
        let (tool, call) = (Arc::clone(&tool), call.clone());
        Box::pin(async move { run(&tool, &call).await })
    })
    .repeatable()
}

async fn run(tool: &Tool, call: &Handle) -> ToolOutcome {
    tokio::time::sleep(tool.takes.0).await;
    if let Some(words) = &tool.say {
        call.say(words.as_str());
    }
    if let Some(instructions) = &tool.generate_reply {
        call.generate_reply(Generate::instructed(instructions.as_str())).await;
    }
    if tool.close {
        call.close(CloseReason::Completed);
    }
    if let Some(error) = &tool.error {
        return ToolOutcome::failed(error.as_str());
    }
    if let Some(name) = &tool.handoff
        && let Err(refused) = call.hand_off_to(name.as_str(), Keep::All)
    {
        return ToolOutcome::failed(refused.to_string());
    }
    ToolOutcome::returned(tool.output.clone().unwrap_or_default())
}
