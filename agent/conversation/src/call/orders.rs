//! What the turn machine orders, done.

use agent_turn::{
    AgentState, CancelReason, DropReason, Input, News, Output, PlayoutFact, ReplyId, RequestId,
};
use providers_core::Usage;

use super::{Call, Playing};
use crate::{Body, CallEvent, Component, SoundSlot, SpeechEnd, live::Taken, making::Making};

impl<B: Body> Call<B> {
    pub(super) fn obey(&mut self, order: Output) {
        match order {
            Output::CommitTurn { turn, speaker, source, speech_end, last_final } => {
                self.commit(turn, speaker, source, speech_end, last_final);
            }
            Output::EndTurn { turn, end } => self.end_turn(turn, end),
            Output::BeginReply { reply, cause, speculative } => self.begin(reply, cause, speculative),
            Output::ConfirmReply { reply, turn: _ } => self.confirm(reply),
            Output::CancelReply { reply, reason } => self.cancel(reply, reason),
            Output::RunFunctions { reply } => self.run_tools(reply),
            Output::StartPlayout { reply, paused } => self.start_playout(reply, paused),
            Output::PausePlayout { reply } => self.pause(reply),
            Output::ResumePlayout { reply } => self.resume(reply),
            Output::StopPlayout { reply } => self.stop_playout(reply),
            // The history was cut when the body stopped, so that a reply begun meanwhile knows what was heard.
            Output::TruncateReply { .. } => {}
            Output::JudgePause { speaker, pause } => self.judge_pause(speaker, pause),
            Output::FlushVoice { speaker } => {
                self.body.flush_voice(speaker);
                self.count_flushed_voice(speaker);
            }
            Output::SetAside { speaker, words, verdict } => self.set_aside(speaker, words, verdict),
            Output::TakeBack { speaker } => {
                if let Some(listener) = self.people.get_mut(&speaker) {
                    listener.hearing.take_back();
                }
            }
            Output::ForgetWords { speaker } => {
                if let Some(listener) = self.people.get_mut(&speaker) {
                    listener.end_turn();
                    if let Some((segment, text)) = listener.hearing.forget() {
                        self.body.show_user_words(speaker, segment, &text, true);
                    }
                }
                if let Some(live) = self.live_of(speaker) {
                    live.forget_turn();
                }
            }
            Output::ShowAgent(state) => self.show_agent(state),
            Output::ShowUser(state) => self.tally.tell(self.now(), CallEvent::User(state)),
            Output::Tell(news) => self.on_news_of_turns(news),
            Output::Close { reason } => {
                self.stop_considering();
                self.replies.clear();
                self.end_tools();
                self.live = None;
                self.closing = Some(reason);
            }
        }
    }

    fn show_agent(&mut self, state: AgentState) {
        self.body.show_agent(state);
        let thinking = self.sounds.thinking.as_ref().filter(|_| state == AgentState::Thinking);
        self.body.set_sound(SoundSlot::Thinking, thinking);
        self.tally.tell(self.now(), CallEvent::Agent(state));
    }

    fn on_news_of_turns(&mut self, news: News) {
        match news {
            News::TranscriptMissed { speaker, recovered } => {
                self.tally.tell(self.now(), CallEvent::TranscriptMissed { speaker, recovered });
                if let Some(live) = self.live_of(speaker).filter(|_| recovered == 0) {
                    live.forget_turn();
                }
                let listener = self.people.get_mut(&speaker);
                if listener.is_some_and(|listener| listener.hearing.missed(recovered)) {
                    self.apologise_to(speaker);
                }
            }
            News::TurnTooLong { speaker, words, duration } => {
                self.tally.tell(self.now(), CallEvent::TurnTooLong { speaker, words, duration });
                self.start_exceeding();
            }
            News::RequestDropped { request, reason } => self.drop_request(request, reason),
        }
    }

    fn drop_request(&mut self, request: RequestId, reason: DropReason) {
        self.end_request(
            request,
            match reason {
                DropReason::Interrupted | DropReason::Superseded => SpeechEnd::Interrupted,
                DropReason::Withdrawn | DropReason::Full | DropReason::Closed => SpeechEnd::Dropped,
            },
        );
    }

