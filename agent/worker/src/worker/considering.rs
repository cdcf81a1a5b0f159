//! Jobs that the program looks at before they are answered: a task each, on the worker's own thread.

use std::{collections::BTreeMap, panic::AssertUnwindSafe, pin::Pin, sync::Arc};

use futures_util::FutureExt;
use tokio::task::{AbortHandle, JoinSet};
use tracing::error;

use crate::{
    panics,
    protocol::{Answer, Job, JobId},
};

/// What decides on each job that is offered, before it is answered. It runs on the worker's own thread, beside all that
/// the worker says to the server: it may wait, and must not block.
pub type Consider = Arc<dyn Fn(Job) -> Considered + Send + Sync>;

/// A decision that is being made. Dropped when it comes too late.
pub type Considered = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The jobs that are being looked at. Dropping it stops all.
pub(super) struct Considering {
    consider: Option<Consider>,
    decisions: JoinSet<(JobId, Answer)>,
    pending: BTreeMap<JobId, AbortHandle>,
}

impl Considering {
    pub(super) fn new(consider: Option<Consider>) -> Self {
        Self { consider, decisions: JoinSet::new(), pending: BTreeMap::new() }
    }

    /// Whether the program looks at jobs at all.
    pub(super) fn considers(&self) -> bool {
        self.consider.is_some()
    }

    /// Shows a job to the program. One whose decision panics is left to another worker.
    pub(super) fn begin(&mut self, job: Job) {
        let id = job.id.clone();
        let consider = self.consider.clone();
        let decision = async move {
            match consider {
                Some(consider) => consider(job).await,
                None => Answer::accept(),
            }
        };
        let named = id.clone();
        let decided = self.decisions.spawn(async move {
            let answer = AssertUnwindSafe(decision).catch_unwind().await.unwrap_or_else(|_| {
                error!(job = %named, why = panics::caught(), "no decision on a job; another worker may take it");
                Answer::Decline
            });
            (named, answer)
        });
        self.pending.insert(id, decided);
    }

    /// Stops the decision on a job.
    pub(super) fn stop(&mut self, job: &JobId) {
        if let Some(decision) = self.pending.remove(job) {
            decision.abort();
        }
    }

    /// The next decision; pending while there is none. Cancelling it loses nothing.
    pub(super) async fn next(&mut self) -> (JobId, Answer) {
        loop {
            match self.decisions.join_next().await {
                Some(Ok((job, answer))) => {
                    self.pending.remove(&job);
                    return (job, answer);
                }
                // It was stopped.
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }
}
