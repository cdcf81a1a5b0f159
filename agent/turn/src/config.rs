//! What can be set. No defaults here: they live in `config/schema`, with unit and reason.

use std::time::Duration;

/// Everything the machine can be told before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Who notices that a turn has ended.
    pub detection: Detection,
    /// How long after the end of speech a turn is committed.
    pub endpoint: EndpointConfig,
    /// The judge of pauses, asked with [`Detection::Model`].
    pub judge: JudgeConfig,
    /// How long a late transcript is awaited.
    pub transcript: TranscriptConfig,
    /// How long one turn may be.
    pub limits: TurnLimits,
    /// When the user's speech stops the agent's.
    pub interruption: InterruptionConfig,
    /// Whether a reply may begin before the turn is committed.
    pub speculation: SpeculationConfig,
    /// How replies follow one another.
    pub speaking: SpeakingConfig,
    /// After how long what others do, or do not do, is no longer awaited.
    pub deadlines: Deadlines,
    /// Whether the program considers each committed turn before it is answered ([`crate::Told::Considered`]).
    pub considers_turns: bool,
    /// How long nobody speaks before the user counts as away; `None` never.
    pub user_away: Option<Duration>,
    /// How many people are heard at the same time, the linked one included; facts about more are ignored.
    pub max_speakers: u32,
}

/// Who notices that a turn has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Detection {
    /// Voice activity: so long after its end.
    Voice,
    /// The recogniser: so long after it heard the end of speech.
    Recogniser,
    /// The program alone ([`crate::Told::CommitTurn`]).
    Manual,
    /// Voice activity, and a judge of pauses who may make the wait longer.
    Model,
}

/// How long after the end of speech a turn is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EndpointConfig {
    /// Usually.
    pub min_delay: Duration,
    /// When the user seems not to have finished, or asked for patience.
    pub max_delay: Duration,
    /// Whether the usual delay follows the user's own pauses.
    pub pace: Pace,
}

/// Whether the usual delay follows the user's own pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pace {
    /// It does not.
    Fixed,
    /// It is their moving average, never below `min_delay` and never above `max_delay`.
    Learned {
        /// How much of the old average is kept.
        keep: Keep,
    },
}

/// The share of an old average that is kept when a new value comes: more than none, at most all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Keep(u16);

impl Keep {
    /// So many thousandths; `None` outside 1 to 1000.
    #[must_use]
    pub const fn from_permille(permille: u16) -> Option<Self> {
        if permille >= 1 && permille <= 1000 { Some(Self(permille)) } else { None }
    }

    /// In thousandths, 1 to 1000.
    #[must_use]
    pub const fn permille(self) -> u16 {
        self.0
    }
}

/// The judge of pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JudgeConfig {
    /// After how much silence within speech a pause is judged.
    pub silence: Duration,
    /// How long a judgement is awaited once only it is missing; then the usual delay counts.
    pub deadline: Duration,
    /// Whether the judge reads words: then a pause is judged again when more of them come.
    pub reads_words: bool,
}

/// How long after the end of speech a final transcript is awaited: about as long as those before took, within bounds.
/// Then the interim words count as final; without any words the speech is forgotten, until words come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TranscriptConfig {
    /// At least.
    pub floor: Duration,
    /// At most, and while nothing is known.
    pub ceiling: Duration,
    /// The delay known from earlier calls with this recogniser.
    pub known: Option<Duration>,
}

/// How long one turn may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TurnLimits {
    /// How long voice activity may last without an end before it counts as ended: a noise, or a voice in a radio.
    pub longest_speech: Duration,
    /// From how many words on a turn is reported as too long; `None` never.
    pub max_words: Option<u32>,
    /// From what duration on; `None` never.
    pub max_duration: Option<Duration>,
}

/// When the user's speech stops the agent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InterruptionConfig {
    /// Whether a reply to a turn can be interrupted.
    pub enabled: bool,
    /// How long speech over the agent's must last.
    pub min_duration: Duration,
    /// How many words it must have (interim ones count for the pause, final ones for the stop).
    pub min_words: u32,
    /// How long after wordless speech has ended a paused reply goes on. `None`: a reply is never paused, it is stopped.
    pub false_interruption: Option<Duration>,
    /// How long after the agent's first sample speech activity does not interrupt, while echo cancellation learns.
    pub aec_warmup: Duration,
    /// How close to the beginning or the end of what the agent says a listener's noise counts as an answer.
    pub backchannel_boundary: Duration,
}

/// Whether a reply may begin before the turn is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpeculationConfig {
    /// Whether at all.
    pub enabled: bool,
    /// How many attempts a turn may cost.
    pub max_attempts: u32,
    /// How long the utterance may have lasted.
    pub max_speech: Duration,
}

/// How replies follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpeakingConfig {
    /// The least silence between the end of one reply and the beginning of the next.
    pub min_gap: Duration,
    /// After how long a wait for functions is filled with a few words; `None` never.
    pub filler_after: Option<Duration>,
}

/// After how long what others do, or do not do, is no longer awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deadlines {
    /// How long a confirmed reply may take until its first sample is ready; then it is cancelled.
    pub reply: Duration,
    /// How long the functions that a reply called may take; then the turn goes on without them.
    pub functions: Duration,
    /// How long a playout may go without progress while it is not paused; then it is stopped. As long is waited for
    /// the position of a stopped one.
    pub stall: Duration,
    /// How long the program may consider a turn; then it is answered as it is.
    pub consider: Duration,
    /// How long the answers may be held back ([`crate::Told::Hold`]); then they are released.
    pub hold: Duration,
    /// How long a final transcript is awaited before a call that was told to end is closed.
    pub close: Duration,
}

/// What can be changed while a call goes on: another agent, or a state in which the user takes longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// Who notices that a turn has ended.
    pub detection: Detection,
    /// How long after the end of speech a turn is committed. What was learned of the user's pauses is kept, within the
    /// new bounds.
    pub endpoint: EndpointConfig,
    /// When the user's speech stops the agent's. Replies that were begun keep what they were begun with.
    pub interruption: InterruptionConfig,
    /// Whether the program considers each committed turn before it is answered.
    pub considers_turns: bool,
}

impl Config {
    /// The same with another part that can be changed.
    #[must_use]
    pub const fn with(mut self, profile: Profile) -> Self {
        self.detection = profile.detection;
        self.endpoint = profile.endpoint;
        self.interruption = profile.interruption;
        self.considers_turns = profile.considers_turns;
        self
    }

    /// The part that can be changed while a call goes on.
    #[must_use]
    pub const fn profile(&self) -> Profile {
        Profile {
            detection: self.detection,
            endpoint: self.endpoint,
            interruption: self.interruption,
            considers_turns: self.considers_turns,
        }
    }
}
