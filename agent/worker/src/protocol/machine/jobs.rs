//! Slots and jobs: reserved, assigned, ended, left. How an offer is answered stands in `offers.rs`.

use std::time::Instant;

use livekit_protocol as proto;
use proto::{JobStatus, worker_message::Message as ToServer};

use super::{Link, Machine, Stage, UNREPORTED};
use crate::protocol::{Assignment, Declined, Job, JobId, Outcome, Output, StopReason, Timer};

/// What holds a slot.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Slot {
    /// An offered job that is not answered yet.
    Offered {
        /// What was offered.
        job: Box<Job>,
        /// When the answer has taken too long.
        until: Instant,
    },
    /// An accepted job that is not assigned yet.
    Reserved {
        /// What was answered.
        answer: Box<proto::AvailabilityResponse>,
        /// When the server has taken too long.
        until: Instant,
    },
    /// A call.
    Running {
        /// Whether it was told to end.
        stopping: bool,
    },
    /// A call that has ended, and is leaving its room.
    Leaving,
}

impl Machine {
    /// Slots reserved, slots taken.
    pub(super) fn used(&self) -> (u32, u32) {
        let is_reserved = |slot: &&Slot| matches!(slot, Slot::Offered { .. } | Slot::Reserved { .. });
        let reserved = self.jobs.values().filter(is_reserved).count();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (count(reserved), count(self.jobs.len() - reserved))
    }

    pub(super) fn on_assignment(&mut self, message: proto::JobAssignment) {
        let Some(job) = message.job.as_ref().and_then(|job| JobId::new(&job.id)) else {
            self.counters.malformed += 1;
            return;
        };
        match self.jobs.get(&job) {
            Some(Slot::Running { .. } | Slot::Leaving) => self.counters.unexpected += 1,
            Some(Slot::Reserved { .. }) => self.start(&job, message),
            // Not asked, or the answer was not awaited: whoever is given the job has it.
            Some(Slot::Offered { .. }) => {
                self.counters.late_assignments += 1;
                self.stop_considering(&job);
                self.start(&job, message);
            }
            None => {
                self.counters.late_assignments += 1;
                if self.refusal().is_none() {
                    self.start(&job, message);
                } else {
                    self.report(
                        &job,
                        JobStatus::JsFailed,
                        "assigned too late: this worker takes no more jobs now",
                    );
                }
            }
        }
    }

    fn start(&mut self, job: &JobId, message: proto::JobAssignment) {
        match Assignment::from_wire(job.clone(), message) {
            Ok(assignment) => {
                self.jobs.insert(job.clone(), Slot::Running { stopping: false });
                self.counters.started += 1;
                self.report(job, JobStatus::JsRunning, "");
                self.orders.push_back(Output::StartJob(Box::new(assignment)));
            }
            Err(lacks) => {
                self.jobs.remove(job);
                self.counters.malformed += 1;
                self.report(job, JobStatus::JsFailed, &format!("assignment {lacks}"));
            }
        }
    }

    pub(super) fn on_termination(&mut self, id: &str) {
        let Some(job) = JobId::new(id) else {
            self.counters.malformed += 1;
            return;
        };
        match self.jobs.get(&job) {
            Some(Slot::Offered { .. }) => {
                self.stop_considering(&job);
                self.jobs.remove(&job);
            }
            Some(Slot::Reserved { .. }) => {
                self.jobs.remove(&job);
            }
            Some(Slot::Running { .. }) => self.stop(&job, StopReason::Terminated),
            Some(Slot::Leaving) => {}
            None => self.counters.unexpected += 1,
        }
    }

    pub(super) fn on_job_ended(&mut self, job: &JobId, outcome: Outcome) {
        let Some(slot @ Slot::Running { .. }) = self.jobs.get_mut(job) else {
            self.counters.unexpected += 1;
            return;
        };
        *slot = Slot::Leaving;
        match outcome {
            Outcome::Success => self.report(job, JobStatus::JsSuccess, ""),
            Outcome::Failed(reason) => self.report(job, JobStatus::JsFailed, &reason),
        }
    }

