//! Answers to an offered job: taken and how the agent appears, or not taken and why.

use std::collections::BTreeMap;

/// What a program says of a job that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is taken, and the agent appears so in its room.
    Accept(Presence),
    /// This worker does not take it: the server asks another one.
    Decline,
    /// No worker is to take it: for the server it has ended, as a success.
    Refuse,
}

impl Answer {
    /// It is taken; the agent appears as it does unless told otherwise.
    #[must_use]
    pub fn accept() -> Self {
        Self::Accept(Presence::default())
    }
}

impl From<Presence> for Answer {
    fn from(presence: Presence) -> Self {
        Self::Accept(presence)
    }
}

/// How an agent appears in its room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    pub(crate) identity: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) metadata: String,
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Presence {
    /// The same by this identity, which nobody else in the room has: who joins by it too takes its place. Unless told
    /// otherwise, or empty, it is `agent-` and the job's id.
    #[must_use]
    pub fn identity(self, identity: impl Into<String>) -> Self {
        Self { identity: Some(identity.into()).filter(|identity| !identity.is_empty()), ..self }
    }

    /// The same by this name for people. Unless told otherwise, it is the worker's `agent_name`.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// The same with this said of it.
    #[must_use]
    pub fn metadata(self, metadata: impl Into<String>) -> Self {
        Self { metadata: metadata.into(), ..self }
    }

    /// The same with this attribute. `lk.agent.name` is the worker's own, and stays it.
    #[must_use]
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(key.into(), value.into());
        self
    }
}

/// Why a job is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Declined {
    /// No slot is free.
    NoSlot,
    /// The shards are late: another call would be heard by those that run.
    Late,
    /// The worker takes no more jobs.
    Draining,
    /// What calls need is not there, or did not come in time.
    NotReady,
    /// The program did not decide in time.
    Undecided,
    /// The program leaves it to another worker.
    ByProgram,
    /// The program wants nobody to take it.
    Refused,
    /// A call of this job runs here already.
    Taken,
    /// What was offered lacks what a job must have.
    Unreadable,
}

impl Declined {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::NoSlot,
        Self::Late,
        Self::Draining,
        Self::NotReady,
        Self::Undecided,
        Self::ByProgram,
        Self::Refused,
        Self::Taken,
        Self::Unreadable,
    ];

    /// In one word, for metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoSlot => "no_slot",
            Self::Late => "late",
            Self::Draining => "draining",
            Self::NotReady => "not_ready",
            Self::Undecided => "undecided",
            Self::ByProgram => "by_program",
            Self::Refused => "refused",
            Self::Taken => "taken",
            Self::Unreadable => "unreadable",
        }
    }
}
