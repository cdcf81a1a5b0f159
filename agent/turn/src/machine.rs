//! The machine: facts in, orders out, and when to call again.

use std::collections::VecDeque;

use crate::{
    AgentState, Config, Input, Moment, Output, ReplyId, RequestId, SpeechKind, State, Timer, TurnId,
    UserState, Watch, ear::Ear, speculate::Speculation,
};

/// How many timers may fire on one call before the machine counts as caught in a loop. Each state has at most two
/// timers whose effects can make one another due.
const MAX_FIRED: u32 = 32;

/// Who may speak now, for one call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Machine {
    pub(crate) config: Config,
    pub(crate) now: Moment,
    pub(crate) state: State,
    pub(crate) ear: Ear,
    pub(crate) speculation: Speculation,
    /// What waits for the floor, first come first served.
    pub(crate) queue: VecDeque<Waiting>,
    /// Replies that were told to stop and have not yet said how much was heard.
    pub(crate) stopping: Vec<ReplyId>,
    /// Why the call was closed, until that is told.
    pub(crate) closing: Option<crate::CloseReason>,
    /// Until when echo cancellation learns; `None` before the agent's first sample.
    pub(crate) aec_until: Option<Moment>,
    pub(crate) agent: AgentState,
    pub(crate) user: UserState,
    pub(crate) replies: u32,
    pub(crate) turns: u32,
    pub(crate) counters: Counters,
    outputs: VecDeque<Output>,
    watch: Watch,
}

/// Something that waits for the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Waiting {
    /// The answer to a turn that was committed while an uninterruptible reply had the floor.
    Turn(TurnId),
    Request {
        request: RequestId,
        kind: SpeechKind,
        interruptible: bool,
    },
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counters {
    /// Facts that changed nothing, because they came too late or told what was known.
    pub ignored: u64,
    /// Breaches of the invariants; 0 unless this crate or its shell is wrong.
    pub breaches: u64,
}

impl Machine {
    /// A machine for a call in which nothing has happened.
    #[must_use]
    pub fn new(config: Config, now: Moment) -> Self {
        let mut machine = Self {
            config,
            now,
            state: State::Listening { since: now },
            ear: Ear::new(),
            speculation: Speculation::default(),
            queue: VecDeque::new(),
            stopping: Vec::new(),
            closing: None,
            aec_until: None,
            agent: AgentState::Listening,
            user: UserState::Listening,
            replies: 0,
            turns: 0,
            counters: Counters::default(),
            outputs: VecDeque::new(),
            watch: Watch::default(),
        };
        machine.emit(Output::ShowAgent(AgentState::Listening));
        machine
    }

    /// Something happened. Timers that were due before go first. Time does not run backwards: an earlier `now` counts
    /// as the latest one.
    pub fn handle_input(&mut self, now: Moment, input: Input) {
        self.advance(now);
        self.fire(|at, now| at < now);
        self.watch.on_input(&input);
        self.step(input);
        self.settle();
        self.fire(|at, now| at <= now);
        self.show_agent();
    }

    /// Time has passed. Called early, it changes nothing.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.advance(now);
        self.fire(|at, now| at <= now);
        self.show_agent();
    }

    /// The next order. Drain to `None` before the next fact.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Machine::handle_timeout`], and on whose behalf. Always later than the last moment handled.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Moment, Timer)> {
        self.first_timer()
    }

    /// Whose floor it is.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What was counted.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    pub(crate) fn emit(&mut self, output: Output) {
        if let Some(breach) = self.watch.on_output(&output) {
            self.breach(breach);
        }
        self.outputs.push_back(output);
    }

    fn advance(&mut self, now: Moment) {
        self.now = self.now.max(now);
    }

    fn fire(&mut self, is_due: impl Fn(Moment, Moment) -> bool) {
        let mut fired = 0;
        while let Some((at, timer)) = self.first_timer() {
            if !is_due(at, self.now) {
                return;
            }
            if fired == MAX_FIRED {
                self.breach(crate::Breach::NoProgress);
                return;
            }
            fired += 1;
            self.on_timer(timer);
            self.settle();
        }
    }

    fn breach(&mut self, breach: crate::Breach) {
        debug_assert!(false, "{breach:?} in {self:?}");
        self.counters.breaches += 1;
    }
}
