//! One room for its owner: events out, commands in, everything driven by polling it. No task, no lock.

use std::collections::BTreeMap;
use std::task::{Context, Poll};

use agent_rtc_proto::{
    AudioPacket, Counters, Identity, LocalTrack, OutgoingAudio, Participant, Reliability, RoomEvent,
    RoomInfo, ServerInfo, TrackOptions, TrackSid,
};
use livekit_protocol::DataPacket;

use crate::data::{DataEvent, DataPlane};
use crate::error::{JoinError, SendDataError};
use crate::options::JoinOptions;

/// What a room has for its owner.
#[derive(Debug)]
pub enum Event {
    /// A packet was heard: give it to the track's jitter buffer.
    Audio(AudioPacket),
    /// A stream, a remote procedure, a touch tone, a chat message, plain data.
    Data(DataEvent),
    /// Who came, who went, what is published, how the connection is.
    Room(RoomEvent),
}

/// One LiveKit room, joined.
///
/// It lives on one thread and does its I/O only while [`Room::poll_event`] or [`Room::next_event`] is polled, and in the
/// commands themselves: an owner that stops polling stops the room. Dropping it closes the sockets at once, without a
/// word to the server; [`Room::leave`] says goodbye.
pub struct Room {
    data: DataPlane,
}

impl Room {
    /// Joins. Returns when the server has let us in: the room and those present can be read, media is still connecting
    /// ([`RoomEvent::MediaConnected`] follows). The first events tell of those present and their tracks.
    pub async fn join(options: JoinOptions) -> Result<Self, JoinError> {
        drop(options);
        std::future::pending().await
    }

    /// The next event; drives all I/O. After [`RoomEvent::Disconnected`] it is pending forever.
    pub fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        let _ = context;
        Poll::Pending
    }

    /// The next event. Cancelling it loses nothing.
    pub async fn next_event(&mut self) -> Event {
        std::future::poll_fn(|context| self.poll_event(context)).await
    }

    /// Leaves: lets reliable data on its way arrive (at most [`agent_rtc_proto::Patience::leave`]), says goodbye, closes.
    pub async fn leave(self) {}
}

/// Commands. They take effect at once or as soon as the connection allows, over reconnects too.
impl Room {
    /// Publishes a track; [`RoomEvent::LocalTrackPublished`] follows.
    pub fn publish_audio(&mut self, options: TrackOptions) -> LocalTrack {
        drop(options);
        LocalTrack::new(0)
    }

    /// Ends a track of ours.
    pub fn unpublish(&mut self, track: LocalTrack) {
        let _ = track;
    }

    /// Mutes or unmutes a track of ours: what is sent while muted is dropped.
    pub fn set_muted(&mut self, track: LocalTrack, muted: bool) {
        let _ = (track, muted);
    }

    /// Asks for a track, or says that it is no longer wanted. Nothing is ever subscribed by itself.
    pub fn subscribe(&mut self, track: &TrackSid, wanted: bool) {
        let _ = (track, wanted);
    }

    /// Sends a frame, now. What cannot be sent is dropped and counted.
    pub fn send_audio(&mut self, frame: OutgoingAudio<'_>) {
        let _ = frame;
    }

    /// Changes our own attributes: those named; an empty value takes one away.
    pub fn set_attributes(&mut self, attributes: BTreeMap<String, String>) {
        drop(attributes);
    }

    /// Changes our own metadata.
    pub fn set_metadata(&mut self, metadata: String) {
        drop(metadata);
    }

    /// Changes our own name.
    pub fn set_name(&mut self, name: String) {
        drop(name);
    }

    /// Sends a data packet as it is. For streams, chat, tones and remote procedures see [`Room::data`].
    pub fn send_data_packet(
        &mut self,
        reliability: Reliability,
        packet: DataPacket,
    ) -> Result<(), SendDataError> {
        let _ = (reliability, packet);
        Ok(())
    }

    /// Streams, remote procedures, chat, tones and plain data. What is sent through it goes out at the next poll.
    pub fn data(&mut self) -> &mut DataPlane {
        &mut self.data
    }
}

/// What there is to read.
impl Room {
    /// The room.
    #[must_use]
    pub fn info(&self) -> &RoomInfo {
        unimplemented!("api first")
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &ServerInfo {
        unimplemented!("api first")
    }

    /// Ourselves.
    #[must_use]
    pub fn local(&self) -> &Participant {
        unimplemented!("api first")
    }

    /// The others.
    pub fn participants(&self) -> impl Iterator<Item = &Participant> {
        std::iter::empty()
    }

    /// One of the others.
    #[must_use]
    pub fn participant(&self, identity: &Identity) -> Option<&Participant> {
        let _ = identity;
        None
    }

    /// What others call a track of ours.
    #[must_use]
    pub fn local_track_sid(&self, track: LocalTrack) -> Option<&TrackSid> {
        let _ = track;
        None
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        unimplemented!("api first")
    }
}
