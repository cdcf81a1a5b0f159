//! A realtime model as mind, voice and perhaps ear of the call: what it notices told to the turn machine, what it says
//! brought to the replies, and what it must know told to it.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use agent_turn::{Input, ReplyFact, ReplyId, SpeakerId, State, UserFact};
use providers_core::{AnswerWish, ChatMessage, ErrorKind, ToolChoice};
use tracing::debug;

use super::Call;
use crate::{
    Body, CallEvent, Component, LiveTurns, Role, Segment, SpeechEnd,
    active::Active,
    live::{Live, News, Piece, UserAudio},
    making::{self, Making},
};

impl<B: Body> Call<B> {
    /// How the turns of this person are found, if they talk with a realtime model.
    pub(super) fn live_turns(&self, speaker: SpeakerId) -> Option<LiveTurns> {
        let live = self.live.as_ref().filter(|_| speaker == SpeakerId::LINKED);
        live.map(Live::turns)
    }

    /// The session, if this person talks with it.
    pub(super) fn live_of(&mut self, speaker: SpeakerId) -> Option<&mut Live> {
        self.live.as_mut().filter(|_| speaker == SpeakerId::LINKED)
    }

    /// Has the realtime model know what it has not heard or said itself.
    pub(super) fn inform(&mut self, message: ChatMessage) {
        if let Some(live) = &mut self.live {
            live.add(message);
        }
    }

    pub(super) fn poll_live(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(live) = &mut self.live else { return false };
        let replies = &self.replies;
        live.keep_only(|reply| replies.iter().any(|making| making.id == reply));
        let Poll::Ready(news) = live.poll(cx) else { return false };
        if !matches!(news, News::Due | News::Lost { .. } | News::Piece(_, Piece::Failed(_))) {
            self.tally.works(Component::Realtime);
        }
        match news {
            News::More => {}
            News::Due => self.open_live(),
            News::Piece(reply, piece) => self.feed(reply, piece),
            News::SpeechStarted => self.user(SpeakerId::LINKED, UserFact::RecogniserStarted),
            News::SpeechEnded => {
                let (revision, words) = (self.revision(), self.words_of_voice());
                if let Some(live) = &mut self.live {
                    live.note_end(revision);
                }
                self.user(SpeakerId::LINKED, UserFact::FinalHeard { words, foreseen: false });
                self.user(SpeakerId::LINKED, UserFact::RecogniserStopped);
            }
            News::Transcript { audio, text, is_final } => self.on_transcript(audio, &text, is_final),
            News::Used(usage) => self.tell_used(Component::Realtime, usage),
            News::Lost { kind, message, broken } => {
                self.on_failure(Component::Realtime, kind, &message, true);
                for reply in broken {
                    self.break_off(reply, kind);
                }
                self.end_lost_speech();
            }
        }
        true
    }

    /// Nobody will say that speech has ended which a session heard that is gone.
    fn end_lost_speech(&mut self) {
        if self.live.as_mut().is_some_and(Live::take_lost_speech) {
            self.facts.push_back(Input::User(SpeakerId::LINKED, UserFact::RecogniserStopped));
        }
    }

    /// Opens a session, which is told the conversation so far.
    fn open_live(&mut self) {
        self.end_lost_speech();
        for reply in self.live.as_mut().map(Live::unbegun).unwrap_or_default() {
            if let Some(making) = self.reply(reply) {
                making.feed_anew();
            }
        }
        let by = self.active.clone();
        let tools = self.toolbox.specs();
        let mut history = self.request(&by, None, tools, ToolChoice::Auto).messages;
        history.drain(..1);
        if let Some(live) = &mut self.live {
            live.open(history);
        }
    }

    fn feed(&mut self, reply: ReplyId, piece: Piece) {
        let now = self.now();
        let Some(making) = self.reply(reply) else { return };
        let news = making.feed(piece, now);
        match news {
            making::News::Thought => self.tell_calls(reply),
            other @ (making::News::Audio { .. }
            | making::News::Finished { .. }
            | making::News::Failed { .. }
            | making::News::Used { .. }
            | making::News::GivenUp
            | making::News::More) => self.on_news(reply, other),
        }
    }

