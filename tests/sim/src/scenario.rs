//! A scenario as its file says it: keys, units and defaults. What they mean stands in `tests/scenarios/README.md`.

use std::{collections::BTreeMap, time::Duration};

use providers_fake::Endpoints;
use serde::Deserialize;
use toml::Spanned;

use crate::{
    judge::Expectation,
    seconds::{Limit, Probability, Seconds},
    session::Session,
};

mod expect;
mod read;

pub use read::read;

/// One conversation: what happens in it, and what must come out.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What its file says, but for the expectations.
    pub script: Script,
    /// What must come out.
    pub expected: Vec<Expectation>,
}

/// What happens in a conversation.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    /// What it shows.
    pub name: String,
    /// Why, for who reads it.
    pub notes: String,
    /// When the program closes the session; without it, five seconds after the user's last words were understood.
    pub end: Option<Seconds>,
    /// Whether every event must be expected.
    pub strict: bool,
    /// What differs from the session's defaults.
    pub session: Session,
    /// How the agent is heard.
    pub sink: Sink,
    /// How voice activity finds the ends of speech.
    pub vad: Vad,
    /// How the recogniser finds the ends of speech, if the turn detection is its.
    pub stt: Recogniser,
    /// The realtime model in place of mind and voice, if there is one.
    pub realtime: Option<Realtime>,
    /// The agent of the beginning.
    pub agent: Agent,
    /// Those who can be handed over to, by name.
    pub agents: BTreeMap<String, Agent>,
    /// Who else is there.
    pub speaker: Vec<Spanned<Speaker>>,
    /// What the user says, and others.
    pub user: Vec<Spanned<Utterance>>,
    /// What the mind answers.
    pub llm: Vec<Answer>,
    /// How long the voice takes.
    pub tts: Vec<Speech>,
    /// What the mind may call.
    pub tool: Vec<Spanned<Tool>>,
    /// What the program does.
    pub action: Vec<Spanned<Action>>,
    /// What must come out, as it stands in the file.
    expect: Vec<Spanned<expect::Raw>>,
}

/// How the agent is heard.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sink {
    /// Whether the playout can pause and resume; if not, an interrupted reply is stopped at once.
    pub pausable: bool,
}

/// How voice activity finds the ends of speech.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Vad {
    /// How long after the end it says so.
    pub end_delay: Seconds,
}

/// How the recogniser finds the ends of speech.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recogniser {
    /// How long after speech began it says so.
    pub start_delay: Seconds,
    /// How long after the final transcript it says that speech has ended.
    pub end_delay: Seconds,
}

/// A realtime model: what the mind answers it answers, and it speaks as long as the voice would.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Realtime {
    /// Who finds the user's turns.
    pub turns: Turns,
    /// How long after a turn its words come.
    #[serde(default = "Realtime::transcript_delay")]
    pub transcript_delay: Limit,
}

/// Who finds the user's turns.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Turns {
    /// The model.
    Model,
    /// Voice activity.
    Voice,
    /// Voice activity and the recogniser.
    Words,
}

/// Who the agent is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Agent {
    /// What it does when it has the conversation.
    pub on_enter: Option<OnEnter>,
    /// The words or the instructions of that.
    pub text: String,
    /// Whether the user may interrupt that.
    pub allow_interruptions: Option<bool>,
    /// What it says before it hands over.
    pub exit_say: Option<String>,
    /// What it says when the user's turn has ended, before the answer.
    pub hook_say: Option<String>,
    /// How long it considers the user's turn.
    pub hook_delay: Seconds,
    /// Whether it ignores the user's turns.
    pub hook_stop: bool,
    /// Whether its considering fails; the turn is then ignored, too.
    pub hook_error: bool,
}

/// What an agent does when it has the conversation.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum OnEnter {
    /// Says given words.
    Say,
    /// Says what the mind makes of instructions.
    GenerateReply,
}

/// Somebody besides the user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speaker {
    /// By which utterances name them.
    pub name: String,
    /// When they come.
    #[serde(default)]
    pub joins: Seconds,
    /// When they go.
    pub leaves: Option<Seconds>,
    /// What their words are worth.
    #[serde(default)]
    pub standing: Standing,
}

/// What somebody's words are worth.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// They are answered.
    #[default]
    Answered,
    /// They are written down.
    HeardOnly,
}

/// One utterance.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Utterance {
    /// Whose it is; if left out, the user's.
    pub speaker: Option<String>,
    /// When it begins.
    pub start: Seconds,
    /// When it ends.
    pub end: Seconds,
    /// What the recogniser understands; empty for noise, of which it says nothing.
    #[serde(default)]
    pub text: String,
    /// How long after the end the final transcript comes; the interim one at half of it.
    #[serde(default = "Utterance::stt_delay")]
    pub stt_delay: Seconds,
    /// Whether the final transcript comes at all.
    #[serde(default = "yes", rename = "final")]
    pub is_final: bool,
    /// How probable it is, to a judge of pauses, that the turn is complete after these words.
    #[serde(default)]
    pub end_of_turn_probability: Option<Probability>,
    /// How long the judge takes.
    #[serde(default)]
    pub end_of_turn_latency: Seconds,
}

