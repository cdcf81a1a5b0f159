//! The machine: link and registration here, offers in `machine/offers.rs`, jobs in `machine/jobs.rs`, status and load in
//! `machine/status.rs`.

mod jobs;
mod offers;
mod status;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Instant,
};

use livekit_protocol as proto;
use prost::Message as _;
use proto::{server_message::Message as FromServer, worker_message::Message as ToServer};

use self::{jobs::Slot, status::Declared};
use super::{Config, End, Frame, Input, JobId, LinkFailure, Output, Timer, pause, timer::TimerTable};

/// One worker's side of the protocol.
#[derive(Debug)]
pub struct Machine {
    config: Config,
    link: Link,
    stage: Stage,
    readiness: Readiness,
    worker: Option<String>,
    /// Failed attempts and short-lived links since the last that lasted.
    attempt: u32,
    jobs: BTreeMap<JobId, Slot>,
    /// Final reports that no link was there to carry; the oldest is dropped at [`UNREPORTED`].
    unreported: VecDeque<proto::UpdateJobStatus>,
    lag_permille: u16,
    declared: Option<Declared>,
    sequence: u64,
    timers: TimerTable,
    orders: VecDeque<Output>,
    counters: Counters,
}

/// Where the link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// Waiting for the pause to end.
    Down,
    /// An attempt is under way.
    Opening,
    /// Open; the registration is not answered yet.
    Registering { heard: Instant },
    /// Registered.
    Up { heard: Instant, since: Instant },
    /// All is over.
    Ended,
}

/// What the worker is willing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Takes jobs.
    Taking,
    /// Takes none, and waits for those it has.
    Draining,
    /// Takes none, and ends those it has.
    Stopping,
}

/// Whether what calls need is there: agents, with their ears, minds and voices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readiness {
    /// It is being loaded: a job that is offered waits for it.
    Loading,
    /// It takes longer than an offered job may wait: none is taken until it is there.
    Overdue,
    /// It is there.
    Ready,
}

/// What a worker is doing, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Without a link, or with one that is not registered.
    Connecting,
    /// Registered.
    Registered,
    /// Takes no more jobs.
    Draining,
    /// Over.
    Ended,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Registrations that the server answered.
    pub registrations: u64,
    /// Attempts to connect that failed, and links that were lost.
    pub link_failures: u64,
    /// Jobs accepted.
    pub accepted: u64,
    /// Accepted jobs that were not assigned in time.
    pub unassigned: u64,
    /// Jobs started.
    pub started: u64,
    /// Assignments that came without a reservation.
    pub late_assignments: u64,
    /// Frames that could not be read, or that lacked what they must have.
    pub malformed: u64,
    /// Messages that make no sense now: a second registration, a second assignment, an unknown job.
    pub unexpected: u64,
    /// Final reports dropped because no link came back in time.
    pub reports_lost: u64,
}

/// A worker at a glance.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// What it is doing.
    pub phase: Phase,
    /// The server's id of it.
    pub worker: Option<String>,
    /// Whether a job would be taken now.
    pub takes_jobs: bool,
    /// Jobs that hold a slot without a call yet: offered, or accepted.
    pub reserved: u32,
    /// Calls that run or leave.
    pub running: u32,
    /// The load told to the server, in thousandths.
    pub load_permille: u16,
    /// What happened so far.
    pub counters: Counters,
}

impl Machine {
    /// A worker that wants to register now, and whose calls cannot begin before [`Input::AgentsLoaded`].
    #[must_use]
    pub fn new(config: Config, now: Instant) -> Self {
        let mut timers = TimerTable::default();
        timers.set(Timer::Loading, now + config.answer_timeout);
        Self {
            config,
            link: Link::Opening,
            stage: Stage::Taking,
            readiness: Readiness::Loading,
            worker: None,
            attempt: 0,
            jobs: BTreeMap::new(),
            unreported: VecDeque::new(),
            lag_permille: 0,
            declared: None,
            sequence: 0,
            timers,
            orders: VecDeque::from([Output::OpenLink]),
            counters: Counters::default(),
        }
    }

