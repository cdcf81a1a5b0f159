//! What an agent is told to be and how it hears, thinks and speaks.

use std::{fmt, sync::Arc};

use agent_language::wording::Wording;
use agent_turn::{Detection, EndpointConfig, InterruptionConfig};
use providers_core::{
    GenerationOptions, LanguageModel, SpeechToText, SttOptions, TextToSpeech, ToolChoice, Toolset, TtsOptions,
};

use crate::{Greeting, LiveModel};

/// What an agent is. What is `None` is as the call's configuration and parts have it.
#[derive(Clone, Default)]
pub struct AgentProfile {
    /// Its name, for events and the history; empty: the name under which it was registered, or `agent`.
    pub name: String,
    /// What the mind is told to be.
    pub instructions: Option<String>,
    /// What the mind may do.
    pub tools: Option<Toolset>,
    /// Whether it may, must or must not use tools in an answer to a turn.
    pub tool_choice: ToolChoice,
    /// What it says when it enters, before what [`crate::Agent::on_enter`] says.
    pub greeting: Option<Greeting>,
    /// How to hear.
    pub hearing: Option<SttOptions>,
    /// How to think.
    pub generation: Option<GenerationOptions>,
    /// How to speak: voice, language, speed.
    pub speaking: Option<TtsOptions>,
    /// How what its mind writes is worded for its voice.
    pub wording: Option<Wording>,
    /// After how many further replies with tool calls, in one turn, the next one must do without.
    pub max_tool_steps: Option<u32>,
    /// How turns are taken with it.
    pub turns: TurnProfile,
    /// Its own ear.
    pub stt: Option<Arc<dyn SpeechToText>>,
    /// Its own mind.
    pub llm: Option<Arc<dyn LanguageModel>>,
    /// Its own voice. One that cannot take text piece by piece must be wrapped in `providers_layers` sentences.
    pub tts: Option<Arc<dyn TextToSpeech>>,
    /// Its own realtime model, or none though the call has one.
    pub live: Option<Option<LiveModel>>,
}

/// How turns are taken with an agent. What is `None` is as the call's configuration has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnProfile {
    /// Who notices that a turn has ended.
    pub detection: Option<Detection>,
    /// How long after the end of speech a turn is committed.
    pub endpoint: Option<EndpointConfig>,
    /// When the user's speech stops the agent's.
    pub interruption: Option<InterruptionConfig>,
}

impl AgentProfile {
    /// An agent of this name that is told to be this.
    #[must_use]
    pub fn new(name: impl Into<String>, instructions: impl Into<String>) -> Self {
        Self { name: name.into(), instructions: Some(instructions.into()), ..Self::default() }
    }

    /// The same with these tools.
    #[must_use]
    pub fn with_tools(mut self, tools: Toolset) -> Self {
        self.tools = Some(tools);
        self
    }

    /// The same with this greeting.
    #[must_use]
    pub fn with_greeting(mut self, greeting: Greeting) -> Self {
        self.greeting = Some(greeting);
        self
    }

    /// The same with this voice, by the provider's name of it.
    #[must_use]
    pub fn with_voice(mut self, voice: impl Into<String>) -> Self {
        self.speaking.get_or_insert_default().voice = Some(voice.into());
        self
    }
}

impl fmt::Debug for AgentProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentProfile")
            .field("name", &self.name)
            .field("instructions", &self.instructions)
            .field("greeting", &self.greeting)
            .finish_non_exhaustive()
    }
}
