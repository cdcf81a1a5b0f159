//! What minds are asked: the conversation as it was heard, within its bounds; and its beginning told in short.

use std::task::{Context, Poll};

use providers_core::{ChatMessage, ChatRequest, ToolChoice, ToolSpec};
use tracing::debug;

use super::Call;
use crate::{
    Body, Component,
    active::Active,
    context::{squeeze, tokens_in, tokens_in_all, tokens_of_tools},
    summary::{Summarised, Summary},
};

impl<B: Body> Call<B> {
    /// What the mind is asked: the instructions, the conversation as it was heard, and what is not in it yet. Never
    /// more than the policy allows, unless the tools alone are more.
    pub(super) fn request(
        &mut self,
        by: &Active,
        last: Option<ChatMessage>,
        tools: Vec<ToolSpec>,
        tool_choice: ToolChoice,
    ) -> ChatRequest {
        let policy = &self.config.context;
        let instructions = ChatMessage::System { text: by.instructions.clone() };
        let room = policy.max_tokens.saturating_sub(tokens_of_tools(&tools));
        let taken = tokens_in(&instructions) + last.as_ref().map_or(0, tokens_in);
        let allowed = room.saturating_sub(taken);
        if tokens_in_all(&self.history.messages()) > allowed {
            let share = u64::from(allowed) * u64::from(policy.cut_to_percent) / 100;
            self.history.shorten(u32::try_from(share).unwrap_or(allowed));
        }
        let mut messages = vec![instructions];
        messages.extend(self.history.messages());
        messages.extend(last);
        squeeze(&mut messages[1..], allowed);
        squeeze(&mut messages, room);
        ChatRequest { messages, tools, tool_choice, options: by.generation.clone() }
    }

    /// Begins to tell the beginning of a long conversation in short, while nobody waits for an answer.
    fn summarise_if_long(&mut self) {
        let Some(policy) = &self.config.context.summary else { return };
        let is_idle = self.replies.is_empty() && self.machine.state().reply().is_none();
        let can_tell = self.active.llm.follows_instructions();
        if self.summary.is_some() || !is_idle || !can_tell || self.history.tokens() < self.summarise_above {
            return;
        }
        let Some((told, until)) = self.history.before_the_last(policy.keep_turns) else { return };
        let deadline = self.config.turn.deadlines.reply;
        self.summary = Some(Summary::of(&told, until, &*self.active.llm, policy, deadline));
    }

    /// Has all that was said told in short for the agent that comes next.
    pub(super) fn summarise_all(&mut self) {
        let Some(policy) = &self.config.context.summary else { return };
        if !self.active.llm.follows_instructions() {
            return;
        }
        if let Some((told, until)) = self.history.before_the_last(0) {
            let deadline = self.config.hook_deadline;
            self.summary = Some(Summary::of(&told, until, &*self.active.llm, policy, deadline));
        }
    }

    /// Takes a summary in as soon as nothing is being made from what it replaces.
    pub(super) fn poll_summary(&mut self, cx: &mut Context<'_>) -> bool {
        self.summarise_if_long();
        if !self.replies.is_empty() {
            return false;
        }
        let Some(summary) = &mut self.summary else { return false };
        let Poll::Ready(Summarised { text, until, used }) = summary.poll(cx) else { return false };
        self.summary = None;
        self.tell_used(Component::Llm, used);
        match text {
            Some(text) => self.history.summarised(text, until),
            None => debug!("the conversation was not told in short"),
        }
        // If that was not enough, the next attempt waits until a quarter more was said.
        let above = self.config.context.summary.as_ref().map_or(u32::MAX, |policy| policy.above_tokens);
        let tokens = self.history.tokens();
        self.summarise_above = above.max(tokens.saturating_add(tokens / 4));
        true
    }

    /// What a speculative answer is made from: another number when any of it has changed.
    pub(super) fn revision(&self) -> u64 {
        self.history.revision() + self.changes_of_agent
    }
}
