//! The shell around one LiveKit room: WebSocket, UDP and TCP sockets, the clock.
//!
//! [`Room::join`] gives a room that its owner polls; [`agent_rtc_proto::Machine`] decides, this crate does what it says.
#![warn(missing_docs)]

mod address;
mod counters;
mod crypto;
pub mod data;
mod driver;
mod error;
mod link;
mod options;
mod room;
mod tcp;
mod udp;

pub use agent_rtc_proto::{
    AudioFormat, AudioPacket, ConnectionQuality, Counters, DisconnectCause, DisconnectReason, FrameFate,
    Identity, LinkFailure, LocalTrack, MediaTransport, OutgoingAudio, Participant, ParticipantChanges,
    ParticipantKind, ParticipantSid, Patience, Permissions, RefusalReason, Reliability, RemoteTrack,
    RoomEvent, RoomInfo, ServerInfo, SignalPath, Speaker, SubscriptionError, TrackKind, TrackOptions,
    TrackSid, TrackSource,
};
pub use counters::{RoomCounters, SocketCounters};
pub use crypto::install_crypto;
pub use error::{JoinError, SendDataError};
pub use options::JoinOptions;
pub use room::{Event, Room};
