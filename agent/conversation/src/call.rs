//! One call as it goes on: polls its parts, tells the turn machine what happened, and does what it orders.
//!
//! What is being made goes first, then what is heard, then time: of two things that happen at the same moment, a reply
//! that is ready starts before speech that begins then, and speech that ends is known before a timer counts it.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use agent_turn::{
    CloseReason, Input, Machine, Moment, ReplyId, RequestId, SpeakerId, TurnId,
    journal::{self, Entry},
};
use providers_core::{Interruption, TurnDetector};
use tokio::{
    sync::mpsc,
    time::{Instant, Sleep, sleep_until},
};

use self::{
    agents::Change,
    hooks::RunningHook,
    people::Listener,
    speaking::{Asked, Requested},
    turns::{Considered, OpenTurn},
};
use crate::{
    Agents, Body, CallEvent, CallReport, ConversationConfig, Handle, Journal, Parts, Segment, Sounds,
    active::{Active, Common},
    handle::Command,
    hearing::Hearing,
    history::{History, View},
    lately::Lately,
    live::Live,
    making::Making,
    summary::Summary,
    tally::Tally,
    toolbox::{ToolLimits, Toolbox},
};

mod agents;
mod asking;
mod commands;
mod facts;
mod hooks;
mod judging;
mod live;
mod orders;
mod people;
mod speaking;
mod tools;
mod turns;

/// How many times all parts are polled before other calls on the thread have their turn.
const ROUNDS: u32 = 64;
/// After how many of these rounds time has its turn although there are still facts to be told: a flood of them does not
/// hold up the timers.
const FACTS_FIRST: u32 = 32;

/// One call.
pub(crate) struct Call<B> {
    config: ConversationConfig,
    body: B,
    handle: Handle,
    common: Common,
    agents: Agents,
    /// Who has the call.
    active: Rc<Active>,
    /// Who waits for the one that has the call to be done with a task, and what each of them read.
    waiting_agents: Vec<(Rc<Active>, (View, u32))>,
    /// Changes of who has the call, in the order in which they were asked for.
    changes: VecDeque<Change>,
    hooks: Vec<RunningHook>,
    /// Who is heard; the one the call is for is among them from the beginning.
    people: BTreeMap<SpeakerId, Listener>,
    /// Whether the mind is told who said what: more than one were heard at some time.
    names_speakers: bool,
    judges: Judges,
    /// The realtime model of the agent that has the call.
    live: Option<Live>,
    sounds: Sounds,
    toolbox: Toolbox,
    history: History,
    tally: Tally,
    journal: Option<Box<dyn Journal>>,
    commands: mpsc::Receiver<Command>,
    machine: Machine,
    began: Instant,
    alarm: Pin<Box<Sleep>>,
    /// Facts that follow from orders; told once all orders are done.
    facts: VecDeque<Input>,
    /// Replies that are being made or played; at most the speculative one, the one that has the floor, and those that
    /// were told to stop in this moment.
    replies: Vec<Making>,
    /// The reply that was begun in the body.
    playing: Option<Playing>,
    /// What the agent was heard to say, for a judge of overlaps.
    lately: Lately,
    /// What was asked for, until it has the floor.
    requests: BTreeMap<RequestId, Requested>,
    /// Who waits to hear what becomes of which reply.
    asked: BTreeMap<ReplyId, Asked>,
    /// The reply after which a tool wants the call to be over.
    last_reply: Option<ReplyId>,
    /// Committed turns that have not ended.
    turns: BTreeMap<TurnId, OpenTurn>,
    /// Committed turns of which hooks decide.
    considered: VecDeque<Considered>,
    /// The beginning of the conversation, as it is being told in short, and above how many tokens that begins anew.
    summary: Option<Summary>,
    summarise_above: u32,
    /// How often another agent, or another instruction, came into force.
    changes_of_agent: u64,
    /// The reply that was begun last, and the first that was, or will be, begun by the agent that has the call.
    last_begun: ReplyId,
    first_reply: ReplyId,
    n_fillers: usize,
    n_segments: u32,
    /// Whether the first agent has entered.
    has_entered: bool,
    closing: Option<CloseReason>,
}

/// Who judges for the turn machine.
struct Judges {
    pauses: Option<Arc<dyn TurnDetector>>,
    overlaps: Option<Box<dyn Interruption>>,
}

/// A reply in the body's mouth.
struct Playing {
    reply: ReplyId,
    segment: Segment,
    /// When its first sample was heard.
    began: Option<Moment>,
    /// When the machine was last told of progress.
    told: Moment,
    /// Whether the program, not the user, had it stopped.
    is_dismissed: bool,
}

