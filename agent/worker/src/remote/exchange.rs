//! What goes into the machine and what comes out of it.

use std::time::Duration;

use agent_conversation::{AgentInfo, CallEvent, Moment, SpeechEnd};
use agent_rtc::Identity;

/// How much is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Bytes of one request.
    pub(super) request: usize,
    /// Requests that wait for the conversation.
    pub(super) at_once: usize,
    /// Requests in a second.
    pub(super) per_second: u32,
    /// How long a run may take before its asker is told that it does.
    pub(super) run: Duration,
}

/// What happened.
pub(super) enum Fact<'a> {
    /// Somebody is there, or has changed: whether they may ask.
    Present { who: &'a Identity, may_ask: bool },
    /// Somebody is gone.
    Gone(&'a Identity),
    /// Somebody sent this.
    Received { from: &'a Identity, bytes: &'a [u8] },
    /// A message was too much for the data channel.
    Unsent { to: Vec<Identity>, bytes: &'a [u8] },
    /// The conversation told this of itself.
    Told { at: Moment, event: &'a CallEvent<'a> },
    /// The conversation has answered.
    Answered(Ticket, Answer),
}

/// Which question to the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(pub(super) u64);

/// What the conversation answers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// What the agent is.
    Agent(AgentInfo),
    /// What became of a run.
    Ran(SpeechEnd),
    /// Nothing: it is over, or too much waits for it.
    Nothing,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Order {
    /// Send this.
    Send { to: Vec<Identity>, bytes: Vec<u8>, is_news: bool },
    /// Ask the conversation. One [`Fact::Answered`] is expected.
    Ask(Ticket, Question),
    /// Nobody waits for this answer any more.
    Forget(Ticket),
    /// Count what became of a request.
    Count(Outcome),
    /// Count so much news that nobody was told.
    CountLostNews(u64),
}

/// What is asked of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// What is the agent?
    Agent,
    /// Stop what is said, and answer this as if the user had said it.
    Run(String),
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was answered.
    Answered,
    /// It came from one who may not ask; they are told nothing.
    Refused,
    /// It could not be read, or asks for nothing.
    Malformed,
    /// It was too long, or one too many.
    Limited,
    /// It is none that is served here.
    Unsupported,
    /// The conversation could not do it, or its answer could not be sent.
    Failed,
}

impl Outcome {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Answered, Self::Refused, Self::Malformed, Self::Limited, Self::Unsupported, Self::Failed];

    /// Its name, as a label.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Malformed => "malformed",
            Self::Limited => "limited",
            Self::Unsupported => "unsupported",
            Self::Failed => "failed",
        }
    }
}