    pub(super) fn on_job_left(&mut self, job: &JobId) {
        match self.jobs.get(job) {
            Some(Slot::Leaving) => {
                self.jobs.remove(job);
            }
            Some(Slot::Running { .. }) => {
                self.jobs.remove(job);
                self.report(job, JobStatus::JsFailed, "the call left without saying how it ended");
            }
            Some(Slot::Offered { .. } | Slot::Reserved { .. }) | None => self.counters.unexpected += 1,
        }
    }

    pub(super) fn on_drain_requested(&mut self) {
        self.stage = self.stage.max(Stage::Draining);
        self.turn_down_offers(Declined::Draining, |_| true);
    }

    pub(super) fn on_stop_requested(&mut self) {
        self.stage = Stage::Stopping;
        self.turn_down_offers(Declined::Draining, |_| true);
        self.free_reservations();
        let running: Vec<_> = self
            .jobs
            .iter()
            .filter(|(_, slot)| matches!(slot, Slot::Running { .. }))
            .map(|(job, _)| job.clone())
            .collect();
        for job in running {
            self.stop(&job, StopReason::WorkerStops);
        }
    }

    /// Frees what was not assigned in time, and waits for the rest.
    pub(super) fn on_assignment_timeout(&mut self, now: Instant) {
        let before = self.jobs.len();
        self.jobs.retain(|_, slot| !matches!(slot, Slot::Reserved { until, .. } if *until <= now));
        self.counters.unassigned += (before - self.jobs.len()) as u64;
        if let Some(until) = self.first_reservation() {
            self.timers.set(Timer::Assignment, until);
        }
    }

    /// Frees the slots of jobs that the server has not assigned, without a word.
    pub(super) fn free_reservations(&mut self) {
        for id in self.offered(|_| true) {
            self.stop_considering(&id);
        }
        self.jobs.retain(|_, slot| !matches!(slot, Slot::Offered { .. } | Slot::Reserved { .. }));
        self.timers.stop(Timer::Assignment);
    }

    /// After a registration: these jobs are still ours.
    pub(super) fn claim_running_jobs(&mut self) {
        let job_ids: Vec<_> = self
            .jobs
            .iter()
            .filter(|(_, slot)| matches!(slot, Slot::Running { .. }))
            .map(|(job, _)| job.as_str().to_owned())
            .collect();
        if !job_ids.is_empty() {
            self.send(ToServer::MigrateJob(proto::MigrateJobRequest { job_ids }));
        }
    }

    fn first_reservation(&self) -> Option<Instant> {
        let due = |slot: &Slot| match slot {
            Slot::Reserved { until, .. } => Some(*until),
            Slot::Offered { .. } | Slot::Running { .. } | Slot::Leaving => None,
        };
        self.jobs.values().filter_map(due).min()
    }

    fn stop(&mut self, job: &JobId, reason: StopReason) {
        if let Some(Slot::Running { stopping }) = self.jobs.get_mut(job)
            && !std::mem::replace(stopping, true)
        {
            self.orders.push_back(Output::StopJob { job: job.clone(), reason });
        }
    }

    fn report(&mut self, job: &JobId, status: JobStatus, error: &str) {
        let report = proto::UpdateJobStatus {
            job_id: job.as_str().to_owned(),
            status: status.into(),
            error: shortened(error).to_owned(),
        };
        match self.link {
            Link::Up { .. } => self.send(ToServer::UpdateJob(report)),
            // A message before the registration is answered makes the server close the link.
            Link::Down | Link::Opening | Link::Registering { .. } | Link::Ended => {
                if self.unreported.len() == UNREPORTED {
                    self.unreported.pop_front();
                    self.counters.reports_lost += 1;
                }
                self.unreported.push_back(report);
            }
        }
    }
}

/// At most [`LONGEST_REASON`] bytes, cut between characters.
fn shortened(text: &str) -> &str {
    let end = (0..=text.len().min(LONGEST_REASON)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

/// A reason is a line in a dashboard, not a log.
const LONGEST_REASON: usize = 500;
