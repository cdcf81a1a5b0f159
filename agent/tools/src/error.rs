//! Why a tool failed: what the mind is told, or what it is not.

use std::error::Error;

use providers_core::ToolOutcome;
use tracing::warn;

/// Why a tool failed.
///
/// Any error becomes a [`ToolError::Internal`] by `?`; what the mind can do something about is said with
/// [`ToolError::told`].
#[derive(Debug)]
pub enum ToolError {
    /// What the mind is told, in a sentence that says what to do about it. It may say so to the user.
    Told(String),
    /// What concerns the operator: it is logged, and the mind is told only that something failed.
    Internal(Box<dyn Error + Send + Sync>),
}

impl ToolError {
    /// An error that the mind is told.
    pub fn told(text: impl Into<String>) -> Self {
        Self::Told(text.into())
    }

    /// What the mind reads; what it may not read is logged.
    pub(crate) fn outcome(self, tool: &str) -> ToolOutcome {
        match self {
            Self::Told(text) => ToolOutcome::failed(text),
            Self::Internal(error) => {
                warn!(tool, error = chain(&*error), "a tool failed");
                ToolOutcome::failed("The function failed for a reason of its own. Try something else.")
            }
        }
    }
}

// `ToolError` itself is no `Error`: that is what lets every error become one.
impl<E: Error + Send + Sync + 'static> From<E> for ToolError {
    fn from(error: E) -> Self {
        Self::Internal(Box::new(error))
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
