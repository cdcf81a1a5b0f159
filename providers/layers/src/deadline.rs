//! The one timer of a layer's stream: set, cleared, polled.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

/// A timer that is made when first needed and used again.
#[derive(Default)]
pub(crate) struct Deadline {
    due: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// Runs out `after` from now, unless it is running already.
    pub(crate) fn start(&mut self, after: Duration) {
        if self.due.is_none() {
            self.due = Some(Instant::now() + after);
        }
    }

    /// Does not run any more.
    pub(crate) fn clear(&mut self) {
        self.due = None;
    }

    /// Ready when it has run out; a timer that does not run is never ready.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(due) = self.due else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if sleep.deadline() != due {
            sleep.as_mut().reset(due);
        }
        sleep.as_mut().poll(cx)
    }
}
