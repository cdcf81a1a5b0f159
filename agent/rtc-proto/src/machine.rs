//! The room itself: the five methods, and what its owner may read.

use std::time::Instant;

use crate::{
    Config, Counters, Identity, Input, LocalTrack, Output, Participant, Reliability, RoomInfo, ServerInfo,
    Timer, TrackSid,
};

/// One LiveKit room.
pub struct Machine {
    room: RoomInfo,
    server: ServerInfo,
    local: Option<Participant>,
    counters: Counters,
}

/// The grammar.
impl Machine {
    /// Begins to join. Drain [`Machine::poll_output`] at once: it says which link to open.
    #[must_use]
    pub fn new(config: Config, now: Instant) -> Self {
        let _ = (config, now);
        Self {
            room: RoomInfo::default(),
            server: ServerInfo::default(),
            local: None,
            counters: Counters::default(),
        }
    }

    /// One fact.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        let _ = (now, input);
    }

    /// Time has passed. Early calls change nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        let _ = now;
    }

    /// The next order or piece of news; drain to `None` before the next fact.
    pub fn poll_output(&mut self) -> Option<Output> {
        None
    }

    /// When to call [`Machine::handle_timeout`], and on whose behalf.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        None
    }
}

/// What there is to read.
impl Machine {
    /// The room, as far as the server has told.
    #[must_use]
    pub fn room(&self) -> &RoomInfo {
        &self.room
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &ServerInfo {
        &self.server
    }

    /// Ourselves; `None` before the server has let us in.
    #[must_use]
    pub fn local(&self) -> Option<&Participant> {
        self.local.as_ref()
    }

    /// The others, by identity.
    pub fn participants(&self) -> impl Iterator<Item = &Participant> {
        self.local.iter()
    }

    /// One of the others.
    #[must_use]
    pub fn participant(&self, identity: &Identity) -> Option<&Participant> {
        self.local.as_ref().filter(|local| local.identity == *identity)
    }

    /// What others call a track of ours; `None` until the server has said.
    #[must_use]
    pub fn local_track_sid(&self, track: LocalTrack) -> Option<&TrackSid> {
        let _ = track;
        None
    }

    /// How many bytes of data packets can be queued now; a packet larger than that is dropped.
    #[must_use]
    pub fn data_room(&self, reliability: Reliability) -> usize {
        let _ = reliability;
        0
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}
