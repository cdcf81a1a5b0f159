//! What a function may return: text, JSON, or a whole outcome.

use providers_core::ToolOutcome;
use serde::Serialize;

use crate::ToolError;

/// What a function returned, as the mind will read it.
pub trait IntoOutcome {
    /// The outcome.
    ///
    /// # Errors
    /// When it cannot be written as text.
    fn into_outcome(self) -> Result<ToolOutcome, ToolError>;
}

/// A value that the mind reads as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoOutcome for Json<T> {
    fn into_outcome(self) -> Result<ToolOutcome, ToolError> {
        Ok(ToolOutcome::returned(serde_json::to_string(&self.0)?))
    }
}

impl IntoOutcome for ToolOutcome {
    fn into_outcome(self) -> Result<ToolOutcome, ToolError> {
        Ok(self)
    }
}

impl IntoOutcome for String {
    fn into_outcome(self) -> Result<ToolOutcome, ToolError> {
        Ok(ToolOutcome::returned(self))
    }
}

impl IntoOutcome for &str {
    fn into_outcome(self) -> Result<ToolOutcome, ToolError> {
        Ok(ToolOutcome::returned(self))
    }
}

/// It was done, and there is nothing more to say about it.
impl IntoOutcome for () {
    fn into_outcome(self) -> Result<ToolOutcome, ToolError> {
        Ok(ToolOutcome::returned("Done."))
    }
}
