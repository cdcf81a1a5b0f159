//! What a room tells its owner: news, each once, in the order in which it happened.

use std::collections::BTreeMap;

use livekit_protocol::request_response::Reason as RefusalReason;
use livekit_protocol::{DisconnectReason, SubscriptionError};

use crate::link::LinkFailure;
use crate::names::{Identity, LocalTrack, ParticipantSid, TrackSid};
use crate::vocabulary::{ConnectionQuality, Participant, Permissions, RemoteTrack, RoomInfo, Speaker};

/// One piece of news. Audio and data come beside these, see [`crate::Output`].
///
/// **Whether we can be heard.** Three things must hold, and each is told on its own:
///
/// ```text
///  media flows       MediaConnected … Reconnecting … MediaConnected …
///  our track exists  LocalTrackPublished … LocalTrackUnpublished       and is not LocalTrackMuted { muted: true }
///  somebody listens  LocalTrackSubscribed, once for each LocalTrackPublished
/// ```
///
/// How they follow one another:
///
/// ```text
///  the link is lost, or media, and the stay is saved
///      Reconnecting [over a lost link alone frames still go out] [ICE starts anew, they do not] MediaConnected
///      Reconnected { full: false }
///  the stay is lost
///      Reconnecting TrackUnsubscribed … [the others, as the new stay finds them]
///      LocalTrackPublished, with a new sid, MediaConnected Reconnected { full: true } LocalTrackSubscribed
/// ```
///
/// In a new stay `LocalTrackPublished` comes before or after `MediaConnected`, always before `LocalTrackSubscribed`, and
/// `LocalTrackSubscribed` may come before `Reconnected`. After a resume it does not come again: who listened listens
/// still. What became of a single frame is said when it is given, as a [`crate::FrameFate`].
#[derive(Clone, Debug, PartialEq)]
pub enum RoomEvent {
    /// The server has let us in; the room, ourselves and those present can be read. Always the first.
    Joined,
    /// Media flows, both ways: ICE and DTLS are up. Comes again each time that it flows after it had stopped.
    MediaConnected,
    /// Somebody has come. Its tracks are in it; [`RoomEvent::TrackPublished`] follows for each.
    ParticipantJoined(Box<Participant>),
    /// Somebody has gone. [`RoomEvent::TrackUnpublished`] came before, for each of its tracks.
    ParticipantLeft {
        /// Who.
        identity: Identity,
        /// Which stay.
        sid: ParticipantSid,
        /// Why, as the server says.
        reason: DisconnectReason,
    },
    /// Something of somebody has changed.
    ParticipantChanged {
        /// Who; never ourselves.
        identity: Identity,
        /// What; never empty.
        changes: ParticipantChanges,
    },
    /// Somebody publishes a track. Nothing is heard of it until it is subscribed.
    TrackPublished {
        /// Who.
        participant: Identity,
        /// What.
        track: RemoteTrack,
    },
    /// A track is gone.
    TrackUnpublished {
        /// Whose.
        participant: Identity,
        /// Which.
        track: TrackSid,
    },
    /// A track that we asked for flows from now on.
    TrackSubscribed {
        /// Whose.
        participant: Identity,
        /// Which.
        track: TrackSid,
    },
    /// A track that flowed does not any longer.
    TrackUnsubscribed {
        /// Whose.
        participant: Identity,
        /// Which.
        track: TrackSid,
    },
    /// A track will not flow although we asked for it.
    SubscriptionFailed {
        /// Which.
        track: TrackSid,
        /// Why.
        reason: SubscriptionError,
    },
    /// Its publisher lets us hear a track, or no longer does.
    SubscriptionPermitted {
        /// Whose.
        participant: Identity,
        /// Which.
        track: TrackSid,
        /// Whether we may.
        allowed: bool,
    },
    /// Its publisher has muted a track.
    TrackMuted {
        /// Whose.
        participant: Identity,
        /// Which.
        track: TrackSid,
    },
    /// Its publisher has unmuted a track.
    TrackUnmuted {
        /// Whose.
        participant: Identity,
        /// Which.
        track: TrackSid,
    },
    /// A track of ours is known to the server. Comes again with another sid after a full reconnect.
    LocalTrackPublished {
        /// Ours.
        track: LocalTrack,
        /// What others call it.
        sid: TrackSid,
    },
    /// A track of ours was ended by the server, for good: to speak again, publish another.
    LocalTrackUnpublished {
        /// Ours.
        track: LocalTrack,
    },
    /// Somebody hears a track of ours for the first time since it was published: from now on speaking is not in vain.
    LocalTrackSubscribed {
        /// Ours.
        track: LocalTrack,
    },
    /// The server has muted or unmuted a track of ours. While muted, what is sent is dropped.
    LocalTrackMuted {
        /// Ours.
        track: LocalTrack,
        /// Whether it is muted now.
        muted: bool,
    },
    /// Who speaks now, loudest first; empty when nobody does.
    ActiveSpeakers(Vec<Speaker>),
    /// How well somebody is connected.
    ConnectionQuality {
        /// Who; ourselves too.
        participant: Identity,
        /// How well.
        quality: ConnectionQuality,
    },
    /// The room has changed.
    RoomUpdated(RoomInfo),
    /// What we may do has changed.
    Permissions(Permissions),
    /// The server did not do what we asked.
    RequestRefused {
        /// What: `add track`, `update metadata`, …
        request: &'static str,
        /// Why.
        reason: RefusalReason,
        /// In the server's words.
        message: String,
    },
    /// The way to the server is lost and is being sought. Audio that is sent goes on if it can.
    Reconnecting,
    /// It is found.
    Reconnected {
        /// `false`: the same stay goes on. `true`: a new stay; every track of ours was published again, and what
        /// changed among the others has been told before this.
        full: bool,
    },
    /// The end. Nothing comes after it.
    Disconnected(DisconnectCause),
}

/// What changed of a participant; `None` where nothing did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParticipantChanges {
    /// The new name.
    pub name: Option<String>,
    /// The new metadata.
    pub metadata: Option<String>,
    /// Keys whose value is new or another; an empty value: the key is gone.
    pub attributes: BTreeMap<String, String>,
    /// The new permissions.
    pub permissions: Option<Permissions>,
}

impl ParticipantChanges {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

/// Why it ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisconnectCause {
    /// We left.
    #[error("left the room")]
    Left,
    /// The server ended our stay.
    #[error("the server ended the stay: {}", .0.as_str_name())]
    Removed(DisconnectReason),
    /// The room could not be joined at all.
    #[error("{0}")]
    JoinFailed(LinkFailure),
    /// The way to the server was lost and not found again.
    #[error("the server was lost and not found again in {attempts} attempts; the last: {last}")]
    Lost {
        /// How often it was tried.
        attempts: u32,
        /// How the last attempt failed.
        last: LinkFailure,
    },
}
