//! The tools that run: each within its deadline, each for the reply that called it.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use agent_turn::ReplyId;
use providers_core::{BoxFuture, ToolCall, ToolSpec};
use tokio::time::{Timeout, timeout};

use crate::{ToolOutput, Tools, tools::unknown};

/// The tools of a call.
pub(crate) struct Toolbox {
    tools: Arc<dyn Tools>,
    specs: Vec<ToolSpec>,
    deadline: Duration,
    running: Vec<Running>,
    rounds: BTreeMap<ReplyId, Round>,
}

struct Running {
    reply: ReplyId,
    call: usize,
    output: Pin<Box<Timeout<BoxFuture<'static, ToolOutput>>>>,
}

/// The calls of one reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Round {
    pub(crate) names: Vec<String>,
    pub(crate) errors: usize,
    left: usize,
}

/// One tool has returned.
#[derive(Debug)]
pub(crate) struct Returned {
    pub(crate) reply: ReplyId,
    /// Which of the reply's calls.
    pub(crate) call: usize,
    pub(crate) output: ToolOutput,
    /// Whether it was the last of the reply's.
    pub(crate) is_last: bool,
}

impl Toolbox {
    pub(crate) fn new(tools: Arc<dyn Tools>, deadline: Duration) -> Self {
        let specs = tools.specs();
        Self { tools, specs, deadline, running: Vec::new(), rounds: BTreeMap::new() }
    }

    /// From now on these are the tools. What runs goes on.
    pub(crate) fn replace(&mut self, tools: Arc<dyn Tools>) {
        self.specs = tools.specs();
        self.tools = tools;
    }

    pub(crate) fn specs(&self) -> &[ToolSpec] {
        &self.specs
    }

    /// Starts the calls of a reply, all at once.
    pub(crate) fn start(&mut self, reply: ReplyId, calls: &[ToolCall]) {
        let names = calls.iter().map(|call| call.name.clone()).collect();
        self.rounds.insert(reply, Round { names, errors: 0, left: calls.len() });
        for (number, call) in calls.iter().enumerate() {
            let future: BoxFuture<'static, ToolOutput> =
                if self.specs.iter().any(|spec| spec.name == call.name) {
                    self.tools.call(call)
                } else {
                    let output = unknown(call, &self.specs);
                    Box::pin(async move { output })
                };
            self.running.push(Running {
                reply,
                call: number,
                output: Box::pin(timeout(self.deadline, future)),
            });
        }
    }

    /// The next tool that returns.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Returned> {
        for n in 0..self.running.len() {
            let Poll::Ready(output) = self.running[n].output.as_mut().poll(cx) else { continue };
            let Running { reply, call, .. } = self.running.swap_remove(n);
            let output = output.unwrap_or_else(|_| ToolOutput {
                text: format!("The function did not return within {} s.", self.deadline.as_secs_f32()),
                is_error: true,
            });
            let mut is_last = false;
            if let Some(round) = self.rounds.get_mut(&reply) {
                round.errors += usize::from(output.is_error);
                round.left -= 1;
                is_last = round.left == 0;
            }
            return Poll::Ready(Returned { reply, call, output, is_last });
        }
        Poll::Pending
    }

    /// The calls of a reply, once; forgotten afterwards.
    pub(crate) fn take_round(&mut self, reply: ReplyId) -> Option<Round> {
        self.rounds.remove(&reply)
    }
}
