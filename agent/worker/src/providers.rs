//! Ears, minds, voices and judges of pauses as the configuration names them: the only place that knows vendors.
//!
//! What comes out are ports, with the layers that each vendor needs around them: timeouts, retries, sentences.

mod judge;
mod known;
mod line;
#[cfg_attr(not(feature = "local"), path = "providers/no_local.rs")]
mod local;
#[cfg_attr(not(feature = "openai"), path = "providers/no_openai.rs")]
mod openai;
mod realtime;

use std::{sync::Arc, time::Duration};

use agent_audio::vad::{Aggressiveness, Engine};
use agent_conversation::{Absent, LiveModel};
use config_schema::{Config, FakeSound, Provider, Vad, VadKind};
use providers_core::{LanguageModel, ProviderError, SampleRate, SpeechToText, TextToSpeech, TurnDetector};
use providers_fake::{Answer, FakeEar, FakeMind, FakeVoice, Heard, Sound, Speech, When};
use providers_layers::{FallbackEar, FallbackMind, FallbackVoice, RestPolicy};

pub(crate) use self::line::ProviderTally;
use self::{
    known::KnownDelay,
    line::{Kept, Line},
};

/// The ears, the minds and the voices of every call of this process: those that are configured, and those that take
/// their place when they fail.
#[derive(Clone)]
pub struct Providers {
    stt: Line<dyn SpeechToText>,
    /// How late what `stt` hears is final.
    delay: Arc<KnownDelay>,
    llm: Line<dyn LanguageModel>,
    tts: Line<dyn TextToSpeech>,
    live: Option<LiveModel>,
    judge: Option<Arc<dyn TurnDetector>>,
}

/// The ear, the mind and the voice of one call.
#[derive(Clone)]
pub struct CallProviders {
    /// The ear.
    pub stt: Arc<dyn SpeechToText>,
    /// The mind.
    pub llm: Arc<dyn LanguageModel>,
    /// The voice.
    pub tts: Arc<dyn TextToSpeech>,
    /// A realtime model in their place.
    pub live: Option<LiveModel>,
    /// Who judges at a pause whether the person has finished; `None` leaves it to silence.
    pub judge: Option<Arc<dyn TurnDetector>>,
}

