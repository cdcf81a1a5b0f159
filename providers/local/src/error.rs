//! What can go wrong on this machine, and what to do about it.

use std::path::PathBuf;

use providers_core::{ErrorKind, ProviderError};

use crate::{PROVIDER, intents::IntentsError};

/// A failure of a local provider.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A shared library is not installed.
    #[error("cannot load {library}: run `apt-get install {package}`")]
    LibraryMissing {
        /// The file name that was looked for.
        library: String,
        /// The Debian package that ships it.
        package: &'static str,
        /// What the loader said.
        #[source]
        source: libloading::Error,
    },
    /// A shared library lacks a function: it is another version.
    #[error("{library} has no function {symbol}: another version than {package} of Debian 12")]
    FunctionMissing {
        /// The library.
        library: String,
        /// The function.
        symbol: &'static str,
        /// The Debian package that was expected.
        package: &'static str,
        /// What the loader said.
        #[source]
        source: libloading::Error,
    },
    /// A model's file cannot be read.
    #[error("cannot read {}: {remedy}", path.display())]
    ModelMissing {
        /// The path.
        path: PathBuf,
        /// What to install or to set.
        remedy: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A library refused what it was given.
    #[error("{library} refused {what}")]
    Refused {
        /// The library.
        library: &'static str,
        /// What it was given.
        what: String,
    },
    /// The voice is not one of those that the library has.
    #[error("no voice {name:?}: there are slt, rms, awb and kal16")]
    NoVoice {
        /// The name asked for.
        name: String,
    },
    /// The intents file is wrong, or uses words that the recogniser cannot hear.
    #[error(transparent)]
    Intents(#[from] IntentsError),
    /// A thread could not be started.
    #[error("cannot start a thread for {purpose}")]
    Thread {
        /// What it was for.
        purpose: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl LocalError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::LibraryMissing { .. }
            | Self::FunctionMissing { .. }
            | Self::ModelMissing { .. }
            | Self::NoVoice { .. } => ErrorKind::NotFound,
            Self::Intents(_) => ErrorKind::BadRequest,
            Self::Refused { .. } | Self::Thread { .. } => ErrorKind::Internal,
        }
    }
}

impl From<LocalError> for ProviderError {
    fn from(error: LocalError) -> Self {
        Self::new(PROVIDER, error.kind(), error.to_string()).with_source(error)
    }
}
