//! One run of a tool: waits for its turn, runs within its deadline, and may not take the call down with it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use agent_turn::ReplyId;
use providers_core::{Arguments, BoxFuture, Tool, ToolContext, ToolOutcome, ToolRules};
use tokio::time::{Instant, Timeout, timeout};
use tracing::{debug, error};

use super::answers::{overdue, panicked};
use crate::ToolEnd;

/// One run of a tool. Dropping it cancels it.
pub(crate) struct Job {
    tool: Arc<dyn Tool>,
    arguments: Arguments,
    context: ToolContext,
    /// Whose calls it answers; the first one began it.
    pub(crate) callers: Vec<Caller>,
    run: Option<Run>,
}

/// A call that a job answers.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) reply: ReplyId,
    /// Which of the reply's calls.
    pub(crate) call: usize,
    /// The mind's id of it.
    pub(crate) id: String,
    /// When it was made.
    pub(crate) since: Instant,
}

struct Run {
    future: Pin<Box<Timeout<BoxFuture<'static, ToolOutcome>>>>,
    deadline: Duration,
}

impl Job {
    /// A run that has not begun.
    pub(crate) fn new(
        tool: Arc<dyn Tool>,
        arguments: Arguments,
        context: ToolContext,
        caller: Caller,
    ) -> Self {
        Self { tool, arguments, context, callers: vec![caller], run: None }
    }

    pub(crate) fn name(&self) -> &str {
        &self.tool.spec().name
    }

    pub(crate) fn rules(&self) -> &ToolRules {
        self.tool.rules()
    }

    /// Whether it runs the tool of this name with these arguments.
    pub(crate) fn does(&self, name: &str, arguments: &Arguments) -> bool {
        self.name() == name && self.arguments == *arguments
    }

    /// Goes on with it, and begins it first; it may take `longest`, or less if its own rules say so.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, longest: Duration) -> Poll<(ToolOutcome, ToolEnd)> {
        // The tool is not touched again after a panic: the job is over then.
        let polled = catch_unwind(AssertUnwindSafe(|| self.run(longest).poll(cx)));
        polled.unwrap_or_else(|_| {
            error!(tool = self.name(), "a tool panicked");
            Poll::Ready((panicked(), ToolEnd::Panicked))
        })
    }

    fn run(&mut self, longest: Duration) -> &mut Run {
        let Self { tool, arguments, context, run, .. } = self;
        run.get_or_insert_with(|| {
            let deadline = tool.rules().deadline.map_or(longest, |own| own.min(longest));
            debug!(tool = tool.spec().name, call = context.call_id, "a tool is called");
            let future = tool.call(arguments.clone(), context.clone());
            Run { future: Box::pin(timeout(deadline, future)), deadline }
        })
    }
}

impl Run {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(ToolOutcome, ToolEnd)> {
        Poll::Ready(match std::task::ready!(self.future.as_mut().poll(cx)) {
            Ok(outcome) if outcome.is_error => (outcome, ToolEnd::Failed),
            Ok(outcome) => (outcome, ToolEnd::Returned),
            Err(_) => (overdue(self.deadline), ToolEnd::TimedOut),
        })
    }
}
