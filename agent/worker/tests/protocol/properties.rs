//! W1 to W7 over random facts in random order. A failure prints its seed; the seed alone repeats the run.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use agent_worker::protocol::{
    Answer, Config, Frame, Input, JobId, JobKind, LinkFailure, Machine, Outcome, Output, Permissions,
    ServerMessage,
};
use fastrand::Rng;
use livekit_protocol as proto;
use prost::Message as _;
use proto::{JobStatus, server_message::Message as FromServer, worker_message::Message as ToServer};

#[test]
fn the_invariants_hold_whatever_happens() {
    let mut started = 0;
    for seed in 0..RUNS {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.wind_down();
        started += world.jobs.len();
    }
    assert!(started > RUNS as usize, "the runs start jobs: {started}");
}

#[test]
fn no_bytes_from_the_server_panic() {
    for seed in 0..2_000 {
        let mut world = World::new(seed);
        world.feed(Input::LinkOpened);
        world.feed_frame(FromServer::Register(Default::default()));
        for _ in 0..20 {
            let mut bytes = ServerMessage { message: Some(world.message()) }.encode_to_vec();
            for _ in 0..world.rng.usize(..4) {
                let at = world.rng.usize(..=bytes.len());
                match world.rng.u8(..3) {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at, world.rng.u8(..)),
                    _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << world.rng.u8(..8)),
                }
            }
            world.machine.handle_input(world.now, Input::FrameReceived(Frame::Binary(bytes.into())));
            while world.machine.poll_output().is_some() {}
        }
    }
}

const RUNS: u64 = 3_000;
const STEPS: usize = 120;
const SLOTS: u32 = 3;
const ANSWER: Duration = Duration::from_secs(2);

/// A server and shards that do what they like, and watch the worker.
struct World {
    seed: u64,
    rng: Rng,
    now: Instant,
    machine: Machine,
    link: Link,
    /// Every job started, and the final reports on it.
    jobs: BTreeMap<JobId, u32>,
    /// Started and not left.
    running: BTreeSet<JobId>,
    /// Jobs that were offered and are not answered, and since when.
    owed: BTreeMap<JobId, Instant>,
    /// Jobs that the program looks at.
    considered: BTreeSet<JobId>,
    considers: bool,
    is_loaded: bool,
    has_ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Link {
    Down,
    Opening,
    Registering,
    JustRegistered,
    Up,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let now = Instant::now();
        let considers = rng.bool();
        let config = Config {
            kind: JobKind::Room,
            agent_name: String::new(),
            version: String::new(),
            instance: String::new(),
            permissions: Permissions {
                can_subscribe: true,
                can_publish: true,
                can_publish_data: true,
                can_update_metadata: true,
                hidden: false,
            },
            slots: Some(SLOTS),
            full_at_permille: rng.bool().then_some(800),
            considers,
            answer_timeout: ANSWER,
            update_interval: Duration::from_millis(2_500),
            assignment_timeout: Duration::from_millis(7_500),
            register_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(10),
            reconnect_min: Duration::from_millis(250),
            reconnect_max: Duration::from_secs(10),
            fail_fast: false,
            seed,
        };
        let mut world = Self {
            seed,
            rng,
            now,
            machine: Machine::new(config, now),
            link: Link::Down,
            jobs: BTreeMap::new(),
            running: BTreeSet::new(),
            owed: BTreeMap::new(),
            considered: BTreeSet::new(),
            considers,
            is_loaded: false,
            has_ended: false,
        };
        world.drain();
        if world.rng.bool() {
            world.feed(Input::AgentsLoaded);
        }
        world
    }

    fn step(&mut self) {
        match self.rng.u8(..100) {
            0..10 => self.sleep(),
            10..20 => self.feed(Input::LinkOpened),
            20 if !self.is_loaded => self.feed(Input::AgentsLoaded),
            20..22 => self.feed(Input::LinkFailed(LinkFailure::Unreachable)),
            22..24 => self.feed(Input::LinkClosed),
            24..30 => {
                let permille = self.rng.u16(..1_200);
                self.feed(Input::LagMeasured { permille });
            }
            30..76 => {
                let message = self.message();
                self.feed_frame(message);
            }
            76..80 => {
                let job = self.any_considered();
                let answer = match self.rng.u8(..3) {
                    0 => Answer::accept(),
                    1 => Answer::Decline,
                    _ => Answer::Refuse,
                };
                self.considered.remove(&job);
                self.feed(Input::JobConsidered { job, answer });
            }
            80..90 => {
                let job = self.any_job();
                let outcome = if self.rng.bool() { Outcome::Success } else { Outcome::Failed("bad".into()) };
                self.feed(Input::JobEnded { job, outcome });
            }
            90..98 => {
                let job = self.any_job();
                self.running.remove(&job);
                self.feed(Input::JobLeft { job });
            }
            98 if self.rng.u8(..4) == 0 => self.feed(Input::DrainRequested),
            99 if self.rng.u8(..8) == 0 => self.feed(Input::StopRequested),
            _ => self.feed(Input::FrameReceived(Frame::Control)),
        }
    }

