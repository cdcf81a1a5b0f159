//! What the turn machine orders, done.

use agent_turn::{
    Input, Moment, Output, PlayoutFact, ReplyCause, ReplyId, Suppression, TurnEnd, TurnId, TurnSource,
};
use providers_core::{ChatMessage, ChatRequest, ToolChoice};

use super::{Call, OpenTurn, Playing, between};
use crate::{Body, CallEvent, Latency, Role, Speech, SpeechSource, making::Making};

impl<B: Body> Call<B> {
    pub(super) fn obey(&mut self, order: Output) {
        match order {
            Output::CommitTurn { turn, source, speech_end, last_final } => {
                self.commit(turn, source, speech_end, last_final);
            }
            Output::EndTurn { turn, end } => self.end_turn(turn, end),
            Output::BeginReply { reply, cause, speculative } => self.begin(reply, cause, speculative),
            Output::ConfirmReply { reply, turn: _ } => self.confirm(reply),
            Output::CancelReply { reply, reason: _ } => self.replies.retain(|making| making.id != reply),
            Output::StartPlayout { reply } => self.start_playout(reply),
            Output::PausePlayout { reply } => {
                self.body.pause();
                self.tally.tell(self.now(), CallEvent::PlayoutPaused { reply });
            }
            Output::ResumePlayout { reply } => {
                self.body.resume();
                self.tally.tell(self.now(), CallEvent::PlayoutResumed { reply });
            }
            Output::StopPlayout { reply } => {
                let heard = self.body.stop();
                if self.playing.as_ref().is_some_and(|playing| !playing.is_dismissed) {
                    self.tally.interrupted();
                }
                self.end_playout(reply, heard, false);
                self.facts.push_back(Input::Playout(reply, PlayoutFact::Finished { heard }));
            }
            // The history was cut when the body stopped, so that a reply begun meanwhile knows what was heard.
            Output::TruncateReply { .. } => {}
            Output::ShowAgent(state) => {
                self.body.show_agent(state);
                self.tally.tell(self.now(), CallEvent::Agent(state));
            }
            Output::ShowUser(state) => self.tally.tell(self.now(), CallEvent::User(state)),
            Output::Close { reason } => {
                self.replies.clear();
                self.closing = Some(reason);
            }
        }
    }

    fn commit(
        &mut self,
        turn: TurnId,
        source: TurnSource,
        speech_end: Option<Moment>,
        last_final: Option<Moment>,
    ) {
        let now = self.now();
        let text = match source {
            TurnSource::Spoken => {
                let turn = self.hearing.take_turn();
                if let Some((segment, interim)) = turn.unfinished {
                    self.body.show_user_words(segment, &interim, true);
                }
                turn.text
            }
            TurnSource::Typed => self.typed.take().unwrap_or_default(),
        };
        self.history.user(&text);
        self.turns.insert(turn, OpenTurn { committed: now, speech_end });
        let transcription_delay = speech_end.and_then(|end| between(end, last_final?));
        let end_of_turn_delay = speech_end.and_then(|end| between(end, now));
        self.tally.tell(now, CallEvent::TurnCommitted { turn, end_of_turn_delay, transcription_delay });
        self.tally.tell(now, CallEvent::Message { role: Role::User, text: &text, interrupted: false });
    }

    fn end_turn(&mut self, turn: TurnId, end: TurnEnd) {
        let now = self.now();
        let open = self.turns.remove(&turn);
        self.tally.tell(now, CallEvent::TurnEnded { turn, end });
        match (end, open) {
            (TurnEnd::Replied(reply), Some(open)) => self.tell_latency(reply, &open),
            (TurnEnd::Suppressed(Suppression::Failed | Suppression::TimedOut), _) => self.apologise(),
            (TurnEnd::Replied(_) | TurnEnd::Closed, _)
            | (TurnEnd::Suppressed(Suppression::Superseded | Suppression::Stopped | Suppression::Empty), _) =>
                {}
        }
    }

    fn apologise(&mut self) {
        if let Some(apology) = self.config.errors.apology.clone() {
            self.ask_to_speak(Speech::Words(apology), true);
        }
    }

    fn tell_latency(&mut self, reply: ReplyId, open: &OpenTurn) {
        let now = self.now();
        let Some(times) = self.reply(reply).map(|making| making.times) else { return };
        let since = |from: Option<Moment>, to: Option<Moment>| between(from?, to?);
        self.tally.tell(
            now,
            CallEvent::Latency(Latency {
                end_to_end: since(open.speech_end, Some(now)),
                after_commit: now.since(open.committed),
                llm_ttft: since(Some(times.asked), times.first_piece),
                tts_ttfb: since(times.first_text, times.first_sample),
            }),
        );
    }

    fn begin(&mut self, reply: ReplyId, cause: ReplyCause, speculative: bool) {
        let now = self.now();
        let making = match cause {
            ReplyCause::Turn => {
                self.tally.tell(now, CallEvent::SpeechCreated { source: SpeechSource::Generate });
                let said = speculative.then(|| ChatMessage::User { text: self.hearing.so_far().to_owned() });
                let answer = self.llm.answer(self.request(said, ToolChoice::Auto));
                Making::thought(reply, answer, speculative, now)
            }
            ReplyCause::Functions { of, step } => {
                self.tell_tools(of);
                self.tally.tell(now, CallEvent::SpeechCreated { source: SpeechSource::Tool });
                let may = step < self.config.max_tool_steps;
                let choice = if may { ToolChoice::Auto } else { ToolChoice::None };
                let answer = self.llm.answer(self.request(None, choice));
                Making::thought(reply, answer, false, now)
            }
            ReplyCause::Requested(request) => match self.requests.remove(&request) {
                Some(Speech::Instructed(text)) => {
                    let answer =
                        self.llm.answer(self.request(Some(ChatMessage::System { text }), ToolChoice::Auto));
                    Making::thought(reply, answer, false, now)
                }
                Some(Speech::Words(words)) => Making::given(reply, &words, now),
                None => Making::given(reply, "", now),
            },
        };
        if speculative {
            self.tally.speculated(false);
        }
        self.replies.push(making);
    }

    /// What the mind is asked: the instructions, the conversation as it was heard, and what is not in it yet.
    fn request(&self, last: Option<ChatMessage>, tool_choice: ToolChoice) -> ChatRequest {
        let mut messages = self.history.messages();
        messages.insert(0, ChatMessage::System { text: self.config.instructions.clone() });
        messages.extend(last);
        ChatRequest {
            messages,
            tools: self.toolbox.specs().to_vec(),
            tool_choice,
            options: self.config.generation.clone(),
        }
    }

    fn confirm(&mut self, reply: ReplyId) {
        self.tally.speculated(true);
        if let Some(making) = self.reply(reply) {
            making.confirm();
        }
        self.start_tools(reply);
    }

    fn start_playout(&mut self, reply: ReplyId) {
        let now = self.now();
        let segment = self.next_segment();
        let Some(making) = self.replies.iter_mut().find(|making| making.id == reply) else { return };
        self.body.begin(reply, making.rate());
        self.playing = Some(Playing { reply, segment, told: now, is_dismissed: false });
        let is_finished = making.is_finished();
        self.hand_over(reply);
        if is_finished {
            self.body.finish();
        }
    }
}
