//! A call in a room: joins, holds a conversation, says how it ended, leaves.

use std::{cell::Cell, rc::Rc, sync::Arc};

use agent_conversation::{
    BeforeLeaving, Body, CallReport, CloseReason, Conversation, ConversationConfig, Handle, Observer, Parts,
    RoomBody, RoomBodyConfig, Written,
};
use agent_rtc::{JoinError, JoinOptions, Room};
use config_schema::Config;
use futures_util::TryFutureExt;
use tokio::sync::watch;

use crate::{
    cast::{Cast, Live},
    journals::Journals,
    metrics::Metrics,
    observing::{Both, CallObserver, reported},
    protocol::{Assignment, Job, Outcome, StopReason},
    providers::CallProviders,
    remote::Remote,
    seat::{Entry, Seat},
    trust::Trust,
    wiring,
};

/// What all calls of this process share.
pub struct Calls {
    config: Arc<Config>,
    trust: Trust,
    cast: watch::Receiver<Option<Arc<Cast>>>,
    /// Whether calls follow agents' files that change.
    is_live: bool,
    metrics: Arc<Metrics>,
    journals: Option<Journals>,
}

impl Calls {
    /// Calls as the configuration describes them; they wait for their agents. With `is_live`, an agent of a call is
    /// what its file says by its next turn.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        trust: Trust,
        cast: watch::Receiver<Option<Arc<Cast>>>,
        is_live: bool,
        metrics: Arc<Metrics>,
        journals: Option<Journals>,
    ) -> Arc<Self> {
        Arc::new(Self { config, trust, cast, is_live, metrics, journals })
    }

    /// What runs a call in a room.
    #[must_use]
    pub fn entry(self: &Arc<Self>) -> Entry {
        let calls = self.clone();
        Arc::new(move |assignment, seat| {
            let calls = calls.clone();
            Box::pin(async move { calls.hold(assignment, seat).await })
        })
    }

    /// Holds one call to its end; a call that does not begin has failed.
    async fn hold(&self, assignment: Assignment, seat: Seat) -> Outcome {
        self.begin(assignment, seat).await.unwrap_or_else(|error| Outcome::Failed(error.to_string()))
    }

    /// Holds one call to its end, if it begins.
    pub(crate) async fn begin(&self, assignment: Assignment, mut seat: Seat) -> Result<Outcome, NotBegun> {
        let (cast, room) = tokio::select! {
            joined = self.join(&assignment) => joined?,
            reason = seat.stopped() => return Ok(stopped(reason)),
        };
        Ok(Box::pin(self.converse(&assignment, seat, &cast, room)).await)
    }

    async fn join(&self, assignment: &Assignment) -> Result<(Arc<Cast>, Box<Room>), NotBegun> {
        let mut ready = self.cast.clone();
        let url = assignment.url.clone().unwrap_or_else(|| self.config.livekit.url.to_string());
        let options = JoinOptions {
            single_peer_connection: self.config.livekit.single_peer_connection,
            tls: self.trust.tls(),
            ..JoinOptions::new(url, assignment.token.clone())
        };
        let cast = async {
            let cast = ready.wait_for(Option::is_some).await.map_err(|_| NotBegun::NoProviders)?.clone();
            // Connections are made while the room is joined: the first turn finds them warm.
            cast.inspect(|cast| cast.entry().providers.prewarm()).ok_or(NotBegun::NoProviders)
        };
        let room = Box::pin(Room::join(options)).map_ok(Box::new).map_err(NotBegun::Room);
        tokio::try_join!(cast, room)
    }

    async fn converse(
        &self,
        assignment: &Assignment,
        mut seat: Seat,
        cast: &Cast,
        room: Box<Room>,
    ) -> Outcome {
        let job = &assignment.job.id;
        let told = Rc::new(Cell::new(None));
        let remote = Remote::new(&self.config.remote);
        let config = RoomBodyConfig {
            hearing: wiring::hearing(&self.config),
            speaking: wiring::speaking(&self.config),
            speaks: self.config.audio.output,
            hears: self.config.audio.input,
            audience: wiring::audience(&self.config, assignment.job.participant.as_ref()),
            subscription_wait: self.config.audio.subscriber_wait,
            meter: Some(self.metrics.meter()),
            service: remote.as_ref().map(|remote| remote.service(self.metrics.clone())),
            before_leaving: Some(report_first(seat.clone(), told.clone())),
        };
        let settings = self.config.clone();
        let body = match RoomBody::new(*room, config, move || wiring::detector(&settings)) {
            Ok(body) => body,
            Err(error) => return Outcome::Failed(format!("cannot hear or speak: {error}")),
        };
        let call = Held { job: &assignment.job, cast, remote: remote.as_ref(), told: &told };
        let report = if self.config.audio.output {
            Box::pin(self.attend(call, body, &mut seat)).await
        } else {
            Box::pin(self.attend(call, Written::new(body), &mut seat)).await
        };
        reported(job, &report, &self.metrics);
        if let Some(delay) = report.transcript_delay {
            cast.entry().providers.learn_transcript_delay(delay);
        }
        outcome(report.reason, told.get())
    }

    /// Holds the conversation in this body.
    async fn attend(&self, call: Held<'_>, body: impl Body, seat: &mut Seat) -> CallReport {
        let Held { job, cast, remote, told } = call;
        let observer = CallObserver::new(job.id.clone(), self.metrics.clone());
        let observer: Box<dyn Observer> = match remote {
            Some(remote) => Box::new(Both(observer, remote.follower())),
            None => Box::new(observer),
        };
        let journal = self.journals.as_ref().map(|journals| journals.of(job.id.as_str()));
        let parts = Parts { journal, ..parts(cast, job, self.is_live.then_some(&self.cast), observer) };
        let mut config =
            ConversationConfig { id: job.id.as_str().into(), ..cast.entry().conversation.clone() };
        config.turn.transcript.known = cast.entry().providers.transcript_delay();
        let conversation = Conversation::new(config, parts, body);
        if let Some(remote) = remote {
            remote.attach(conversation.handle());
        }
        run(conversation, seat, told).await
    }
}

