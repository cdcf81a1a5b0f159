//! Settings of agents in files: where the files are, and what each says of its agent.

use crate::{
    inventory::{choice, section},
    rule::{Rule, Shape, shaped, text},
};

section! {
    /// Agents in files of their own. Without a folder there is one agent, which [conversation] describes.
    pub struct Agents at "agents" {
        /// The folder of the agents' files, one for each: NAME.toml describes the agent NAME. Empty: none.
        folder: Option<String> = "folder" text("", 4_096);
        /// The agent that a call begins with. Not needed when there is only one.
        entry: Option<String> = "entry" shaped("", Shape::AgentName);
    }
}

choice! {
    /// What an agent that is handed a conversation reads of what was said before.
    pub enum Keep {
        /// All of it.
        All = "all",
        /// From the last turn of the person on.
        LastTurn = "last_turn",
        /// Nothing.
        Nothing = "nothing",
    }
}

section! {
    /// What the agent is to the others. Its file may also set the keys of [conversation], [turn], [stt], [llm] and [tts].
    pub struct AgentAbout at "agent" {
        /// What it is for, as the minds of others read it when they choose to whom they hand over.
        description: String = "description" text("", 1_000);
        /// To which agents it may hand the conversation over.
        hand_off: Vec<String> = "hand_off" Rule::Names;
        /// What it reads of what was said before it was handed the conversation.
        keep: Keep = "keep" Keep::All.rule();
        /// What it says while it hands over; empty for nothing.
        farewell: Option<String> = "farewell" text("", 10_000);
    }
}
