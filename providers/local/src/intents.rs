//! What can be said to the local mind, what it answers, and the ear's grammar: one file.

use std::path::Path;

/// An intents file, read and checked.
#[derive(Clone, Debug)]
pub struct Intents {}

impl Intents {
    /// The file that ships with this crate: `providers/local/intents/default.toml`.
    pub fn embedded() -> Self {
        todo!()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is wrong; the text names the file, the line and the key.
    pub fn read(_path: &Path) -> Result<Self, IntentsError> {
        todo!()
    }
}

/// What is wrong with an intents file.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {message}")]
pub struct IntentsError {
    /// The file.
    pub origin: String,
    /// What is wrong, and where.
    pub message: String,
}
