//! What goes into the machine and what comes out of it.

use std::time::Duration;

use agent_conversation::{AgentInfo, CallEvent, Moment, SpeechEnd};
use agent_rtc::{Identity, ParticipantSid};

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
    /// Somebody is there, or has changed: whether they look like one who may ask.
    Present { who: &'a Identity, stay: &'a ParticipantSid, may_ask: bool },
    /// Somebody is gone.
    Gone { who: &'a Identity, stay: &'a ParticipantSid },
    /// Somebody sent this, in this stay by the server's word.
    Received { from: &'a Identity, stay: &'a ParticipantSid, bytes: &'a [u8] },
    /// This was sent.
    Sent(Parcel),
    /// This was too much for the data channel.
    Unsent(Parcel),
    /// The conversation told this of itself.
    Told { at: Moment, event: &'a CallEvent<'a> },
    /// The conversation has answered.
    Answered(Ticket, Answer),
    /// The call comes to its end.
    Closing,
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
    /// Send this. One [`Fact::Sent`] or [`Fact::Unsent`] is expected.
    Send { to: Vec<Identity>, bytes: Vec<u8>, parcel: Parcel },
    /// Ask the conversation. One [`Fact::Answered`] is expected.
    Ask(Ticket, Question),
    /// Nobody waits for this answer any more.
    Forget(Ticket),
    /// Count what became of a request.
    Count(Outcome),
    /// Count so much news that nobody was told.
    CountLostNews(u64),
}

/// What is in something that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parcel {
    /// News, which nobody waits for.
    News,
    /// An answer, and what becomes of its request with it.
    Answer(Asked, Outcome),
}

/// A request of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Who waits for its answer.
    pub(super) by: Identity,
    /// What they call it.
    pub(super) request_id: String,
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
