//! Offered jobs: shown to the program where it decides, accepted or turned down, within a bound.

use std::time::Instant;

use livekit_protocol as proto;
use proto::worker_message::Message as ToServer;

use super::{Machine, Readiness, jobs::Slot};
use crate::protocol::{Answer, Declined, Job, JobId, Output, Presence, Timer};

impl Machine {
    /// Answers at once, from the count of free slots, unless the answer would be a promise that may not be kept: while
    /// what calls need is being loaded, and where the program decides. Then the job holds its slot, and is answered
    /// within [`crate::protocol::Config::answer_timeout`]. The server waits 3 s for all workers that it asks, one after
    /// the other.
    pub(super) fn on_availability(&mut self, now: Instant, request: proto::AvailabilityRequest) {
        let wire = request.job.unwrap_or_default();
        let Some(id) = JobId::new(&wire.id) else {
            self.counters.malformed += 1;
            return;
        };
        match self.jobs.get_mut(&id) {
            // Asked twice: one answer is on its way.
            Some(Slot::Offered { .. }) => {}
            // Asked twice: the slot is held already.
            Some(Slot::Reserved { answer, until }) => {
                *until = now + self.config.assignment_timeout;
                let answer = (**answer).clone();
                self.send(ToServer::Availability(answer));
            }
            // A call that runs here cannot be taken over by itself.
            Some(Slot::Running { .. } | Slot::Leaving) => self.decline(&id, Declined::Taken),
            None => self.on_offer(now, &id, wire),
        }
    }

    fn on_offer(&mut self, now: Instant, id: &JobId, wire: proto::Job) {
        if let Some(why) = self.refusal() {
            return self.decline(id, why);
        }
        let Ok(job) = Job::from_wire(id.clone(), wire) else {
            self.counters.malformed += 1;
            return self.decline(id, Declined::Unreadable);
        };
        let until = now + self.config.answer_timeout;
        self.jobs.insert(id.clone(), Slot::Offered { job: Box::new(job), until });
        if self.readiness == Readiness::Ready {
            self.consider(now, id);
        }
    }

    /// What calls need is there: jobs that waited for it are answered, or shown to the program.
    pub(super) fn on_ready(&mut self, now: Instant) {
        if std::mem::replace(&mut self.readiness, Readiness::Ready) == Readiness::Ready {
            self.counters.unexpected += 1;
            return;
        }
        self.timers.stop(Timer::Loading);
        for id in self.offered(|_| true) {
            self.consider(now, &id);
        }
    }

    fn consider(&mut self, now: Instant, id: &JobId) {
        if !self.config.considers {
            return self.accept(now, id, Presence::default());
        }
        if let Some(Slot::Offered { job, .. }) = self.jobs.get(id) {
            self.orders.push_back(Output::Consider(job.clone()));
        }
    }

    /// The program has decided; too late for a job that is offered no more.
    pub(super) fn on_considered(&mut self, now: Instant, id: &JobId, answer: Answer) {
        let Some(Slot::Offered { .. }) = self.jobs.get(id) else { return };
        match answer {
            Answer::Accept(presence) => self.accept(now, id, presence),
            Answer::Decline => self.turn_down(id, Declined::ByProgram),
            Answer::Refuse => self.turn_down(id, Declined::Refused),
        }
    }

    fn accept(&mut self, now: Instant, id: &JobId, presence: Presence) {
        let answer = self.acceptance(id, presence);
        let until = now + self.config.assignment_timeout;
        self.jobs.insert(id.clone(), Slot::Reserved { answer: Box::new(answer.clone()), until });
        if !self.timers.is_set(Timer::Assignment) {
            self.timers.set(Timer::Assignment, until);
        }
        self.counters.accepted += 1;
        self.send(ToServer::Availability(answer));
    }

    fn acceptance(&self, id: &JobId, presence: Presence) -> proto::AvailabilityResponse {
        let mut answer = proto::AvailabilityResponse {
            job_id: id.as_str().to_owned(),
            available: true,
            participant_identity: presence.identity.unwrap_or_else(|| format!("agent-{id}")),
            participant_name: presence.name.unwrap_or_else(|| self.config.agent_name.clone()),
            participant_metadata: presence.metadata,
            ..Default::default()
        };
        answer.participant_attributes.extend(presence.attributes);
        answer.participant_attributes.insert(AGENT_NAME.to_owned(), self.config.agent_name.clone());
        answer
    }

    /// Frees the slot of an offered job and says that it is not taken.
    fn turn_down(&mut self, id: &JobId, why: Declined) {
        self.jobs.remove(id);
        self.decline(id, why);
    }

    fn decline(&mut self, id: &JobId, why: Declined) {
        self.orders.push_back(Output::Declined { job: id.clone(), why });
        self.send(ToServer::Availability(proto::AvailabilityResponse {
            job_id: id.as_str().to_owned(),
            terminate: why == Declined::Refused,
            ..Default::default()
        }));
    }

    /// Turns down what is offered and not answered yet, and has the program think about it no more.
    pub(super) fn turn_down_offers(&mut self, why: Declined, which: impl Fn(Instant) -> bool) {
        for id in self.offered(which) {
            self.stop_considering(&id);
            self.turn_down(&id, why);
        }
    }

    pub(super) fn stop_considering(&mut self, id: &JobId) {
        if self.config.considers && self.readiness == Readiness::Ready {
            self.orders.push_back(Output::StopConsidering(id.clone()));
        }
    }

    /// The offered jobs whose answer is due when `which` says so.
    pub(super) fn offered(&self, which: impl Fn(Instant) -> bool) -> Vec<JobId> {
        let is_meant = |slot: &Slot| matches!(slot, Slot::Offered { until, .. } if which(*until));
        self.jobs.iter().filter(|(_, slot)| is_meant(slot)).map(|(id, _)| id.clone()).collect()
    }

    /// Turns down what was not answered in time.
    pub(super) fn on_answer_timeout(&mut self, now: Instant) {
        let why = match self.readiness {
            Readiness::Loading | Readiness::Overdue => Declined::NotReady,
            Readiness::Ready => Declined::Undecided,
        };
        self.turn_down_offers(why, |until| until <= now);
    }

    /// Sets the timer to when the oldest offer must be answered.
    pub(super) fn time_offers(&mut self) {
        let due = |slot: &Slot| match slot {
            Slot::Offered { until, .. } => Some(*until),
            Slot::Reserved { .. } | Slot::Running { .. } | Slot::Leaving => None,
        };
        match self.jobs.values().filter_map(due).min() {
            Some(until) => self.timers.set(Timer::Answer, until),
            None => self.timers.stop(Timer::Answer),
        }
    }
}

/// The attribute by which pages find the agent's name.
const AGENT_NAME: &str = "lk.agent.name";
