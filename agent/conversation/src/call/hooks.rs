//! The hooks of agents that run now: futures that the call polls.

use std::{pin::Pin, task::Context};

use tokio::time::{Timeout, timeout};

use super::Call;
use crate::{Body, agent::Hook};

/// A hook that runs.
pub(super) enum RunningHook {
    /// An agent enters, or does something for which nothing waits; it may take as long as the agent has the call.
    Free {
        /// How many agents wait below the one that enters.
        depth: usize,
        hook: Hook<()>,
    },
    /// The agent that has the call leaves.
    Exit(Pin<Box<Timeout<Hook<()>>>>),
}

impl<B: Body> Call<B> {
    pub(super) fn start_entering(&mut self) {
        let hook = self.active.agent.clone().enter(self.handle.clone());
        self.hooks.push(RunningHook::Free { depth: self.waiting_agents.len(), hook });
    }

    /// The user says too much for one turn.
    pub(super) fn start_exceeding(&mut self) {
        let hook = self.active.agent.clone().exceed(self.handle.clone());
        self.hooks.push(RunningHook::Free { depth: self.waiting_agents.len(), hook });
    }

    pub(super) fn start_leaving(&mut self) {
        let hook = self.active.agent.clone().exit(self.handle.clone());
        self.hooks.push(RunningHook::Exit(Box::pin(timeout(self.config.hook_deadline, hook))));
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.hooks.iter().any(|hook| matches!(hook, RunningHook::Exit(_)))
    }

    /// The agent that had the call has left: what it does not finish is cancelled.
    pub(super) fn cancel_hooks(&mut self) {
        let top = self.waiting_agents.len();
        self.hooks.retain(|hook| match hook {
            RunningHook::Free { depth, .. } => *depth < top,
            RunningHook::Exit(_) => false,
        });
    }

    pub(super) fn poll_hooks(&mut self, cx: &mut Context<'_>) -> bool {
        let before = self.hooks.len();
        self.hooks.retain_mut(|hook| match hook {
            RunningHook::Free { hook, .. } => hook.as_mut().poll(cx).is_pending(),
            RunningHook::Exit(hook) => hook.as_mut().poll(cx).is_pending(),
        });
        self.hooks.len() < before
    }
}
