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

/// What the server asks an agent for.
#[derive(Clone, PartialEq, Eq)]
pub struct Job {
    /// The server's id of it.
    pub id: JobId,
    /// The dispatch that it comes from, `AD_…`; empty where the server says none.
    pub dispatch: String,
    /// For what an agent is asked.
    pub kind: JobKind,
    /// The room's name; empty for a call without a room.
    pub room: String,
    /// The room's id, `RM_…`; empty when it is not known.
    pub room_sid: String,
    /// What the room says of itself.
    pub room_metadata: String,
    /// The participant it is about, for publisher and participant jobs.
    pub participant: Option<JobParticipant>,
    /// What the dispatch said, as it was given.
    pub metadata: String,
    /// What the dispatch said, by key.
    pub attributes: BTreeMap<String, String>,
    /// The name the agent was asked by; empty for automatic dispatch.
    pub agent_name: String,
}

/// The participant whom a job is about, as the server saw them when it asked.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct JobParticipant {
    /// Who they are in the room.
    pub identity: String,
    /// By what name the others see them.
    pub name: String,
    /// What their token said of them.
    pub metadata: String,
    /// What their token said of them, by key.
    pub attributes: BTreeMap<String, String>,
}

impl fmt::Debug for Job {
    /// Without what a dispatch may say about people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("room", &self.room)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for JobParticipant {
    /// Without what a token may say about people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobParticipant").finish_non_exhaustive()
    }
}

impl Job {
    /// A job that no server gave: of a call that was begun by hand, in this room (empty: without one).
    #[must_use]
    pub fn by_hand(id: JobId, room: impl Into<String>, agent_name: impl Into<String>) -> Self {
        Self {
            id,
            dispatch: String::new(),
            kind: JobKind::Room,
            room: room.into(),
            room_sid: String::new(),
            room_metadata: String::new(),
            participant: None,
            metadata: String::new(),
            attributes: BTreeMap::new(),
            agent_name: agent_name.into(),
        }
    }

    /// What the server sent; the error says what it lacks.
    pub(crate) fn from_wire(id: JobId, wire: proto::Job) -> Result<Self, &'static str> {
        let room = wire.room.unwrap_or_default();
        if room.name.is_empty() {
            return Err("without a room");
        }
        Ok(Self {
            id,
            dispatch: wire.dispatch_id,
            kind: JobKind::from_wire(wire.r#type).ok_or("of an unknown kind")?,
            room: room.name,
            room_sid: room.sid,
            room_metadata: room.metadata,
            participant: wire.participant.and_then(JobParticipant::from_wire),
            metadata: wire.metadata,
            attributes: wire.attributes.into_iter().collect(),
            agent_name: wire.agent_name,
        })
    }
}

impl JobParticipant {
    /// `None` for one without an identity: nobody in a room is.
    fn from_wire(wire: proto::ParticipantInfo) -> Option<Self> {
        (!wire.identity.is_empty()).then(|| Self {
            identity: wire.identity,
            name: wire.name,
            metadata: wire.metadata,
            attributes: wire.attributes.into_iter().collect(),
        })
    }
}

/// A job that is ours: everything a call needs to begin.
#[derive(Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The job.
    pub job: Job,
    /// Where to join, when not at the worker's own server.
    pub url: Option<String>,
    /// What opens the room.
    pub token: String,
}

impl fmt::Debug for Assignment {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assignment").field("job", &self.job).finish_non_exhaustive()
    }
}

impl Assignment {
    /// What the server sent; the error says what it lacks.
    pub(crate) fn from_wire(id: JobId, message: proto::JobAssignment) -> Result<Self, &'static str> {
        let job = Job::from_wire(id, message.job.unwrap_or_default())?;
        if message.token.is_empty() {
            return Err("without a token");
        }
        Ok(Self { job, url: message.url.filter(|url| !url.is_empty()), token: message.token })
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
