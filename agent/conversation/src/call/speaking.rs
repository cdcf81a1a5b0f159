//! What is asked to be said, from the wish to the reply that is made of it, and what its asker is told.

use std::rc::Rc;

use agent_turn::{Input, ReplyCause, ReplyId, RequestId, SpeechKind, Told};
use providers_core::{ChatMessage, ChatRequest, ToolChoice};
use tokio::sync::watch;

use super::{Call, turns::Held};
use crate::{
    Body, CallEvent, Generate, Greeting, Role, Say, Speech, SpeechEnd, SpeechSource,
    active::Active,
    handle::Wish,
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
    pub(super) request: RequestId,
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
    /// Has something said when the floor is free. Told to the machine when it is settled next.
    pub(super) fn ask_to_speak(&mut self, request: RequestId, wish: Wish, end: End) {
        let (kind, source) = match &wish {
            Wish::Say(_) => (SpeechKind::Said, SpeechSource::Say),
            Wish::Generate(_) => (SpeechKind::Generated, SpeechSource::Generate),
        };
        let interruptible = wish.manner().interruptible.unwrap_or(self.config.turn.interruption.enabled);
        self.requests.insert(request, Requested { wish, by: self.active.clone(), end });
        self.tally.tell(self.now(), CallEvent::SpeechCreated { source });
        let manner = agent_turn::Manner::normal(interruptible);
        self.facts.push_back(Input::Told(Told::Speak { request, kind, manner }));
    }

    /// Takes back what waits, or stops what has the floor.
    pub(super) fn withdraw(&mut self, request: RequestId, force: bool) {
        if let Some(waiting) = self.requests.get_mut(&request) {
            // It keeps its place and has nothing to say when its time comes.
            waiting.wish = Wish::Say(Say::words(""));
            tell(waiting.end.take(), SpeechEnd::Dropped);
        } else if let Some(reply) = self.machine.state().reply().map(|reply| reply.id)
            && self.asked.get(&reply).is_some_and(|asked| asked.request == request)
        {
            self.tell_dismissal(Input::Told(Told::Stop { force }));
        }
    }

    /// Nothing more comes of a reply.
    pub(super) fn end_speech(&mut self, reply: ReplyId, end: SpeechEnd) {
        if let Some(asked) = self.asked.remove(&reply) {
            tell(asked.end, end);
        }
    }

    pub(super) fn begin(&mut self, reply: ReplyId, cause: ReplyCause, speculative: bool) {
        let making = match cause {
            ReplyCause::Turn { .. } if !speculative && self.considers() => {
                self.held = Some(Held::Unbegun(reply));
                return;
            }
            ReplyCause::Turn { .. } => self.answer_turn(reply, speculative),
            ReplyCause::Functions { of, step } => self.answer_functions(reply, of, step),
            ReplyCause::Requested(request) => self.answer_request(reply, request),
            ReplyCause::Filler { .. } => Making::given(reply, "", self.active.voice(), self.now()),
        };
        self.replies.push(making);
    }

    pub(super) fn answer_turn(&mut self, reply: ReplyId, speculative: bool) -> Making {
        let now = self.now();
        self.tally.tell(now, CallEvent::SpeechCreated { source: SpeechSource::Generate });
        let said = speculative.then(|| ChatMessage::User { text: self.hearing.so_far().to_owned() });
        let by = self.active.clone();
        let making = self.think(reply, &by, self.request(&by, said, by.tool_choice.clone()));
        if speculative {
            self.tally.speculated(false);
            return making.speculative();
        }
        making
    }

    fn answer_functions(&mut self, reply: ReplyId, of: ReplyId, step: u32) -> Making {
        let speaks = self.end_round(of, reply);
        if let Some(asked) = self.asked.remove(&of) {
            self.asked.insert(reply, asked);
        }
        let by = self.active.clone();
        if !speaks {
            return Making::given(reply, "", by.voice(), self.now());
        }
        self.tally.tell(self.now(), CallEvent::SpeechCreated { source: SpeechSource::Tool });
        let may = step < by.max_tool_steps;
        let choice = if may { ToolChoice::Auto } else { ToolChoice::None };
        self.think(reply, &by, self.request(&by, None, choice))
    }

    fn answer_request(&mut self, reply: ReplyId, request: RequestId) -> Making {
        let Some(Requested { wish, by, end }) = self.requests.remove(&request) else {
            return Making::given(reply, "", self.active.voice(), self.now());
        };
        self.asked.insert(reply, Asked { request, end });
        match wish {
            Wish::Say(say) => self.say(reply, &by, say),
            Wish::Generate(generate) => self.generate(reply, &by, generate),
        }
    }

    fn say(&self, reply: ReplyId, by: &Active, say: Say) -> Making {
        let now = self.now();
        let is_recorded = say.audio.is_some();
        let voice = match say.audio {
            Some((rate, samples)) => {
                let voice: std::sync::Arc<dyn providers_core::TextToSpeech> =
                    std::sync::Arc::new(Recorded::new(rate, samples));
                (voice, by.speaking.clone())
            }
            None => by.voice(),
        };
        let mut making = match say.text {
            SayText::Whole(words) => Making::given(reply, &words, voice, now),
            SayText::Coming(words) => Making::coming(reply, Box::pin(AsAnswer(Some(words))), voice, now),
        };
        making.is_forgotten = say.manner.is_forgotten;
        if is_recorded { making.spoken_at_once(now) } else { making }
    }

    fn generate(&mut self, reply: ReplyId, by: &Active, generate: Generate) -> Making {
        if let Some(text) = generate.user_text {
            self.history.user(&text);
            let event = CallEvent::Message { role: Role::User, text: &text, interrupted: false };
            self.tally.tell(self.now(), event);
        }
        let last = generate.instructions.map(|text| ChatMessage::System { text });
        let mut request = self.request(by, last, generate.tool_choice);
        if let Some(names) = generate.tools {
            request.tools.retain(|tool| names.contains(&tool.name));
        }
        self.think(reply, by, request)
    }

    fn think(&self, reply: ReplyId, by: &Active, request: ChatRequest) -> Making {
        let may_call = request.tool_choice != ToolChoice::None;
        let mut making = Making::coming(reply, by.llm.answer(request), by.voice(), self.now());
        making.may_call = may_call;
        making
    }

    /// What the mind is asked: the instructions, the conversation as it was heard, and what is not in it yet.
    fn request(&self, by: &Active, last: Option<ChatMessage>, tool_choice: ToolChoice) -> ChatRequest {
        let mut messages = self.history.messages();
        messages.insert(0, ChatMessage::System { text: by.instructions.clone() });
        messages.extend(last);
        ChatRequest { messages, tools: self.toolbox.specs(), tool_choice, options: by.generation.clone() }
    }
}

/// Tells who waits for it, if anybody still does.
fn tell(end: End, what: SpeechEnd) {
    if let Some(end) = end {
        end.send_replace(Some(what));
    }
}