/// A canned answer of the mind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The last user text, tool output or instructions that it answers; `*` for any.
    pub when: String,
    /// What it says.
    #[serde(default)]
    pub text: String,
    /// From the question to the first piece.
    #[serde(default = "Answer::ttft")]
    pub ttft: Seconds,
    /// From the question to the end.
    #[serde(default = "Answer::duration")]
    pub duration: Seconds,
    /// The tools it calls.
    #[serde(default)]
    pub calls: Vec<Call>,
}

/// A call of a tool.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Which.
    pub name: String,
    /// With what, as JSON.
    #[serde(default = "Call::no_arguments")]
    pub arguments: String,
}

/// How a text is spoken.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speech {
    /// Which text; `*` for any.
    pub when: String,
    /// How long it is heard.
    pub seconds: Seconds,
    /// From the text to the first audio.
    #[serde(default = "Speech::ttfb")]
    pub ttfb: Seconds,
    /// From the text to the last audio.
    #[serde(default = "Speech::duration")]
    pub duration: Seconds,
}

/// A tool.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it returns.
    pub output: Option<String>,
    /// What it fails with, in place of an output.
    pub error: Option<String>,
    /// How long it runs, before anything else.
    #[serde(default)]
    pub takes: Seconds,
    /// What it has said, without waiting for it.
    pub say: Option<String>,
    /// The instructions of what it has said, and waits for.
    pub generate_reply: Option<String>,
    /// Whether it closes the session at last.
    #[serde(default)]
    pub close: bool,
    /// Whom it hands over to.
    pub handoff: Option<String>,
}

/// Something that the program does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// When.
    pub at: Seconds,
    /// What.
    #[serde(rename = "do")]
    pub deed: Deed,
    /// The words of `say`; what the user is taken to have written, of `generate_reply` and `text_input`.
    #[serde(default)]
    pub text: String,
    /// What the mind is told besides, of `generate_reply`.
    #[serde(default)]
    pub instructions: String,
    /// Whether the user may interrupt it; if left out, as the session says.
    pub allow_interruptions: Option<bool>,
    /// Whether `interrupt` also stops what may not be interrupted.
    #[serde(default)]
    pub force: bool,
    /// What `say` and `generate_reply` go before.
    #[serde(default)]
    pub priority: Priority,
    /// Whether a turn that `commit_user_turn` ends is not answered.
    #[serde(default)]
    pub skip_reply: bool,
    /// How long `commit_user_turn` waits for a final transcript.
    #[serde(default = "Action::transcript_timeout")]
    pub transcript_timeout: Seconds,
    /// Whom `handoff` hands over to.
    pub agent: Option<String>,
    /// Whether `close` lets what is being said end.
    #[serde(default)]
    pub drain: bool,
}

/// What a program can do.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Stops what is being said.
    Interrupt,
    /// Says words.
    Say,
    /// Has the mind say something.
    GenerateReply,
    /// Takes a text as what the user wrote: what is said is stopped, and it is answered.
    TextInput,
    /// Ends the user's turn, whatever the endpoint.
    CommitUserTurn,
    /// Forgets what the user has said since the last turn.
    ClearUserTurn,
    /// Hands over to another agent.
    Handoff,
    /// Ends the session.
    Close,
}

/// Which of the speeches that wait comes first.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// After everything else.
    Low,
    /// As replies to turns.
    #[default]
    Normal,
    /// Before everything else.
    High,
}

impl Script {
    /// When the session is closed.
    #[must_use]
    pub fn end(&self) -> Duration {
        let known = |said: &Spanned<Utterance>| said.get_ref().end.0 + said.get_ref().stt_delay.0;
        let last = self.user.iter().map(known).max().unwrap_or_default();
        self.end.map_or(last + AFTERMATH, |end| end.0)
    }
}

/// How long after the user's last words were understood a session without an end goes on.
const AFTERMATH: Duration = Duration::from_secs(5);

const fn yes() -> bool {
    true
}

impl Recogniser {
    /// The same for the fake.
    #[must_use]
    pub const fn endpoints(&self) -> Endpoints {
        Endpoints { after_start: self.start_delay.0, after_final: self.end_delay.0 }
    }
}

impl Default for Vad {
    fn default() -> Self {
        Self { end_delay: Seconds::millis(500) }
    }
}

impl Default for Recogniser {
    fn default() -> Self {
        Self { start_delay: Seconds::millis(50), end_delay: Seconds::default() }
    }
}

impl Realtime {
    fn transcript_delay() -> Limit {
        Limit::After(Duration::from_millis(500))
    }
}

impl Utterance {
    const fn stt_delay() -> Seconds {
        Seconds::millis(200)
    }
}

impl Action {
    const fn transcript_timeout() -> Seconds {
        Seconds::millis(2000)
    }
}

impl Answer {
    const fn ttft() -> Seconds {
        Seconds::millis(100)
    }

    const fn duration() -> Seconds {
        Seconds::millis(300)
    }
}

impl Call {
    fn no_arguments() -> String {
        "{}".to_owned()
    }
}

impl Speech {
    const fn ttfb() -> Seconds {
        Seconds::millis(200)
    }

    const fn duration() -> Seconds {
        Seconds::millis(300)
    }
}
