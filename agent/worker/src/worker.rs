//! The driver: lets the protocol machine decide, and does what it says with the link, the shards and the clock.

mod considering;

use std::{collections::BTreeMap, io, pin::Pin, sync::Arc, time::Duration};

use config_schema::{Config, JobKind as ConfiguredKind};
use prost::Message as _;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tracing::{debug, error, info, warn};

pub use considering::{Consider, Considered};

use self::considering::Considering;
use crate::{
    link::{Link, LinkError, shown},
    metrics::Metrics,
    protocol::{
        self, Declined, End, Frame, Input, JobId, JobKind, Machine, Outcome, Output, Permissions, Snapshot,
        WorkerMessage,
    },
    seat::{CallNews, Entry},
    seldom::Seldom,
    shards::{ShardGauge, Shards},
    trust::Trust,
};

/// One worker, not yet running.
pub struct Worker {
    config: Arc<Config>,
    trust: Trust,
    fail_fast: bool,
    shards: Shards,
    news: mpsc::Receiver<CallNews>,
    metrics: Arc<Metrics>,
    status: watch::Sender<Snapshot>,
    machine: Machine,
    considering: Considering,
}

/// What a worker may be asked for while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Take jobs: what calls need is there. Until then the worker registers, and lets jobs that are offered wait.
    TakeJobs,
    /// Take no more jobs, and end with the last call, or when calls have had as long as they may.
    Drain,
    /// End all calls now, and then.
    Stop,
}

