//! How a story grows, fact by fact and order by order.

use std::time::Duration;

use agent_turn::{
    AgentState, Input, Machine, Moment, Output, PlayoutFact, ReplyCause, ReplyFact, ReplyId, SpeakerId,
    SpeechKind, Told, TurnSource, UserFact, UserState,
};
use serde_json::json;

use super::{Made, Said, Story};
use crate::event::{Event, seconds};

/// How many functions of one reply are retold; a call refuses more.
const MOST_CALLS: usize = 64;

impl Story {
    pub(super) fn on_fact(&mut self, at: Moment, fact: Input) {
        self.end = at;
        match fact {
            Input::User(SpeakerId::LINKED, fact) => self.on_user(at, fact),
            Input::User(_, _) => self.leave_out("what others than the linked speaker did"),
            Input::Reply(reply, fact) => self.on_reply(at, reply, fact),
            Input::Playout(reply, fact) => self.on_playout(at, reply, fact),
            Input::Told(told) => self.on_told(at, told),
        }
    }

    fn on_user(&mut self, now: Moment, fact: UserFact) {
        match fact {
            UserFact::SpeechStarted { at } => {
                let number = self.said.len() + 1;
                self.said.push(Said {
                    start: at,
                    end: None,
                    words: 0,
                    guessed: 0,
                    understood: None,
                    asked: None,
                    judged: None,
                    number,
                });
            }
            UserFact::SpeechStopped { at } => {
                self.hangover.get_or_insert(after(at, now));
                if let Some(said) = self.said.last_mut() {
                    said.end = Some(at);
                }
            }
            UserFact::InterimHeard { words, .. } | UserFact::PreflightHeard { words } => {
                if let Some(said) = self.said.last_mut() {
                    said.guessed = words;
                }
            }
            UserFact::FinalHeard { words, .. } => self.understand(now, words),
            UserFact::PauseJudged { score, .. } => {
                if let Some(said) = self.said.last_mut() {
                    let latency = said.asked.map_or(Duration::ZERO, |asked| after(asked, now));
                    said.judged = Some((score.complete_permille, latency));
                }
            }
            UserFact::Typed => {
                let text = format!("typed {}", self.deeds.len() + 1);
                self.deeds.push((now, format!("do = \"text_input\", text = \"{text}\"")));
                self.typed = Some(text);
            }
            UserFact::PatienceAsked | UserFact::OverlapJudged { .. } => {
                self.leave_out("judgements of words");
            }
            UserFact::RecogniserStarted
            | UserFact::RecogniserStopped
            | UserFact::SpeechLapsed { .. }
            | UserFact::SpeechRevived
            | UserFact::JudgementFailed { .. }
            | UserFact::Joined { .. }
            | UserFact::Left => {}
        }
    }

    fn understand(&mut self, now: Moment, words: u32) {
        let Some(said) = self.said.last_mut() else { return self.leave_out("words without a voice") };
        said.words += words;
        said.understood = Some(now);
        if !self.open.is_empty() && self.open_from == Some(said.number) {
            self.open.truncate(self.open_at);
        }
        self.open_at = self.open.len();
        self.open_from = Some(said.number);
        if !self.open.is_empty() {
            self.open.push(' ');
        }
        self.open.push_str(&said.text());
    }

    fn on_reply(&mut self, now: Moment, reply: ReplyId, fact: ReplyFact) {
        let Some(made) = self.replies.get_mut(&reply) else { return };
        match fact {
            ReplyFact::Ready => made.ready = Some(now),
            ReplyFact::FunctionsCalled { functions } => {
                made.called.get_or_insert(now);
                let functions = usize::try_from(functions).unwrap_or(MOST_CALLS);
                made.calls = made.calls.saturating_add(functions).min(MOST_CALLS);
            }
            ReplyFact::FunctionFinished => made.took.push(now.since(made.ran.unwrap_or(now))),
            ReplyFact::Finished { .. } => made.finished = Some(now),
            ReplyFact::Failed => self.leave_out("failures of providers"),
        }
    }

    fn on_playout(&mut self, now: Moment, reply: ReplyId, fact: PlayoutFact) {
        match fact {
            PlayoutFact::Started => self.tell(now, "playout_started", Vec::new()),
            PlayoutFact::Progressed { .. } => {}
            PlayoutFact::Finished { heard } => {
                let Some(made) = self.replies.get_mut(&reply) else { return };
                made.heard = Some(heard);
                let interrupted = made.is_stopped;
                let position = ("position", seconds(heard));
                self.tell(now, "playout_finished", vec![position, ("interrupted", json!(interrupted))]);
            }
        }
    }

