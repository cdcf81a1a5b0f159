//! Jobs: what the server asks for, and how it ended.

use std::{collections::BTreeMap, fmt, sync::Arc};

use livekit_protocol as proto;

/// The server's id of a job, `AJ_…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(Arc<str>);

impl JobId {
    /// An id; `None` when empty.
    #[must_use]
    pub fn new(id: &str) -> Option<Self> {
        (!id.is_empty()).then(|| Self(id.into()))
    }

    /// As the server spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// For what the server asks for an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// A new room.
    Room,
    /// A participant that publishes.
    Publisher,
    /// A participant that joined.
    Participant,
}

impl JobKind {
    /// As the wire has it.
    #[must_use]
    pub fn to_wire(self) -> proto::JobType {
        match self {
            Self::Room => proto::JobType::JtRoom,
            Self::Publisher => proto::JobType::JtPublisher,
            Self::Participant => proto::JobType::JtParticipant,
        }
    }

    fn from_wire(kind: i32) -> Option<Self> {
        Some(match proto::JobType::try_from(kind).ok()? {
            proto::JobType::JtRoom => Self::Room,
            proto::JobType::JtPublisher => Self::Publisher,
            proto::JobType::JtParticipant => Self::Participant,
        })
    }
}

/// A job that is ours: everything a call needs to begin.
#[derive(Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The job.
    pub job: JobId,
    /// For what the agent was asked.
    pub kind: JobKind,
    /// The room's name.
    pub room: String,
    /// The room's id, `RM_…`; empty when it is not known.
    pub room_sid: String,
    /// The participant it is about, for publisher and participant jobs.
    pub participant: Option<String>,
    /// What the dispatch said, as it was given.
    pub metadata: String,
    /// What the dispatch said, by key.
    pub attributes: BTreeMap<String, String>,
    /// The name the agent was asked by.
    pub agent_name: String,
    /// Where to join, when not at the worker's own server.
    pub url: Option<String>,
    /// What opens the room.
    pub token: String,
}

impl fmt::Debug for Assignment {
    /// Without the token, and without what a dispatch may say about people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assignment")
            .field("job", &self.job)
            .field("kind", &self.kind)
            .field("room", &self.room)
            .finish()
    }
}

impl Assignment {
    /// What the server sent; the error says what it lacks.
    pub(crate) fn from_wire(job: JobId, message: proto::JobAssignment) -> Result<Self, &'static str> {
        let wire = message.job.unwrap_or_default();
        let room = wire.room.unwrap_or_default();
        if room.name.is_empty() {
            return Err("assignment without a room");
        }
        if message.token.is_empty() {
            return Err("assignment without a token");
        }
        Ok(Self {
            job,
            kind: JobKind::from_wire(wire.r#type).ok_or("assignment of an unknown kind")?,
            room: room.name,
            room_sid: room.sid,
            participant: wire.participant.map(|participant| participant.identity),
            metadata: wire.metadata,
            attributes: wire.attributes.into_iter().collect(),
            agent_name: wire.agent_name,
            url: message.url.filter(|url| !url.is_empty()),
            token: message.token,
        })
    }
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Success,
    /// Not as it should; the reason, for an operator, without anything that people said.
    Failed(String),
}

/// Why a call is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The server ended the job: the dispatch was deleted, the room closed or the agent was removed.
    Terminated,
    /// This worker stops, and has waited for calls as long as it may.
    WorkerStops,
}