/// Why a worker ended without having been asked to.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// Threads or runtimes could not be made.
    #[error("cannot start the shards: {0}")]
    Shards(#[from] io::Error),
    /// It never registered: the last thing that the server, or nobody, said.
    #[error("{0}")]
    Link(#[from] LinkError),
    /// It never registered: the server let it in and did not answer.
    #[error("the server at {0} let the worker in, and did not answer its registration")]
    NoRegistration(String),
}

impl Worker {
    /// A worker with its shards running and no link yet. `entry` runs the calls; `consider` looks at each job before it
    /// is answered, and without it each is taken that a slot is free for.
    pub fn new(
        config: Arc<Config>,
        trust: Trust,
        fail_fast: bool,
        entry: &Entry,
        consider: Option<Consider>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, WorkerError> {
        let count = config.worker.shards.map_or_else(cores, |count| count as usize);
        let (reports, news) = mpsc::channel(NEWS);
        let shards = Shards::start(count, entry, config.worker.close_timeout, &reports)?;
        let considering = Considering::new(consider);
        let told = machine_config(&config, fail_fast, considering.considers());
        let machine = Machine::new(told, Instant::now().into_std());
        let status = watch::Sender::new(machine.snapshot());
        Ok(Self { config, trust, fail_fast, shards, news, metrics, status, machine, considering })
    }

    /// The worker at a glance, always as it is now.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Snapshot> {
        self.status.subscribe()
    }

    /// What each shard measures.
    #[must_use]
    pub fn gauges(&self) -> Vec<Arc<ShardGauge>> {
        self.shards.gauges()
    }

    /// Serves until it has drained, or until it is certain that it cannot.
    pub async fn run(self, requests: mpsc::Receiver<Request>) -> Result<(), WorkerError> {
        let mut driver = Driver {
            drain_timeout: self.config.worker.drain_timeout,
            config: self.config,
            trust: self.trust,
            shards: self.shards,
            metrics: self.metrics,
            status: self.status,
            machine: self.machine,
            considering: self.considering,
            declines: BTreeMap::new(),
            connection: Connection::None,
            awaiting: BTreeMap::new(),
            trouble: None,
            patient: !self.fail_fast,
        };
        let end = driver.drive(self.news, requests).await;
        if let Connection::Open(link) = std::mem::replace(&mut driver.connection, Connection::None) {
            link.close().await;
        }
        driver.shards.close().await;
        match end {
            End::Drained => Ok(()),
            End::NeverRegistered => Err(driver.trouble.map_or_else(
                || WorkerError::NoRegistration(shown(&driver.config.livekit.url)),
                WorkerError::Link,
            )),
        }
    }
}

/// Where the link is, for the driver.
enum Connection {
    None,
    Opening(Pin<Box<dyn Future<Output = Result<Link, LinkError>> + Send>>),
    Open(Link),
}

/// What the link has to tell.
enum LinkNews {
    Opened(Link),
    Failed(LinkError),
    Frame(Frame),
    Closed,
}

struct Driver {
    config: Arc<Config>,
    trust: Trust,
    drain_timeout: Duration,
    shards: Shards,
    metrics: Arc<Metrics>,
    status: watch::Sender<Snapshot>,
    machine: Machine,
    considering: Considering,
    /// When it was last said that a job is declined, by reason.
    declines: BTreeMap<Declined, Seldom>,
    connection: Connection,
    /// Calls that wait until their report has gone to the socket.
    awaiting: BTreeMap<JobId, oneshot::Sender<()>>,
    /// Why there was no link, last time.
    trouble: Option<LinkError>,
    /// Whether a failed attempt is followed by another.
    patient: bool,
}

impl Driver {
    async fn drive(
        &mut self,
        mut news: mpsc::Receiver<CallNews>,
        mut requests: mpsc::Receiver<Request>,
    ) -> End {
        let mut lag = interval(LAG_INTERVAL);
        lag.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut drain_until = None;
        loop {
            if let Some(end) = self.obey() {
                return end;
            }
            let due = self.machine.poll_timeout().map(|(at, _)| Instant::from_std(at));
            let input = tokio::select! {
                news = self.connection.news() => self.on_link(news),
                Some(news) = news.recv() => self.on_call(news),
                (job, answer) = self.considering.next() => Input::JobConsidered { job, answer },
                Some(request) = requests.recv() => match request {
                    Request::TakeJobs => Input::AgentsLoaded,
                    Request::Drain => {
                        info!(limit = ?self.drain_timeout, calls = self.machine.snapshot().running, "draining");
                        drain_until.get_or_insert(Instant::now() + self.drain_timeout);
                        Input::DrainRequested
                    }
                    Request::Stop => Input::StopRequested,
                },
                _ = lag.tick() => Input::LagMeasured { permille: self.lag_permille() },
                () = at(drain_until) => {
                    warn!(calls = self.machine.snapshot().running, "calls have had as long as they may; ending them");
                    drain_until = None;
                    Input::StopRequested
                }
                () = at(due) => {
                    self.machine.handle_timeout(Instant::now().into_std());
                    continue;
                }
            };
            self.machine.handle_input(Instant::now().into_std(), input);
        }
    }

    /// Does what the machine orders, to the last order; then shows how things stand.
    fn obey(&mut self) -> Option<End> {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::OpenLink => {
                    let (config, trust) = (self.config.clone(), self.trust.clone());
                    let limit = self.config.worker.register_timeout;
                    self.connection = Connection::Opening(Box::pin(async move {
                        Link::open(&config.livekit, &trust, limit).await
                    }));
                }
                Output::CloseLink => self.close_link(),
                Output::Send(message) => self.send(&message),
                Output::SendPing => {
                    if let Connection::Open(link) = &self.connection
                        && !link.ping()
                    {
                        self.lose_link("does not read");
                    }
                }
                Output::Consider(job) => self.considering.begin(*job),
                Output::StopConsidering(job) => self.considering.stop(&job),
                Output::Declined { job, why } => self.declined(&job, why),
                Output::StartJob(assignment) => self.start(assignment),
                Output::StopJob { job, reason } => self.shards.stop(&job, reason),
                Output::Registered { worker, server } => {
                    self.trouble = None;
                    info!(worker, server, url = shown(&self.config.livekit.url), agent = %self.config.worker.agent_name, "registered");
                }
                Output::End(end) => {
                    self.show();
                    return Some(end);
                }
            }
        }
        // What was not sent now has no link to carry it: no call waits for that.
        self.awaiting.clear();
        self.show();
        None
    }

    fn show(&self) {
        let snapshot = self.machine.snapshot();
        self.status.send_if_modified(|shown| {
            let changed = *shown != snapshot;
            *shown = snapshot;
            changed
        });
    }

    fn on_link(&mut self, news: LinkNews) -> Input {
        match news {
            LinkNews::Opened(link) => {
                self.connection = Connection::Open(link);
                Input::LinkOpened
            }
            LinkNews::Failed(error) => {
                self.connection = Connection::None;
                let failure = error.failure();
                if self.patient {
                    warn!(%error, "no link to the server; trying again");
                }
                self.trouble = Some(error);
                Input::LinkFailed(failure)
            }
            LinkNews::Frame(frame) => Input::FrameReceived(frame),
            LinkNews::Closed => {
                self.connection = Connection::None;
                warn!("the server closed the link; calls go on, connecting again");
                Input::LinkClosed
            }
        }
    }

    fn on_call(&mut self, news: CallNews) -> Input {
        match news {
            CallNews::Ended { job, outcome, written } => {
                self.metrics.job_ended(&outcome);
                self.awaiting.insert(job.clone(), written);
                Input::JobEnded { job, outcome }
            }
            CallNews::Left { job } => {
                self.awaiting.remove(&job);
                self.shards.forget(&job);
                Input::JobLeft { job }
            }
        }
    }

    fn send(&mut self, message: &WorkerMessage) {
        let written = self.reported(message);
        if let Connection::Open(link) = &self.connection
            && !link.send(message.encode_to_vec(), written)
        {
            self.lose_link("does not read");
        }
    }

    /// The call that waits for this message, if it is a call's report.
    fn reported(&mut self, message: &WorkerMessage) -> Option<oneshot::Sender<()>> {
        let Some(protocol::ToServer::UpdateJob(report)) = &message.message else { return None };
        self.awaiting.remove(&JobId::new(&report.job_id)?)
    }

    /// Counts each, and says some: a worker that is full may decline hundreds a second.
    fn declined(&mut self, job: &JobId, why: Declined) {
        self.metrics.job_declined(why);
        let seldom = self.declines.entry(why).or_insert_with(|| Seldom::new(DECLINES_SAID));
        if let Some(unsaid) = seldom.take(Instant::now().into_std()) {
            match why {
                // What was asked for.
                Declined::Draining | Declined::ByProgram | Declined::Refused => {
                    info!(%job, why = why.name(), unsaid, "job declined");
                }
                Declined::NoSlot
                | Declined::Late
                | Declined::NotReady
                | Declined::Undecided
                | Declined::Taken
                | Declined::Unreadable => warn!(%job, why = why.name(), unsaid, "job declined"),
            }
        }
    }

    fn start(&mut self, assignment: Box<protocol::Assignment>) {
        let job = assignment.job.id.clone();
        if !self.shards.begin(assignment) {
            error!(%job, "no shard takes the call");
            let now = Instant::now().into_std();
            let outcome = Outcome::Failed("no shard takes the call".to_owned());
            self.metrics.job_ended(&outcome);
            self.machine.handle_input(now, Input::JobEnded { job: job.clone(), outcome });
            self.machine.handle_input(now, Input::JobLeft { job });
        }
    }

    fn close_link(&mut self) {
        match std::mem::replace(&mut self.connection, Connection::None) {
            // What is queued is written by a task of its own: the driver does not wait for a server it has given up.
            Connection::Open(link) => drop(tokio::spawn(link.close())),
            Connection::Opening(_) | Connection::None => debug!("there was no link to close"),
        }
    }

    fn lose_link(&mut self, why: &str) {
        warn!(why, "the link is given up");
        self.connection = Connection::None;
        self.machine.handle_input(Instant::now().into_std(), Input::LinkClosed);
    }

    fn lag_permille(&self) -> u16 {
        let lag = self.shards.lag(Instant::now().into_std()).as_micros();
        let limit = self.config.worker.lag_limit.as_micros().max(1);
        u16::try_from(lag * 1_000 / limit).unwrap_or(u16::MAX)
    }
}

