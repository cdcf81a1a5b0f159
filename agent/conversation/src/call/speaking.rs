//! What is asked to be said, from the wish to the reply that is made of it, and what its asker is told.

use std::{rc::Rc, sync::Arc};

use agent_turn::{Input, ReplyCause, ReplyId, RequestId, SpeakerId, SpeechKind, Told};
use providers_core::{AnswerWish, ChatMessage, ChatRequest, ToolChoice};
use tokio::sync::watch;

use super::Call;
use crate::{
    Body, CallEvent, Generate, Greeting, Role, Say, Speech, SpeechEnd, SpeechSource,
    active::Active,
    context::{tokens_in_all, tokens_of_tools},
    handle::Wish,
    history::user_text,
    making::Making,
    recorded::Recorded,
    speech::{AsAnswer, Manner, SayText},
};

/// Who waits to hear what becomes of a speech; nobody if the call itself asked for it.
pub(super) type End = Option<watch::Sender<Option<SpeechEnd>>>;

/// Something that was asked for and has not the floor yet.
pub(super) struct Requested {
    wish: Wish,
    /// Who asked: it is said in this agent's voice.
    by: Rc<Active>,
    end: End,
}

/// A reply that was asked for.
pub(super) struct Asked {
    end: End,
}

impl Wish {
    const fn manner(&self) -> Manner {
        match self {
            Self::Say(say) => say.manner,
            Self::Generate(generate) => generate.manner,
        }
    }
}

impl From<Greeting> for Wish {
    fn from(greeting: Greeting) -> Self {
        match greeting.speech {
            Speech::Words(words) => Self::Say(Say::words(words).interruptible(greeting.interruptible)),
            Speech::Instructed(text) => {
                Self::Generate(Generate::instructed(text).interruptible(greeting.interruptible))
            }
        }
    }
}

impl<B: Body> Call<B> {
    /// Has something said when the floor is free, unless the call is about to end. Told to the machine when it is settled next.
    pub(super) fn ask_to_speak(&mut self, request: RequestId, wish: Wish, end: End) {
        if self.machine.is_ending() {
            return tell(end, SpeechEnd::Dropped);
        }
        let (kind, source) = match &wish {
            Wish::Say(_) => (SpeechKind::Said, SpeechSource::Say),
            Wish::Generate(_) => (SpeechKind::Generated, SpeechSource::Generate),
        };
        let Manner { interruptible, priority, min_duration, min_words, is_forgotten: _ } = wish.manner();
        let interruptible = interruptible.unwrap_or(self.config.turn.interruption.enabled);
        let manner = agent_turn::Manner { interruptible, priority, min_duration, min_words };
        self.requests.insert(request, Requested { wish, by: self.active.clone(), end });
        self.tally.tell(self.now(), CallEvent::SpeechCreated { source });
        self.facts.push_back(Input::Told(Told::Speak { request, kind, manner }));
    }

    /// What was asked for will not be begun.
    pub(super) fn end_request(&mut self, request: RequestId, end: SpeechEnd) {
        if let Some(requested) = self.requests.remove(&request) {
            tell(requested.end, end);
        }
    }

    /// Nothing more comes of a reply.
    pub(super) fn end_speech(&mut self, reply: ReplyId, end: SpeechEnd) {
        if let Some(asked) = self.asked.remove(&reply) {
            tell(asked.end, end);
        }
    }

    pub(super) fn begin(&mut self, reply: ReplyId, cause: ReplyCause, speculative: bool) {
        self.last_begun = reply;
        let making = match cause {
            ReplyCause::Turn { speaker } if speculative => self.answer_turn(reply, Some(speaker)),
            ReplyCause::Turn { .. } => {
                self.stop_considering();
                self.answer_turn(reply, None)
            }
            ReplyCause::Functions { of, step } => self.answer_functions(reply, of, step),
            ReplyCause::Requested(request) => self.answer_request(reply, request),
            ReplyCause::Filler { of } => self.fill(reply, of),
        };
        self.replies.push(making);
    }

    /// The answer to a turn: to the last in the history, or to what this speaker has said so far.
    pub(super) fn answer_turn(&mut self, reply: ReplyId, so_far_of: Option<SpeakerId>) -> Making {
        let now = self.now();
        let by = self.active.clone();
        let is_live = self.is_live(&by);
        if is_live && so_far_of.is_some() {
            return self.await_confirmation(reply, &by);
        }
        self.tally.tell(now, CallEvent::SpeechCreated { source: SpeechSource::Generate });
        if is_live {
            return self.answer_turn_live(reply, &by);
        }
        let said = so_far_of.and_then(|speaker| {
            let text = self.people.get(&speaker)?.hearing.so_far();
            Some(ChatMessage::User { text: user_text(&text, self.name_of(speaker).as_deref()) })
        });
        let revision = self.revision();
        let tools = self.toolbox.specs();
        let request = self.request(&by, said, tools, by.tool_choice.clone());
        let read = tokens_in_all(&request.messages) + tokens_of_tools(&request.tools);
        let making = self.think(reply, &by, request);
        if so_far_of.is_none() {
            return making;
        }
        self.tally.tell(now, CallEvent::SpeculationBegun);
        making.speculative(revision, read, self.config.voices_speculations)
    }

