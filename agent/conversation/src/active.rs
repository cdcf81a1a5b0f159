//! The agent that has the call, with everything that its profile left to the call filled in.

use std::{rc::Rc, sync::Arc, time::Duration};

use agent_turn::{Detection, EndpointConfig, InterruptionConfig, Pace};
use providers_core::{
    GenerationOptions, LanguageModel, RealtimeSetup, SpeechToText, SttOptions, TextToSpeech, ToolChoice,
    Toolset,
};

use crate::{
    Absent, ConversationConfig, Greeting, Handle, LiveModel, LiveTurns, Parts, TurnProfile, agent::AnyAgent,
    making::Voicing,
};

/// What agents have in common unless their profiles say otherwise.
pub(crate) struct Common {
    pub(crate) stt: Arc<dyn SpeechToText>,
    pub(crate) llm: Arc<dyn LanguageModel>,
    pub(crate) tts: Arc<dyn TextToSpeech>,
    pub(crate) live: Option<LiveModel>,
    pub(crate) tools: Toolset,
    /// Whether what they say is read, not heard.
    pub(crate) is_written: bool,
}

impl Common {
    pub(crate) fn new(parts: &Parts, is_written: bool) -> Self {
        let Parts { stt, llm, tts, live, tools, .. } = parts;
        let (stt, llm, tts) = (stt.clone(), llm.clone(), tts.clone());
        Self { stt, llm, tts, live: live.clone(), tools: tools.clone(), is_written }
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
    pub(crate) voicing: Voicing,
    pub(crate) max_tool_steps: u32,
    pub(crate) turns: TurnProfile,
    pub(crate) stt: Arc<dyn SpeechToText>,
    pub(crate) llm: Arc<dyn LanguageModel>,
    /// What takes the place of recogniser, mind and voice.
    pub(crate) live: Option<LiveModel>,
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
        let live = profile.live.unwrap_or_else(|| common.live.clone());
        let stt = profile.stt.unwrap_or_else(|| common.stt.clone());
        let speaking = profile.speaking.unwrap_or_else(|| config.speaking.clone());
        let voicing = if common.is_written {
            Voicing::written(speaking)
        } else {
            let tts = agent.tts_node(profile.tts.unwrap_or_else(|| common.tts.clone()));
            Voicing::spoken(tts, speaking, profile.wording.unwrap_or_else(|| config.wording.clone()))
        };
        let name = if profile.name.is_empty() { registered.to_owned() } else { profile.name };
        Self {
            name,
            instructions: profile.instructions.unwrap_or_else(|| config.instructions.clone()),
            tools: profile.tools.unwrap_or_else(|| common.tools.clone()),
            tool_choice: profile.tool_choice,
            greeting: profile.greeting,
            hearing: profile.hearing.unwrap_or_else(|| config.hearing.clone()),
            generation: profile.generation.unwrap_or_else(|| config.generation.clone()),
            voicing,
            max_tool_steps: profile.max_tool_steps.unwrap_or(config.max_tool_steps),
            turns: profile.turns,
            stt: match live.as_ref().map(LiveModel::effective_turns) {
                None | Some(LiveTurns::Words) => agent.stt_node(stt),
                Some(LiveTurns::Model | LiveTurns::Voice) => Arc::new(Absent),
            },
            llm: agent.llm_node(profile.llm.unwrap_or_else(|| common.llm.clone())),
            live,
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
        if self.live.as_ref().is_some_and(|live| live.effective_turns() == LiveTurns::Model) {
            // The model decides: a turn is over when it says so, and what it takes for speech has stopped it already.
            let zero = Duration::ZERO;
            profile.detection = Detection::Recogniser;
            profile.endpoint = EndpointConfig { min_delay: zero, max_delay: zero, pace: Pace::Fixed };
            profile.interruption = InterruptionConfig {
                min_duration: zero,
                min_words: 0,
                false_interruption: None,
                aec_warmup: zero,
                ..profile.interruption
            };
        }
        profile
    }

    /// What a session of its realtime model is told, without the conversation so far.
    pub(crate) fn live_setup(&self) -> RealtimeSetup {
        RealtimeSetup {
            instructions: self.instructions.clone(),
            voice: self.live.as_ref().and_then(|live| live.voice.clone()),
            language: self.voicing.options.language.clone(),
            tools: self.tools.specs(),
            tool_choice: self.tool_choice.clone(),
            generation: self.generation.clone(),
            turn_detection: self.live.as_ref().is_some_and(|live| live.effective_turns() == LiveTurns::Model),
            history: Vec::new(),
        }
    }
}
