//! W1 to W7 over random facts in random order. A failure prints its seed; the seed alone repeats the run.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use agent_worker::protocol::{
    Config, Frame, Input, JobId, JobKind, LinkFailure, Machine, Outcome, Output, Permissions, ServerMessage,
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
    answers: usize,
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
            answers: 0,
            has_ended: false,
        };
        world.drain();
        world
    }

    fn step(&mut self) {
        match self.rng.u8(..100) {
            0..10 => self.sleep(),
            10..20 => self.feed(Input::LinkOpened),
            20..22 => self.feed(Input::LinkFailed(LinkFailure::Unreachable)),
            22..24 => self.feed(Input::LinkClosed),
            24..30 => {
                let permille = self.rng.u16(..1_200);
                self.feed(Input::LagMeasured { permille });
            }
            30..80 => {
                let message = self.message();
                self.feed_frame(message);
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

    fn feed_frame(&mut self, message: FromServer) {
        self.catch_up();
        let before = self.answers;
        let asks = matches!(&message, FromServer::Availability(_)) && matches!(self.link, Link::Up);
        let bytes = ServerMessage { message: Some(message) }.encode_to_vec();
        self.machine.handle_input(self.now, Input::FrameReceived(Frame::Binary(bytes.into())));
        self.drain();
        assert_eq!(self.answers - before, usize::from(asks), "W2: seed {}", self.seed);
    }

    fn feed(&mut self, input: Input) {
        self.now += Duration::from_millis(self.rng.u64(..20));
        self.catch_up();
        match (&input, self.link) {
            (Input::LinkOpened, Link::Opening) => self.link = Link::Registering,
            (Input::LinkFailed(_), Link::Opening) => self.link = Link::Down,
            (Input::LinkClosed, Link::Registering | Link::Up) => self.link = Link::Down,
            _ => {}
        }
        self.machine.handle_input(self.now, input);
        self.drain();
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
            Output::StartJob(assignment) => {
                self.running.insert(assignment.job.clone());
                // An id may be used again once its first call has left; each call is a call of its own.
                self.jobs.insert(assignment.job.clone(), 0);
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
            ToServer::Availability(_) => self.answers += 1,
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
