//! The timers of a worker: a closed list, and a table of when each is due.

use std::time::Instant;

/// What time is awaited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The pause before the next attempt to connect is over.
    Reconnect,
    /// The server has not answered the registration.
    Register,
    /// Status and load are to be sent, though nothing changed.
    Update,
    /// The link is to be pinged.
    Ping,
    /// The link was silent for too long.
    Silence,
    /// What calls need takes longer to load than an offered job may wait.
    Loading,
    /// An offered job was not answered. One timer for all: due for the oldest.
    Answer,
    /// An accepted job was not assigned. One timer for all: due for the oldest.
    Assignment,
}

impl Timer {
    const ALL: [Self; 8] = [
        Self::Reconnect,
        Self::Register,
        Self::Update,
        Self::Ping,
        Self::Silence,
        Self::Loading,
        Self::Answer,
        Self::Assignment,
    ];
}

/// When each timer is due.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimerTable([Option<Instant>; Timer::ALL.len()]);

impl TimerTable {
    pub(crate) fn set(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = Some(at);
    }

    pub(crate) fn is_set(&self, timer: Timer) -> bool {
        self.0[timer as usize].is_some()
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(crate) fn stop_all(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn stop_all_but(&mut self, timer: Timer) {
        let kept = self.0[timer as usize];
        self.stop_all();
        self.0[timer as usize] = kept;
    }

    /// The first that is due, and when.
    pub(crate) fn next(&self) -> Option<(Instant, Timer)> {
        Timer::ALL.into_iter().filter_map(|timer| Some((self.0[timer as usize]?, timer))).min()
    }

    /// Takes the first timer that is due by `now`.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let (at, timer) = self.next()?;
        (at <= now).then(|| {
            self.stop(timer);
            timer
        })
    }
}