impl Connection {
    /// What the link has to tell; pending while there is none. Cancelling it loses nothing.
    async fn news(&mut self) -> LinkNews {
        match self {
            Self::None => std::future::pending().await,
            Self::Opening(opening) => opening.await.map_or_else(LinkNews::Failed, LinkNews::Opened),
            Self::Open(link) => link.receive().await.map_or(LinkNews::Closed, LinkNews::Frame),
        }
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn machine_config(config: &Config, fail_fast: bool, considers: bool) -> protocol::Config {
    let worker = &config.worker;
    let permissions = &worker.permissions;
    protocol::Config {
        kind: job_kind(worker.job_kind),
        agent_name: worker.agent_name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        instance: format!("{:016x}", fastrand::u64(..)),
        permissions: Permissions {
            can_subscribe: permissions.can_subscribe,
            can_publish: permissions.can_publish,
            can_publish_data: permissions.can_publish_data,
            can_update_metadata: permissions.can_update_metadata,
            hidden: permissions.hidden,
        },
        slots: worker.slots,
        full_at_permille: (worker.load_threshold < 1.0)
            .then(|| (worker.load_threshold * 1_000.0).round() as u16),
        considers,
        answer_timeout: worker.answer_timeout,
        update_interval: worker.update_interval,
        assignment_timeout: worker.assignment_timeout,
        register_timeout: worker.register_timeout,
        ping_interval: worker.ping_interval,
        reconnect_min: worker.reconnect_min,
        reconnect_max: worker.reconnect_max,
        fail_fast,
        seed: fastrand::u64(..),
    }
}

/// The configuration's word in the protocol's.
#[must_use]
pub fn job_kind(kind: ConfiguredKind) -> JobKind {
    match kind {
        ConfiguredKind::Room => JobKind::Room,
        ConfiguredKind::Publisher => JobKind::Publisher,
        ConfiguredKind::Participant => JobKind::Participant,
    }
}

/// One thread a core; one where the system does not say.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// News of calls that may wait for the driver. When full, the call that has news waits, and no other.
const NEWS: usize = 1_024;
/// How often the shards' lateness is read.
const LAG_INTERVAL: Duration = Duration::from_millis(500);
/// How often it is said that jobs are declined for one and the same reason.
const DECLINES_SAID: Duration = Duration::from_secs(10);
