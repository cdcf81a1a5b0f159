//! What is in a room: the room itself, participants, tracks, what they may do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::names::{Identity, LocalTrack, ParticipantSid, TrackSid};

pub use livekit_protocol::{ConnectionQuality, TrackSource};

/// The room as the server describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomInfo {
    /// `RM_…`; empty until the server has one.
    pub sid: String,
    /// The name that tokens ask for.
    pub name: String,
    /// Free text of the application.
    pub metadata: String,
    /// How many are in it, ourselves included, as of the server's last word.
    pub n_participants: u32,
    /// Whether the room is being recorded.
    pub recording: bool,
}

/// The server on the other side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerInfo {
    /// As the server writes it, `1.9.12`.
    pub version: String,
    /// The signalling protocol it speaks.
    pub protocol: i32,
    /// Where it runs, when it says so.
    pub region: String,
}

/// What kind of client a participant is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParticipantKind {
    /// A person in a browser or an app.
    #[default]
    Standard,
    /// A stream brought in.
    Ingress,
    /// A recorder.
    Egress,
    /// A telephone line.
    Sip,
    /// A program like us.
    Agent,
    /// A person behind a third party's voice service.
    Connector,
    /// Another room.
    Bridge,
    /// A kind that this side does not know.
    Unknown(i32),
}

impl From<i32> for ParticipantKind {
    fn from(wire: i32) -> Self {
        match wire {
            0 => Self::Standard,
            1 => Self::Ingress,
            2 => Self::Egress,
            3 => Self::Sip,
            4 => Self::Agent,
            7 => Self::Connector,
            8 => Self::Bridge,
            other => Self::Unknown(other),
        }
    }
}

/// What a participant may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Hear others.
    pub subscribe: bool,
    /// Publish tracks.
    pub publish: bool,
    /// Send data packets.
    pub publish_data: bool,
    /// Change its own name, metadata and attributes.
    pub update_metadata: bool,
    /// Others are not told that it is here.
    pub hidden: bool,
}

/// One participant: another, or ourselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// This stay.
    pub sid: ParticipantSid,
    /// Who it is.
    pub identity: Identity,
    /// What to call it; may be empty.
    pub name: String,
    /// What it is.
    pub kind: ParticipantKind,
    /// Free text of the application.
    pub metadata: String,
    /// Free keys and values of the application.
    pub attributes: BTreeMap<String, String>,
    /// What it may do.
    pub permissions: Permissions,
    /// What it publishes.
    pub tracks: BTreeMap<TrackSid, RemoteTrack>,
    /// What its client understands of data streams and remote procedures (`client_protocol`).
    pub client_protocol: i32,
    /// The server's count of changes; an older one is not applied.
    pub version: u32,
}

/// What a track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrackKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// Something that this side does not carry.
    Other,
}

/// A track that somebody publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteTrack {
    /// Which.
    pub sid: TrackSid,
    /// As its publisher calls it.
    pub name: String,
    /// Sound or pictures.
    pub kind: TrackKind,
    /// Where it comes from.
    pub source: TrackSource,
    /// Whether its publisher has muted it.
    pub muted: bool,
    /// `audio/opus`, `audio/red`, …
    pub mime_type: String,
}

/// How to publish a track of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackOptions {
    /// What others see.
    pub name: String,
    /// What it stands for; clients choose by it what to play.
    pub source: TrackSource,
    /// Tracks of one stream are played in step.
    pub stream: String,
    /// Whether silence may send nothing. `false` tells the server that a gap is a loss.
    pub dtx: bool,
}

impl TrackOptions {
    /// A voice: source microphone, without DTX.
    #[must_use]
    pub fn voice(name: impl Into<String>) -> Self {
        Self { name: name.into(), source: TrackSource::Microphone, stream: "voice".into(), dtx: false }
    }
}

/// How an audio payload is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AudioFormat {
    /// One Opus packet (RFC 7587).
    Opus,
    /// Opus with redundancy (RFC 2198).
    Red,
}

/// One RTP packet heard.
#[derive(Clone, Debug)]
pub struct AudioPacket {
    /// Whose.
    pub participant: Identity,
    /// Of which track.
    pub track: TrackSid,
    /// How the payload is packed.
    pub format: AudioFormat,
    /// As in the RTP header.
    pub sequence: u16,
    /// As in the RTP header, on the 48 kHz clock.
    pub rtp_time: u32,
    /// The first after a silence (RTP marker).
    pub talkspurt: bool,
    /// Without RTP header and padding.
    pub payload: Arc<[u8]>,
    /// When its datagram was received.
    pub arrival: Instant,
}

/// One frame of ours, encoded.
#[derive(Clone, Copy, Debug)]
pub struct OutgoingAudio<'a> {
    /// Of which track.
    pub track: LocalTrack,
    /// When its first sample is due, on the 48 kHz clock; may start anywhere and wrap.
    pub rtp_time: u32,
    /// The first after a silence: sets the RTP marker.
    pub talkspurt: bool,
    /// How loud, −127 to 0 dB below full scale (RFC 6464): the server finds out from it who is speaking.
    /// `None` tells nothing.
    pub level: Option<i8>,
    /// One Opus packet, at most 1 200 bytes.
    pub payload: &'a [u8],
}

/// What became of a frame of ours. Only [`FrameFate::Sent`] can have been heard: a clock of what was said must not count
/// the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameFate {
    /// Its datagram is on its way.
    Sent,
    /// The track is muted, by its owner or by the server ([`crate::RoomEvent::LocalTrackMuted`]).
    Muted,
    /// No connection carries it: not up yet, or lost, until [`crate::RoomEvent::MediaConnected`]; or the track has no
    /// section yet.
    NotConnected,
    /// There is no such track: never published, or ended ([`crate::RoomEvent::LocalTrackUnpublished`]).
    NotPublished,
}

/// Somebody who speaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Speaker {
    /// Who; ourselves too.
    pub participant: Identity,
    /// How loud, 0 to 1.
    pub level: f32,
}

/// Which of the two data channels a packet takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reliability {
    /// In order, repeated until it has arrived, over a resume too.
    Reliable,
    /// At most once, and dropped when there is no room.
    Lossy,
}
