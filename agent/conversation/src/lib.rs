//! One call: binds the turn core to ears, mind, voice and playout, and keeps what was heard.
//!
//! A [`Conversation`] is one future. It owns everything of the call, spawns nothing and locks nothing: dropping it
//! frees all of it. It decides nothing about turns; `agent-turn` does. What it hears and speaks through is a [`Body`].
#![warn(missing_docs)]

mod active;
mod agent;
mod body;
mod call;
mod config;
mod context;
mod conversation;
mod handle;
mod hearing;
mod history;
mod keep;
mod lately;
mod live;
mod making;
mod observe;
mod pen;
mod prices;
mod recorded;
mod report;
mod sounds;
mod speech;
mod summary;
mod tally;
mod toolbox;
mod transcript;

pub use agent::{Agent, AgentProfile, Agents, Done, PlainAgent, TaskLost, TurnProfile, UserTurn};
pub use body::{
    Body, BodyEnd, BodyEvent, Person, Segment, UserEvent,
    room::{
        Audience, BeforeLeaving, Dispatch, MediaCounters, Meter, Others, RoomBody, RoomBodyConfig, Service,
    },
    sound::{Device, SoundBody, Speaker},
    written::Written,
};
pub use config::{ConversationConfig, ErrorPolicy, Greeting, Speech};
pub use context::{ContextPolicy, SummaryPolicy};
pub use conversation::{Conversation, Parts};
pub use handle::{AgentInfo, Handle, Refused};
pub use keep::{Chooser, Keep};
pub use live::{Absent, LiveModel, LiveTurns};
pub use observe::{
    CallEvent, Component, Journal, Latency, Observer, Role, SpeechSource, ToolEnd, Unobserved,
};
pub use prices::{Micros, Prices};
pub use report::CallReport;
pub use sounds::{Recording, SoundSlot, Sounds};
pub use speech::{Generate, Say, SpeechEnd, SpeechHandle};

pub use agent_turn::{
    AgentState, CloseReason, Moment, Priority, ReplyId, RequestId, SpeakerId, Standing, TurnEnd, TurnId,
    UserState, Verdict,
};
pub use providers_core::{
    AgentName, Arguments, OnInterruption, OnRepeat, ResultRule, Then, Tool, ToolContext, ToolOutcome,
    ToolRules, Toolset, ToolsetError,
};