    /// The session broke in the middle of a reply: what has come of it is heard. The failure itself was told.
    fn break_off(&mut self, reply: ReplyId, kind: ErrorKind) {
        let now = self.now();
        let Some(making) = self.reply(reply) else { return };
        let news = making.break_feeding(kind, String::new(), now);
        if matches!(news, making::News::Failed { is_final: true, .. }) {
            self.replies.retain(|making| making.id != reply);
            self.end_speech(reply, SpeechEnd::Failed);
            self.tell(Input::Reply(reply, ReplyFact::Failed));
        }
    }

    /// The model tells what a turn said, perhaps long after its answer has begun.
    fn on_transcript(&mut self, audio: UserAudio, text: &str, is_final: bool) {
        let speaker = SpeakerId::LINKED;
        let text = text.trim();
        if self.live_turns(speaker) == Some(LiveTurns::Words) || text.is_empty() {
            return;
        }
        let n_segments = &mut self.n_segments;
        let Some(live) = &mut self.live else { return };
        let segment = live.words.segment(audio, is_final, || {
            *n_segments += 1;
            Segment(*n_segments)
        });
        self.body.show_user_words(speaker, segment, text, is_final);
        self.tally.tell(self.now(), CallEvent::Transcript { speaker, text, is_final });
        if !is_final {
            return;
        }
        if self.history.transcribed(audio, text) {
            self.turn_is_told(audio);
            self.tally.tell(self.now(), CallEvent::Message { role: Role::User, text, interrupted: false });
        } else if let Some(live) = &mut self.live {
            live.words.keep(audio, text);
        }
    }

    /// A turn that only the realtime model has heard enters the history, with its words if they came already.
    pub(super) fn keep_heard(&mut self, speaker: SpeakerId, audio: UserAudio) {
        let name = self.name_of(speaker);
        self.history.user_heard(audio, name.as_deref());
        let words = self.live.as_mut().and_then(|live| live.words.take(audio));
        if let Some(text) = words.filter(|text| self.history.transcribed(audio, text)) {
            self.turn_is_told(audio);
            let event = CallEvent::Message { role: Role::User, text: &text, interrupted: false };
            self.tally.tell(self.now(), event);
        }
    }

    /// What a turn said that the model has heard is in the history.
    pub(super) fn turn_is_told(&mut self, audio: UserAudio) {
        if let Some(live) = &mut self.live {
            live.turn_is_told(audio);
        }
    }

    /// Voice activity of this length has ended, and nobody will tell its words: it counts as some if it lasted, over a
    /// reply that may be interrupted, as long as an interruption must.
    pub(super) fn on_wordless_voice(&mut self, lasted: Duration) {
        let words = self.worth_of_voice(lasted);
        self.user(SpeakerId::LINKED, UserFact::FinalHeard { words, foreseen: false });
        if words == 0
            && let Some(live) = &mut self.live
        {
            live.forget_turn();
        }
    }

    /// Whether there is an answer of which nothing was heard.
    pub(super) fn is_answer_unheard(&self) -> bool {
        matches!(self.machine.state(), State::Thinking { .. } | State::Yielding { heard: false, .. })
    }

    fn worth_of_voice(&self, lasted: Duration) -> u32 {
        let reply = match self.machine.state() {
            State::Speaking { reply, .. } | State::Yielding { reply, heard: true } => reply,
            State::Listening { .. }
            | State::UserSpeaking
            | State::Settling
            | State::Thinking { .. }
            | State::Yielding { heard: false, .. }
            | State::Closed => return 1,
        };
        let limits = &self.machine.config().interruption;
        let is_short = lasted < reply.manner.min_duration.unwrap_or(limits.min_duration);
        if reply.manner.interruptible && is_short {
            return 0;
        }
        self.words_of_voice()
    }

    /// How many words a voice counts as that is a turn: as many as an interruption needs.
    fn words_of_voice(&self) -> u32 {
        let limits = &self.machine.config().interruption;
        let reply = self.machine.state().reply();
        reply.and_then(|reply| reply.manner.min_words).unwrap_or(limits.min_words).max(1)
    }

