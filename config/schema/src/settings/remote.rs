//! Settings of the remote: what programs in a room may ask a call.

use std::time::Duration;

use crate::{
    inventory::section,
    rule::{count, milliseconds, text},
};

section! {
    /// Programs in the room that may ask a call what its agent is told, follow all it does, and have it answer words that
    /// nobody said: the topic lk.agent.session of LiveKit's agents. Pages that people talk to agents with do not need it.
    pub struct Remote at "remote" {
        /// The attribute by which a participant's token says that it may ask; its value is "true". Only of one who may not
        /// change its own attributes, from the first that an agent is told of its stay; all others are refused. So let no
        /// server take the right to change attributes away from somebody who is in a room: an agent that is told of them
        /// only then takes what they have said of themselves for the word of their token. Who is hidden cannot ask.
        /// Empty: nobody may ask, and the topic is not read.
        attribute: Option<String> = "attribute" text("", 128);
        /// How long a request may be.
        max_request: u32 = "max_request_bytes" count(65_536, 256, 1_000_000, "bytes");
        /// How many requests may wait for the conversation.
        at_once: u32 = "requests_at_once" count(8, 1, 64, "requests");
        /// How many requests are taken in a second, from all who may ask.
        per_second: u32 = "requests_per_second" count(20, 1, 1_000, "requests");
        /// How long a run_input may take before its asker is told that it does. What is said goes on.
        run_timeout: Duration = "run_timeout_ms" milliseconds(60_000, 1_000, 600_000);
    }
}
