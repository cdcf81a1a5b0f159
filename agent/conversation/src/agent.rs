//! What an agent is: who speaks in a call, what it is told to be, what it may do, and what it does when something happens.
//!
//! An agent lives on the thread of its call. Its hooks are futures that the call polls: they may wait for whatever they
//! like, and hold up nobody but what waits for them by contract. It acts through the [`Handle`] that each hook is given.

use std::{pin::Pin, rc::Rc, sync::Arc};

use providers_core::{LanguageModel, SpeechToText, TextToSpeech, ToolChoice};

use crate::{Generate, Handle};

mod plain;
mod profile;
mod registry;
mod task;
mod turn;

pub use plain::PlainAgent;
pub use profile::{AgentProfile, TurnProfile};
pub use registry::Agents;
pub use task::{Done, TaskLost};
pub(crate) use turn::TurnAnswer;
pub use turn::UserTurn;

/// Who speaks in a call, until another takes over.
///
/// Hooks are written as `async fn`; none needs to be. State that changes belongs in cells: a hook that waits does not
/// keep the others from being called.
pub trait Agent: 'static {
    /// What it is: asked once, when it enters. Tools and nodes may keep the handle.
    fn profile(&self, call: &Handle) -> AgentProfile;

    /// It has entered; what it says first is said here. Dropped when the agent has left.
    fn on_enter(&self, call: &Handle) -> impl Future<Output = ()> {
        let _ = call;
        async {}
    }

    /// It is about to leave: to another agent, or because its task is done. Bounded by
    /// [`crate::ConversationConfig::hook_deadline`]. Not called when the call is over.
    fn on_exit(&self, call: &Handle) -> impl Future<Output = ()> {
        let _ = call;
        async {}
    }

    /// The user's turn has ended, and nothing of it is in the history yet. The hook may change its words, add to what
    /// the mind will read, say something first, or decide that there is no answer. The answer waits for it, as long as
    /// [`agent_turn::Deadlines::consider`] allows; an answer begun before is used if nothing was changed.
    fn on_user_turn_completed(&self, call: &Handle, turn: &mut UserTurn) -> impl Future<Output = ()> {
        let _ = (call, turn);
        async {}
    }

    /// Whether [`Agent::on_user_turn_completed`] is to be called; one that does nothing may spare the call a step.
    fn considers_turns(&self) -> bool {
        true
    }

    /// The user has said more, or for longer, than one turn should be ([`agent_turn::TurnLimits`]); once, until the agent
    /// speaks. Unless it is written otherwise, the mind is asked for a reply at once, which cannot be interrupted.
    fn on_user_turn_exceeded(&self, call: &Handle) -> impl Future<Output = ()> {
        async {
            let reply = Generate::reply().tool_choice(ToolChoice::None).interruptible(false);
            call.generate_reply(reply).await;
        }
    }

    /// Through what it hears: the call's ear, or one that wraps it, or its own. Asked once, when it enters.
    fn stt_node(&self, stt: Arc<dyn SpeechToText>) -> Arc<dyn SpeechToText> {
        stt
    }

    /// With what it thinks; as [`Agent::stt_node`].
    fn llm_node(&self, llm: Arc<dyn LanguageModel>) -> Arc<dyn LanguageModel> {
        llm
    }

    /// With what it speaks; as [`Agent::stt_node`].
    fn tts_node(&self, tts: Arc<dyn TextToSpeech>) -> Arc<dyn TextToSpeech> {
        tts
    }

    /// What is shown of words that are heard now. Neither the voice nor the history is changed by it.
    fn transcription_node(&self, words: &str) -> String {
        words.to_owned()
    }
}

/// The future of a hook.
pub(crate) type Hook<T> = Pin<Box<dyn Future<Output = T>>>;

/// An agent whose type is forgotten.
pub(crate) trait AnyAgent {
    fn profile(&self, call: &Handle) -> AgentProfile;
    fn enter(self: Rc<Self>, call: Handle) -> Hook<()>;
    fn exit(self: Rc<Self>, call: Handle) -> Hook<()>;
    fn consider(self: Rc<Self>, call: Handle, turn: UserTurn) -> Hook<UserTurn>;
    fn exceed(self: Rc<Self>, call: Handle) -> Hook<()>;
    fn considers_turns(&self) -> bool;
    fn stt_node(&self, stt: Arc<dyn SpeechToText>) -> Arc<dyn SpeechToText>;
    fn llm_node(&self, llm: Arc<dyn LanguageModel>) -> Arc<dyn LanguageModel>;
    fn tts_node(&self, tts: Arc<dyn TextToSpeech>) -> Arc<dyn TextToSpeech>;
    fn transcription_node(&self, words: &str) -> String;
}

impl<A: Agent> AnyAgent for A {
    fn profile(&self, call: &Handle) -> AgentProfile {
        Agent::profile(self, call)
    }

    fn enter(self: Rc<Self>, call: Handle) -> Hook<()> {
        Box::pin(async move { self.on_enter(&call).await })
    }

    fn exit(self: Rc<Self>, call: Handle) -> Hook<()> {
        Box::pin(async move { self.on_exit(&call).await })
    }

    fn consider(self: Rc<Self>, call: Handle, mut turn: UserTurn) -> Hook<UserTurn> {
        Box::pin(async move {
            self.on_user_turn_completed(&call, &mut turn).await;
            turn
        })
    }

    fn exceed(self: Rc<Self>, call: Handle) -> Hook<()> {
        Box::pin(async move { self.on_user_turn_exceeded(&call).await })
    }

    fn considers_turns(&self) -> bool {
        Agent::considers_turns(self)
    }

    fn stt_node(&self, stt: Arc<dyn SpeechToText>) -> Arc<dyn SpeechToText> {
        Agent::stt_node(self, stt)
    }

    fn llm_node(&self, llm: Arc<dyn LanguageModel>) -> Arc<dyn LanguageModel> {
        Agent::llm_node(self, llm)
    }

    fn tts_node(&self, tts: Arc<dyn TextToSpeech>) -> Arc<dyn TextToSpeech> {
        Agent::tts_node(self, tts)
    }

    fn transcription_node(&self, words: &str) -> String {
        Agent::transcription_node(self, words)
    }
}
