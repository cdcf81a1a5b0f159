//! Participants of a test: several rooms driven together, with a deadline for everything awaited.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use agent_rtc::data::StreamOptions;
use agent_rtc::{
    AudioFormat, AudioPacket, Event, FrameFate, JoinOptions, LocalTrack, OutgoingAudio, Room, RoomEvent,
    TrackSid,
};

use crate::server::{Server, token};

/// Longer than anything here takes on a loaded machine, save where a test says otherwise.
const PATIENCE: Duration = Duration::from_secs(20);
/// 20 ms on the RTP clock.
const FRAME: u32 = 960;

/// Rooms that are driven together; each has a place.
pub(crate) struct Peers {
    rooms: Vec<Option<Room>>,
    rtp_time: u32,
}

impl Peers {
    pub(crate) fn new() -> Self {
        agent_rtc::install_crypto();
        Self { rooms: Vec::new(), rtp_time: 0 }
    }

    /// One more participant; its place is how many there were.
    pub(crate) async fn join(&mut self, server: &Server, identity: &str) -> usize {
        self.join_with(JoinOptions::new(server.url(), token("room", identity))).await
    }

    pub(crate) async fn join_with(&mut self, options: JoinOptions) -> usize {
        let room =
            tokio::time::timeout(PATIENCE, Room::join(options)).await.expect("joins in time").expect("joins");
        self.rooms.push(Some(room));
        self.rooms.len() - 1
    }

    pub(crate) fn room(&mut self, place: usize) -> &mut Room {
        self.rooms[place].as_mut().expect("is in the room")
    }

    pub(crate) fn take(&mut self, place: usize) -> Room {
        self.rooms[place].take().expect("is in the room")
    }

    /// Drives everybody until something happens at `place` that `wanted` takes; other happenings there are passed by.
    pub(crate) async fn until<T>(
        &mut self,
        place: usize,
        what: &str,
        wanted: impl FnMut(&Event) -> Option<T>,
    ) -> T {
        self.until_within(PATIENCE, place, what, wanted).await
    }

    pub(crate) async fn until_within<T>(
        &mut self,
        patience: Duration,
        place: usize,
        what: &str,
        mut wanted: impl FnMut(&Event) -> Option<T>,
    ) -> T {
        let mut seen = Vec::new();
        let search = async {
            loop {
                let (at, event) = self.next().await;
                if at == place {
                    if let Some(found) = wanted(&event) {
                        return found;
                    }
                    if !matches!(event, Event::Audio(_)) {
                        seen.push(format!("{event:?}"));
                    }
                }
            }
        };
        match tokio::time::timeout(patience, search).await {
            Ok(found) => found,
            Err(_) => panic!("participant {place} waited in vain for {what}; it saw:\n{}", seen.join("\n")),
        }
    }

    /// As [`Peers::until`], for news.
    pub(crate) async fn until_news<T>(
        &mut self,
        place: usize,
        what: &str,
        mut wanted: impl FnMut(&RoomEvent) -> Option<T>,
    ) -> T {
        let of_room = |event: &Event| match event {
            Event::Room(news) => wanted(news),
            Event::Audio(_) | Event::Data(_) => None,
        };
        self.until(place, what, of_room).await
    }

    /// Whatever happens next, and where.
    pub(crate) async fn next(&mut self) -> (usize, Event) {
        poll_fn(|context| {
            for (place, room) in self.rooms.iter_mut().enumerate() {
                if let Some(room) = room
                    && let Poll::Ready(event) = room.poll_event(context)
                {
                    return Poll::Ready((place, event));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Drives everybody for a while.
    pub(crate) async fn drive(&mut self, how_long: Duration) {
        let forever = async { while self.next().await.0 < usize::MAX {} };
        let _ = tokio::time::timeout(how_long, forever).await;
    }

    /// `speaker` publishes a track, `listener` subscribes to it.
    pub(crate) async fn publish_to(&mut self, speaker: usize, listener: usize) -> (LocalTrack, TrackSid) {
        let track = self.room(speaker).publish_audio(agent_rtc::TrackOptions::voice("voice"));
        let sid = self
            .until_news(listener, "a published track", |news| match news {
                RoomEvent::TrackPublished { track, .. } => Some(track.sid.clone()),
                _ => None,
            })
            .await;
        self.room(listener).subscribe(&sid, true);
        (track, sid)
    }

    /// `speaker` says the next 20 ms. Returns the packet, and what became of it.
    pub(crate) fn say(&mut self, speaker: usize, track: LocalTrack) -> (Vec<u8>, FrameFate) {
        let (rtp_time, payload) = (self.rtp_time, frame(self.rtp_time));
        self.rtp_time += FRAME;
        let fate = self.room(speaker).send_audio(OutgoingAudio {
            track,
            rtp_time,
            talkspurt: rtp_time == 0,
            level: Some(-20),
            payload: &payload,
        });
        (payload, fate)
    }

    /// `speaker` speaks, 20 ms a frame, until `listener` has heard a frame of it. Returns the packet heard.
    pub(crate) async fn speak_until_heard(
        &mut self,
        speaker: usize,
        track: LocalTrack,
        listener: usize,
    ) -> AudioPacket {
        self.speak_until_heard_within(PATIENCE, speaker, track, listener).await
    }

    pub(crate) async fn speak_until_heard_within(
        &mut self,
        patience: Duration,
        speaker: usize,
        track: LocalTrack,
        listener: usize,
    ) -> AudioPacket {
        let began = tokio::time::Instant::now();
        // Of anything said since, for a loaded machine may take longer than a frame to carry one.
        let mut said = Vec::new();
        loop {
            said.push(self.say(speaker, track).0);
            let heard = async {
                loop {
                    let (at, event) = self.next().await;
                    if let (true, Event::Audio(packet)) = (at == listener, event)
                        && said.iter().any(|payload| primary(&packet) == payload)
                    {
                        return packet;
                    }
                }
            };
            if let Ok(packet) = tokio::time::timeout(Duration::from_millis(20), heard).await {
                return packet;
            }
            assert!(
                began.elapsed() < patience,
                "participant {listener} heard nothing of participant {speaker}"
            );
        }
    }
}

/// An Opus packet of 20 ms whose bytes tell it from others; nobody here decodes it.
fn frame(rtp_time: u32) -> Vec<u8> {
    let mut frame = vec![0x78; 40];
    frame[1..5].copy_from_slice(&rtp_time.to_be_bytes());
    frame
}

/// The newest Opus packet of a payload: all of it, or the last block of RED.
pub(crate) fn primary(packet: &AudioPacket) -> &[u8] {
    match packet.format {
        AudioFormat::Opus => &packet.payload,
        AudioFormat::Red => {
            let (mut header, mut redundant) = (0, 0);
            while packet.payload[header] & 0x80 != 0 {
                let block = &packet.payload[header..header + 4];
                redundant += usize::from(u16::from_be_bytes([block[2] & 0x03, block[3]]));
                header += 4;
            }
            &packet.payload[header + 1 + redundant..]
        }
    }
}

/// A stream to everybody.
pub(crate) fn on_topic(topic: &str) -> StreamOptions {
    StreamOptions { topic: topic.into(), ..StreamOptions::default() }
}
