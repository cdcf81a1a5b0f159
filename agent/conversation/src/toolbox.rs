//! The tools that run: so many at once, each within its deadline, each for the replies that called it.
//!
//! What a mind calls wrongly is answered, never run: names that do not exist, arguments that are no JSON object. What a
//! tool returns is kept though its reply was interrupted. Whether the mind speaks about it is decided elsewhere.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use agent_turn::ReplyId;
use providers_core::{
    AgentName, Arguments, OnInterruption, OnRepeat, ResultRule, Tool, ToolCall, ToolContext, ToolOutcome,
    ToolSpec, Toolset,
};
use tokio::time::Instant;

pub(crate) use self::round::{Part, Round};
use self::{
    answers::{arguments, cancelled, crowded, shortened, started, unknown},
    job::{Caller, Job},
    round::Tally,
};
use crate::ToolEnd;

mod answers;
mod job;
mod round;

/// Calls that wait or run at most; those beyond it are refused, and the mind is told. A mind that calls more is lost.
const JOBS: usize = 64;

/// What holds for every tool of a conversation.
#[derive(Clone, Debug)]
pub(crate) struct ToolLimits {
    /// How long one may take, whatever its own rules say.
    pub(crate) deadline: Duration,
    /// How many run at once; those called beyond it wait for their turn.
    pub(crate) at_once: usize,
    /// Characters of what one returns that the mind is told.
    pub(crate) output: usize,
}

/// The tools of a call.
pub(crate) struct Toolbox {
    tools: Toolset,
    agent: AgentName,
    limits: ToolLimits,
    conversation: Arc<str>,
    /// In the order in which they were called.
    jobs: Vec<Job>,
    /// How many there ever were.
    n_jobs: u64,
    /// Answers that are not yet told.
    ready: VecDeque<Returned>,
    /// Of each reply whose calls are not all answered, or whose round was not yet taken.
    rounds: BTreeMap<ReplyId, Tally>,
}

/// One call has been answered.
#[derive(Debug)]
pub(crate) struct Returned {
    pub(crate) reply: ReplyId,
    /// Which of the reply's calls.
    pub(crate) call: usize,
    /// The mind's id of the call.
    pub(crate) id: String,
    /// The tool's name.
    pub(crate) name: String,
    pub(crate) outcome: ToolOutcome,
    /// What part the answer has in its round.
    pub(crate) part: Part,
    /// How the call ended, and how long it took; `None` while it runs and nobody waits for it.
    pub(crate) ended: Option<(ToolEnd, Duration)>,
}

impl Toolbox {
    /// The tools of the first agent.
    pub(crate) fn new(tools: Toolset, agent: &str, limits: ToolLimits, conversation: Arc<str>) -> Self {
        Self {
            tools,
            agent: AgentName(agent.to_owned()),
            limits,
            conversation,
            jobs: Vec::new(),
            n_jobs: 0,
            ready: VecDeque::new(),
            rounds: BTreeMap::new(),
        }
    }

    /// From now on these are the tools, and this agent calls them. What runs goes on.
    pub(crate) fn replace(&mut self, tools: Toolset, agent: &str) {
        self.tools = tools;
        self.agent = AgentName(agent.to_owned());
    }

    pub(crate) fn specs(&self) -> Vec<ToolSpec> {
        self.tools.specs()
    }

    /// Begins the calls of a reply; each is answered once in its round.
    pub(crate) fn start(&mut self, reply: ReplyId, calls: &[ToolCall]) {
        self.rounds.insert(reply, Tally::new(calls.iter().map(|call| call.name.clone())));
        for (number, call) in calls.iter().enumerate() {
            let caller = Caller { reply, call: number, id: call.id.clone(), since: Instant::now() };
            if let Err(outcome) = self.begin(&caller, call) {
                self.answer(caller, &call.name, outcome, Some(ToolEnd::Refused));
            }
        }
    }

