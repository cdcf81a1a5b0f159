//! An agent that its file describes.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

use agent_conversation::{Agent, AgentProfile, Handle, Say, TurnProfile, UserTurn};
use tracing::info;

use super::{Live, Member, newest};

/// An agent that its file describes, for as long as it has a call.
pub(super) struct FileAgent {
    member: RefCell<Arc<Member>>,
    /// With whom the call began: its ear, mind and voice are the call's own.
    entry: Arc<Member>,
    live: Option<Live>,
    is_leaving: Cell<bool>,
}

impl FileAgent {
    pub(super) fn new(member: &Arc<Member>, entry: Arc<Member>, live: Option<Live>) -> Self {
        let member = RefCell::new(newest(member, live.as_ref()));
        Self { member, entry, live, is_leaving: Cell::new(false) }
    }

    /// Takes what a newer cast says of this agent; false if it says nothing new.
    fn update(&self) -> bool {
        let newer = newest(&self.member.borrow(), self.live.as_ref());
        let before = self.member.replace(newer.clone());
        !Arc::ptr_eq(&newer, &before)
    }
}

impl Agent for FileAgent {
    fn profile(&self, _: &Handle) -> AgentProfile {
        let member = self.member.borrow().clone();
        let [same_ear, same_mind, same_voice] = member.shares(&self.entry);
        let own = member.providers.for_call();
        let (conversation, turn) = (&member.conversation, &member.conversation.turn);
        AgentProfile {
            name: member.name.clone(),
            instructions: Some(conversation.instructions.clone()),
            tools: Some(member.tools.clone()),
            greeting: conversation.greeting.clone(),
            hearing: Some(conversation.hearing.clone()),
            generation: Some(conversation.generation.clone()),
            speaking: Some(conversation.speaking.clone()),
            wording: Some(conversation.wording.clone()),
            max_tool_steps: Some(conversation.max_tool_steps),
            stt: (!same_ear).then_some(own.stt),
            llm: (!same_mind).then_some(own.llm),
            tts: (!same_voice).then_some(own.tts),
            live: Some(own.live),
            turns: TurnProfile {
                detection: Some(turn.detection),
                endpoint: Some(turn.endpoint),
                interruption: Some(turn.interruption),
            },
            ..AgentProfile::default()
        }
    }

    async fn on_exit(&self, call: &Handle) {
        let farewell = self.member.borrow().farewell.clone();
        if let Some(farewell) = farewell
            && !self.is_leaving.replace(true)
        {
            call.say(Say::words(farewell)).await;
        }
    }

    fn considers_turns(&self) -> bool {
        self.live.is_some()
    }

    async fn on_user_turn_completed(&self, call: &Handle, turn: &mut UserTurn) {
        if self.update() && call.refresh().await.is_ok() {
            info!(agent = self.member.borrow().name, "the agent is as its file is now");
            turn.answer_anew();
        }
    }
}
