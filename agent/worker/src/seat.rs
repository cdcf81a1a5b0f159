//! What a call is given besides its job: a way to hear that it must end, and a way to say how it ended.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

use crate::protocol::{Assignment, JobId, Outcome, StopReason};

/// What runs a call: given a job and a seat, on the thread where the call will live, it holds the call to its end.
/// Its panic is the call's, and nobody else's.
pub type Entry = Arc<dyn Fn(Assignment, Seat) -> CallFuture + Send + Sync>;

/// A call from its assignment until it has left its room.
pub type CallFuture = Pin<Box<dyn Future<Output = Outcome>>>;

/// What a call is given besides its job.
#[derive(Clone, Debug)]
pub struct Seat {
    job: JobId,
    stop: watch::Receiver<Option<StopReason>>,
    reports: mpsc::Sender<CallNews>,
    ended: Arc<std::sync::OnceLock<Outcome>>,
}

/// What a shard tells the worker.
#[derive(Debug)]
pub(crate) enum CallNews {
    /// A call has ended, and still holds its room.
    Ended {
        job: JobId,
        outcome: Outcome,
        /// Told when the report has gone to the server's socket; dropped when there is no link to carry it.
        written: oneshot::Sender<()>,
    },
    /// A call has left its room and freed all that it held.
    Left { job: JobId },
}

impl Seat {
    pub(crate) fn new(
        job: JobId,
        stop: watch::Receiver<Option<StopReason>>,
        reports: mpsc::Sender<CallNews>,
    ) -> Self {
        Self { job, stop, reports, ended: Arc::default() }
    }

    /// A seat without a worker: nobody is told how the call ended. Sending a reason ends the call.
    #[must_use]
    pub fn alone(job: JobId) -> (Self, watch::Sender<Option<StopReason>>) {
        let (stop, stopped) = watch::channel(None);
        let (reports, _) = mpsc::channel(1);
        (Self::new(job, stopped, reports), stop)
    }

    /// Whose seat it is.
    #[must_use]
    pub fn job(&self) -> &JobId {
        &self.job
    }

    /// Resolves when the call must end, and says why. Cancelling it loses nothing.
    pub async fn stopped(&mut self) -> StopReason {
        match self.stop.wait_for(Option::is_some).await.map(|reason| *reason) {
            Ok(Some(reason)) => reason,
            // The shard is gone, and the call with it.
            Ok(None) | Err(_) => StopReason::WorkerStops,
        }
    }

    /// Tells the server how the call ended, before the call leaves its room: an agent that leaves first has failed in
    /// the server's eyes. Resolves when the report is on its way, or at once when it cannot be; at most after
    /// [`REPORT`]. Only the first report counts.
    pub async fn report(&self, outcome: Outcome) {
        if self.ended.set(outcome.clone()).is_err() {
            return;
        }
        let (written, when_written) = oneshot::channel();
        let news = CallNews::Ended { job: self.job.clone(), outcome, written };
        let reported = async {
            if self.reports.send(news).await.is_ok() {
                // An error says that there is no link: the report waits for the next one.
                drop(when_written.await);
            }
        };
        drop(timeout(REPORT, reported).await);
    }

    /// How it was reported, if it was.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.ended.get()
    }

    pub(crate) async fn left(self) {
        // The worker is gone only when the process is.
        drop(self.reports.send(CallNews::Left { job: self.job }).await);
    }
}

/// How long a call waits for its report before it leaves its room all the same.
const REPORT: Duration = Duration::from_secs(1);
