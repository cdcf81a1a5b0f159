//! Scripted failures: which request fails, after how many pieces, and how.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use providers_core::{ErrorKind, ProviderError};
use tokio::time::Instant;

use crate::{record::PROVIDER, timeline::Alarm};

/// One failure of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// How many pieces (events, chunks) come before it.
    pub after: usize,
    /// What happens in place of the next piece, when that piece is due.
    pub what: Mishap,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// The stream reports this error and ends.
    Error {
        /// The error's kind.
        kind: ErrorKind,
        /// The pause that the provider asks for.
        retry_after: Option<Duration>,
    },
    /// Nothing ever comes again.
    Stall,
    /// Nothing comes for this long; then it goes on.
    Pause(Duration),
    /// The stream ends without its end mark and without an error, as no provider may.
    End,
}

/// The failures of a provider's requests, in the order in which the requests are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    plan: Vec<Option<Fault>>,
    repeats: bool,
}

impl Faults {
    /// No request fails.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Every request fails alike.
    #[must_use]
    pub fn always(fault: Fault) -> Self {
        Self::cycle([Some(fault)])
    }

    /// The first requests fail as listed; those after the list succeed.
    #[must_use]
    pub fn sequence(plan: impl IntoIterator<Item = Option<Fault>>) -> Self {
        Self { plan: plan.into_iter().collect(), repeats: false }
    }

    /// The list again and again: a flapping provider.
    #[must_use]
    pub fn cycle(plan: impl IntoIterator<Item = Option<Fault>>) -> Self {
        Self { plan: plan.into_iter().collect(), repeats: true }
    }

    /// The failure of the request with this number, counted from 0.
    pub(crate) fn of_request(&self, number: u64) -> Option<Fault> {
        let length = self.plan.len() as u64;
        if length == 0 || (number >= length && !self.repeats) {
            return None;
        }
        self.plan[(number % length) as usize]
    }
}

/// The failure of one stream, as its pieces are given.
pub(crate) struct Mishaps {
    fault: Option<Fault>,
    given: usize,
    pause_ends: Option<Instant>,
}

/// What the stream does next.
pub(crate) enum Step {
    /// Gives its next piece.
    Go,
    /// Reports this and ends.
    Fail(ProviderError),
    /// Ends.
    End,
}

impl Mishaps {
    pub(crate) const fn new(fault: Option<Fault>) -> Self {
        Self { fault, given: 0, pause_ends: None }
    }

    /// Asks before the next piece is given; [`Step::Go`] counts it as given.
    pub(crate) fn poll_step(&mut self, cx: &mut Context<'_>, alarm: &mut Alarm) -> Poll<Step> {
        let Some(fault) = self.fault.filter(|fault| fault.after == self.given) else {
            self.given += 1;
            return Poll::Ready(Step::Go);
        };
        match fault.what {
            Mishap::Stall => alarm.park(cx),
            Mishap::End => Poll::Ready(Step::End),
            Mishap::Error { kind, retry_after } => {
                let error =
                    ProviderError::new(PROVIDER, kind, "the script says so").with_retry_after(retry_after);
                Poll::Ready(Step::Fail(error))
            }
            Mishap::Pause(pause) => {
                let ends = *self.pause_ends.get_or_insert_with(|| Instant::now() + pause);
                alarm.poll_until(cx, ends).map(|()| {
                    self.fault = None;
                    self.given += 1;
                    Step::Go
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults, Mishap};

    const STALL: Fault = Fault { after: 0, what: Mishap::Stall };

    #[test]
    fn a_sequence_ends_and_a_cycle_does_not() {
        let sequence = Faults::sequence([Some(STALL), None, Some(STALL)]);
        let cycle = Faults::cycle([Some(STALL), None]);
        let failing = |faults: &Faults| (0..6).map(|n| faults.of_request(n).is_some()).collect::<Vec<_>>();
        assert_eq!(failing(&sequence), [true, false, true, false, false, false]);
        assert_eq!(failing(&cycle), [true, false, true, false, true, false]);
        assert_eq!(failing(&Faults::none()), [false; 6]);
    }
}
