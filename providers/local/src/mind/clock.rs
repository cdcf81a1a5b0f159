//! What time it is, and how it is said.

use std::{fmt, sync::Arc};

use time::OffsetDateTime;

/// Tells the local date and time.
#[derive(Clone)]
pub struct WallClock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl WallClock {
    /// A clock that asks `read` each time: for tests, and for callers with a time zone of their own.
    #[must_use]
    pub fn new(read: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The machine's clock in the machine's time zone; in UTC when the zone cannot be told.
    #[must_use]
    pub fn machine() -> Self {
        Self::new(|| OffsetDateTime::now_local().unwrap_or_else(|_| OffsetDateTime::now_utc()))
    }

    /// `3:05 PM`.
    pub(super) fn time(&self) -> String {
        let now = (self.0)();
        let (hour, half) = match now.hour() {
            0 => (12, "AM"),
            hour @ 1..12 => (hour, "AM"),
            12 => (12, "PM"),
            hour => (hour - 12, "PM"),
        };
        format!("{hour}:{:02} {half}", now.minute())
    }

    /// `March 14, 2026`.
    pub(super) fn date(&self) -> String {
        let now = (self.0)();
        format!("{} {}, {}", now.month(), now.day(), now.year())
    }

    /// `Saturday`.
    pub(super) fn weekday(&self) -> String {
        (self.0)().weekday().to_string()
    }
}

impl fmt::Debug for WallClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WallClock")
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::WallClock;

    #[test]
    fn the_time_is_said_as_people_say_it() {
        for (now, time, date, weekday) in [
            (datetime!(2026-03-14 00:05 UTC), "12:05 AM", "March 14, 2026", "Saturday"),
            (datetime!(2026-12-01 12:00 UTC), "12:00 PM", "December 1, 2026", "Tuesday"),
            (datetime!(2024-02-29 23:59 +02), "11:59 PM", "February 29, 2024", "Thursday"),
        ] {
            let clock = WallClock::new(move || now);
            assert_eq!(
                (clock.time().as_str(), clock.date().as_str(), clock.weekday().as_str()),
                (time, date, weekday)
            );
        }
    }

    #[test]
    fn the_machine_has_a_clock() {
        assert!(WallClock::machine().time().ends_with('M'));
    }
}
