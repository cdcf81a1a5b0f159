//! One room for its owner: events out, commands in, everything driven by polling it. No task, no lock.

use std::collections::BTreeMap;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use agent_rtc_proto::{
    AudioPacket, Counters, DisconnectCause, FrameFate, Identity, Input, LocalTrack, OutgoingAudio,
    Participant, Reliability, Request, RoomEvent, RoomInfo, ServerInfo, SignalPath, TrackOptions, TrackSid,
};
use livekit_protocol::DataPacket;

use crate::counters::RoomCounters;
use crate::data::{DataEvent, DataPlane};
use crate::driver::Driver;
use crate::error::{JoinError, SendDataError};
use crate::options::JoinOptions;

/// How long after the machine's own patience the link may take to close.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

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
    driver: Box<Driver>,
    local: Participant,
    n_tracks: u32,
}

impl Room {
    /// Joins. Returns when the server has let us in: the room and those present can be read, media is still connecting
    /// ([`RoomEvent::MediaConnected`] follows). The first events tell of those present and their tracks.
    ///
    /// Call [`crate::install_crypto`] once before.
    pub async fn join(options: JoinOptions) -> Result<Self, JoinError> {
        let mut driver = Driver::start(options).map_err(JoinError::Link)?;
        loop {
            match std::future::poll_fn(|context| driver.poll_event(context)).await {
                Event::Room(RoomEvent::Joined) => break,
                Event::Room(RoomEvent::Disconnected(DisconnectCause::JoinFailed(failure))) => {
                    return Err(JoinError::Link(failure));
                }
                Event::Room(RoomEvent::Disconnected(cause)) => return Err(JoinError::Ended(cause)),
                // Nothing else comes before either.
                Event::Room(_) | Event::Audio(_) | Event::Data(_) => {}
            }
        }
        let local = driver.machine().local().expect("joined: the server has said who we are").clone();
        Ok(Self { driver, local, n_tracks: 0 })
    }

    /// The next event; drives all I/O. After [`RoomEvent::Disconnected`] it is pending forever.
    pub fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        let event = ready!(self.driver.poll_event(context));
        Poll::Ready(event)
    }

    /// The next event. Cancelling it loses nothing.
    pub async fn next_event(&mut self) -> Event {
        std::future::poll_fn(|context| self.poll_event(context)).await
    }

    /// Leaves: lets reliable data on its way arrive (at most [`agent_rtc_proto::Patience::leave`]), says goodbye, closes.
    pub async fn leave(mut self) {
        self.driver.hand_over_data();
        self.request(Request::Leave);
        let patience = self.driver.patience().leave + CLOSE_PATIENCE;
        let gone = async {
            while !self.driver.machine().is_closed() {
                self.next_event().await;
            }
            std::future::poll_fn(|context| self.driver.poll_closed(context)).await;
        };
        // A server that does not take our goodbye misses it.
        let _ = tokio::time::timeout(patience, gone).await;
    }

    fn request(&mut self, request: Request) {
        self.driver.feed(Input::Requested(request));
    }
}

/// Commands. They take effect at once or as soon as the connection allows, over reconnects too.
impl Room {
    /// Publishes a track; [`RoomEvent::LocalTrackPublished`] follows.
    pub fn publish_audio(&mut self, options: TrackOptions) -> LocalTrack {
        let track = LocalTrack::new(self.n_tracks);
        self.n_tracks += 1;
        self.request(Request::Publish { track, options });
        track
    }

    /// Ends a track of ours.
    pub fn unpublish(&mut self, track: LocalTrack) {
        self.request(Request::Unpublish(track));
    }

    /// Mutes or unmutes a track of ours: what is sent while muted is dropped.
    pub fn set_muted(&mut self, track: LocalTrack, muted: bool) {
        self.request(Request::Mute { track, muted });
    }

    /// Asks for a track, or says that it is no longer wanted. Nothing is ever subscribed by itself.
    pub fn subscribe(&mut self, track: &TrackSid, wanted: bool) {
        self.request(Request::Subscribe { track: track.clone(), wanted });
    }

    /// Sends a frame, now, and says what became of it. What cannot be sent is dropped and counted.
    pub fn send_audio(&mut self, frame: OutgoingAudio<'_>) -> FrameFate {
        let fate = self.driver.machine().frame_fate(frame.track);
        self.driver.feed(Input::AudioEncoded(frame));
        fate
    }

    /// What becomes of a frame of this track, were it sent now.
    #[must_use]
    pub fn frame_fate(&self, track: LocalTrack) -> FrameFate {
        self.driver.machine().frame_fate(track)
    }

    /// Changes our own attributes: those named; an empty value takes one away.
    pub fn set_attributes(&mut self, attributes: BTreeMap<String, String>) {
        self.request(Request::SetAttributes(attributes));
    }

    /// Changes our own metadata.
    pub fn set_metadata(&mut self, metadata: String) {
        self.request(Request::SetMetadata(metadata));
    }

    /// Changes our own name.
    pub fn set_name(&mut self, name: String) {
        self.request(Request::SetName(name));
    }

    /// Sends a data packet as it is. For streams, chat, tones and remote procedures see [`Room::data`].
    pub fn send_data_packet(
        &mut self,
        reliability: Reliability,
        packet: DataPacket,
    ) -> Result<(), SendDataError> {
        if self.driver.machine().is_closed() {
            return Err(SendDataError::Over);
        }
        if prost::Message::encoded_len(&packet) > self.driver.machine().data_room(reliability) {
            return Err(SendDataError::Full);
        }
        self.request(Request::SendData { reliability, packet: Box::new(packet) });
        Ok(())
    }

    /// Streams, remote procedures, chat, tones and plain data. What is sent through it goes out at the next poll.
    pub fn data(&mut self) -> &mut DataPlane {
        self.driver.data()
    }

    /// The moment by which the room counts: what [`Room::data`] wants as `now`.
    #[must_use]
    pub fn now(&self) -> Instant {
        crate::driver::now()
    }
}

/// What there is to read.
impl Room {
    /// The room.
    #[must_use]
    pub fn info(&self) -> &RoomInfo {
        self.driver.machine().room()
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &ServerInfo {
        self.driver.machine().server()
    }

    /// Which of the two signalling paths is in use.
    #[must_use]
    pub fn signal_path(&self) -> SignalPath {
        self.driver.machine().path()
    }

    /// Ourselves.
    #[must_use]
    pub fn local(&self) -> &Participant {
        self.driver.machine().local().unwrap_or(&self.local)
    }

    /// The others, by identity.
    pub fn participants(&self) -> impl Iterator<Item = &Participant> {
        self.driver.machine().participants()
    }

    /// One of the others.
    #[must_use]
    pub fn participant(&self, identity: &Identity) -> Option<&Participant> {
        self.driver.machine().participant(identity)
    }

    /// What others call a track of ours.
    #[must_use]
    pub fn local_track_sid(&self, track: LocalTrack) -> Option<&TrackSid> {
        self.driver.machine().local_track_sid(track)
    }

    /// What the machine counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        self.driver.machine().counters()
    }

    /// Everything that was counted: the machine, the data plane, the sockets.
    #[must_use]
    pub fn all_counters(&self) -> RoomCounters {
        self.driver.counters()
    }
}
