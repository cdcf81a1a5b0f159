//! One step: what each fact, and each timer, means for whoever has the floor.

use std::time::Duration;

use crate::{
    AgentState, Input, Machine, Output, PlayoutFact, Reply, ReplyId, SpeakerId, SpeechKind, State, Timer,
    UserState,
    listener::{Listener, Silence},
    overlap::{self, Way},
    queue::Waiting,
    state::{Made, Pause, Wait},
};

mod close;
mod floor;
mod interrupt;
mod reply;
mod told;
mod turn;
mod user;
mod words;

impl Machine {
    pub(crate) fn step(&mut self, input: Input) {
        if self.state == State::Closed {
            return self.when_closed(input);
        }
        match input {
            Input::User(speaker, fact) => self.on_user(speaker, fact),
            Input::Reply(id, fact) => self.on_reply(id, fact),
            Input::Playout(id, fact) => self.on_playout(id, fact),
            Input::Told(told) => self.on_told(told),
        }
    }

    pub(crate) fn on_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Endpoint(speaker) => self.on_endpoint(speaker),
            Timer::EndpointLimit(speaker) => self.on_endpoint_limit(speaker),
            Timer::CommitWait(speaker) => self.on_commit_wait(speaker),
            Timer::Pause(speaker) => self.on_pause(speaker),
            Timer::LongestSpeech(speaker) => self.on_longest_speech(speaker),
            Timer::Overlap => self.on_overlap(),
            Timer::FalseInterruption => self.resume(),
            // What it waited for follows in `settle`.
            Timer::Silence => {}
            Timer::Filler => self.fill(),
            Timer::ReplyDeadline => self.on_reply_deadline(),
            Timer::ParkedDeadline => self.on_parked_deadline(),
            Timer::StopDeadline => self.on_stop_deadline(),
            Timer::Consider => self.on_consider_deadline(),
            Timer::Release => self.release(),
            Timer::Drain => self.on_drained(),
            Timer::UserAway => self.show_user(UserState::Away),
        }
    }

    /// What follows from any change: a reply that can be heard now starts, and a silent state is called by its name.
    pub(crate) fn settle(&mut self) {
        self.begin_if_possible();
        self.run_functions_if_possible();
        self.start_if_possible();
        self.name_silence();
        self.hear_agent();
        self.watch_draining();
    }

    fn name_silence(&mut self) {
        let quiet = match &self.state {
            State::Listening { since } => Some(*since),
            State::UserSpeaking | State::Settling => None,
            State::Thinking { .. } | State::Speaking { .. } | State::Yielding { .. } | State::Closed => {
                return;
            }
        };
        self.state = if self.listeners.iter().any(Listener::speaks_up) {
            State::UserSpeaking
        } else if self.listeners.iter().any(|listener| self.has_open_words(listener)) {
            State::Settling
        } else {
            State::Listening { since: quiet.unwrap_or(self.now) }
        };
    }

    /// A reply whose words are given is begun when it has the floor and nobody speaks; one that is thought of was begun
    /// before.
    fn begin_if_possible(&mut self) {
        if self.clear_due().is_none_or(|at| at > self.now) {
            return;
        }
        let now = self.now;
        let State::Thinking { reply, since, .. } = &mut self.state else { return };
        reply.cleared = true;
        if reply.made != Made::Unbegun {
            return;
        }
        reply.made = Made::Begun;
        *since = now;
        let (reply, cause, is_held) = (reply.id, reply.cause, reply.hold.is_some());
        self.emit(Output::BeginReply { reply, cause, speculative: false });
        if is_held {
            self.emit(Output::PausePlayout { reply });
        }
    }

    /// What a reply calls runs when the reply has the floor: not before what was to be said before it has been said.
    fn run_functions_if_possible(&mut self) {
        let Some(reply) = self.state.reply_mut() else { return };
        if !reply.cleared || reply.ordered == reply.calls {
            return;
        }
        reply.ordered = reply.calls;
        let id = reply.id;
        self.emit(Output::RunFunctions { reply: id });
        self.pass_over_silence(id);
    }

    fn start_if_possible(&mut self) {
        let State::Thinking { reply, wait: Wait::Sample, .. } = &self.state else { return };
        if !reply.cleared || !reply.has_sample() || !self.stopping.is_empty() {
            return;
        }
        if reply.manner.interruptible && reply.hold.is_none() && self.somebody_speaks() {
            self.wait_for_end_of_speech();
        }
        let State::Thinking { reply, .. } = &self.state else { return };
        let reply = reply.clone();
        let paused = reply.hold.is_some();
        self.emit(Output::StartPlayout { reply: reply.id, paused });
        self.state = if paused {
            State::Yielding { reply, heard: false }
        } else {
            State::Speaking { reply, heard: false, progressed: self.now }
        };
    }

    /// Whether somebody who may interrupt speaks, or has only just stopped to.
    fn somebody_speaks(&self) -> bool {
        self.listeners.iter().any(|listener| match listener.silent_from(&self.config) {
            Silence::Now => false,
            Silence::From(at) => at > self.now,
            Silence::Unknown => true,
        })
    }

    /// A reply that nobody has heard yet waits, paused, for the end of speech that may be nothing.
    fn wait_for_end_of_speech(&mut self) {
        if overlap::way(&self.config.interruption) != Way::Stop {
            self.hold(Pause { since: self.now, silence: Duration::ZERO, meant: false });
        }
    }

    /// Keeps track of whether the agent is heard.
    fn hear_agent(&mut self) {
        let is_heard = matches!(self.state, State::Speaking { heard: true, .. });
        if is_heard == self.heard_since.is_some() {
            return;
        }
        self.heard_since = is_heard.then_some(self.now);
        for listener in &mut self.listeners {
            if is_heard {
                listener.pace.agent_began(self.now);
                listener.said = crate::listener::Said::default();
            } else {
                listener.pace.agent_ended(self.now);
            }
        }
    }

    /// After the close only the positions of stopped replies still matter.
    fn when_closed(&mut self, input: Input) {
        let Input::Playout(id, PlayoutFact::Finished { heard }) = input else {
            self.counters.ignored += 1;
            return;
        };
        if !self.was_stopping(id) {
            self.counters.ignored += 1;
            return;
        }
        self.emit(Output::TruncateReply { reply: id, heard });
        self.tell_closed();
    }

    /// Whether this reply was told to stop; it has stopped now.
    fn was_stopping(&mut self, id: ReplyId) -> bool {
        let before = self.stopping.len();
        self.stopping.retain(|stopping| stopping.id != id);
        self.stopping.len() < before
    }

    /// The reply with this number, if it was begun and has the floor, had it or may get it.
    fn reply_of(&mut self, id: ReplyId) -> Option<&mut Reply> {
        let current = self.state.reply_mut().into_iter();
        let speculative = self.speculation.0.as_mut().map(|(_, reply)| reply);
        let considered = self.considering.as_mut().and_then(|considering| considering.reply.as_mut());
        let waiting = self.queue.iter_mut().filter_map(|waiting| match waiting {
            Waiting::Reply(reply) => Some(reply.as_mut()),
            Waiting::Turn { .. } | Waiting::Speech { .. } => None,
        });
        let parked = self.parked.iter_mut().map(|parked| &mut parked.reply);
        let mut all = current.chain(speculative).chain(considered).chain(waiting).chain(parked);
        all.find(|reply| reply.id == id && reply.made != Made::Unbegun)
    }

    /// Whether no reply has the floor.
    const fn is_quiet(&self) -> bool {
        matches!(self.state, State::Listening { .. } | State::UserSpeaking | State::Settling)
    }

    /// A sign of the user starts the wait for their absence again.
    fn user_is_here(&mut self) {
        if let State::Listening { since } = &mut self.state {
            *since = self.now;
        }
        if self.user == UserState::Away {
            self.show_user(UserState::Listening);
        }
    }

    fn show_user(&mut self, user: UserState) {
        if self.user != user {
            self.user = user;
            self.emit(Output::ShowUser(user));
        }
    }

    fn show_linked(&mut self, speaker: SpeakerId, user: UserState) {
        if speaker == SpeakerId::LINKED {
            self.show_user(user);
        }
    }

    /// Tells what the agent does, if that has changed: once for each fact, whatever happened in between.
    pub(crate) fn show_agent(&mut self) {
        let Some(agent) = self.agent_state() else { return };
        if self.agent != agent {
            self.agent = agent;
            self.emit(Output::ShowAgent(agent));
        }
    }

    fn agent_state(&self) -> Option<AgentState> {
        let reply = match &self.state {
            State::Closed => return None,
            // It follows the one before without a gap, and is about to be heard.
            State::Speaking { heard: false, .. }
                if self.agent == AgentState::Listening && self.freed == Some(self.now) =>
            {
                return None;
            }
            State::Listening { .. } | State::UserSpeaking | State::Settling => {
                return Some(AgentState::Listening);
            }
            State::Thinking { wait: Wait::Functions, .. } => return Some(AgentState::Thinking),
            State::Thinking { reply, .. } | State::Speaking { reply, .. } | State::Yielding { reply, .. } => {
                reply
            }
        };
        if reply.hold.is_some_and(|hold| hold.meant) {
            return Some(AgentState::Listening);
        }
        let is_heard =
            matches!(self.state, State::Speaking { heard: true, .. } | State::Yielding { heard: true, .. });
        let is_made = |waiting: &Waiting| match waiting {
            Waiting::Reply(_) => true,
            Waiting::Turn { .. } => self.held.is_none(),
            Waiting::Speech { .. } => false,
        };
        let is_thought =
            reply.kind == SpeechKind::Generated || !self.parked.is_empty() || self.queue.iter().any(is_made);
        Some(match (is_heard, is_thought) {
            (true, _) if self.thinks_aloud => AgentState::Thinking,
            (true, _) => AgentState::Speaking,
            (false, true) => AgentState::Thinking,
            (false, false) => AgentState::Listening,
        })
    }
}
