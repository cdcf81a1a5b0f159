//! What is counted while a call goes on, and what is told to its observer.

use std::{collections::BTreeMap, time::Duration};

use agent_turn::{CloseReason, Machine, Moment};
use providers_core::{ChatMessage, Usage};

use crate::{CallEvent, CallReport, Component, Micros, Observer};

/// What is counted while a call goes on.
pub(crate) struct Tally {
    observer: Box<dyn Observer>,
    turns: u64,
    replies: u64,
    interruptions: u64,
    false_interruptions: u64,
    speculations: (u64, u64),
    n_dropped: u64,
    /// What speculative replies that were not used had used, and what that costs.
    wasted: (Usage, Micros),
    failures: BTreeMap<Component, u64>,
    /// Failures in a row.
    streaks: BTreeMap<Component, u32>,
    usage: BTreeMap<Component, Usage>,
}

impl Tally {
    pub(crate) fn new(observer: Box<dyn Observer>) -> Self {
        Self {
            observer,
            turns: 0,
            replies: 0,
            interruptions: 0,
            false_interruptions: 0,
            speculations: (0, 0),
            n_dropped: 0,
            wasted: (Usage::default(), Micros::default()),
            failures: BTreeMap::new(),
            streaks: BTreeMap::new(),
            usage: BTreeMap::new(),
        }
    }

    /// Counts an event and tells the observer.
    pub(crate) fn tell(&mut self, at: Moment, event: CallEvent<'_>) {
        match event {
            CallEvent::TurnCommitted { .. } => self.turns += 1,
            CallEvent::PlayoutStarted { .. } => self.replies += 1,
            CallEvent::PlayoutResumed { .. } => self.false_interruptions += 1,
            CallEvent::Used { component, usage, .. } => *self.usage.entry(component).or_default() += usage,
            CallEvent::SpeculationBegun => self.speculations.0 += 1,
            CallEvent::SpeculationUsed => self.speculations.1 += 1,
            CallEvent::SpeculationWasted { usage, cost } => {
                self.n_dropped += 1;
                self.wasted.0 += usage;
                self.wasted.1 += cost;
            }
            CallEvent::Agent(_)
            | CallEvent::User(_)
            | CallEvent::Transcript { .. }
            | CallEvent::HandedOff { .. }
            | CallEvent::SpeechCreated { .. }
            | CallEvent::PlayoutPaused { .. }
            | CallEvent::PlayoutFinished { .. }
            | CallEvent::Message { .. }
            | CallEvent::WordsSetAside { .. }
            | CallEvent::TranscriptMissed { .. }
            | CallEvent::TurnTooLong { .. }
            | CallEvent::TurnEnded { .. }
            | CallEvent::ToolCalled { .. }
            | CallEvent::ToolEnded { .. }
            | CallEvent::ToolsExecuted { .. }
            | CallEvent::Latency(_)
            | CallEvent::Failed { .. }
            | CallEvent::Closed { .. } => {}
        }
        self.observer.observe(at, &event);
    }

    /// The user stopped a reply.
    pub(crate) const fn interrupted(&mut self) {
        self.interruptions += 1;
    }

    /// A component failed at what will be tried again.
    pub(crate) fn failed_in_advance(&mut self, component: Component) {
        *self.failures.entry(component).or_default() += 1;
    }

    /// A component failed; returns how many times in a row.
    pub(crate) fn failed(&mut self, component: Component) -> u32 {
        *self.failures.entry(component).or_default() += 1;
        let streak = self.streaks.entry(component).or_default();
        *streak += 1;
        *streak
    }

    /// A component works.
    pub(crate) fn works(&mut self, component: Component) {
        self.streaks.remove(&component);
    }

    /// What all speculative replies that were not used have cost.
    pub(crate) const fn wasted(&self) -> Micros {
        self.wasted.1
    }

    /// The sum of it all.
    pub(crate) fn report(
        self,
        reason: CloseReason,
        duration: Duration,
        machine: &Machine,
        history: Vec<ChatMessage>,
    ) -> CallReport {
        let (begun, used) = self.speculations;
        debug_assert_eq!(begun, used + self.n_dropped, "what is begun in advance is used or dropped");
        CallReport {
            reason,
            duration,
            turns: self.turns,
            replies: self.replies,
            interruptions: self.interruptions,
            false_interruptions: self.false_interruptions,
            speculations: self.speculations,
            wasted: self.wasted,
            failures: self.failures,
            usage: self.usage,
            breaches: machine.counters().breaches,
            transcript_delay: machine.transcript_delay(),
            history,
        }
    }
}
