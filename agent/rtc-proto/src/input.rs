//! What a room is told: facts, each with the moment at which it happened.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use livekit_protocol::DataPacket;

use crate::link::LinkFailure;
use crate::names::{LocalTrack, TrackSid};
use crate::vocabulary::{OutgoingAudio, Reliability, TrackOptions};

/// One fact.
#[derive(Debug)]
pub enum Input<'a> {
    /// The link asked for is open.
    LinkOpened,
    /// The link asked for could not be opened, or an open one broke.
    LinkFailed(LinkFailure),
    /// A binary message came over the link.
    SignalReceived(&'a [u8]),
    /// A datagram, or one frame of a TCP connection (RFC 4571), came.
    DatagramReceived {
        /// Over which kind of socket.
        transport: Transport,
        /// Whose.
        from: SocketAddr,
        /// Our address on that socket.
        to: SocketAddr,
        /// What.
        bytes: &'a [u8],
    },
    /// There is a way over UDP.
    UdpOpened {
        /// For which connection.
        id: UdpId,
        /// To where.
        remote: SocketAddr,
        /// Our address on it, with the socket's port.
        local: SocketAddr,
    },
    /// There is none.
    UdpFailed {
        /// For which connection.
        id: UdpId,
        /// To where.
        remote: SocketAddr,
    },
    /// The TCP connection asked for is open.
    TcpOpened {
        /// Which.
        id: TcpId,
        /// Our address.
        local: SocketAddr,
    },
    /// The TCP connection asked for could not be opened, or broke.
    TcpClosed(TcpId),
    /// A frame of ours is ready.
    AudioEncoded(OutgoingAudio<'a>),
    /// The owner wants something.
    Requested(Request),
}

/// What an owner can want.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Publish a track.
    Publish {
        /// Its number, never used before in this room.
        track: LocalTrack,
        /// How.
        options: TrackOptions,
    },
    /// End a track of ours.
    Unpublish(LocalTrack),
    /// Mute or unmute a track of ours.
    Mute {
        /// Which.
        track: LocalTrack,
        /// Whether it shall be muted.
        muted: bool,
    },
    /// Hear a track, or no longer. Kept over reconnects; may come before the track is known.
    Subscribe {
        /// Which.
        track: TrackSid,
        /// Whether it shall flow.
        wanted: bool,
    },
    /// Change our own attributes: those named, an empty value takes one away.
    SetAttributes(BTreeMap<String, String>),
    /// Change our own metadata.
    SetMetadata(String),
    /// Change our own name.
    SetName(String),
    /// Send a data packet. Ask [`crate::Machine::data_room`] before: what does not fit is dropped and counted.
    SendData {
        /// Over which channel.
        reliability: Reliability,
        /// What.
        packet: Box<DataPacket>,
    },
    /// Leave, when reliable data on its way has arrived or [`crate::Patience::leave`] is over.
    Leave,
}

/// A kind of socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// A UDP socket of the room.
    Udp,
    /// A TCP connection opened for the room, framed by RFC 4571.
    Tcp,
}

/// A peer connection of a room, for its UDP sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UdpId(u32);

impl UdpId {
    /// The `number`th connection of its room. The machine counts.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }
}

/// A TCP connection of a room. Two may go to the same address: the server tells them apart by ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TcpId(u32);

impl TcpId {
    /// The `number`th TCP connection of its room. The machine counts.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }
}
