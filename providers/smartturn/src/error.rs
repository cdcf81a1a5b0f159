//! What can go wrong with the model's file and ONNX Runtime, and what to do about it.

use std::path::PathBuf;

use providers_core::{ErrorKind, ProviderError};

use crate::PROVIDER;

/// A failure of Smart Turn.
#[derive(Debug, thiserror::Error)]
pub enum SmartTurnError {
    /// The model's file cannot be read.
    #[error("cannot read the model {}: `./dev models smart-turn` fetches it and says where it is", path.display())]
    ModelMissing {
        /// The path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is no model that ONNX Runtime can run.
    #[error("{} is no model that ONNX Runtime can run: {said}", path.display())]
    ModelRefused {
        /// The path.
        path: PathBuf,
        /// What ONNX Runtime said.
        said: String,
    },
    /// The file is a model of something else.
    #[error("{} is another model than Smart Turn v3: {what}", path.display())]
    ModelOther {
        /// The path.
        path: PathBuf,
        /// What it has and should have.
        what: String,
    },
    /// ONNX Runtime is not where it was looked for.
    #[error("no ONNX Runtime ({looked_for}): `./dev models smart-turn` puts one beside the model")]
    LibraryMissing {
        /// The files that were looked for.
        looked_for: String,
    },
    /// The library is no ONNX Runtime, one that is too old, or a second one.
    #[error("{} cannot be used as ONNX Runtime 1.17 or newer: {said}", path.display())]
    LibraryRefused {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        said: String,
    },
    /// A thread could not be started.
    #[error("cannot start a thread for Smart Turn")]
    Thread {
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl SmartTurnError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::ModelMissing { .. } | Self::LibraryMissing { .. } => ErrorKind::NotFound,
            Self::ModelRefused { .. } | Self::ModelOther { .. } | Self::LibraryRefused { .. } => {
                ErrorKind::Unsupported
            }
            Self::Thread { .. } => ErrorKind::Internal,
        }
    }
}

impl From<SmartTurnError> for ProviderError {
    fn from(error: SmartTurnError) -> Self {
        Self::new(PROVIDER, error.kind(), error.to_string()).with_source(error)
    }
}
