//! What a conversation tells of itself, as the events of a scenario.

use std::{cell::RefCell, collections::BTreeMap, mem, rc::Rc, time::Duration};

use agent_conversation::{
    AgentState, CallEvent, CloseReason, Moment, Observer, Role, SpeakerId, SpeechSource, UserState,
};
use serde_json::{Value, json};

use crate::event::{Event, seconds};

/// Writes down the events of a conversation.
pub(crate) struct Witness {
    events: Rc<RefCell<Vec<Event>>>,
    /// The names of those who are there besides the user.
    names: BTreeMap<SpeakerId, String>,
    /// The delays of the turn that was committed last.
    turn: Delays,
    /// The delays of the reply that is heard, told once it is over, with those of the turn that it answers.
    reply: Delays,
}

/// What took how long.
#[derive(Clone, Copy, Default)]
struct Delays {
    transcription: Option<Duration>,
    end_of_turn: Option<Duration>,
    llm_ttft: Option<Duration>,
    tts_ttfb: Option<Duration>,
    e2e: Option<Duration>,
}

impl Witness {
    /// A witness who knows these people, and where it writes.
    #[must_use]
    pub(crate) fn new(names: BTreeMap<SpeakerId, String>) -> (Self, Rc<RefCell<Vec<Event>>>) {
        let events = Rc::default();
        (
            Self { events: Rc::clone(&events), names, turn: Delays::default(), reply: Delays::default() },
            events,
        )
    }

    fn write(&self, at: Moment, name: &'static str, fields: Vec<(&'static str, Value)>) {
        self.events.borrow_mut().push(Event { at: at.0, name, fields });
    }

    fn write_delays(&self, at: Moment, delays: Delays) {
        let all = [
            ("transcription_delay", delays.transcription),
            ("end_of_turn_delay", delays.end_of_turn),
            ("llm_ttft", delays.llm_ttft),
            ("tts_ttfb", delays.tts_ttfb),
            ("e2e", delays.e2e),
        ];
        let known: Vec<_> =
            all.into_iter().filter_map(|(name, delay)| Some((name, seconds(delay?)))).collect();
        if !known.is_empty() {
            self.write(at, "metrics", known);
        }
    }
}

impl Observer for Witness {
    fn observe(&mut self, at: Moment, event: &CallEvent<'_>) {
        match event {
            CallEvent::Agent(state) => self.write(at, "agent_state", vec![("value", json!(agent(*state)))]),
            CallEvent::User(state) => self.write(at, "user_state", vec![("value", json!(user(*state)))]),
            CallEvent::Transcript { speaker, text, is_final } => {
                let mut fields = vec![("text", json!(text)), ("final", json!(is_final))];
                fields.extend(self.names.get(speaker).map(|name| ("speaker", json!(name))));
                self.write(at, "transcript", fields);
            }
            CallEvent::HandedOff { to, .. } => self.write(at, "handoff", vec![("new", json!(to))]),
            CallEvent::SpeechCreated { source } => {
                self.write(at, "speech_created", vec![("source", json!(speech(*source)))]);
            }
            CallEvent::PlayoutStarted { llm_ttft, tts_ttfb, .. } => {
                self.write(at, "playout_started", Vec::new());
                self.reply = Delays { llm_ttft: *llm_ttft, tts_ttfb: *tts_ttfb, ..Delays::default() };
            }
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
                let (name, delays) = match role {
                    Role::User => ("user", self.turn),
                    Role::Assistant => ("assistant", mem::take(&mut self.reply)),
                };
                let fields =
                    vec![("role", json!(name)), ("text", json!(text)), ("interrupted", json!(interrupted))];
                self.write(at, "message", fields);
                self.write_delays(at, delays);
            }
            CallEvent::TurnCommitted { end_of_turn_delay, transcription_delay, .. } => {
                self.turn = Delays {
                    transcription: *transcription_delay,
                    end_of_turn: *end_of_turn_delay,
                    ..Delays::default()
                };
            }
            CallEvent::Latency(latency) => {
                let Delays { transcription, end_of_turn, .. } = self.turn;
                self.reply = Delays { transcription, end_of_turn, e2e: latency.end_to_end, ..self.reply };
            }
            CallEvent::ToolsExecuted { names, errors, .. } => {
                self.write(at, "tools_executed", vec![("names", json!(names)), ("errors", json!(errors))]);
            }
            CallEvent::Closed { reason } => {
                self.write(at, "closed", vec![("reason", json!(closed(*reason)))]);
            }
            CallEvent::WordsSetAside { .. }
            | CallEvent::TranscriptMissed { .. }
            | CallEvent::TurnTooLong { .. }
            | CallEvent::SpeculationBegun
            | CallEvent::SpeculationUsed
            | CallEvent::SpeculationWasted { .. }
            | CallEvent::ToolCalled { .. }
            | CallEvent::ToolEnded { .. }
            | CallEvent::TurnEnded { .. }
            | CallEvent::Used { .. }
            | CallEvent::Failed { .. } => {}
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
        CloseReason::UserLeft | CloseReason::RoomClosed => "participant_disconnected",
        CloseReason::Completed => "user_initiated",
        CloseReason::Shutdown => "job_shutdown",
        CloseReason::Disconnected | CloseReason::Error => "error",
    }
}
