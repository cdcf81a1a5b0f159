//! Threads that calls live on: one thread, one current-thread runtime, many calls; a call never changes its thread.
//!
//! A call is one future with one owner, its shard. Its panic is caught, its end and its cancellation free everything,
//! and no other call notices. How late a shard's timers are says how loaded it is.

mod gauge;

use std::{
    collections::BTreeMap,
    io,
    panic::AssertUnwindSafe,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, watch},
    task::{JoinSet, LocalSet},
};
use tracing::{error, info, warn};

pub use gauge::ShardGauge;

use crate::{
    panics,
    protocol::{Assignment, JobId, Outcome, StopReason},
    seat::{CallNews, Entry, Seat},
};

/// All shards of a worker. Dropping it ends every call at once; [`Shards::close`] waits for the threads.
pub(crate) struct Shards {
    shards: Vec<Shard>,
    homes: BTreeMap<JobId, usize>,
}

struct Shard {
    commands: mpsc::Sender<Command>,
    gauge: Arc<ShardGauge>,
    thread: thread::JoinHandle<()>,
}

enum Command {
    Start(Box<Assignment>),
    Stop { job: JobId, reason: StopReason },
}

impl Shards {
    /// Starts `count` threads on which `entry` runs calls, and tells `news` what becomes of them. A call that is told to
    /// end and does not within `patience` is dropped.
    pub(crate) fn start(
        count: usize,
        entry: &Entry,
        patience: Duration,
        news: &mpsc::Sender<CallNews>,
    ) -> io::Result<Self> {
        panics::note_places();
        let shards = (0..count)
            .map(|index| {
                let runtime = Builder::new_current_thread().enable_all().build()?;
                let (commands, inbox) = mpsc::channel(COMMANDS);
                let gauge = Arc::new(ShardGauge::new(Instant::now()));
                let task = Task { entry: entry.clone(), patience, news: news.clone(), gauge: gauge.clone() };
                let thread = thread::Builder::new()
                    .name(format!("shard-{index}"))
                    .spawn(move || run(&runtime, &task, inbox))?;
                Ok(Shard { commands, gauge, thread })
            })
            .collect::<io::Result<_>>()?;
        Ok(Self { shards, homes: BTreeMap::new() })
    }

    /// Begins a call on the shard with the fewest. False when that shard takes no commands, which a living one does.
    pub(crate) fn begin(&mut self, assignment: Box<Assignment>) -> bool {
        let Some((index, shard)) =
            self.shards.iter().enumerate().min_by_key(|(_, shard)| shard.gauge.calls())
        else {
            return false;
        };
        let job = assignment.job.id.clone();
        shard.gauge.call_began();
        if shard.commands.try_send(Command::Start(assignment)).is_err() {
            shard.gauge.call_left();
            return false;
        }
        self.homes.insert(job, index);
        true
    }

    /// Tells a call to end. A call that is gone already does not mind.
    pub(crate) fn stop(&self, job: &JobId, reason: StopReason) {
        let Some(shard) = self.homes.get(job).and_then(|index| self.shards.get(*index)) else { return };
        if shard.commands.try_send(Command::Stop { job: job.clone(), reason }).is_err() {
            warn!(%job, "a shard takes no commands; the call is not told to end");
        }
    }

    /// Forgets a call that has left.
    pub(crate) fn forget(&mut self, job: &JobId) {
        self.homes.remove(job);
    }

    /// How late the latest shard is.
    pub(crate) fn lag(&self, now: Instant) -> Duration {
        self.shards.iter().map(|shard| shard.gauge.lag(now)).max().unwrap_or_default()
    }

    /// What each shard measures, in order.
    pub(crate) fn gauges(&self) -> Vec<Arc<ShardGauge>> {
        self.shards.iter().map(|shard| shard.gauge.clone()).collect()
    }

    /// Ends every call that is left, and waits until the threads have ended.
    pub(crate) async fn close(self) {
        let threads: Vec<_> = self.shards.into_iter().map(|shard| shard.thread).collect();
        let joined = tokio::task::spawn_blocking(|| {
            threads.into_iter().filter_map(|thread| thread.join().err()).count()
        });
        match joined.await {
            Ok(0) => {}
            Ok(panicked) => error!(panicked, "shards panicked"),
            Err(join) => error!(%join, "cannot wait for the shards"),
        }
    }
}

/// What a shard's thread works with.
struct Task {
    entry: Entry,
    patience: Duration,
    news: mpsc::Sender<CallNews>,
    gauge: Arc<ShardGauge>,
}

/// A shard's thread. Ends when the commands do; calls that are left are dropped.
fn run(runtime: &Runtime, task: &Task, mut commands: mpsc::Receiver<Command>) {
    let calls = LocalSet::new();
    calls.block_on(runtime, async {
        let mut running = JoinSet::new();
        let mut stops: BTreeMap<JobId, watch::Sender<Option<StopReason>>> = BTreeMap::new();
        let mut heartbeat = JoinSet::new();
        heartbeat.spawn_local(gauge::beat(task.gauge.clone()));
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Start(assignment)) => {
                        let (stop, stopped) = watch::channel(None);
                        stops.insert(assignment.job.id.clone(), stop);
                        let seat = Seat::new(assignment.job.id.clone(), stopped, task.news.clone());
                        running.spawn_local(hold(task.entry.clone(), *assignment, seat, task.patience));
                    }
                    Some(Command::Stop { job, reason }) => {
                        if let Some(stop) = stops.get(&job) {
                            stop.send_replace(Some(reason));
                        }
                    }
                    None => return,
                },
                Some(done) = running.join_next() => {
                    task.gauge.call_left();
                    match done {
                        Ok(job) => drop(stops.remove(&job)),
                        // Everything that may panic is caught within; this is a fault of the shard itself.
                        Err(join) => error!(%join, "a call's keeper failed"),
                    }
                }
            }
        }
    });
}

/// Holds one call from its job to the moment when it has freed everything, whatever it does.
async fn hold(entry: Entry, assignment: Assignment, seat: Seat, patience: Duration) -> JobId {
    let job = assignment.job.id.clone();
    info!(%job, room = %assignment.job.room, "call begins");
    let given = seat.clone();
    // The entry itself runs inside, so that its panic is caught too.
    let call = AssertUnwindSafe(async move { entry(assignment, given).await }).catch_unwind();
    let mut stop = seat.clone();
    let too_long = async {
        stop.stopped().await;
        tokio::time::sleep(patience).await;
    };
    let outcome = tokio::select! {
        ended = call => ended.unwrap_or_else(|_| Outcome::Failed(panics::caught())),
        () = too_long => Outcome::Failed(format!("did not end within {patience:?} of being told to")),
    };
    // What the call has already said stands, but a panic after it is worth a line.
    match seat.outcome().unwrap_or(&outcome) {
        Outcome::Success => info!(%job, "call ended"),
        Outcome::Failed(reason) => warn!(%job, reason, "call failed"),
    }
    if let (Some(Outcome::Success), Outcome::Failed(reason)) = (seat.outcome(), &outcome) {
        warn!(%job, reason, "call failed while leaving");
    }
    seat.report(outcome).await;
    seat.left().await;
    job
}

/// Commands that may wait for a shard. One that lets so many wait is stuck: the call is reported as failed.
const COMMANDS: usize = 4_096;