    /// Lets every job end and the worker drain with a link, and checks what must be true at the end.
    fn wind_down(&mut self) {
        for _ in 0..3 {
            if self.link == Link::Opening {
                self.feed(Input::LinkOpened);
            }
            if self.link == Link::Registering {
                self.feed_frame(FromServer::Register(Default::default()));
            }
            self.sleep_until_due();
        }
        for job in std::mem::take(&mut self.running) {
            self.feed(Input::JobEnded { job: job.clone(), outcome: Outcome::Success });
            self.feed(Input::JobLeft { job });
        }
        let is_up = self.link == Link::Up;
        self.feed(Input::DrainRequested);
        while !self.has_ended {
            self.sleep_until_due();
        }
        let counters = self.machine.snapshot().counters;
        for (job, finals) in &self.jobs {
            assert!(*finals <= 1, "W3: {finals} reports on {job}, seed {}", self.seed);
            assert!(
                *finals == 1 || !is_up || counters.reports_lost > 0,
                "W3: no report on {job}, seed {}, {counters:?}",
                self.seed
            );
        }
        assert_eq!(self.machine.poll_timeout(), None, "W6: seed {}", self.seed);
        self.step();
    }

    fn message(&mut self) -> FromServer {
        let id = format!("AJ_{}", self.rng.u8(..12));
        let job = proto::Job {
            id: id.clone(),
            room: Some(proto::Room { name: "room".into(), ..Default::default() }),
            ..Default::default()
        };
        match self.rng.u8(..20) {
            0..9 => FromServer::Availability(proto::AvailabilityRequest { job: Some(job), resuming: false }),
            9..16 => {
                let token = if self.rng.u8(..8) == 0 { String::new() } else { "token".into() };
                FromServer::Assignment(proto::JobAssignment { job: Some(job), url: None, token })
            }
            16 => FromServer::Termination(proto::JobTermination { job_id: id }),
            17 => FromServer::Register(Default::default()),
            18 if self.rng.u8(..6) == 0 => FromServer::GoAway(Default::default()),
            _ => FromServer::Pong(Default::default()),
        }
    }

    fn any_job(&mut self) -> JobId {
        let running: Vec<_> = self.running.iter().cloned().collect();
        match self.rng.choice(running) {
            Some(job) if self.rng.u8(..10) > 0 => job,
            Some(_) | None => JobId::new(&format!("AJ_{}", self.rng.u8(..12))).unwrap(),
        }
    }

    fn any_considered(&mut self) -> JobId {
        let considered: Vec<_> = self.considered.iter().cloned().collect();
        match self.rng.choice(considered) {
            Some(job) if self.rng.u8(..10) > 0 => job,
            Some(_) | None => self.any_job(),
        }
    }

    fn feed_frame(&mut self, message: FromServer) {
        self.catch_up();
        if self.link == Link::Up {
            self.note(&message);
        }
        let bytes = ServerMessage { message: Some(message) }.encode_to_vec();
        self.machine.handle_input(self.now, Input::FrameReceived(Frame::Binary(bytes.into())));
        self.drain();
        self.check_offers();
    }

    /// What the server may expect of an offer from now on.
    fn note(&mut self, message: &FromServer) {
        match message {
            FromServer::Availability(request) => {
                let job = JobId::new(&request.job.as_ref().unwrap().id).unwrap();
                self.owed.entry(job).or_insert(self.now);
            }
            // Whoever gives the job, or takes it back, awaits no answer.
            FromServer::Assignment(assignment) => {
                self.owed.remove(&JobId::new(&assignment.job.as_ref().unwrap().id).unwrap());
            }
            FromServer::Termination(termination) => {
                self.owed.remove(&JobId::new(&termination.job_id).unwrap());
            }
            _ => {}
        }
    }

    fn feed(&mut self, input: Input) {
        self.now += Duration::from_millis(self.rng.u64(..20));
        self.catch_up();
        self.is_loaded |= input == Input::AgentsLoaded;
        match (&input, self.link) {
            (Input::LinkOpened, Link::Opening) => self.link = Link::Registering,
            (Input::LinkFailed(_), Link::Opening) => self.link = Link::Down,
            (Input::LinkClosed, Link::Registering | Link::Up) => self.link = Link::Down,
            _ => {}
        }
        self.machine.handle_input(self.now, input);
        self.drain();
        self.check_offers();
    }