    /// The voice activity of a speaker begins anew. Where nobody will tell the words of what was heard, they count.
    pub(super) fn count_flushed_voice(&mut self, speaker: SpeakerId) {
        let now = self.now();
        let Some(listener) = self.people.get_mut(&speaker) else { return };
        let spoke = listener.speaks_since.is_some().then(|| listener.speech(now));
        listener.speaks_since = None;
        if let (Some(lasted), Some(LiveTurns::Voice)) = (spoke, self.live_turns(speaker)) {
            let words = self.worth_of_voice(lasted);
            self.facts.push_back(Input::User(speaker, UserFact::FinalHeard { words, foreseen: false }));
        }
    }

    /// The program wants the open turn committed while the voice is still heard: what was said so far counts.
    pub(super) fn count_open_voice(&mut self, speaker: SpeakerId) {
        let speaks = self.people.get(&speaker).is_some_and(|listener| listener.speaks_since.is_some());
        if speaks && self.live_turns(speaker) == Some(LiveTurns::Voice) {
            self.user(speaker, UserFact::FinalHeard { words: 1, foreseen: false });
        }
    }

    /// A speculative reply of a realtime model is nothing until it is confirmed: a session has one course, in which
    /// nothing can be tried.
    pub(super) fn await_confirmation(&self, reply: ReplyId, by: &Active) -> Making {
        self.fed(reply, by).speculative(u64::MAX, 0, false)
    }

    /// A reply that the realtime model makes, to a turn.
    pub(super) fn answer_turn_live(&mut self, reply: ReplyId, by: &Active) -> Making {
        let making = self.fed(reply, by);
        let wish = AnswerWish { tool_choice: by.tool_choice.clone(), ..AnswerWish::default() };
        let revision = self.revision();
        if let Some(live) = &mut self.live {
            live.answer_turn(reply, wish, revision);
        }
        making
    }

    /// A reply that the realtime model makes of what the tools of another returned.
    pub(super) fn answer_tools_live(
        &mut self,
        reply: ReplyId,
        of: ReplyId,
        by: &Active,
        tool_choice: ToolChoice,
    ) -> Making {
        let mut making = self.fed(reply, by);
        making.may_call = tool_choice != ToolChoice::None;
        if let Some(live) = &mut self.live {
            live.answer_tools(reply, of, AnswerWish { tool_choice, ..AnswerWish::default() });
        }
        making
    }

    /// A reply that the realtime model makes of a wish of the program.
    pub(super) fn answer_wish_live(&mut self, reply: ReplyId, by: &Active, wish: AnswerWish) -> Making {
        let mut making = self.fed(reply, by);
        making.may_call = wish.tool_choice != ToolChoice::None;
        if let Some(live) = &mut self.live {
            live.answer(reply, wish);
        }
        making
    }

    /// Whether what this agent thinks is thought by the realtime model of the call.
    pub(super) fn is_live(&self, by: &Active) -> bool {
        by.live.is_some() && self.live.is_some()
    }

    fn fed(&self, reply: ReplyId, by: &Active) -> Making {
        let rate = self.live.as_ref().filter(|live| live.speaks()).map(Live::speaks_at);
        Making::fed(reply, rate, by.voicing.clone(), self.now())
    }

    /// Another agent has the call, or the same is another: with `anew` it does not read all that was said.
    pub(super) fn replace_live(&mut self, anew: bool) {
        let active = self.active.clone();
        let Some(model) = &active.live else {
            self.drop_live();
            return;
        };
        if let Some(live) = self.live.as_mut().filter(|live| live.is(model)) {
            return live.become_another(active.live_setup(), anew);
        }
        self.drop_live();
        let backoff = self.config.errors.realtime_backoff;
        let mut live = Live::new(model, active.live_setup(), self.body.speaks(), backoff);
        if self.has_entered {
            live.begin();
        }
        self.live = Some(live);
    }

    /// Without the session; what has come of its replies is heard.
    fn drop_live(&mut self) {
        if let Some(live) = &mut self.live {
            live.close();
        }
        self.end_lost_speech();
        if self.live.take().is_none() {
            return;
        }
        debug!("the realtime session is closed");
        let unfinished = self.replies.iter().filter(|making| making.is_fed() && !making.is_thought());
        for reply in unfinished.map(|making| making.id).collect::<Vec<_>>() {
            self.break_off(reply, ErrorKind::Cancelled);
        }
    }
}
