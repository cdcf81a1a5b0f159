//! What a room waits for: a closed list, and a table of deadlines.

use std::time::Instant;

/// On whose behalf [`crate::Machine::handle_timeout`] is to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Timer {
    /// ICE, DTLS, SCTP or RTCP of a connection has something to do.
    Connection,
    /// The link asked for must have brought the server's first message.
    Link,
    /// An offer must have been answered.
    Answer,
    /// Media must flow after a join or resume.
    Media,
    /// UDP has been tried alone long enough, or a TCP connection.
    Tcp,
    /// The next attempt to reconnect is due.
    Reconnect,
    /// The next ping is due.
    Ping,
    /// A pong, or anything else, must have come.
    Pong,
    /// The server has closed the connections of media, and its word why must have come.
    Word,
    /// Data on its way, or a link that does not come, has held up leaving long enough.
    Leave,
}

impl Timer {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Connection,
        Self::Link,
        Self::Answer,
        Self::Media,
        Self::Tcp,
        Self::Reconnect,
        Self::Ping,
        Self::Pong,
        Self::Word,
        Self::Leave,
    ];
}

/// One deadline, or none, for each timer.
#[derive(Debug, Default)]
pub(crate) struct TimerTable([Option<Instant>; Timer::ALL.len()]);

impl TimerTable {
    pub(crate) fn set(&mut self, timer: Timer, deadline: Instant) {
        self.0[timer as usize] = Some(deadline);
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(crate) fn stop_all(&mut self) {
        self.0 = Default::default();
    }

    pub(crate) fn get(&self, timer: Timer) -> Option<Instant> {
        self.0[timer as usize]
    }

    /// Stops the timer if it is due, and says whether it was.
    pub(crate) fn take_due(&mut self, timer: Timer, now: Instant) -> bool {
        let due = self.0[timer as usize].is_some_and(|deadline| deadline <= now);
        if due {
            self.stop(timer);
        }
        due
    }

    /// The soonest deadline and whose it is.
    pub(crate) fn soonest(&self) -> Option<(Instant, Timer)> {
        Timer::ALL.into_iter().filter_map(|timer| Some((self.get(timer)?, timer))).min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_soonest_timer_is_told_with_its_name_and_taken_once() {
        let start = crate::testing::start();
        let mut table = TimerTable::default();
        assert_eq!(table.soonest(), None);
        table.set(Timer::Ping, start + Duration::from_secs(5));
        table.set(Timer::Link, start + Duration::from_secs(2));
        assert_eq!(table.soonest(), Some((start + Duration::from_secs(2), Timer::Link)));
        assert!(!table.take_due(Timer::Ping, start + Duration::from_secs(4)));
        assert!(table.take_due(Timer::Link, start + Duration::from_secs(4)));
        assert!(!table.take_due(Timer::Link, start + Duration::from_secs(4)));
        table.stop_all();
        assert_eq!(table.soonest(), None);
    }
}
