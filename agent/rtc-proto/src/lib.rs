//! One LiveKit room as a machine over str0m: signals, datagrams and time in, the same out. Pure.
//!
//! The machine decides what a room needs: what to offer, to answer, to ask for, when to try again. It opens no socket,
//! reads no clock and never waits; a shell (`agent/rtc`) does what [`Output`] says and tells it what happened as
//! [`Input`]. Feed one fact, drain [`Machine::poll_output`] to `None`, then feed the next.
//!
//! ```text
//!  link messages ─►┌─────────┐─► link messages, links to open
//!  datagrams ─────►│ Machine │─► datagrams, TCP connections to open
//!  encoded audio ─►│  str0m  │─► audio packets, data packets, news
//!  requests, time ►└─────────┘─► when to call again
//! ```
//!
//! What always holds:
//! - **R1** one offer is in flight per connection;
//! - **R2** after a full reconnect every published track is published again, once;
//! - **R3** a stay is resumed before a new one is asked for, and that before giving up; the delays are a pure function of
//!   attempt and seed;
//! - **R4** malformed input never panics and never ends a room; it is counted;
//! - **R5** str0m is drained between any two mutations;
//! - **R6** data never delays audio by more than 64 KiB of datagrams.
//!
//! Not here: codecs and jitter (`agent/audio`), data streams and remote procedures (`agent/rtc`, over the data packets
//! given here), TURN, video, end-to-end encryption.
#![warn(missing_docs)]

mod config;
mod connection;
mod counters;
mod data;
mod event;
mod framing;
mod input;
mod link;
mod machine;
mod names;
mod output;
mod publications;
mod reconnect;
mod red;
mod roster;
mod sdp;
mod timer;
mod vocabulary;

#[cfg(test)]
mod testing;

pub use config::{Config, MediaTransport, Patience};
pub use counters::Counters;
pub use event::{DisconnectCause, ParticipantChanges, RoomEvent};
pub use framing::{FrameReader, FrameTooLarge, frame_header};
pub use input::{Input, Request, TcpId, Transport, UdpId};
pub use link::{LinkFailure, LinkPurpose, LinkRequest, SignalPath};
pub use livekit_protocol as protocol;
pub use livekit_protocol::request_response::Reason as RefusalReason;
pub use livekit_protocol::{DisconnectReason, SubscriptionError};
pub use machine::Machine;
pub use names::{Identity, LocalTrack, ParticipantSid, TrackSid};
pub use output::{Output, Transmit};
pub use timer::Timer;
pub use vocabulary::{
    AudioFormat, AudioPacket, ConnectionQuality, FrameFate, OutgoingAudio, Participant, ParticipantKind,
    Permissions, Reliability, RemoteTrack, RoomInfo, ServerInfo, Speaker, TrackKind, TrackOptions,
    TrackSource,
};

/// Installs str0m's crypto for the process. Call it once, before the first machine.
pub fn install_crypto() {
    str0m::crypto::from_feature_flags().install_process_default();
}