    /// W2, once all that is due has been handled.
    fn check_offers(&self) {
        let is_prompt = self.is_loaded && !self.considers;
        let bound = if is_prompt { Duration::ZERO } else { ANSWER };
        for (job, since) in &self.owed {
            assert!(*since + bound > self.now, "W2: {job} is not answered, seed {}", self.seed);
        }
        for job in &self.considered {
            assert!(self.owed.contains_key(job), "W2: {job} is considered in vain, seed {}", self.seed);
        }
    }

    fn sleep(&mut self) {
        self.now += Duration::from_millis(self.rng.u64(..4_000));
        self.catch_up();
    }

    fn sleep_until_due(&mut self) {
        if let Some((due, _)) = self.machine.poll_timeout() {
            self.now = self.now.max(due);
        }
        self.catch_up();
    }

    fn catch_up(&mut self) {
        while let Some((due, timer)) = self.machine.poll_timeout().filter(|(due, _)| *due <= self.now) {
            self.machine.handle_timeout(due);
            self.drain();
            let next = self.machine.poll_timeout();
            assert!(
                next.is_none_or(|(next, _)| next > due),
                "W7: {timer:?} then {next:?}, seed {}",
                self.seed
            );
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            assert!(!self.has_ended, "W6: {output:?} after the end, seed {}", self.seed);
            self.check(output);
        }
        if self.link != Link::Up {
            self.owed.clear();
        }
        let snapshot = self.machine.snapshot();
        assert!(snapshot.reserved + snapshot.running <= SLOTS, "W1: {snapshot:?}, seed {}", self.seed);
        assert!(
            !snapshot.takes_jobs || snapshot.load_permille < 1_000,
            "a choosable worker shows it: {snapshot:?}"
        );
        assert_ne!(
            self.link,
            Link::JustRegistered,
            "W5: no status after the registration, seed {}",
            self.seed
        );
    }

    fn check(&mut self, output: Output) {
        match output {
            Output::OpenLink => {
                assert_eq!(self.link, Link::Down, "seed {}", self.seed);
                self.link = Link::Opening;
            }
            Output::CloseLink => {
                assert_ne!(self.link, Link::Down, "seed {}", self.seed);
                self.link = Link::Down;
            }
            Output::SendPing => {
                assert!(matches!(self.link, Link::Registering | Link::Up), "W4: seed {}", self.seed);
            }
            Output::Registered { .. } => {
                assert_eq!(self.link, Link::Registering, "seed {}", self.seed);
                self.link = Link::JustRegistered;
            }
            Output::Consider(job) => {
                assert!(self.considers && self.is_loaded, "seed {}", self.seed);
                assert!(self.considered.insert(job.id), "considered twice, seed {}", self.seed);
            }
            Output::StopConsidering(job) => {
                assert!(self.considered.remove(&job), "{job} is not considered, seed {}", self.seed);
            }
            Output::Declined { .. } => {}
            Output::StartJob(assignment) => {
                let job = assignment.job.id;
                self.running.insert(job.clone());
                // An id may be used again once its first call has left; each call is a call of its own.
                self.jobs.insert(job, 0);
            }
            Output::StopJob { job, .. } => assert!(self.running.contains(&job), "seed {}", self.seed),
            Output::End(_) => self.has_ended = true,
            Output::Send(message) => self.check_message(message.message.unwrap()),
        }
    }

    fn check_message(&mut self, message: ToServer) {
        match (&message, self.link) {
            (ToServer::Register(_), Link::Registering) | (_, Link::Up) => {}
            (ToServer::UpdateWorker(_), Link::JustRegistered) => self.link = Link::Up,
            (message, link) => panic!("W4, W5: {message:?} while {link:?}, seed {}", self.seed),
        }
        match message {
            ToServer::UpdateWorker(update) => assert!(update.status.is_some(), "W5: seed {}", self.seed),
            ToServer::Availability(answer) => {
                let owed = self.owed.remove(&JobId::new(&answer.job_id).unwrap());
                assert!(owed.is_some(), "W2: {} is answered unasked, seed {}", answer.job_id, self.seed);
            }
            ToServer::UpdateJob(report)
                if matches!(report.status(), JobStatus::JsSuccess | JobStatus::JsFailed) =>
            {
                // A job that was never started may fail too: assigned too late, or without a token.
                if let Some(finals) = self.jobs.get_mut(&JobId::new(&report.job_id).unwrap())
                    && !report.error.starts_with("assign")
                {
                    *finals += 1;
                }
            }
            ToServer::UpdateJob(_)
            | ToServer::Register(_)
            | ToServer::Ping(_)
            | ToServer::SimulateJob(_)
            | ToServer::MigrateJob(_) => {}
        }
    }
}
