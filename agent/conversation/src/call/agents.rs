//! Who has the call: entering, handing over, and tasks, which are agents that give the call back.
//!
//! ```text
//! asked  [what is said ends] on_exit [what it says ends] handed off, on_enter of the next
//! ```
//! Nothing is cut for a change; what a task's agent interrupts is the agent that waits for it, not the user.

use std::{mem, rc::Rc};

use agent_turn::{Input, ReplyId, Told};
use tracing::warn;

use super::Call;
use crate::{
    Body, CallEvent, Keep, SoundSlot,
    active::Active,
    agent::AnyAgent,
    handle::{MakeAgent, NextAgent, Wish},
    making::Making,
};

/// How many changes may wait; more are refused and told to the operator: a program that asks for so many is wrong.
const CHANGES: usize = 8;

/// A change of who has the call.
pub(super) struct Change {
    kind: Kind,
    step: Step,
}

enum Kind {
    HandOff { to: NextAgent, keep: Keep },
    Task { agent: MakeAgent },
    Back { deliver: Box<dyn FnOnce() + Send> },
}

#[derive(Clone, Copy)]
enum Step {
    /// What was asked for before is said.
    Finishing,
    /// The agent that has the call leaves.
    Leaving,
}

impl Change {
    pub(super) const fn hand_off(to: NextAgent, keep: Keep) -> Self {
        Self { kind: Kind::HandOff { to, keep }, step: Step::Finishing }
    }

    pub(super) const fn task(agent: MakeAgent) -> Self {
        Self { kind: Kind::Task { agent }, step: Step::Finishing }
    }

    pub(super) const fn back(deliver: Box<dyn FnOnce() + Send>) -> Self {
        Self { kind: Kind::Back { deliver }, step: Step::Finishing }
    }

    const fn ends_an_agent(&self) -> bool {
        match self.kind {
            Kind::HandOff { .. } | Kind::Back { .. } => true,
            Kind::Task { .. } => false,
        }
    }
}

impl<B: Body> Call<B> {
    pub(super) fn ask_to_change(&mut self, change: Change) {
        if self.changes.len() == CHANGES {
            warn!("too many changes of agents wait; one is dropped");
            return;
        }
        if self.changes.is_empty() {
            self.facts.push_back(Input::Told(Told::Hold));
        }
        if let Kind::HandOff { keep: Keep::Summary, .. } = change.kind {
            self.summarise_all();
        }
        self.changes.push_back(change);
    }

    /// The first agent enters; somebody is there.
    pub(super) fn enter_first(&mut self) {
        if !mem::replace(&mut self.has_entered, true) {
            self.body.set_sound(SoundSlot::Background, self.sounds.background.as_ref());
            self.enter();
        }
    }

    /// Goes on with the change that is under way. True if something happened.
    pub(super) fn change_agents(&mut self) -> bool {
        let Some(next) = self.changes.front() else { return false };
        // A task may be what a tool waits for; an agent that leaves waits for its own tools.
        if !self.is_silent() || (next.ends_an_agent() && self.toolbox.is_awaited_since(self.first_reply)) {
            return false;
        }
        let Some(mut change) = self.changes.pop_front() else { return false };
        match change.step {
            Step::Finishing if change.ends_an_agent() => {
                self.start_leaving();
                change.step = Step::Leaving;
                self.changes.push_front(change);
            }
            Step::Leaving if self.is_leaving() => {
                self.changes.push_front(change);
                return false;
            }
            Step::Finishing | Step::Leaving if self.awaits_summary(&change) => {
                self.changes.push_front(change);
                return false;
            }
            Step::Finishing | Step::Leaving => self.change(change.kind),
        }
        if self.changes.is_empty() {
            self.facts.push_back(Input::Told(Told::Release));
        }
        true
    }

    /// Whether nothing is said and nothing waits to be said, but for replies that are not confirmed.
    fn is_silent(&self) -> bool {
        let is_quiet = self.machine.state().reply().is_none() && self.requests.is_empty();
        self.has_entered && is_quiet && self.replies.iter().all(Making::is_speculative)
    }

    fn awaits_summary(&self, change: &Change) -> bool {
        matches!(change.kind, Kind::HandOff { keep: Keep::Summary, .. }) && self.summary.is_some()
    }

    fn change(&mut self, kind: Kind) {
        match kind {
            Kind::HandOff { to, keep } => match self.make(to) {
                Ok(next) => {
                    let reads_anew = !matches!(keep, Keep::All);
                    self.history.hand_over(keep);
                    self.give_call(next, reads_anew);
                    self.enter();
                }
                Err(name) => warn!(%name, "no agent of this name; the call stays where it is"),
            },
            Kind::Task { agent } => {
                let next = self.activate(agent(), TASK);
                self.waiting_agents.push((self.active.clone(), self.history.view()));
                self.history.hand_over(Keep::All);
                self.give_call(next, false);
                self.enter();
            }
            Kind::Back { deliver } => {
                if let Some((parent, view)) = self.waiting_agents.pop() {
                    self.history.resume(view);
                    self.give_call(parent, false);
                }
                deliver();
            }
        }
    }

    fn make(&self, next: NextAgent) -> Result<Rc<Active>, String> {
        match next {
            NextAgent::Made(make) => Ok(self.activate(make(), UNNAMED)),
            NextAgent::Named(name) => match self.agents.make(&name) {
                Some(agent) => Ok(self.activate(agent, &name)),
                None => Err(name),
            },
        }
    }

    fn activate(&self, agent: Rc<dyn AnyAgent>, registered: &str) -> Rc<Active> {
        Rc::new(Active::new(agent, registered, &self.handle, &self.common, &self.config))
    }

    /// From now on this agent has the call; with `reads_anew`, it does not read all that was said.
    fn give_call(&mut self, next: Rc<Active>, reads_anew: bool) {
        self.cancel_hooks();
        let before = self.take(next, reads_anew);
        let active = self.active.clone();
        self.summary = None;
        let event = CallEvent::HandedOff { from: Some(&before.name), to: &active.name };
        self.tally.tell(self.now(), event);
    }

    /// The agent that has the call says anew what it is.
    pub(super) fn refresh(&mut self) {
        let (agent, name) = (self.active.agent.clone(), self.active.name.clone());
        self.take(self.activate(agent, &name), false);
    }

    /// From now on this is who speaks.
    fn take(&mut self, next: Rc<Active>, reads_anew: bool) -> Rc<Active> {
        let before = mem::replace(&mut self.active, next);
        let active = self.active.clone();
        self.toolbox.replace(active.tools.clone(), &active.name);
        for listener in self.people.values_mut() {
            listener.hearing.replace(&active.stt, &active.hearing);
        }
        self.replace_live(reads_anew);
        self.changes_of_agent += 1;
        self.first_reply = ReplyId(self.last_begun.0 + 1);
        let profile = active.profile(&self.config.turn);
        if profile != before.profile(&self.config.turn) {
            self.facts.push_back(Input::Told(Told::Profile(profile)));
        }
        before
    }

    fn enter(&mut self) {
        if let Some(greeting) = self.active.greeting.clone() {
            let request = self.handle.next_request();
            self.ask_to_speak(request, Wish::from(greeting), None);
        }
        self.start_entering();
    }
}

/// The names of agents that have none.
const UNNAMED: &str = "agent";
const TASK: &str = "task";
