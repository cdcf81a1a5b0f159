//! What a call tells of itself, as metrics and as lines of the log. What people say goes into neither.

use std::sync::Arc;

use agent_conversation::{CallEvent, CallReport, Latency, Moment, Observer, ToolEnd, TurnEnd};
use agent_turn::Suppression;
use tracing::{debug, info, warn};

use crate::{metrics::Metrics, protocol::JobId};

/// Tells two observers.
pub(crate) struct Both<A, B>(pub(crate) A, pub(crate) B);

impl<A: Observer, B: Observer> Observer for Both<A, B> {
    fn observe(&mut self, at: Moment, event: &CallEvent<'_>) {
        self.0.observe(at, event);
        self.1.observe(at, event);
    }
}

/// Watches one call.
pub(crate) struct CallObserver {
    job: JobId,
    metrics: Arc<Metrics>,
}

impl CallObserver {
    pub(crate) fn new(job: JobId, metrics: Arc<Metrics>) -> Self {
        Self { job, metrics }
    }
}

impl Observer for CallObserver {
    fn observe(&mut self, at: Moment, event: &CallEvent<'_>) {
        let job = &self.job;
        match *event {
            CallEvent::Agent(state) => debug!(%job, ?at, ?state, "agent"),
            CallEvent::User(state) => debug!(%job, ?at, ?state, "user"),
            CallEvent::Transcript { speaker, text, is_final } => {
                debug!(%job, ?at, %speaker, text, is_final, "heard");
            }
            CallEvent::HandedOff { from, to } => info!(%job, ?at, from, to, "agent has the call"),
            CallEvent::SpeechCreated { source, .. } => debug!(%job, ?at, ?source, "reply begun"),
            CallEvent::PlayoutStarted { reply, .. } => debug!(%job, ?at, ?reply, "reply heard"),
            CallEvent::PlayoutPaused { reply } => debug!(%job, ?at, ?reply, "reply paused"),
            CallEvent::PlayoutResumed { reply } => {
                self.metrics.interrupted(false);
                debug!(%job, ?at, ?reply, "reply goes on");
            }
            CallEvent::PlayoutFinished { reply, heard, interrupted } => {
                if interrupted {
                    self.metrics.interrupted(true);
                }
                debug!(%job, ?at, ?reply, ?heard, interrupted, "reply ended");
            }
            CallEvent::Message { role, text, interrupted } => {
                debug!(%job, ?at, ?role, text, interrupted, "message");
            }
            CallEvent::TurnCommitted { turn, speaker: _, end_of_turn_delay, transcription_delay } => {
                self.metrics.turn_committed(end_of_turn_delay, transcription_delay);
                info!(%job, ?at, ?turn, ?end_of_turn_delay, ?transcription_delay, "turn committed");
            }
            CallEvent::TurnEnded { turn, end } => {
                self.metrics.turn_ended(turn_end(end));
                debug!(%job, ?at, ?turn, ?end, "turn ended");
            }
            CallEvent::WordsSetAside { speaker, text, verdict } => {
                debug!(%job, ?at, %speaker, text, ?verdict, "words were no turn");
            }
            CallEvent::TranscriptMissed { speaker, recovered } => {
                info!(%job, ?at, %speaker, recovered, "no final transcript came");
            }
            CallEvent::TurnTooLong { speaker, words, duration } => {
                info!(%job, ?at, %speaker, words, ?duration, "a turn is too long");
            }
            CallEvent::SpeculationBegun => debug!(%job, ?at, "an answer is begun before its turn has ended"),
            CallEvent::SpeculationUsed => {
                self.metrics.speculation_used();
                debug!(%job, ?at, "the answer that was begun is the answer");
            }
            CallEvent::SpeculationWasted { usage, cost } => {
                self.metrics.speculation_wasted(usage, cost);
                debug!(%job, ?at, ?usage, cost = cost.0, "an answer was begun in vain");
            }
            CallEvent::ToolCalled { reply, call } => {
                debug!(%job, ?at, ?reply, tool = call.name, "tool called");
            }
            CallEvent::ToolEnded { name, end, took, .. } => {
                self.metrics.tool_called(end, took);
                // A name that no tool has is the mind's own text.
                let tool = if end == ToolEnd::Refused { "" } else { name };
                info!(%job, ?at, tool, end = end.name(), ?took, "tool ended");
            }
            CallEvent::ToolsExecuted { reply, names, errors } => {
                debug!(%job, ?at, ?reply, ?names, errors, "tools executed");
            }
            CallEvent::Latency(latency) => {
                self.metrics.replied(latency);
                let Latency { end_to_end, after_commit, llm_ttft, tts_ttfb } = latency;
                info!(%job, ?at, ?end_to_end, ?after_commit, ?llm_ttft, ?tts_ttfb, "answered");
            }
            CallEvent::Failed { component, kind, is_final } => {
                self.metrics.provider_failed(component.name(), kind);
                warn!(%job, ?at, component = component.name(), kind = kind.name(), is_final, "provider failed");
            }
            CallEvent::Used { component, usage, .. } => self.metrics.used(component.name(), usage),
            CallEvent::Closed { reason } => info!(%job, ?at, ?reason, "conversation over"),
        }
    }
}

/// A call's report, once it is over.
pub(crate) fn reported(job: &JobId, report: &CallReport, metrics: &Metrics) {
    metrics.call_over(report);
    info!(
        %job,
        reason = ?report.reason,
        duration = ?report.duration,
        turns = report.turns,
        replies = report.replies,
        interruptions = report.interruptions,
        false_interruptions = report.false_interruptions,
        "call report"
    );
}

fn turn_end(end: TurnEnd) -> &'static str {
    match end {
        TurnEnd::Replied(_) => REPLIED,
        TurnEnd::Suppressed(suppression) => suppression.name(),
        TurnEnd::Closed => CLOSED,
    }
}

/// Every way in which a turn may end, as [`turn_end`] names it.
pub(crate) fn turn_ends() -> impl Iterator<Item = &'static str> {
    [REPLIED, CLOSED].into_iter().chain(Suppression::ALL.iter().map(|suppression| suppression.name()))
}

const REPLIED: &str = "replied";
const CLOSED: &str = "closed";

#[cfg(test)]
pub(crate) mod tests;
