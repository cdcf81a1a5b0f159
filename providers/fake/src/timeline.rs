//! The one timer of a fake stream, and what an answer of the script is chosen by.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::time::{Instant, Sleep};

/// Which text an answer of the script is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Any text; an exact match goes before it.
    Any,
    /// This text, exactly.
    Text(String),
}

impl When {
    /// The form of scenario files: `*` is any text.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text == "*" { Self::Any } else { Self::Text(text.to_owned()) }
    }

    /// The first entry made for `text`, or else the first made for any text.
    pub(crate) fn choose<'a, T>(entries: &'a [T], when: impl Fn(&T) -> &Self, text: &str) -> Option<&'a T> {
        let exact = entries.iter().find(|entry| matches!(when(entry), Self::Text(own) if own == text));
        exact.or_else(|| entries.iter().find(|entry| matches!(when(entry), Self::Any)))
    }
}

/// A timer that is made once for a stream and set again for each event.
#[derive(Default)]
pub(crate) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    parked: Option<Waker>,
}

impl Alarm {
    /// Ready at `due`, at once when that is past.
    pub(crate) fn poll_until(&mut self, cx: &mut Context<'_>, due: Instant) -> Poll<()> {
        if Instant::now() >= due {
            return Poll::Ready(());
        }
        self.parked = Some(cx.waker().clone());
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if sleep.deadline() != due {
            sleep.as_mut().reset(due);
        }
        sleep.as_mut().poll(cx)
    }

    /// Waits for [`Alarm::wake`].
    pub(crate) fn park<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        self.parked = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Has the stream polled again: its script has changed.
    pub(crate) fn wake(&mut self) {
        if let Some(waker) = self.parked.take() {
            waker.wake();
        }
    }
}