    /// Takes one fact.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        if self.link == Link::Ended {
            return;
        }
        match input {
            Input::LinkOpened => self.on_link_opened(now),
            Input::LinkFailed(failure) => self.on_link_failed(now, failure),
            Input::LinkClosed => self.on_link_closed(now),
            Input::FrameReceived(frame) => self.on_frame(now, frame),
            Input::JobEnded { job, outcome } => self.on_job_ended(&job, outcome),
            Input::JobLeft { job } => self.on_job_left(&job),
            Input::LagMeasured { permille } => self.lag_permille = permille,
            Input::AgentsLoaded => self.on_ready(now),
            Input::JobConsidered { job, answer } => self.on_considered(now, &job, answer),
            Input::DrainRequested => self.on_drain_requested(),
            Input::StopRequested => self.on_stop_requested(),
        }
        self.settle(now);
    }

    /// Says that time has passed. A call before [`Self::poll_timeout`] changes nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.timers.take_due(now) {
            self.on_timer(now, timer);
            self.settle(now);
        }
    }

    /// The next order; drain to `None` before the next fact.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.orders.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and on whose behalf.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        self.timers.next()
    }

    /// The worker at a glance.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let (reserved, running) = self.used();
        Snapshot {
            phase: match (self.link, self.stage) {
                (Link::Ended, Stage::Taking | Stage::Draining | Stage::Stopping) => Phase::Ended,
                (
                    Link::Down | Link::Opening | Link::Registering { .. } | Link::Up { .. },
                    Stage::Draining | Stage::Stopping,
                ) => Phase::Draining,
                (Link::Up { .. }, Stage::Taking) => Phase::Registered,
                (Link::Down | Link::Opening | Link::Registering { .. }, Stage::Taking) => Phase::Connecting,
            },
            worker: self.worker.clone(),
            takes_jobs: self.refusal().is_none(),
            reserved,
            running,
            load_permille: self.load_permille(),
            counters: self.counters,
        }
    }

    fn on_link_opened(&mut self, now: Instant) {
        if self.link != Link::Opening {
            self.counters.unexpected += 1;
            return;
        }
        self.link = Link::Registering { heard: now };
        self.timers.set(Timer::Register, now + self.config.register_timeout);
        self.timers.set(Timer::Ping, now + self.config.ping_interval);
        self.timers.set(Timer::Silence, now + self.silence_limit());
        self.send(ToServer::Register(proto::RegisterWorkerRequest {
            r#type: self.config.kind.to_wire().into(),
            agent_name: self.config.agent_name.clone(),
            version: self.config.version.clone(),
            instance_id: self.config.instance.clone(),
            allowed_permissions: Some(self.config.permissions.to_wire()),
            ..proto::RegisterWorkerRequest::default()
        }));
    }

    fn on_link_failed(&mut self, now: Instant, failure: LinkFailure) {
        if self.link != Link::Opening {
            self.counters.unexpected += 1;
            return;
        }
        match failure {
            LinkFailure::Refused if self.counters.registrations == 0 => self.end(End::NeverRegistered),
            LinkFailure::Refused | LinkFailure::Unreachable => self.lose_link(now),
        }
    }

    fn on_link_closed(&mut self, now: Instant) {
        match self.link {
            Link::Registering { .. } | Link::Up { .. } => self.lose_link(now),
            Link::Down | Link::Opening | Link::Ended => self.counters.unexpected += 1,
        }
    }

    /// The link is gone; jobs go on, reservations do not: the server asks another worker.
    fn lose_link(&mut self, now: Instant) {
        self.counters.link_failures += 1;
        if self.config.fail_fast && self.counters.registrations == 0 {
            return self.end(End::NeverRegistered);
        }
        if matches!(self.link, Link::Up { since, .. } if now.saturating_duration_since(since) >= self.config.reconnect_max)
        {
            self.attempt = 0;
        }
        self.link = Link::Down;
        self.declared = None;
        self.timers.stop_all_but(Timer::Loading);
        self.free_reservations();
        let pause =
            pause(self.attempt, self.config.seed, self.config.reconnect_min, self.config.reconnect_max);
        self.attempt = self.attempt.saturating_add(1);
        self.timers.set(Timer::Reconnect, now + pause);
    }

    fn on_frame(&mut self, now: Instant, frame: Frame) {
        match &mut self.link {
            Link::Registering { heard } | Link::Up { heard, .. } => *heard = now,
            // What was on its way when the link was given up.
            Link::Down | Link::Opening | Link::Ended => return,
        }
        let bytes = match frame {
            Frame::Binary(bytes) => bytes,
            Frame::Text => {
                self.counters.malformed += 1;
                return;
            }
            Frame::Control => return,
        };
        match proto::ServerMessage::decode(bytes).map(|message| message.message) {
            Ok(Some(message)) => self.on_message(now, message),
            Ok(None) | Err(_) => self.counters.malformed += 1,
        }
    }

    fn on_message(&mut self, now: Instant, message: FromServer) {
        let is_registered = matches!(self.link, Link::Up { .. });
        match message {
            FromServer::Register(response) => self.on_registered(now, response),
            // Jobs before the answer to the registration: nothing may be said to them yet.
            FromServer::Availability(_) | FromServer::Assignment(_) | FromServer::Termination(_)
                if !is_registered =>
            {
                self.counters.unexpected += 1;
            }
            FromServer::Availability(request) => self.on_availability(now, request),
            FromServer::Assignment(assignment) => self.on_assignment(assignment),
            FromServer::Termination(termination) => self.on_termination(&termination.job_id),
            FromServer::Pong(_) => {}
            FromServer::GoAway(_) => self.drop_link(now),
        }
    }

    fn on_registered(&mut self, now: Instant, response: proto::RegisterWorkerResponse) {
        let Link::Registering { heard } = self.link else {
            self.counters.unexpected += 1;
            return;
        };
        self.link = Link::Up { heard, since: now };
        self.counters.registrations += 1;
        self.timers.stop(Timer::Register);
        self.worker = Some(response.worker_id.clone());
        let server = response.server_info.unwrap_or_default().version;
        self.orders.push_back(Output::Registered { worker: response.worker_id, server });
        self.declare(now);
        self.claim_running_jobs();
        while let Some(report) = self.unreported.pop_front() {
            self.send(ToServer::UpdateJob(report));
        }
    }

    fn on_timer(&mut self, now: Instant, timer: Timer) {
        match timer {
            Timer::Reconnect => {
                self.link = Link::Opening;
                self.orders.push_back(Output::OpenLink);
            }
            Timer::Register => self.drop_link(now),
            Timer::Update => self.declare(now),
            Timer::Ping => {
                self.orders.push_back(Output::SendPing);
                self.timers.set(Timer::Ping, now + self.config.ping_interval);
            }
            Timer::Silence => self.on_silence(now),
            Timer::Loading => self.readiness = Readiness::Overdue,
            Timer::Answer => self.on_answer_timeout(now),
            Timer::Assignment => self.on_assignment_timeout(now),
        }
    }

    fn on_silence(&mut self, now: Instant) {
        let (Link::Registering { heard } | Link::Up { heard, .. }) = self.link else { return };
        let limit = heard + self.silence_limit();
        if limit > now { self.timers.set(Timer::Silence, limit) } else { self.drop_link(now) }
    }

    /// Gives an open link up, and looks for another.
    fn drop_link(&mut self, now: Instant) {
        self.orders.push_back(Output::CloseLink);
        self.lose_link(now);
    }

    /// After every fact: tells the server what changed, and ends when there is nothing left to wait for.
    fn settle(&mut self, now: Instant) {
        if self.link == Link::Ended {
            return;
        }
        self.time_offers();
        self.declare_if_changed(now);
        if self.stage > Stage::Taking && self.jobs.is_empty() {
            if self.link != Link::Down {
                self.orders.push_back(Output::CloseLink);
            }
            self.end(End::Drained);
        }
    }

    fn end(&mut self, end: End) {
        self.link = Link::Ended;
        self.timers.stop_all();
        self.orders.push_back(Output::End(end));
    }

    fn send(&mut self, message: ToServer) {
        debug_assert!(
            matches!(self.link, Link::Registering { .. } | Link::Up { .. }),
            "W4: no link for {message:?}"
        );
        self.orders.push_back(Output::Send(Box::new(proto::WorkerMessage { message: Some(message) })));
    }

    fn silence_limit(&self) -> std::time::Duration {
        self.config.ping_interval * 2
    }
}

/// Final reports kept while no link is there; beyond it the oldest is dropped and counted.
const UNREPORTED: usize = 1_024;
