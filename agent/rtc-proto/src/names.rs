//! Names of things in a room: each a type of its own, cheap to clone, ordered.

use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as the server writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<Arc<str>>> From<T> for $name {
            fn from(name: T) -> Self {
                Self(name.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name! {
    /// What a participant is called by its token; unique in a room at any moment, kept over reconnects.
    Identity
}
name! {
    /// One stay of a participant in a room, `PA_…`. A full reconnect is a new stay.
    ParticipantSid
}
name! {
    /// One published track, `TR_…`. Publishing again gives another.
    TrackSid
}

/// A track of ours, from the wish to publish it to its end; kept over reconnects, whatever its [`TrackSid`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTrack(u32);

impl LocalTrack {
    /// The `number`th track of its room. Whoever asks the machine to publish counts.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The id this side gives the track on the wire (`cid`); also the track id of its media section.
    #[must_use]
    pub fn client_id(self) -> String {
        format!("track-{}", self.0)
    }
}
