//! What can be wrong with a file.

use std::{io, path::PathBuf};

/// Why a file was not played.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be read.
    #[error("{}: cannot be read: {error}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It says something that no scenario says.
    #[error("{}:{line}: {problem}", file.display())]
    Wrong {
        /// Which.
        file: PathBuf,
        /// Where, counted from 1.
        line: usize,
        /// What, naming the key.
        problem: String,
    },
}