    /// Begins one call, or joins it to the one that does the same; otherwise what the mind is told instead.
    fn begin(&mut self, caller: &Caller, call: &ToolCall) -> Result<(), ToolOutcome> {
        let tool = self.tools.find(&call.name).cloned().ok_or_else(|| unknown(&call.name, &self.tools))?;
        let arguments = arguments(&call.arguments)?;
        let is_awaited = tool.rules().result == ResultRule::Awaited;
        if let Some(job) = self.same(&*tool, &arguments) {
            job.callers.push(caller.clone());
        } else if self.jobs.len() < JOBS {
            self.n_jobs += 1;
            let context = ToolContext {
                call_id: call.id.clone(),
                idempotency_key: format!("{}-{}", self.conversation, self.n_jobs),
                conversation: self.conversation.clone(),
                agent: self.agent.clone(),
            };
            self.jobs.push(Job::new(tool, arguments, context, caller.clone()));
        } else {
            return Err(crowded());
        }
        if !is_awaited {
            self.answer(caller.clone(), &call.name, started(), None);
        }
        Ok(())
    }

    /// The job that does the same already.
    fn same(&mut self, tool: &dyn Tool, arguments: &Arguments) -> Option<&mut Job> {
        if tool.rules().on_repeat == OnRepeat::Run {
            return None;
        }
        self.jobs.iter_mut().find(|job| job.does(&tool.spec().name, arguments))
    }

    /// The reply was interrupted: those of its calls that may be cancelled are.
    pub(crate) fn interrupt(&mut self, reply: ReplyId) {
        let mut left = Vec::new();
        self.jobs.retain_mut(|job| {
            if job.rules().on_interruption == OnInterruption::Finish {
                return true;
            }
            let name = job.name().to_owned();
            left.extend(
                job.callers.extract_if(.., |caller| caller.reply == reply).map(|c| (c, name.clone())),
            );
            !job.callers.is_empty()
        });
        for (caller, name) in left {
            self.answer(caller, &name, cancelled(), Some(ToolEnd::Cancelled));
        }
    }

    /// The conversation is over: what runs is cancelled.
    pub(crate) fn end(&mut self) {
        for job in std::mem::take(&mut self.jobs) {
            for caller in job.callers.iter().cloned() {
                self.answer(caller, job.name(), cancelled(), Some(ToolEnd::Cancelled));
            }
        }
    }

    /// The next call that is answered.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Returned> {
        if self.ready.is_empty() {
            self.poll_jobs(cx);
        }
        self.ready.pop_front().map_or(Poll::Pending, Poll::Ready)
    }

    /// The next call that was answered without waiting for its tool.
    pub(crate) fn take_answered(&mut self) -> Option<Returned> {
        self.ready.pop_front()
    }

    fn poll_jobs(&mut self, cx: &mut Context<'_>) {
        let mut n = 0;
        while n < self.jobs.len().min(self.limits.at_once) {
            let Poll::Ready((outcome, end)) = self.jobs[n].poll(cx, self.limits.deadline) else {
                n += 1;
                continue;
            };
            let job = self.jobs.remove(n);
            for caller in job.callers.iter().cloned() {
                self.answer(caller, job.name(), outcome.clone(), Some(end));
            }
        }
    }

    fn answer(&mut self, caller: Caller, name: &str, outcome: ToolOutcome, end: Option<ToolEnd>) {
        let Caller { reply, call, id, since } = caller;
        let outcome = shortened(outcome, self.limits.output);
        let part = self.rounds.get_mut(&reply).map_or(Part::Late, |tally| tally.take(call, &outcome));
        let ended = end.map(|end| (end, since.elapsed()));
        self.ready.push_back(Returned { reply, call, id, name: name.to_owned(), outcome, part, ended });
    }

    /// What is to be said while a reply waits for its tools: the words of the first that has any and is still out.
    pub(crate) fn filler(&self, reply: ReplyId) -> Option<&str> {
        let is_waited_for = |job: &&Job| {
            job.rules().result == ResultRule::Awaited
                && job.callers.iter().any(|caller| caller.reply == reply)
        };
        self.jobs.iter().filter(is_waited_for).find_map(|job| job.rules().filler.as_deref())
    }

    /// Whether all calls of a reply are answered, and its round was not taken.
    pub(crate) fn is_round_over(&self, reply: ReplyId) -> bool {
        self.rounds.get(&reply).is_some_and(Tally::is_over)
    }

    /// Whether replies from this one on wait for their calls.
    pub(crate) fn is_awaited_since(&self, reply: ReplyId) -> bool {
        self.rounds.range(reply..).next().is_some()
    }

    /// The calls of a reply, once all are answered; forgotten afterwards.
    pub(crate) fn take_round(&mut self, reply: ReplyId) -> Option<Round> {
        self.rounds.remove(&reply).map(Tally::round)
    }
}

#[cfg(test)]
mod tests;
