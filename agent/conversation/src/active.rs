//! The agent that has the call, with everything that its profile left to the call filled in.

use std::{rc::Rc, sync::Arc};

use agent_language::wording::Wording;
use agent_turn::InterruptionConfig;
use providers_core::{
    GenerationOptions, LanguageModel, SpeechToText, SttOptions, TextToSpeech, ToolChoice, Toolset, TtsOptions,
};

use crate::{ConversationConfig, Greeting, Handle, Parts, TurnProfile, agent::AnyAgent, making::Voicing};

/// What agents have in common unless their profiles say otherwise.
pub(crate) struct Common {
    pub(crate) stt: Arc<dyn SpeechToText>,
    pub(crate) llm: Arc<dyn LanguageModel>,
    pub(crate) tts: Arc<dyn TextToSpeech>,
    pub(crate) tools: Toolset,
}

impl From<&Parts> for Common {
    fn from(parts: &Parts) -> Self {
        let Parts { stt, llm, tts, tools, .. } = parts;
        Self { stt: stt.clone(), llm: llm.clone(), tts: tts.clone(), tools: tools.clone() }
    }
}

/// The agent that has the call. What it has asked for is said in its voice, even after it has left.
#[derive(Clone)]
pub(crate) struct Active {
    pub(crate) agent: Rc<dyn AnyAgent>,
    pub(crate) name: String,
    pub(crate) instructions: String,
    pub(crate) tools: Toolset,
    pub(crate) tool_choice: ToolChoice,
    pub(crate) greeting: Option<Greeting>,
    pub(crate) hearing: SttOptions,
    pub(crate) generation: GenerationOptions,
    pub(crate) speaking: TtsOptions,
    pub(crate) wording: Arc<Wording>,
    pub(crate) max_tool_steps: u32,
    pub(crate) turns: TurnProfile,
    pub(crate) stt: Arc<dyn SpeechToText>,
    pub(crate) llm: Arc<dyn LanguageModel>,
    pub(crate) tts: Arc<dyn TextToSpeech>,
}

impl Active {
    pub(crate) fn new(
        agent: Rc<dyn AnyAgent>,
        registered: &str,
        call: &Handle,
        common: &Common,
        config: &ConversationConfig,
    ) -> Self {
        let profile = agent.profile(call);
        let name = if profile.name.is_empty() { registered.to_owned() } else { profile.name };
        Self {
            name,
            instructions: profile.instructions.unwrap_or_else(|| config.instructions.clone()),
            tools: profile.tools.unwrap_or_else(|| common.tools.clone()),
            tool_choice: profile.tool_choice,
            greeting: profile.greeting,
            hearing: profile.hearing.unwrap_or_else(|| config.hearing.clone()),
            generation: profile.generation.unwrap_or_else(|| config.generation.clone()),
            wording: Arc::new(profile.wording.unwrap_or_else(|| config.wording.clone())),
            speaking: profile.speaking.unwrap_or_else(|| config.speaking.clone()),
            max_tool_steps: profile.max_tool_steps.unwrap_or(config.max_tool_steps),
            turns: profile.turns,
            stt: agent.stt_node(profile.stt.unwrap_or_else(|| common.stt.clone())),
            llm: agent.llm_node(profile.llm.unwrap_or_else(|| common.llm.clone())),
            tts: agent.tts_node(profile.tts.unwrap_or_else(|| common.tts.clone())),
            agent,
        }
    }

    /// How turns are taken with it, where it does not say: as the call has it.
    pub(crate) fn profile(&self, config: &agent_turn::Config) -> agent_turn::Profile {
        let mut profile = config.profile();
        profile.considers_turns = self.agent.considers_turns();
        if let Some(detection) = self.turns.detection {
            profile.detection = detection;
        }
        if let Some(endpoint) = self.turns.endpoint {
            profile.endpoint = endpoint;
        }
        if let Some(interruption) = self.turns.interruption {
            // What a body cannot do, no agent can.
            let false_interruption =
                config.interruption.false_interruption.and(interruption.false_interruption);
            profile.interruption = InterruptionConfig { false_interruption, ..interruption };
        }
        profile
    }

    /// With what it speaks, and how.
    pub(crate) fn voicing(&self) -> Voicing {
        Voicing { tts: self.tts.clone(), options: self.speaking.clone(), wording: self.wording.clone() }
    }
}
