//! Status and load: whether a job would be taken, and what the server is told.

use std::time::Instant;

use livekit_protocol as proto;
use proto::{WorkerStatus, worker_message::Message as ToServer};

use super::{Link, Machine, Readiness, Stage};
use crate::protocol::{Declined, Timer};

/// What the server was told last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    takes_jobs: bool,
    draining: bool,
    jobs: u32,
    load_permille: u16,
}

impl Declared {
    /// Whether the server would choose otherwise if it knew the one instead of the other.
    fn differs(self, other: Self) -> bool {
        let load = self.load_permille.abs_diff(other.load_permille);
        let others = |declared: Self| (declared.takes_jobs, declared.draining, declared.jobs);
        others(self) != others(other) || load >= LOAD_STEP
    }
}

impl Machine {
    /// Why a job would not be taken now. The only place that decides it, so that answers and status agree.
    pub(super) fn refusal(&self) -> Option<Declined> {
        let (reserved, running) = self.used();
        let has_slot = self.config.slots.is_none_or(|slots| reserved + running < slots);
        let is_late = self.config.full_at_permille.is_some_and(|full| self.lag_permille >= full);
        match (self.stage, self.readiness) {
            (Stage::Draining | Stage::Stopping, _) => Some(Declined::Draining),
            (Stage::Taking, Readiness::Overdue) => Some(Declined::NotReady),
            (Stage::Taking, Readiness::Loading | Readiness::Ready) if !has_slot => Some(Declined::NoSlot),
            (Stage::Taking, Readiness::Loading | Readiness::Ready) => is_late.then_some(Declined::Late),
        }
    }

    /// The greater of lag and slots used. A worker that takes jobs stays below 1, since a server never chooses 1.
    pub(super) fn load_permille(&self) -> u16 {
        let (reserved, running) = self.used();
        let slots = self
            .config
            .slots
            .map_or(0, |slots| u64::from(reserved + running) * 1_000 / u64::from(slots.max(1)));
        let load = u64::from(self.lag_permille).max(slots).min(1_000);
        let load = if self.refusal().is_none() { load.min(990) } else { load };
        u16::try_from(load).unwrap_or(1_000)
    }

    /// Tells status and load, always together: a message with only one of them would set the other to nothing.
    pub(super) fn declare(&mut self, now: Instant) {
        let Link::Up { .. } = self.link else { return };
        let declared = self.current();
        self.sequence += 1;
        let status = if declared.takes_jobs { WorkerStatus::WsAvailable } else { WorkerStatus::WsFull };
        self.send(ToServer::UpdateWorker(proto::UpdateWorkerStatus {
            status: Some(status.into()),
            load: f32::from(declared.load_permille) / 1_000.0,
            job_count: declared.jobs,
            draining: declared.draining,
            seq: self.sequence,
        }));
        self.declared = Some(declared);
        self.timers.set(Timer::Update, now + self.config.update_interval);
    }

    /// Tells it now if it is not what was told last.
    pub(super) fn declare_if_changed(&mut self, now: Instant) {
        if self.declared.is_some_and(|declared| declared.differs(self.current())) {
            self.declare(now);
        }
    }

    fn current(&self) -> Declared {
        let (reserved, running) = self.used();
        Declared {
            takes_jobs: self.refusal().is_none(),
            draining: self.stage > Stage::Taking,
            jobs: reserved + running,
            load_permille: self.load_permille(),
        }
    }
}

/// A change of load, in thousandths, that is told at once: a tenth moves a server's choice. Less waits for the next beat,
/// so that lag, which is never the same twice, is no message each time that it is measured.
const LOAD_STEP: u16 = 100;
