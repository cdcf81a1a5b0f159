//! What the turn machine orders, done.

use agent_turn::{CancelReason, Input, Output, PlayoutFact, ReplyId};

use super::{Call, Playing, turns::Held};
use crate::{Body, CallEvent, SpeechEnd};

impl<B: Body> Call<B> {
    pub(super) fn obey(&mut self, order: Output) {
        match order {
            Output::CommitTurn { turn, speaker: _, source, speech_end, last_final } => {
                self.commit(turn, source, speech_end, last_final);
            }
            Output::EndTurn { turn, end } => self.end_turn(turn, end),
            Output::BeginReply { reply, cause, speculative } => self.begin(reply, cause, speculative),
            Output::ConfirmReply { reply, turn: _ } => self.confirm(reply),
            Output::CancelReply { reply, reason } => self.cancel(reply, reason),
            Output::StartPlayout { reply, paused } => self.start_playout(reply, paused),
            Output::PausePlayout { reply } => {
                let now = self.now();
                if self.plays(reply) {
                    self.body.pause();
                }
                if let Some(making) = self.replies.iter_mut().find(|making| making.id == reply) {
                    making.captions.pause(now);
                }
                self.tally.tell(now, CallEvent::PlayoutPaused { reply });
            }
            Output::ResumePlayout { reply } => {
                let now = self.now();
                if self.plays(reply) {
                    self.body.resume();
                }
                if let Some(making) = self.replies.iter_mut().find(|making| making.id == reply) {
                    making.captions.resume(now);
                }
                self.tally.tell(now, CallEvent::PlayoutResumed { reply });
            }
            Output::StopPlayout { reply } => {
                self.toolbox.interrupt(reply);
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
            // Nobody judges pauses here, and only one speaker is heard.
            Output::JudgePause { .. }
            | Output::FlushVoice { .. }
            | Output::SetAside { .. }
            | Output::TakeBack { .. }
            | Output::ForgetWords { .. }
            | Output::Tell(_) => {}
            Output::Close { reason } => {
                self.replies.clear();
                self.closing = Some(reason);
            }
        }
    }

    fn cancel(&mut self, reply: ReplyId, reason: CancelReason) {
        self.toolbox.interrupt(reply);
        self.replies.retain(|making| making.id != reply);
        self.held.take_if(|held| held.reply() == reply);
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

    /// A speculative reply is the reply; it may be heard, unless a hook is yet to say so.
    pub(super) fn confirm(&mut self, reply: ReplyId) {
        if self.considers() {
            self.held = Some(Held::Speculative(reply));
            return;
        }
        self.tally.speculated(true);
        if let Some(making) = self.reply(reply) {
            making.confirm();
        }
        self.start_tools(reply);
    }

    fn plays(&self, reply: ReplyId) -> bool {
        self.playing.as_ref().is_some_and(|playing| playing.reply == reply)
    }

    fn start_playout(&mut self, reply: ReplyId, paused: bool) {
        let now = self.now();
        let segment = self.next_segment();
        let Some(making) = self.replies.iter_mut().find(|making| making.id == reply) else { return };
        self.body.begin(reply, making.rate());
        if paused {
            self.body.pause();
        }
        self.playing = Some(Playing { reply, segment, told: now, is_dismissed: false });
        let is_finished = making.is_finished();
        self.hand_over(reply);
        if is_finished {
            self.body.finish();
        }
    }
}
