//! The names of values, as journals, orders and metrics write them: lower case, underscores.

use crate::{
    Answer, CancelReason, CloseReason, Detection, DropReason, Priority, Standing, Suppression, Verdict,
};

/// Gives a fieldless enum its names.
macro_rules! names {
    ($($type:ident { $($variant:ident = $name:literal),+ $(,)? })+) => {$(
        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name used in journals and metrics: lower case, underscores.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    )+};
}

/// The same, and the way back.
macro_rules! names_to_read {
    ($($type:ident { $($variant:ident = $name:literal),+ $(,)? })+) => {$(
        names! { $type { $($variant = $name),+ } }

        impl $type {
            pub(super) fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }
    )+};
}

names! {
    Suppression {
        Superseded = "superseded", Stopped = "stopped", Failed = "failed", TimedOut = "timed_out", Empty = "empty",
        Declined = "declined", NotAddressed = "not_addressed",
    }
    CancelReason {
        Outdated = "outdated", Interrupted = "interrupted", Stopped = "stopped", TimedOut = "timed_out",
        Closed = "closed",
    }
    DropReason {
        Interrupted = "interrupted", Superseded = "superseded", Withdrawn = "withdrawn", Full = "full",
        Closed = "closed",
    }
}

names_to_read! {
    CloseReason {
        UserLeft = "user_left", RoomClosed = "room_closed", Completed = "completed", Shutdown = "shutdown",
        Disconnected = "disconnected", Error = "error",
    }
    Verdict {
        Undecided = "undecided", Interruption = "interruption", Backchannel = "backchannel", Echo = "echo",
        Repetition = "repetition", SideSpeech = "side_speech",
    }
    Standing { Answered = "answered", HeardOnly = "heard_only" }
    Priority { Low = "low", Normal = "normal", High = "high" }
    Answer { AsIs = "as_is", Anew = "anew", Not = "not" }
    Detection { Voice = "voice", Recogniser = "recogniser", Manual = "manual", Model = "model" }
}
