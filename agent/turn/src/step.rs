//! One step: what each fact, and each timer, means for whoever has the floor.

use crate::{
    AgentState, Input, Machine, Moment, Output, PlayoutFact, Reply, ReplyId, SpeechKind, State, Timer,
    UserState,
    state::{Made, Wait},
};

mod floor;
mod reply;
mod told;
mod turn;
mod user;

impl Machine {
    pub(crate) fn step(&mut self, input: Input) {
        if self.state == State::Closed {
            return self.when_closed(input);
        }
        match input {
            Input::User(fact) => self.on_user(fact),
            Input::Reply(id, fact) => self.on_reply(id, fact),
            Input::Playout(id, fact) => self.on_playout(id, fact),
            Input::Told(told) => self.on_told(told),
        }
    }

    pub(crate) fn on_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Endpoint => self.on_endpoint(),
            Timer::EndpointLimit => self.on_endpoint_limit(),
            Timer::Overlap => self.on_overlap(),
            Timer::FalseInterruption => self.resume(),
            Timer::ReplyDeadline => self.on_reply_deadline(),
            Timer::UserAway => self.show_user(UserState::Away),
        }
    }

    /// What follows from any change: a reply that can be heard now starts, and a silent state is called by its name.
    pub(crate) fn settle(&mut self) {
        self.start_if_possible();
        let quiet = match &self.state {
            State::Listening { since } => Some(*since),
            State::UserSpeaking | State::Settling => None,
            State::Thinking { .. } | State::Speaking { .. } | State::Yielding { .. } | State::Closed => {
                return;
            }
        };
        self.state = if self.ear.is_speaking() {
            State::UserSpeaking
        } else if self.ear.has_undecided_words() || self.ear.awaits_words() {
            State::Settling
        } else {
            State::Listening { since: quiet.unwrap_or(self.now) }
        };
    }

    fn start_if_possible(&mut self) {
        let State::Thinking { reply, wait: Wait::Sample, .. } = &self.state else { return };
        let has_sample = match reply.made {
            Made::Ready | Made::Whole => true,
            Made::Begun | Made::Silent => false,
        };
        if !has_sample || !self.stopping.is_empty() || (reply.interruptible && self.ear.holds_floor()) {
            return;
        }
        let reply = reply.clone();
        self.emit(Output::StartPlayout { reply: reply.id });
        self.state = State::Speaking { reply, heard: false, progressed: self.now };
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
        self.stopping.retain(|stopping| *stopping != id);
        self.stopping.len() < before
    }

    /// The reply with this number, if it has the floor or may get it.
    fn reply_of(&mut self, id: ReplyId) -> Option<&mut Reply> {
        let current = self.state.reply_mut().into_iter();
        current.chain(self.speculation.reply.as_mut()).find(|reply| reply.id == id)
    }

    /// Nobody has the floor, from this moment.
    fn quiet(&mut self) {
        self.state = State::Listening { since: self.now };
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

    /// Tells what the agent does, if that has changed: once for each fact, whatever happened in between.
    pub(crate) fn show_agent(&mut self) {
        let agent = match &self.state {
            State::Thinking { reply, .. } | State::Speaking { reply, heard: false, .. } => match reply.kind {
                SpeechKind::Said => AgentState::Listening,
                SpeechKind::Generated => AgentState::Thinking,
            },
            State::Speaking { heard: true, .. } => AgentState::Speaking,
            State::Listening { .. } | State::UserSpeaking | State::Settling | State::Yielding { .. } => {
                AgentState::Listening
            }
            State::Closed => return,
        };
        if self.agent != agent {
            self.agent = agent;
            self.emit(Output::ShowAgent(agent));
        }
    }

    /// When the endpoint is due, if that is now or past.
    fn is_endpoint_due(&self) -> bool {
        self.endpoint_due().is_some_and(|at: Moment| at <= self.now)
    }
}