    fn on_told(&mut self, now: Moment, told: Told) {
        let deed = match told {
            Told::Speak { request, kind, manner } => {
                if kind == SpeechKind::Said {
                    self.given.insert(request);
                }
                let what = match kind {
                    SpeechKind::Said => format!("do = \"say\", text = \"{request}\""),
                    SpeechKind::Generated => format!("do = \"generate_reply\", instructions = \"{request}\""),
                };
                format!("{what}, allow_interruptions = {}", manner.interruptible)
            }
            Told::Stop { force } => format!("do = \"interrupt\", force = {force}"),
            Told::CommitTurn { answer, wait, .. } => format!(
                "do = \"commit_user_turn\", skip_reply = {}, transcript_timeout = {}",
                !answer,
                seconds(wait)
            ),
            Told::ClearTurn { .. } => "do = \"clear_user_turn\"".to_owned(),
            Told::Drain { .. } => "do = \"close\", drain = true".to_owned(),
            Told::Close { .. } => "do = \"close\"".to_owned(),
            Told::Withdraw { .. } => return self.leave_out("speeches taken back"),
            Told::Considered { .. } | Told::Profile(_) | Told::Hold | Told::Release => {
                return self.leave_out("what agents decide");
            }
            Told::Budget { .. } => return,
        };
        self.deeds.push((now, deed));
    }

    /// What the machine ordered.
    pub(super) fn follow(&mut self, now: Moment, machine: &mut Machine) {
        self.end = self.end.max(now);
        while let Some(order) = machine.poll_output() {
            self.on_order(now, order);
        }
    }

    fn on_order(&mut self, now: Moment, order: Output) {
        match order {
            Output::CommitTurn { source, .. } => {
                self.committed = match source {
                    TurnSource::Spoken => self.take_words(),
                    TurnSource::Typed => self.typed.take().unwrap_or_default(),
                };
                self.open_from = None;
            }
            Output::BeginReply { reply, cause, speculative } => self.begin(now, reply, cause, speculative),
            Output::ConfirmReply { reply, .. } => {
                if let Some(made) = self.replies.get_mut(&reply) {
                    made.confirmed = Some(now);
                }
            }
            Output::RunFunctions { reply } => {
                if let Some(made) = self.replies.get_mut(&reply) {
                    made.ran.get_or_insert(now);
                }
            }
            Output::PausePlayout { .. } => self.tell(now, "playout_paused", Vec::new()),
            Output::ResumePlayout { .. } => self.tell(now, "playout_resumed", Vec::new()),
            Output::StopPlayout { reply } => {
                if let Some(made) = self.replies.get_mut(&reply) {
                    made.is_stopped = true;
                }
            }
            Output::ShowAgent(state) => {
                let value = match state {
                    AgentState::Listening => "listening",
                    AgentState::Thinking => "thinking",
                    AgentState::Speaking => "speaking",
                };
                self.tell(now, "agent_state", vec![("value", json!(value))]);
            }
            Output::ShowUser(state) => {
                let value = match state {
                    UserState::Listening => "listening",
                    UserState::Speaking => "speaking",
                    UserState::Away => "away",
                };
                self.tell(now, "user_state", vec![("value", json!(value))]);
            }
            Output::JudgePause { speaker: SpeakerId::LINKED, .. } => {
                if let Some(said) = self.said.last_mut() {
                    said.asked = Some(now);
                }
            }
            Output::ForgetWords { .. } => self.open.clear(),
            Output::CancelReply { .. }
            | Output::StartPlayout { .. }
            | Output::TruncateReply { .. }
            | Output::EndTurn { .. }
            | Output::JudgePause { .. }
            | Output::FlushVoice { .. }
            | Output::SetAside { .. }
            | Output::TakeBack { .. }
            | Output::Tell(_)
            | Output::Close { .. } => {}
        }
    }

    /// The words of the open turn, also those of which no final transcript came.
    fn take_words(&mut self) -> String {
        let mut words = std::mem::take(&mut self.open);
        if let Some(said) = self.said.last().filter(|said| said.words == 0 && said.guessed > 0) {
            let gap = if words.is_empty() { "" } else { " " };
            words = format!("{words}{gap}{}", said.text());
        }
        words
    }

    fn begin(&mut self, begun: Moment, reply: ReplyId, cause: ReplyCause, speculative: bool) {
        let to = match cause {
            ReplyCause::Turn { .. } if speculative => self.open.clone(),
            ReplyCause::Turn { .. } => self.committed.clone(),
            ReplyCause::Functions { of, .. } => {
                let calls = self.replies.get(&of).map_or(0, |made| made.calls);
                output(of, calls)
            }
            ReplyCause::Requested(request) => request.to_string(),
            ReplyCause::Filler { .. } => return self.leave_out("fillers"),
        };
        self.replies.insert(
            reply,
            Made {
                begun,
                to,
                confirmed: (!speculative).then_some(begun),
                ready: None,
                finished: None,
                called: None,
                calls: 0,
                ran: None,
                took: Vec::new(),
                heard: None,
                is_stopped: false,
                is_given: matches!(cause, ReplyCause::Requested(request) if self.given.contains(&request)),
            },
        );
    }

    fn tell(&mut self, at: Moment, name: &'static str, fields: Vec<(&'static str, serde_json::Value)>) {
        self.events.push(Event { at: at.0, name, fields });
    }

    fn leave_out(&mut self, what: &'static str) {
        self.untold.insert(what);
    }
}

/// What stands for the output of a reply's function, counted from 1.
pub(super) fn output(reply: ReplyId, number: usize) -> String {
    format!("output {number} of {reply}")
}

/// How long after `from` it was; nothing if it was before.
pub(super) fn after(from: Moment, to: Moment) -> Duration {
    to.0.saturating_sub(from.0)
}
