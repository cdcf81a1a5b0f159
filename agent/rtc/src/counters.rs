//! Everything that a room counts, in one value: what the machine, the data plane and the sockets have seen and refused.

use agent_rtc_proto::Counters;

use crate::data::DataCounters;

/// Counts since a room was joined. They only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomCounters {
    /// What went through the room, and what of it was wrong.
    pub room: Counters,
    /// Streams, remote procedures and messages.
    pub data: DataCounters,
    /// What did not fit between the machine and the network.
    pub sockets: SocketCounters,
}

/// What the sockets of a room refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketCounters {
    /// TCP connections closed because what came was no stream of frames (RFC 4571).
    pub malformed_frames: u64,
    /// Datagrams that the network took none of: a full socket, no route, or no socket any longer.
    pub datagrams_unsent: u64,
    /// Frames dropped because a TCP connection is slower than what is said, or is closed.
    pub frames_unsent: u64,
    /// Signals dropped because the link takes none.
    pub signals_unsent: u64,
}

impl RoomCounters {
    /// What came from outside and was wrong, by kind: each survived, none of it passed on. For metrics, whose labels are
    /// these names.
    #[must_use]
    pub const fn malformed(&self) -> [(&'static str, u64); 8] {
        [
            ("signal", self.room.malformed_signals),
            ("unexpected_signal", self.room.unexpected_signals),
            ("sdp", self.room.malformed_sdp),
            ("candidate", self.room.malformed_candidates),
            ("datagram", self.room.malformed_datagrams),
            ("data_message", self.room.malformed_data),
            ("data_packet", self.data.malformed),
            ("tcp_frame", self.sockets.malformed_frames),
        ]
    }

    /// What was dropped or refused because a bound was reached, by kind.
    #[must_use]
    pub const fn refused(&self) -> [(&'static str, u64); 8] {
        [
            ("audio", self.room.audio_out_dropped),
            ("data", self.room.data_out_dropped),
            ("stream", self.data.streams_refused),
            ("procedure", self.data.rpc_refused),
            ("procedure_reply", self.data.rpc_replies_dropped),
            ("datagram", self.sockets.datagrams_unsent),
            ("tcp_frame", self.sockets.frames_unsent),
            ("signal", self.sockets.signals_unsent),
        ]
    }
}
