//! The machine: facts in, orders out, and when to call again.

use std::{collections::VecDeque, time::Duration};

use crate::{
    AgentState, Config, Input, Moment, Output, SpeakerId, Standing, State, Timer, UserState, Watch,
    lateness::Lateness,
    listener::Listener,
    queue::{Considering, Draining, Parked, Stopping, Waiting},
    speculate::Speculation,
};

/// How many timers may fire on one call before the machine counts as caught in a loop. Each state has at most two
/// timers whose effects can make one another due, and each speaker four.
const MAX_FIRED: u32 = 128;

/// Who may speak now, for one call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Machine {
    pub(crate) config: Config,
    pub(crate) now: Moment,
    pub(crate) state: State,
    /// Those who are heard, by number; the linked speaker is the first.
    pub(crate) listeners: Vec<Listener>,
    pub(crate) lateness: Lateness,
    pub(crate) speculation: Speculation,
    /// Whether there is no money left for speculation.
    pub(crate) is_broke: bool,
    /// The turn that the program considers.
    pub(crate) considering: Option<Considering>,
    /// What waits for the floor, in the order in which it will have it.
    pub(crate) queue: VecDeque<Waiting>,
    /// Replies that left the floor while their functions run; the last one left last.
    pub(crate) parked: Vec<Parked>,
    /// Replies that were told to stop and have not yet said how much was heard.
    pub(crate) stopping: Vec<Stopping>,
    /// Since when answers are held back.
    pub(crate) held: Option<Moment>,
    /// The call is to end when what is being said has been said.
    pub(crate) draining: Option<Draining>,
    /// Why the call was closed, until that is told.
    pub(crate) closing: Option<crate::CloseReason>,
    /// When the agent's first sample was heard.
    pub(crate) first_sample: Option<Moment>,
    /// Since when the agent is heard without a break.
    pub(crate) heard_since: Option<Moment>,
    /// Whether a reply was begun since the agent is heard; the field shows that it thinks.
    pub(crate) thinks_aloud: bool,
    /// When the last reply left the floor.
    pub(crate) freed: Option<Moment>,
    pub(crate) agent: AgentState,
    pub(crate) user: UserState,
    pub(crate) replies: u32,
    pub(crate) turns: u32,
    pub(crate) pauses: u32,
    pub(crate) counters: Counters,
    outputs: VecDeque<Output>,
    watch: Watch,
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
            listeners: vec![Listener::new(SpeakerId::LINKED, Standing::Answered)],
            lateness: Lateness::default(),
            speculation: Speculation::default(),
            is_broke: false,
            considering: None,
            queue: VecDeque::new(),
            parked: Vec::new(),
            stopping: Vec::new(),
            held: None,
            draining: None,
            closing: None,
            first_sample: None,
            heard_since: None,
            thinks_aloud: false,
            freed: None,
            agent: AgentState::Listening,
            user: UserState::Listening,
            replies: 0,
            turns: 0,
            pauses: 0,
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

    /// Whether the words that a speaker says now count. The rest of what was cleared does not.
    #[must_use]
    pub fn listens_to(&self, speaker: SpeakerId) -> bool {
        self.position_of(speaker).is_some_and(|at| !self.listeners[at].ear.is_muted)
    }

    /// Whether nothing that is asked for now will be said: the call is over, or about to be.
    #[must_use]
    pub const fn is_ending(&self) -> bool {
        self.draining.is_some() || matches!(self.state, State::Closed)
    }

    /// What it was told to heed, as it was changed since.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// What was counted.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// How late final transcripts come, nineteen of twenty; what a later call with this recogniser may begin with
    /// ([`crate::TranscriptConfig::known`]). `None` while too few came.
    #[must_use]
    pub fn transcript_delay(&self) -> Option<Duration> {
        self.lateness.usual()
    }

    /// Whether nobody speaks, nothing is on its way and nothing is awaited, or the call is over.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        let is_quiet = matches!(self.state, State::Listening { .. } | State::Closed);
        is_quiet
            && self.queue.is_empty()
            && self.parked.is_empty()
            && self.stopping.is_empty()
            && self.considering.is_none()
            && self.held.is_none()
            && self.draining.is_none()
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
