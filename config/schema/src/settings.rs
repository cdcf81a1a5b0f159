//! Every setting with its default, its bounds, its unit and its reason: the only place where a default is written.
//!
//! `config/default.toml` is this file as TOML; a test keeps the two equal.

mod agents;
mod context;
mod detector;
mod hearing;
mod livekit;
mod people;
mod providers;
mod realtime;
mod remote;
mod talking;
mod tool;

pub use agents::{AgentAbout, Agents, Keep};
pub use context::{Context, Prices};
pub use detector::{SmartTurn, TurnJudge};
pub use hearing::{Audio, Vad, VadKind};
pub use livekit::{Http, JobKind, Journaling, Livekit, LogFormat, Logging, Permissions, Worker};
pub use people::{OthersStanding, People, PersonKind};
pub use providers::{
    FakeSound, Llm, LlmFake, LlmLocal, LlmOpenai, Provider, Stt, SttEngine, SttFake, SttLocal, SttMode,
    SttOpenai, TokenLimit, Tts, TtsFake, TtsLocal, TtsOpenai,
};
pub use realtime::{Realtime, RealtimeFake, RealtimeProvider, RealtimeTurns};
pub use remote::Remote;
pub use talking::{Conversation, Detection, Endpointing, Normalise, OverlapJudge, Preemptive, Turn};
pub(crate) use tool::TOOL_SECTIONS;
pub use tool::{HttpMethod, HttpToolSettings, ResultWhen, WhenInterrupted, WhenRepeated};

use crate::{
    HttpToolSpec,
    inventory::{Section, Values},
};

/// The whole configuration, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The LiveKit server.
    pub livekit: Livekit,
    /// How the worker registers, and how much it takes.
    pub worker: Worker,
    /// The worker's own HTTP endpoints.
    pub http: Http,
    /// What is logged, and how.
    pub logging: Logging,
    /// Where journals of calls are kept.
    pub journal: Journaling,
    /// The audio of a call.
    pub audio: Audio,
    /// Voice activity.
    pub vad: Vad,
    /// When to speak and when to stop.
    pub turn: Turn,
    /// What the agent is.
    pub conversation: Conversation,
    /// How much of a conversation the mind reads.
    pub context: Context,
    /// What providers cost.
    pub prices: Prices,
    /// Agents in files of their own.
    pub agents: Agents,
    /// The people in a room.
    pub people: People,
    /// What programs in a room may ask.
    pub remote: Remote,
    /// The ear.
    pub stt: Stt,
    /// The mind.
    pub llm: Llm,
    /// The voice.
    pub tts: Tts,
    /// Who is all three.
    pub realtime: Realtime,
    /// What the mind may do by HTTP.
    pub tools: Vec<HttpToolSpec>,
}

impl Config {
    pub(crate) fn take(values: &Values) -> Self {
        Self {
            livekit: Livekit::take(values),
            worker: Worker::take(values),
            http: Http::take(values),
            logging: Logging::take(values),
            journal: Journaling::take(values),
            audio: Audio::take(values),
            vad: Vad::take(values),
            turn: Turn::take(values),
            conversation: Conversation::take(values),
            context: Context::take(values),
            prices: Prices::take(values),
            agents: Agents::take(values),
            people: People::take(values),
            remote: Remote::take(values),
            stt: Stt::take(values),
            llm: Llm::take(values),
            tts: Tts::take(values),
            realtime: Realtime::take(values),
            tools: Vec::new(),
        }
    }
}

/// What the worker's file may hold, in the order of the document.
pub(crate) const WORKER_FILE: &[&[Section]] = &[
    MACHINERY,
    TURNS,
    &[SmartTurn::SECTION],
    TALK,
    &[Agents::SECTION, People::SECTION, Remote::SECTION],
    PROVIDERS,
];

/// What an agent's file may hold: what it is to the others, and what of the worker's configuration it may have its own way.
pub(crate) const AGENT_FILE: &[&[Section]] = &[&[AgentAbout::SECTION], TURNS, TALK, PROVIDERS];

const MACHINERY: &[Section] = &[
    Livekit::SECTION,
    Worker::SECTION,
    Permissions::SECTION,
    Http::SECTION,
    Logging::SECTION,
    Journaling::SECTION,
    Audio::SECTION,
    Vad::SECTION,
];
const TURNS: &[Section] = &[Turn::SECTION];
const TALK: &[Section] = &[Conversation::SECTION, Context::SECTION, Prices::SECTION];
const PROVIDERS: &[Section] = &[
    Stt::SECTION,
    SttLocal::SECTION,
    SttOpenai::SECTION,
    SttFake::SECTION,
    Llm::SECTION,
    LlmLocal::SECTION,
    LlmOpenai::SECTION,
    LlmFake::SECTION,
    Tts::SECTION,
    TtsLocal::SECTION,
    TtsOpenai::SECTION,
    TtsFake::SECTION,
    Realtime::SECTION,
    RealtimeFake::SECTION,
];

/// The usual names of LiveKit's own tools and of ONNX Runtime's: variable, key. The longer `COLLOQUY__` name of a key wins
/// over them.
pub(crate) const USUAL_VARIABLES: &[(&str, &str)] = &[
    ("LIVEKIT_URL", "livekit.url"),
    ("LIVEKIT_API_KEY", "livekit.api_key"),
    ("LIVEKIT_API_SECRET", "livekit.api_secret"),
    ("ORT_DYLIB_PATH", "turn.smart_turn.library"),
];

/// Pairs of which the first may not be greater than the second.
pub(crate) const ORDERED: &[(&str, &str)] = &[
    ("worker.reconnect_min_ms", "worker.reconnect_max_ms"),
    ("audio.jitter_min_ms", "audio.jitter_max_ms"),
    ("vad.deactivation", "vad.activation"),
    ("turn.endpointing_min_delay_ms", "turn.endpointing_max_delay_ms"),
    ("turn.transcript_timeout_min_ms", "turn.transcript_timeout_ms"),
];