    fn answer_functions(&mut self, reply: ReplyId, of: ReplyId, step: u32) -> Making {
        let speaks = self.end_round(of, reply);
        if let Some(asked) = self.asked.remove(&of) {
            self.asked.insert(reply, asked);
        }
        let by = self.active.clone();
        if !speaks {
            if let Some(live) = &mut self.live {
                live.decline_tools(of);
            }
            return Making::given(reply, "", by.voicing.clone(), self.now());
        }
        self.tally.tell(self.now(), CallEvent::SpeechCreated { source: SpeechSource::Tool });
        let may = step <= by.max_tool_steps;
        let choice = if may { ToolChoice::Auto } else { ToolChoice::None };
        if self.is_live(&by) {
            return self.answer_tools_live(reply, of, &by, choice);
        }
        let tools = self.toolbox.specs();
        let request = self.request(&by, None, tools, choice);
        self.think(reply, &by, request)
    }

    fn answer_request(&mut self, reply: ReplyId, request: RequestId) -> Making {
        let Some(Requested { wish, by, end }) = self.requests.remove(&request) else {
            return Making::given(reply, "", self.active.voicing.clone(), self.now());
        };
        self.asked.insert(reply, Asked { end });
        match wish {
            Wish::Say(say) => self.say(reply, &by, say),
            Wish::Generate(generate) => self.generate(reply, &by, generate),
        }
    }

    /// A few words while the tools of a reply take long: those of the first that is out and has its own, else the next of
    /// the call's. The mind does not know of them.
    fn fill(&mut self, reply: ReplyId, of: ReplyId) -> Making {
        let (now, voicing) = (self.now(), self.active.voicing.clone());
        let mut making = if let Some(words) = self.toolbox.filler(of) {
            Making::given(reply, words, voicing, now)
        } else {
            let fillers = &self.config.fillers;
            let words = fillers.get(self.n_fillers % fillers.len().max(1)).map_or("", String::as_str);
            self.n_fillers += 1;
            Making::given(reply, words, voicing, now)
        };
        making.is_forgotten = true;
        making
    }

    fn say(&self, reply: ReplyId, by: &Active, say: Say) -> Making {
        let now = self.now();
        let is_recorded = say.audio.is_some();
        let mut voicing = by.voicing.clone();
        if let Some((rate, samples)) = say.audio {
            voicing.tts = Arc::new(Recorded::new(rate, samples));
        }
        let mut making = match say.text {
            SayText::Whole(words) => Making::given(reply, &words, voicing, now),
            SayText::Coming(words) => Making::coming(reply, Box::pin(AsAnswer(Some(words))), voicing, now),
        };
        making.is_forgotten = say.manner.is_forgotten;
        if is_recorded { making.spoken_at_once() } else { making }
    }

    fn generate(&mut self, reply: ReplyId, by: &Active, generate: Generate) -> Making {
        if let Some(text) = generate.user_text {
            let name = self.name_of(SpeakerId::LINKED);
            self.history.user(&text, name.as_deref());
            self.inform(ChatMessage::User { text: user_text(&text, name.as_deref()) });
            let event = CallEvent::Message { role: Role::User, text: &text, interrupted: false };
            self.tally.tell(self.now(), event);
        }
        let mut tools = self.toolbox.specs();
        if let Some(names) = &generate.tools {
            tools.retain(|tool| names.contains(&tool.name));
        }
        if self.is_live(by) {
            let Generate { instructions, tool_choice, .. } = generate;
            let tools = generate.tools.map(|_| tools);
            return self.answer_wish_live(reply, by, AnswerWish { instructions, tools, tool_choice });
        }
        let last = generate.instructions.map(|text| ChatMessage::System { text });
        let request = self.request(by, last, tools, generate.tool_choice);
        self.think(reply, by, request)
    }

    fn think(&self, reply: ReplyId, by: &Active, request: ChatRequest) -> Making {
        let may_call = request.tool_choice != ToolChoice::None;
        let mut making = Making::coming(reply, by.llm.answer(request), by.voicing.clone(), self.now());
        making.may_call = may_call;
        making
    }
}

/// Tells who waits for it, if anybody still does.
fn tell(end: End, what: SpeechEnd) {
    if let Some(end) = end {
        end.send_replace(Some(what));
    }
}
