//! What is known of a conversation from what it tells: its states, what was said and done, what was used. And what
//! programs that follow it are told of each event.

use std::{collections::BTreeMap, mem, time::Duration};

use agent_conversation::{CallEvent, Component, Moment, ReplyId, Role, ToolEnd};
use livekit_protocol::agent::{
    self as wire, MetricsReport,
    agent_session_event::{self as told, Event, tool_execution_updated as execution},
    chat_context::chat_item::Item,
};
use providers_core::{ToolCall, Usage};

use super::{
    items::Items,
    wire::{agent_state, call, item, message, timestamp, tool_status, user_state},
};

/// Replies whose tools are out at once. A mind that calls more is lost, and so is what is told of its oldest.
const ROUNDS: usize = 64;

/// What was used, by component, provider and model.
pub(super) type Used = BTreeMap<(Component, &'static str, String), Usage>;

/// What is known of a conversation.
pub(super) struct Mirror {
    /// When it began, since the Unix epoch.
    began: Duration,
    pub(super) agent_state: wire::AgentState,
    pub(super) user_state: wire::UserState,
    /// The name of the agent that has the call.
    pub(super) agent: String,
    pub(super) used: Used,
    /// What was said and done.
    pub(super) items: Items,
    n_items: u64,
    rounds: BTreeMap<ReplyId, Round>,
    /// The delays of the turn that was committed, and of the reply that is heard, until their words are told.
    turn: MetricsReport,
    reply: MetricsReport,
}

/// The tools that a reply has called.
#[derive(Default)]
struct Round {
    calls: Vec<wire::FunctionCall>,
    outputs: Vec<wire::FunctionCallOutput>,
}

impl Mirror {
    pub(super) fn new(began: Duration) -> Self {
        Self {
            began,
            agent_state: wire::AgentState::AsInitializing,
            user_state: wire::UserState::UsListening,
            agent: String::new(),
            used: Used::new(),
            items: Items::default(),
            n_items: 0,
            rounds: BTreeMap::new(),
            turn: MetricsReport::default(),
            reply: MetricsReport::default(),
        }
    }

    /// A moment of the call, since the Unix epoch.
    pub(super) fn unix(&self, at: Moment) -> Duration {
        self.began + at.0
    }

    /// Something happened; adds what is told of it.
    pub(super) fn observe(&mut self, at: Moment, event: &CallEvent<'_>, told: &mut Vec<Event>) {
        match *event {
            CallEvent::Agent(state) => {
                let new = agent_state(state);
                let old = mem::replace(&mut self.agent_state, new);
                let change = told::AgentStateChanged { old_state: old.into(), new_state: new.into() };
                told.push(Event::AgentStateChanged(change));
            }
            CallEvent::User(state) => {
                let new = user_state(state);
                let old = mem::replace(&mut self.user_state, new);
                let change = told::UserStateChanged { old_state: old.into(), new_state: new.into() };
                told.push(Event::UserStateChanged(change));
            }
            CallEvent::Transcript { text, is_final, .. } => {
                told.push(Event::UserInputTranscribed(told::UserInputTranscribed {
                    transcript: text.to_owned(),
                    is_final,
                    language: None,
                }));
            }
            CallEvent::HandedOff { from, to } => self.hand_off(at, from, to, told),
            CallEvent::Message { role, text, interrupted } => self.say(at, role, text, interrupted, told),
            CallEvent::ToolCalled { reply, call } => self.call(at, reply, call, told),
            CallEvent::ToolEnded { reply, call, name, end, output, .. } => {
                let output = wire::FunctionCallOutput {
                    id: self.next_id(),
                    name: name.to_owned(),
                    call_id: call.to_owned(),
                    output: output.to_owned(),
                    is_error: end != ToolEnd::Returned,
                    created_at: Some(timestamp(self.unix(at))),
                };
                self.end_call(reply, output, end, told);
            }
            CallEvent::ToolsExecuted { reply, .. } => {
                let Round { calls, outputs } = self.rounds.remove(&reply).unwrap_or_default();
                let executed =
                    told::FunctionToolsExecuted { function_calls: calls, function_call_outputs: outputs };
                told.push(Event::FunctionToolsExecuted(executed));
            }
            CallEvent::PlayoutStarted { llm_ttft, tts_ttfb, .. } => {
                self.reply = MetricsReport {
                    llm_node_ttft: seconds(llm_ttft),
                    tts_node_ttfb: seconds(tts_ttfb),
                    ..MetricsReport::default()
                };
            }
            CallEvent::PlayoutResumed { .. } => {
                told.push(Event::AgentFalseInterruption(told::AgentFalseInterruption { resumed: true }));
            }
            CallEvent::WordsSetAside { .. } => {
                told.push(Event::OverlappingSpeech(told::OverlappingSpeech {
                    is_interruption: false,
                    detected_at: Some(timestamp(self.unix(at))),
                    ..told::OverlappingSpeech::default()
                }));
            }
            CallEvent::TurnCommitted { end_of_turn_delay, transcription_delay, .. } => {
                self.turn = MetricsReport {
                    end_of_turn_delay: seconds(end_of_turn_delay),
                    transcription_delay: seconds(transcription_delay),
                    ..MetricsReport::default()
                };
            }
            CallEvent::Latency(latency) => self.reply.e2e_latency = seconds(latency.end_to_end),
            CallEvent::Failed { component, kind, .. } => {
                let message = format!("{}: {}", component.name(), kind.name());
                told.push(Event::Error(told::Error { message }));
            }
            CallEvent::Used { component, provider, usage } => {
                let (name, model) = provider.map_or(("", ""), |who| (who.provider, &who.model));
                *self.used.entry((component, name, model.to_owned())).or_default() += usage;
                let usage = Some(super::wire::usage(&self.used));
                told.push(Event::SessionUsageUpdated(told::SessionUsageUpdated { usage }));
            }
            CallEvent::SpeechCreated { .. }
            | CallEvent::PlayoutPaused { .. }
            | CallEvent::PlayoutFinished { .. }
            | CallEvent::TranscriptMissed { .. }
            | CallEvent::TurnTooLong { .. }
            | CallEvent::SpeculationBegun
            | CallEvent::SpeculationUsed
            | CallEvent::SpeculationWasted { .. }
            | CallEvent::TurnEnded { .. }
            | CallEvent::Closed { .. } => {}
        }
    }

    fn hand_off(&mut self, at: Moment, from: Option<&str>, to: &str, told: &mut Vec<Event>) {
        to.clone_into(&mut self.agent);
        let handoff = wire::AgentHandoff {
            id: self.next_id(),
            old_agent_id: from.map(str::to_owned),
            new_agent_id: to.to_owned(),
            created_at: Some(timestamp(self.unix(at))),
        };
        self.add(Item::AgentHandoff(handoff), told);
    }

    fn say(&mut self, at: Moment, role: Role, text: &str, interrupted: bool, told: &mut Vec<Event>) {
        let delays = match role {
            Role::User => mem::take(&mut self.turn),
            Role::Assistant => mem::take(&mut self.reply),
        };
        let metrics = (delays != MetricsReport::default()).then_some(delays);
        let said = message(self.next_id(), role, text, self.unix(at));
        self.add(Item::Message(wire::ChatMessage { interrupted, metrics, ..said }), told);
    }

    fn call(&mut self, at: Moment, reply: ReplyId, made: &ToolCall, told: &mut Vec<Event>) {
        let made = call(self.next_id(), made.clone(), Some(self.unix(at)));
        if self.rounds.len() >= ROUNDS && !self.rounds.contains_key(&reply) {
            self.rounds.pop_first();
        }
        self.rounds.entry(reply).or_default().calls.push(made.clone());
        self.add(Item::FunctionCall(made.clone()), told);
        let started = execution::Started { function_call: Some(made) };
        told.push(updated(execution::Update::Started(started)));
    }

    fn end_call(
        &mut self,
        reply: ReplyId,
        output: wire::FunctionCallOutput,
        end: ToolEnd,
        told: &mut Vec<Event>,
    ) {
        // What nobody waited for comes after its round.
        if let Some(round) = self.rounds.get_mut(&reply) {
            round.outputs.push(output.clone());
        }
        let ended = execution::Ended {
            id: output.call_id.clone(),
            call_id: output.call_id.clone(),
            message: (end != ToolEnd::Cancelled && !output.output.is_empty()).then(|| output.output.clone()),
            status: tool_status(end).into(),
        };
        self.add(Item::FunctionCallOutput(output), told);
        told.push(updated(execution::Update::Ended(ended)));
    }

    fn add(&mut self, added: Item, told: &mut Vec<Event>) {
        let added = item(added);
        self.items.push(added.clone());
        told.push(Event::ConversationItemAdded(told::ConversationItemAdded { item: Some(added) }));
    }

    fn next_id(&mut self) -> String {
        self.n_items += 1;
        format!("item_{}", self.n_items)
    }
}

const fn updated(update: execution::Update) -> Event {
    Event::ToolExecutionUpdated(told::ToolExecutionUpdated { update: Some(update) })
}

fn seconds(delay: Option<Duration>) -> Option<f64> {
    delay.map(|delay| delay.as_secs_f64())
}
