//! What the machine is told to be. No defaults here: they live in `config/schema`.

use std::time::Duration;

use livekit_protocol as proto;

use super::JobKind;

/// What one worker is.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// For what the server is to ask.
    pub kind: JobKind,
    /// The agent's name; empty for automatic dispatch.
    pub agent_name: String,
    /// This program's version, for the server's log.
    pub version: String,
    /// A text that is new for each process, so that a server can tell a worker that is back from a second one.
    pub instance: String,
    /// What an agent may do in its room.
    pub permissions: Permissions,
    /// Calls at once; `None` for no limit.
    pub slots: Option<u32>,
    /// Lag, in thousandths of what counts as full, from which no more jobs are taken; `None` never declines for lag.
    pub full_at_permille: Option<u16>,
    /// Whether the program looks at each job before it is answered.
    pub considers: bool,
    /// How long an offered job may wait for what calls need, and for the program to decide.
    pub answer_timeout: Duration,
    /// How often status and load are sent when nothing changes.
    pub update_interval: Duration,
    /// How long an accepted job may take to be assigned.
    pub assignment_timeout: Duration,
    /// How long the server may take to answer the registration.
    pub register_timeout: Duration,
    /// How often the link is pinged; it is given up after twice as long without any frame.
    pub ping_interval: Duration,
    /// The first pause before connecting again.
    pub reconnect_min: Duration,
    /// The longest pause before connecting again.
    pub reconnect_max: Duration,
    /// End when the first registration fails, whatever the reason. Without it a server that is down is waited for.
    pub fail_fast: bool,
    /// Jitters the pauses.
    pub seed: u64,
}

/// What an agent may do in its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Hear others.
    pub can_subscribe: bool,
    /// Speak.
    pub can_publish: bool,
    /// Send transcripts and messages.
    pub can_publish_data: bool,
    /// Set its own attributes.
    pub can_update_metadata: bool,
    /// Unseen by others.
    pub hidden: bool,
}

impl Permissions {
    /// As the wire has it.
    #[expect(
        deprecated,
        reason = "servers up to 1.9 take `agent` from here, later ones from the token's kind"
    )]
    pub(crate) fn to_wire(self) -> proto::ParticipantPermission {
        proto::ParticipantPermission {
            can_subscribe: self.can_subscribe,
            can_publish: self.can_publish,
            can_publish_data: self.can_publish_data,
            can_update_metadata: self.can_update_metadata,
            hidden: self.hidden,
            agent: true,
            ..proto::ParticipantPermission::default()
        }
    }
}