    fn cancel(&mut self, reply: ReplyId, reason: CancelReason) {
        self.interrupt_tools(reply);
        if let Some(at) = self.replies.iter().position(|making| making.id == reply) {
            let making = self.replies.swap_remove(at);
            if let Some(live) = &mut self.live {
                live.cut(reply, Taken::NOTHING);
            }
            self.count_waste(&making);
        }
        self.end_speech(
            reply,
            match reason {
                CancelReason::Outdated | CancelReason::Interrupted | CancelReason::Stopped => {
                    SpeechEnd::Interrupted
                }
                CancelReason::TimedOut => SpeechEnd::Failed,
                CancelReason::Closed => SpeechEnd::Dropped,
            },
        );
    }

    /// A speculative reply that is not used was paid for all the same.
    pub(super) fn count_waste(&mut self, making: &Making) {
        // What a realtime model is to answer is not begun before it is confirmed.
        if !making.is_speculative() || making.is_fed() {
            return;
        }
        let (llm, tts) = (making.thinking_cost(), making.speaking_cost());
        let prices = &self.config.prices;
        let mut cost = prices.cost(Component::Llm, llm);
        cost += prices.cost(Component::Tts, tts);
        let mut usage: Usage = llm;
        usage += tts;
        self.tally.tell(self.now(), CallEvent::SpeculationWasted { usage, cost });
        let total = self.tally.wasted();
        if self.config.speculation_budget.is_some_and(|budget| total >= budget) {
            self.facts.push_back(Input::Told(agent_turn::Told::Budget { left: false }));
        }
    }

    /// A speculative reply is the reply. It is thought of anew if anything that it was made from has changed: a note, a
    /// tool's output, the agent, or the words themselves.
    fn confirm(&mut self, reply: ReplyId) {
        self.stop_considering();
        let revision = self.revision();
        let Some(making) = self.reply(reply) else { return };
        if making.is_made_from(revision) {
            making.confirm();
            let made = making.progress();
            self.facts.extend(made.map(|fact| Input::Reply(reply, fact)));
            self.tally.tell(self.now(), CallEvent::SpeculationUsed);
            return self.end_if_silent(reply);
        }
        if let Some(at) = self.replies.iter().position(|making| making.id == reply) {
            let outdated = self.replies.swap_remove(at);
            self.count_waste(&outdated);
        }
        let making = self.answer_turn(reply, None);
        self.replies.push(making);
    }

    fn start_playout(&mut self, reply: ReplyId, paused: bool) {
        let now = self.now();
        let segment = self.next_segment();
        let Some(making) = self.replies.iter_mut().find(|making| making.id == reply) else { return };
        self.body.begin(reply, making.rate());
        if paused {
            self.body.pause();
        }
        self.playing = Some(Playing { reply, segment, began: None, told: now, is_dismissed: false });
        let is_finished = making.is_finished();
        self.hand_over(reply);
        if is_finished {
            self.body.finish();
        }
    }

    fn plays(&self, reply: ReplyId) -> bool {
        self.playing.as_ref().is_some_and(|playing| playing.reply == reply)
    }

    /// Silences a reply. One that was not started is only said to wait: it will be started paused.
    fn pause(&mut self, reply: ReplyId) {
        let now = self.now();
        if self.plays(reply) {
            self.body.pause();
            if let Some(making) = self.reply(reply) {
                making.captions.pause(now);
            }
        }
        self.tally.tell(now, CallEvent::PlayoutPaused { reply });
    }

    fn resume(&mut self, reply: ReplyId) {
        let now = self.now();
        if self.plays(reply) {
            self.body.resume();
            if let Some(making) = self.reply(reply) {
                making.captions.resume(now);
            }
        }
        self.tally.tell(now, CallEvent::PlayoutResumed { reply });
    }

    fn stop_playout(&mut self, reply: ReplyId) {
        self.interrupt_tools(reply);
        let heard = self.body.stop();
        if self.playing.as_ref().is_some_and(|playing| !playing.is_dismissed) {
            self.tally.interrupted();
        }
        self.end_playout(reply, heard, false);
        self.facts.push_back(Input::Playout(reply, PlayoutFact::Finished { heard }));
    }
}