/// Why a call did not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotBegun {
    /// The worker could not build what calls need, and ends.
    #[error("the providers cannot be had")]
    NoProviders,
    /// The room could not be joined.
    #[error("cannot join the room: {0}")]
    Room(#[source] JoinError),
}

/// A call that is held.
struct Held<'a> {
    job: &'a Job,
    cast: &'a Cast,
    remote: Option<&'a Rc<Remote>>,
    /// Why it was told to end, once it was.
    told: &'a Cell<Option<StopReason>>,
}

/// The parts of a conversation of these agents about this job; with `live`, they follow their files.
pub(crate) fn parts(cast: &Cast, job: &Job, live: Option<&Live>, observer: Box<dyn Observer>) -> Parts {
    let (agents, entry) = (cast.agents(job, live), cast.entry());
    let CallProviders { stt, llm, tts, live, judge } = entry.providers.for_call();
    Parts {
        live,
        tools: entry.tools.clone(),
        agents,
        pauses: judge,
        overlaps: entry.overlaps(),
        sounds: entry.sounds.clone(),
        observer,
        ..Parts::new(stt, llm, tts)
    }
}

/// Holds the conversation; when the call is told to end, asks it to.
async fn run(
    conversation: Conversation<impl Body>,
    seat: &mut Seat,
    told: &Cell<Option<StopReason>>,
) -> CallReport {
    let handle = conversation.handle();
    let mut run = Box::pin(conversation.run());
    tokio::select! {
        report = &mut run => report,
        () = end_when_told(seat, told, &handle) => run.await,
    }
}

/// Waits until the call is told to end, and asks the conversation to.
async fn end_when_told(seat: &mut Seat, told: &Cell<Option<StopReason>>, handle: &Handle) {
    told.set(Some(seat.stopped().await));
    if !handle.close(CloseReason::Shutdown) {
        // Its queue is full: it does not listen, and the shard's patience ends it.
        std::future::pending::<()>().await;
    }
}

/// Says how the call ended before its room is left.
fn report_first(seat: Seat, told: Rc<Cell<Option<StopReason>>>) -> BeforeLeaving {
    Box::new(move |reason| Box::pin(async move { seat.report(outcome(reason, told.get())).await }))
}

/// What the server is told of a call that was closed for this reason.
fn outcome(reason: CloseReason, told: Option<StopReason>) -> Outcome {
    match reason {
        CloseReason::UserLeft | CloseReason::RoomClosed | CloseReason::Completed => Outcome::Success,
        CloseReason::Shutdown => told.map_or(Outcome::Success, stopped),
        // The server ends a job and takes the agent out of its room in one go; either may be noticed first.
        CloseReason::Disconnected if told == Some(StopReason::Terminated) => Outcome::Success,
        CloseReason::Disconnected => Outcome::Failed("the connection to the room is lost".to_owned()),
        CloseReason::Error => Outcome::Failed("too many failures of providers".to_owned()),
    }
}

fn stopped(reason: StopReason) -> Outcome {
    match reason {
        StopReason::Terminated => Outcome::Success,
        StopReason::WorkerStops => Outcome::Failed("the worker stopped before the call had ended".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_was_ended_in_order_is_a_success_and_one_that_was_cut_is_not() {
        for (reason, told, is_success) in [
            (CloseReason::UserLeft, None, true),
            (CloseReason::Completed, None, true),
            (CloseReason::Shutdown, Some(StopReason::Terminated), true),
            (CloseReason::Shutdown, Some(StopReason::WorkerStops), false),
            (CloseReason::Disconnected, Some(StopReason::Terminated), true),
            (CloseReason::Disconnected, None, false),
            (CloseReason::Error, None, false),
        ] {
            assert_eq!(outcome(reason, told) == Outcome::Success, is_success, "{reason:?}, {told:?}");
        }
    }
}
