//! What a conversation tells of itself, as the events of a scenario.

use std::{cell::RefCell, rc::Rc, time::Duration};

use agent_conversation::{
    AgentState, CallEvent, CloseReason, Latency, Moment, Observer, Role, SpeechSource, UserState,
};
use serde_json::{Value, json};

use crate::event::{Event, seconds};

/// Writes down the events of a conversation.
pub(crate) struct Witness {
    events: Rc<RefCell<Vec<Event>>>,
    /// The delays of the turn that was committed last.
    turn: Delays,
    /// The delays of the reply that is heard, and of the turn it answers; told once it is over.
    reply: Option<(Delays, Latency)>,
}

/// The delays of one turn.
#[derive(Clone, Copy, Default)]
struct Delays {
    transcription: Option<Duration>,
    end_of_turn: Option<Duration>,
}

impl Witness {
    /// A witness, and where it writes.
    #[must_use]
    pub(crate) fn new() -> (Self, Rc<RefCell<Vec<Event>>>) {
        let events = Rc::default();
        (Self { events: Rc::clone(&events), turn: Delays::default(), reply: None }, events)
    }

    fn write(&self, at: Moment, name: &'static str, fields: Vec<(&'static str, Value)>) {
        self.events.borrow_mut().push(Event { at: at.0, name, fields });
    }

    fn write_user_metrics(&self, at: Moment) {
        let fields = self.turn.of_user();
        if !fields.is_empty() {
            self.write(at, "metrics", fields);
        }
    }

    /// The delays of a reply, together with those of the turn it answers, once for each reply.
    fn write_reply_metrics(&mut self, at: Moment) {
        let Some((turn, reply)) = self.reply.take() else { return };
        let mut fields = turn.of_user();
        let delays = [("llm_ttft", reply.llm_ttft), ("tts_ttfb", reply.tts_ttfb), ("e2e", reply.end_to_end)];
        fields.extend(known(delays));
        self.write(at, "metrics", fields);
    }
}

impl Delays {
    fn of_user(&self) -> Vec<(&'static str, Value)> {
        let delays = [("transcription_delay", self.transcription), ("end_of_turn_delay", self.end_of_turn)];
        known(delays).collect()
    }
}

fn known<const N: usize>(
    delays: [(&'static str, Option<Duration>); N],
) -> impl Iterator<Item = (&'static str, Value)> {
    delays.into_iter().filter_map(|(name, delay)| Some((name, seconds(delay?))))
}

impl Observer for Witness {
    fn observe(&mut self, at: Moment, event: &CallEvent<'_>) {
        match event {
            CallEvent::Agent(state) => self.write(at, "agent_state", vec![("value", json!(agent(*state)))]),
            CallEvent::User(state) => self.write(at, "user_state", vec![("value", json!(user(*state)))]),
            CallEvent::Transcript { text, is_final } => {
                self.write(at, "transcript", vec![("text", json!(text)), ("final", json!(is_final))]);
            }
            CallEvent::HandedOff { to, .. } => self.write(at, "handoff", vec![("new", json!(to))]),
            CallEvent::SpeechCreated { source } => {
                self.write(at, "speech_created", vec![("source", json!(speech(*source)))]);
            }
            CallEvent::PlayoutStarted { .. } => self.write(at, "playout_started", Vec::new()),
            CallEvent::PlayoutPaused { .. } => self.write(at, "playout_paused", Vec::new()),
            CallEvent::PlayoutResumed { .. } => {
                self.write(at, "playout_resumed", Vec::new());
                self.write(at, "false_interruption", vec![("resumed", json!(true))]);
            }
            CallEvent::PlayoutFinished { heard, interrupted, .. } => {
                let position = ("position", seconds(*heard));
                self.write(at, "playout_finished", vec![position, ("interrupted", json!(interrupted))]);
            }
            CallEvent::Message { role, text, interrupted } => {
                let (name, is_user) = match role {
                    Role::User => ("user", true),
                    Role::Assistant => ("assistant", false),
                };
                let fields =
                    vec![("role", json!(name)), ("text", json!(text)), ("interrupted", json!(interrupted))];
                self.write(at, "message", fields);
                if is_user { self.write_user_metrics(at) } else { self.write_reply_metrics(at) }
            }
            CallEvent::TurnCommitted { end_of_turn_delay, transcription_delay, .. } => {
                self.turn = Delays { transcription: *transcription_delay, end_of_turn: *end_of_turn_delay };
            }
            CallEvent::Latency(latency) => self.reply = Some((self.turn, *latency)),
            CallEvent::ToolsExecuted { names, errors } => {
                self.write(at, "tools_executed", vec![("names", json!(names)), ("errors", json!(errors))]);
            }
            CallEvent::Closed { reason } => {
                self.write(at, "closed", vec![("reason", json!(closed(*reason)))]);
            }
            CallEvent::TurnEnded { .. } | CallEvent::Used { .. } | CallEvent::Failed { .. } => {}
        }
    }
}

const fn agent(state: AgentState) -> &'static str {
    match state {
        AgentState::Listening => "listening",
        AgentState::Thinking => "thinking",
        AgentState::Speaking => "speaking",
    }
}

const fn user(state: UserState) -> &'static str {
    match state {
        UserState::Listening => "listening",
        UserState::Speaking => "speaking",
        UserState::Away => "away",
    }
}

const fn speech(source: SpeechSource) -> &'static str {
    match source {
        SpeechSource::Say => "say",
        SpeechSource::Generate => "generate_reply",
        SpeechSource::Tool => "tool",
    }
}

/// The field's names.
const fn closed(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::UserLeft => "participant_disconnected",
        CloseReason::Completed => "user_initiated",
        CloseReason::Shutdown => "job_shutdown",
        CloseReason::Disconnected | CloseReason::Error => "error",
    }
}