/// Why the configured providers cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A provider says why.
    #[error("{key}: {source}")]
    Provider {
        /// The table of the configuration.
        key: &'static str,
        /// What it says.
        source: ProviderError,
    },
    /// A recording cannot be had.
    #[error("audio: {0}")]
    Sound(#[from] crate::wav::WavError),
    /// The intents file is wrong.
    #[cfg(feature = "local")]
    #[error("llm.local.intents: {0}")]
    Intents(#[from] providers_local::IntentsError),
    /// A tool is wrong.
    #[error(transparent)]
    Tools(#[from] config_schema::ConfigErrors),
    /// Two tools are alike, or one cannot be called.
    #[error("tools: {0}")]
    Toolset(#[from] providers_core::ToolsetError),
    /// Tools cannot reach their servers.
    #[error("tools: {0}")]
    Egress(#[from] agent_tools::EgressError),
    /// What is asked for needs a value that was not given.
    #[error("{key} is empty: {remedy}")]
    Empty {
        /// The setting.
        key: &'static str,
        /// Where the value comes from.
        remedy: &'static str,
    },
    /// This program was built without it.
    #[error("{key} needs the feature `{feature}`: cargo build -p agent-worker --features {feature}")]
    NotBuilt {
        /// The setting.
        key: &'static str,
        /// What it needs.
        feature: &'static str,
    },
}

impl Providers {
    /// Builds what the configuration names. Loads libraries and reads models: some 100 ms, so not on a call's thread.
    /// What is configured as in one of `built` is not built again, but shared.
    pub fn build(config: &Config, built: &[(&Config, &Self)]) -> Result<Self, BuildError> {
        let beside = |is_same: &dyn Fn(&Config) -> bool| {
            built.iter().find(|(other, _)| is_same(other)).map(|(_, providers)| (*providers).clone())
        };
        // The local recogniser's grammar is made from the same file as the local mind's answers.
        let same_ear = |other: &Config| {
            let spares = [config, other].map(|config| config.realtime.spares_ear());
            spares == [true; 2]
                || (spares == [false; 2] && other.stt == config.stt && other.llm.local == config.llm.local)
        };
        let same_voice = |other: &Config| {
            let spares = [config, other].map(|config| config.realtime.spares_voice());
            spares == [true; 2] || (spares == [false; 2] && other.tts == config.tts)
        };
        let same_judge = |other: &Config| {
            other.turn.detector == config.turn.detector && other.turn.smart_turn == config.turn.smart_turn
        };
        let (stt, delay) = match beside(&same_ear) {
            Some(built) => (built.stt, built.delay),
            None if config.realtime.spares_ear() => (Line::unused(Arc::new(Absent) as _), Arc::default()),
            None => {
                let build = |provider, kept: &Kept| ear(provider, config, kept);
                (Line::build(config.stt.provider, &config.stt.fallback, build)?, Arc::default())
            }
        };
        Ok(Self {
            stt,
            delay,
            llm: match beside(&|other| other.llm == config.llm) {
                Some(built) => built.llm,
                None => Line::build(config.llm.provider, &config.llm.fallback, |provider, kept| {
                    mind(provider, config, kept)
                })?,
            },
            tts: match beside(&same_voice) {
                Some(built) => built.tts,
                None if config.realtime.spares_voice() => Line::unused(Arc::new(Absent) as _),
                None => Line::build(config.tts.provider, &config.tts.fallback, |provider, kept| {
                    voice(provider, config, kept)
                })?,
            },
            live: match beside(&|other| other.realtime == config.realtime) {
                Some(built) => built.live,
                None => realtime::live(&config.realtime),
            },
            judge: match beside(&same_judge) {
                Some(built) => built.judge,
                None => judge::judge(&config.turn)?,
            },
        })
    }

    /// Whether ear, mind and voice are another's.
    pub(crate) fn same(&self, other: &Self) -> [bool; 3] {
        [self.stt.is(&other.stt), self.llm.is(&other.llm), self.tts.is(&other.tts)]
    }

    /// How late final transcripts come, as far as earlier calls know.
    pub(crate) fn transcript_delay(&self) -> Option<Duration> {
        self.delay.get()
    }

    /// A call that heard with these has found so.
    pub(crate) fn learn_transcript_delay(&self, delay: Duration) {
        self.delay.learn(delay);
    }

    /// What is counted at the providers of which nobody in `told` has told, by component and provider.
    pub(crate) fn tally(
        &self,
        told: &[&Self],
        mut add: impl FnMut(&'static str, &'static str, ProviderTally),
    ) {
        let is_told = |same: fn([bool; 3]) -> bool| told.iter().any(|other| same(self.same(other)));
        if !is_told(|[stt, _, _]| stt) {
            self.stt.tally(self.stt.chain.tally(), |provider, tally| add("stt", provider, tally));
        }
        if !is_told(|[_, llm, _]| llm) {
            self.llm.tally(self.llm.chain.tally(), |provider, tally| add("llm", provider, tally));
        }
        if !is_told(|[_, _, tts]| tts) {
            self.tts.tally(self.tts.chain.tally(), |provider, tally| add("tts", provider, tally));
        }
    }

    /// What one call hears, thinks and speaks with. Without a fallback that is the provider itself.
    #[must_use]
    pub fn for_call(&self) -> CallProviders {
        CallProviders {
            stt: match self.stt.chain.alone() {
                Some(ear) => Arc::clone(ear),
                None => Arc::new(FallbackEar::new(Arc::clone(&self.stt.chain), EAR_TAPE)),
            },
            llm: match self.llm.chain.alone() {
                Some(mind) => Arc::clone(mind),
                None => Arc::new(FallbackMind::new(Arc::clone(&self.llm.chain))),
            },
            tts: match self.tts.chain.alone() {
                Some(voice) => Arc::clone(voice),
                None => Arc::new(FallbackVoice::new(Arc::clone(&self.tts.chain))),
            },
            live: self.live.clone(),
            judge: self.judge.clone(),
        }
    }

    /// Makes what the first call will need.
    pub fn prewarm(&self) {
        let call = self.for_call();
        call.stt.prewarm();
        call.llm.prewarm();
        call.tts.prewarm();
        if let Some(live) = &call.live {
            live.model.prewarm();
        }
    }
}

/// The detector of voice activity that the configuration names.
#[must_use]
pub fn voice_activity(vad: &Vad) -> Engine {
    match (vad.kind, vad.gate) {
        (VadKind::Silero, true) => Engine::GatedSilero,
        (VadKind::Silero, false) => Engine::Silero,
        (VadKind::Earshot, _) => Engine::Earshot,
        (VadKind::Webrtc, _) => Engine::WebRtc(Aggressiveness::VeryAggressive),
    }
}

fn ear(provider: Provider, config: &Config, kept: &Kept) -> Result<Arc<dyn SpeechToText>, BuildError> {
    match provider {
        Provider::Local => local::ear(config),
        Provider::Openai => openai::ear(&config.stt.openai, kept),
        Provider::Fake => {
            let fake = &config.stt.fake;
            let ear = FakeEar::answering(Heard::InTurn(vec![fake.text.clone()]), fake.final_delay);
            Ok(Arc::new(ear.without_words_below(fake.wordless_below)))
        }
    }
}

fn mind(provider: Provider, config: &Config, kept: &Kept) -> Result<Arc<dyn LanguageModel>, BuildError> {
    match provider {
        Provider::Local => local::mind(config),
        Provider::Openai => openai::mind(&config.llm.openai, kept),
        Provider::Fake => {
            let fake = &config.llm.fake;
            let (text, ttft) = (fake.text.clone(), fake.first_token);
            Ok(Arc::new(FakeMind::new(vec![Answer {
                when: When::Any,
                text,
                calls: Vec::new(),
                ttft,
                duration: ttft,
            }])))
        }
    }
}

fn voice(provider: Provider, config: &Config, kept: &Kept) -> Result<Arc<dyn TextToSpeech>, BuildError> {
    match provider {
        Provider::Local => local::voice(config),
        Provider::Openai => openai::voice(&config.tts.openai, kept),
        Provider::Fake => {
            let fake = &config.tts.fake;
            let hertz = u16::try_from(fake.frequency).unwrap_or(u16::MAX);
            let sound = match fake.sound {
                FakeSound::Tone => Sound::Tone { hertz, peak: TONE_PEAK },
                FakeSound::Sweep => {
                    Sound::Sweep { from: hertz, to: hertz.saturating_add(SWEEP), peak: TONE_PEAK }
                }
            };
            let speech = Speech {
                when: When::Any,
                length: fake.length,
                ttfb: fake.first_frame,
                duration: fake.first_frame,
            };
            Ok(Arc::new(FakeVoice::new(SampleRate::VOICE, sound, vec![speech])))
        }
    }
}

/// A provider that failed is spared for half a minute, and for five at most: an outage costs each call one failure at
/// its beginning at most, and a provider that is back is found within minutes.
const REST: RestPolicy = RestPolicy { first: Duration::from_secs(30), longest: Duration::from_secs(300) };
/// How much speech the next ear hears again: a long sentence. 480 kB a call, where there is a fallback.
const EAR_TAPE: Duration = Duration::from_secs(15);
/// A quarter of full scale: well above any noise, well below clipping when mixed.
const TONE_PEAK: i16 = 8_192;
/// By how much a sweep rises in a second: across what a voice's codec keeps best.
const SWEEP: u16 = 2_700;