impl<B: Body> Call<B> {
    pub(crate) fn new(
        mut config: ConversationConfig,
        parts: Parts,
        body: B,
        handle: Handle,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        let common = Common::new(&parts, !body.speaks());
        let Parts { agents, observer, journal, pauses, overlaps, sounds, .. } = parts;
        if !body.can_pause() {
            config.turn.interruption.false_interruption = None;
        }
        let (first, name) = agents.first();
        let mut active = Active::new(first, name, &handle, &common, &config);
        if agents.greets_as_configured {
            active.greeting = active.greeting.or_else(|| config.greeting.clone());
        }
        let backoff = config.errors.recogniser_backoff;
        config.turn = config.turn.with(active.profile(&config.turn));
        let summarise_above = config.context.summary.as_ref().map_or(u32::MAX, |policy| policy.above_tokens);
        let hearing = Hearing::new(active.stt.clone(), active.hearing.clone(), backoff);
        let realtime_backoff = config.errors.realtime_backoff;
        let live = active
            .live
            .as_ref()
            .map(|live| Live::new(live, active.live_setup(), body.speaks(), realtime_backoff));
        let began = Instant::now();
        let mut call = Self {
            machine: Machine::new(config.turn, Moment::START),
            toolbox: toolbox(&active, &config),
            config,
            body,
            handle,
            common,
            agents,
            people: BTreeMap::new(),
            names_speakers: false,
            judges: Judges { pauses, overlaps },
            live,
            sounds,
            active: Rc::new(active),
            waiting_agents: Vec::new(),
            changes: VecDeque::new(),
            hooks: Vec::new(),
            history: History::default(),
            tally: Tally::new(observer),
            journal,
            commands,
            began,
            alarm: Box::pin(sleep_until(began)),
            facts: VecDeque::new(),
            replies: Vec::new(),
            playing: None,
            lately: Lately::default(),
            requests: BTreeMap::new(),
            asked: BTreeMap::new(),
            last_reply: None,
            turns: BTreeMap::new(),
            considered: VecDeque::new(),
            summary: None,
            summarise_above,
            changes_of_agent: 0,
            last_begun: ReplyId(0),
            first_reply: ReplyId(0),
            n_fillers: 0,
            n_segments: 0,
            has_entered: false,
            closing: None,
        };
        let linked = Listener::new(hearing, call.recent());
        call.people.insert(SpeakerId::LINKED, linked);
        call.write(Moment::START, Entry::Began(Box::new(call.config.turn)));
        let to = call.active.name.clone();
        call.tally.tell(Moment::START, CallEvent::HandedOff { from: None, to: &to });
        call.settle();
        call
    }

    /// Goes on with the call; ready when it is over and the body has closed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        for round in 0..ROUNDS {
            if let Some(reason) = self.closing {
                std::task::ready!(self.body.poll_close(cx, reason));
                self.tally.tell(self.now(), CallEvent::Closed { reason });
                return Poll::Ready(reason);
            }
            self.settle();
            let mut has_moved = self.poll_replies(cx);
            has_moved |= self.poll_live(cx);
            has_moved |= self.poll_body(cx);
            has_moved |= self.poll_hearing(cx);
            if !has_moved || round >= FACTS_FIRST {
                has_moved |= self.poll_time(cx);
            }
            has_moved |= self.poll_judging(cx);
            has_moved |= self.poll_tools(cx);
            has_moved |= self.poll_considered(cx);
            has_moved |= self.poll_hooks(cx);
            has_moved |= self.poll_commands(cx);
            has_moved |= self.change_agents();
            has_moved |= self.close_after_tools();
            has_moved |= self.poll_summary(cx);
            if !has_moved {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// The sum of the call, once it is over.
    pub(crate) fn report(self, reason: CloseReason) -> CallReport {
        let duration = self.now().0;
        self.tally.report(reason, duration, &self.machine, self.history.record())
    }

    fn now(&self) -> Moment {
        Moment(self.began.elapsed())
    }

    /// Handles the timer that is due, or sees to it that the call is polled when one is.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> bool {
        let Some((due, _)) = self.machine.poll_timeout() else { return false };
        let now = self.now();
        if now >= due {
            self.write(now, Entry::Timeout);
            self.machine.handle_timeout(now);
            self.settle();
            return true;
        }
        let due = self.began + due.0;
        if self.alarm.deadline() != due {
            self.alarm.as_mut().reset(due);
        }
        self.alarm.as_mut().poll(cx).is_ready()
    }

    /// Tells the machine a fact, and does what it orders.
    fn tell(&mut self, fact: Input) {
        self.facts.push_back(fact);
        self.settle();
    }

    /// Does what the machine has ordered; then tells it what follows from that, one fact at a time.
    fn settle(&mut self) {
        loop {
            while let Some(order) = self.machine.poll_output() {
                self.obey(order);
            }
            let Some(fact) = self.facts.pop_front() else { return };
            let now = self.now();
            self.write(now, Entry::Fact(fact));
            self.machine.handle_input(now, fact);
        }
    }

    fn write(&mut self, at: Moment, entry: Entry) {
        if let Some(journal) = &mut self.journal {
            journal.line(&journal::write(at, entry));
        }
    }

    /// Tells a fact that may stop the reply without anybody having spoken over it.
    fn tell_dismissal(&mut self, fact: Input) {
        if let Some(playing) = &mut self.playing {
            playing.is_dismissed = true;
        }
        self.tell(fact);
        if let Some(playing) = &mut self.playing {
            playing.is_dismissed = false;
        }
    }

    fn next_segment(&mut self) -> Segment {
        self.n_segments += 1;
        Segment(self.n_segments)
    }

    fn reply(&mut self, id: ReplyId) -> Option<&mut Making> {
        self.replies.iter_mut().find(|making| making.id == id)
    }
}

/// The tools of the first agent, and what holds for all tools of the call.
fn toolbox(first: &Active, config: &ConversationConfig) -> Toolbox {
    let limits = ToolLimits {
        deadline: config.tool_deadline,
        at_once: config.tools_at_once,
        output: config.tool_output,
    };
    Toolbox::new(first.tools.clone(), &first.name, limits, config.id.clone())
}

/// How long after `earlier` it was; `None` when it was before.
fn between(earlier: Moment, later: Moment) -> Option<Duration> {
    (later >= earlier).then(|| later.since(earlier))
}
