//! Why the program ends before its time, and with which exit code.

use std::{io, path::PathBuf};

use crate::{
    ConsoleError, FilterError, JournalsError, LinkError, ListenError, NotBegun, TrustError, WorkerError,
    cast::TeamError, link::of_room, playground::PlaygroundError, protocol::Outcome, providers::BuildError,
};
use agent_rtc::{DisconnectCause, JoinError};
use config_schema::ConfigErrors;
use url::Url;

use super::cli::Exit;

/// Why the program ends before its time.
#[derive(Debug, thiserror::Error)]
pub(in crate::program) enum Failure {
    #[error("cannot read {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the configuration is wrong:\n{0}")]
    Configuration(#[from] ConfigErrors),
    #[error("the agents are wrong:\n{0}")]
    Team(#[from] TeamError),
    #[error("the configuration is wrong: {0}")]
    Filter(#[from] FilterError),
    #[error("livekit.ca_file: {0}")]
    Trust(#[from] TrustError),
    #[error("a provider cannot be had: {0}")]
    Providers(#[from] BuildError),
    #[error(transparent)]
    Journals(#[from] JournalsError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Worker(#[from] WorkerError),
    #[error(transparent)]
    Playground(#[from] PlaygroundError),
    #[error(transparent)]
    Console(#[from] ConsoleError),
    #[error("cannot sign a token: {0}")]
    Token(#[from] livekit_token::AccessTokenError),
    #[error(transparent)]
    Server(#[from] LinkError),
    #[error("the server ended the call as it began: {0}")]
    Ended(DisconnectCause),
    #[error("the call failed: {0}")]
    Call(String),
    #[error("cannot start the runtime: {0}")]
    Runtime(io::Error),
    #[error("cannot hear signals: {0}")]
    Signals(io::Error),
    #[error("cannot start the agent: {0}")]
    Child(io::Error),
    #[error("stopped before calls had ended")]
    Aborted,
}

impl Failure {
    pub(in crate::program) fn exit(&self) -> Exit {
        match self {
            Self::File { .. }
            | Self::Configuration(_)
            | Self::Team(_)
            | Self::Filter(_)
            | Self::Trust(_)
            | Self::Providers(_)
            | Self::Journals(_)
            | Self::Console(ConsoleError::Providers(_) | ConsoleError::Journals(_)) => Exit::Configuration,
            Self::Listen(_)
            | Self::Playground(PlaygroundError::Listen { .. } | PlaygroundError::NotLoopback(_)) => {
                Exit::Listen
            }
            Self::Worker(WorkerError::Link(_) | WorkerError::NoRegistration(_))
            | Self::Server(_)
            | Self::Ended(_) => Exit::Server,
            Self::Worker(WorkerError::Shards(_))
            | Self::Playground(PlaygroundError::Assets { .. })
            | Self::Console(_)
            | Self::Token(_)
            | Self::Call(_)
            | Self::Runtime(_)
            | Self::Signals(_)
            | Self::Child(_)
            | Self::Aborted => Exit::Failed,
        }
    }
}

/// Why a call in a room did not begin, as this program says it of a worker that does not register.
pub(in crate::program) fn of_beginning(server: &Url, error: NotBegun) -> Failure {
    match error {
        NotBegun::NoProviders => Failure::Call(error.to_string()),
        NotBegun::Room(JoinError::Link(failure)) => of_room(server, failure).into(),
        NotBegun::Room(JoinError::Ended(cause)) => Failure::Ended(cause),
    }
}

/// A call's outcome as this program's.
pub(in crate::program) fn of_call(outcome: Outcome) -> Result<(), Failure> {
    match outcome {
        Outcome::Success => Ok(()),
        Outcome::Failed(reason) => Err(Failure::Call(reason)),
    }
}
