//! The conversation: one future that owns everything of the call.

use std::{future::poll_fn, sync::Arc};

use providers_core::{Interruption, LanguageModel, SpeechToText, TextToSpeech, Toolset, TurnDetector};
use tokio::sync::mpsc;

use crate::{
    Absent, Agents, Body, CallReport, ConversationConfig, Handle, Journal, LiveModel, Observer, Sounds,
    Unobserved, call::Call, handle::Command,
};

/// What a conversation is made of, besides its body.
pub struct Parts {
    /// The ear.
    pub stt: Arc<dyn SpeechToText>,
    /// The mind.
    pub llm: Arc<dyn LanguageModel>,
    /// The voice. One that cannot take text piece by piece must be wrapped in `providers_layers` sentences.
    pub tts: Arc<dyn TextToSpeech>,
    /// A realtime model in place of mind and voice, and of the ear unless its turns are found by words.
    pub live: Option<LiveModel>,
    /// What the mind may do.
    pub tools: Toolset,
    /// Who speaks. What an agent does not bring itself is that of these parts.
    pub agents: Agents,
    /// Who judges whether a pause is the end of a turn; asked with `agent_turn::Detection::Model`.
    pub pauses: Option<Arc<dyn TurnDetector>>,
    /// Who judges what speech over the agent's own is.
    pub overlaps: Option<Box<dyn Interruption>>,
    /// What is heard beside what the agent says.
    pub sounds: Sounds,
    /// Who is told what happens.
    pub observer: Box<dyn Observer>,
    /// Where the inputs of the turn machine are kept.
    pub journal: Option<Box<dyn Journal>>,
}

impl Parts {
    /// A conversation with the agent that its configuration describes, unobserved, without tools and journal.
    #[must_use]
    pub fn new(stt: Arc<dyn SpeechToText>, llm: Arc<dyn LanguageModel>, tts: Arc<dyn TextToSpeech>) -> Self {
        Self {
            stt,
            llm,
            tts,
            live: None,
            tools: Toolset::new(),
            agents: Agents::configured(),
            pauses: None,
            overlaps: None,
            sounds: Sounds::default(),
            observer: Box::new(Unobserved),
            journal: None,
        }
    }
}

impl Parts {
    /// A conversation with a realtime model alone: what the program wants said in given words fails for want of a voice.
    #[must_use]
    pub fn live(live: LiveModel) -> Self {
        let absent = Arc::new(Absent);
        Self { live: Some(live), ..Self::new(absent.clone(), absent.clone(), absent) }
    }
}

/// One call, not yet begun.
pub struct Conversation<B> {
    config: ConversationConfig,
    parts: Parts,
    body: B,
    handle: Handle,
    commands: mpsc::Receiver<Command>,
}

impl<B: Body> Conversation<B> {
    /// A conversation of these parts in this body.
    #[must_use]
    pub fn new(config: ConversationConfig, parts: Parts, body: B) -> Self {
        let (handle, commands) = Handle::new(parts.agents.data.clone());
        Self { config, parts, body, handle, commands }
    }

    /// A way to ask the conversation for something while it runs.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Holds the conversation to its end, on tokio's clock. Dropping the future ends it at once and frees everything.
    pub async fn run(self) -> CallReport {
        let Self { config, parts, body, handle, commands } = self;
        let mut call = Box::new(Call::new(config, parts, body, handle, commands));
        let reason = poll_fn(|cx| call.poll(cx)).await;
        call.report(reason)
    }
}
