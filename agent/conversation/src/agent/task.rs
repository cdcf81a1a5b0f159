//! Tasks: an agent run inside another, which comes back with a value.

use std::fmt;

use tokio::sync::mpsc;

use crate::{Handle, handle::Command};

/// How a task's agent says that it is done, and with what.
pub struct Done<T> {
    pub(crate) value: mpsc::Sender<T>,
    pub(crate) call: Handle,
}

impl<T: Send + 'static> Done<T> {
    /// The task is done. Its agent leaves when what it says is over; then the one that waits for the value has the call
    /// again, and the value. Of several values the first counts.
    pub fn complete(&self, value: T) {
        let sender = self.value.clone();
        // Full: a value was given before. Closed: nobody waits for it.
        let deliver = Box::new(move || drop(sender.try_send(value)));
        // Refused: the sender goes with the last `Done`, and who waits is told that the task is lost.
        let _ = self.call.send(Command::Complete { deliver });
    }
}

impl<T> Clone for Done<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), call: self.call.clone() }
    }
}

impl<T> fmt::Debug for Done<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Done").finish_non_exhaustive()
    }
}

/// The task ended without a value: its agent handed over to another, or the call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the task ended without a value")]
pub struct TaskLost;
