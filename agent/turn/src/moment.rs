//! Time and identity inside one call: moments since it began, numbers of speakers, turns, replies, pauses and requests.

use std::{fmt, ops::Add, time::Duration};

/// A moment of the call: how long after its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment(pub Duration);

impl Moment {
    /// The beginning of the call.
    pub const START: Self = Self(Duration::ZERO);

    /// `millis` milliseconds after the beginning.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// How long ago `earlier` was; zero when it was not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment `ago` before this one; the beginning when that would be before it.
    #[must_use]
    pub const fn before(self, ago: Duration) -> Self {
        Self(self.0.saturating_sub(ago))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later))
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }
    };
}

number! {
    /// A reply, numbered by the machine from 1 in the order in which it was begun.
    ReplyId, "r"
}
number! {
    /// A turn of the user, numbered by the machine from 1 in the order of commitment.
    TurnId, "t"
}
number! {
    /// Something that the program asked to be said, numbered by the program.
    RequestId, "q"
}
number! {
    /// A person who is heard, numbered by the program; [`SpeakerId::LINKED`] is the one the call is for.
    SpeakerId, "u"
}
number! {
    /// A pause that is to be judged, numbered by the machine from 1 in the order in which it was noticed.
    PauseId, "p"
}

impl SpeakerId {
    /// The person the call is for. Is there from the beginning; with them the call ends.
    pub const LINKED: Self = Self(1);
}
