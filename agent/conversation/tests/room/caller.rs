//! A participant who says a tone, hears, and notes what a client would show.

use std::{collections::BTreeMap, time::Duration};

use agent_audio::{AudioPacket, Hearing, PayloadKind, PlayoutId, Speaking};
use agent_rtc::{
    AudioFormat, Event, JoinOptions, LocalTrack, OutgoingAudio, Room, RoomEvent, TrackOptions,
    data::{DataEvent, Delivery, StreamOptions},
};
use providers_core::SampleRate;
use tokio::time::Instant;

use crate::server::{Server, token};

/// Longer than anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a client has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The agent's states, in order.
    pub(crate) states: Vec<String>,
    /// Transcripts.
    pub(crate) streams: Vec<Stream>,
    /// How much of what the agent sent was loud.
    pub(crate) loud: Duration,
    /// Everything but audio, for the message of a test that fails.
    events: Vec<String>,
}

/// One text stream of a transcript.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) sender: String,
    pub(crate) text: String,
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Seen {
    /// The transcripts in somebody's name, and whether they were final.
    pub(crate) fn words(&self, sender: &str) -> Vec<(&str, &str)> {
        let of_sender = self.streams.iter().filter(|stream| stream.sender == sender);
        of_sender
            .map(|stream| (stream.text.as_str(), stream.attributes["lk.transcription_final"].as_str()))
            .collect()
    }
}

pub(crate) struct Caller {
    room: Room,
    track: LocalTrack,
    mouth: Speaking,
    ear: Hearing,
    /// Whether somebody hears our track.
    is_heard: bool,
    seen: Seen,
}

impl Caller {
    pub(crate) async fn join(server: &Server, identity: &str) -> Self {
        let options = JoinOptions::new(server.url(), token("room", identity));
        let mut room = Room::join(options).await.unwrap();
        let track = room.publish_audio(TrackOptions::voice("microphone"));
        room.data().receive("lk.transcription", Delivery::Whole);
        let mouth = Speaking::new(crate::speaking(), Instant::now().into_std()).unwrap();
        let ear = Hearing::new(crate::hearing()).unwrap();
        Self { room, track, mouth, ear, is_heard: false, seen: Seen::default() }
    }

    /// Says a tone of this length, once somebody hears it.
    pub(crate) fn say_for(&mut self, length: Duration) {
        let rate = SampleRate::VOICE;
        let tone = |n: u64| (8000.0 * (n as f64 * 300.0 * std::f64::consts::TAU / 24_000.0).sin()) as i16;
        let samples: Vec<i16> = (0..rate.samples_in(length)).map(tone).collect();
        self.mouth.playout.begin(PlayoutId(1), rate).unwrap();
        self.mouth.playout.push(&samples).unwrap();
        self.mouth.playout.finish().unwrap();
    }

    pub(crate) fn write(&mut self, text: &str) {
        let options = StreamOptions { topic: "lk.chat".to_owned(), ..StreamOptions::default() };
        let now = self.room.now();
        self.room.data().send_text(now, text, options).unwrap();
    }

    /// Lives until what was seen is enough.
    pub(crate) async fn until(&mut self, enough: impl Fn(&Seen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut beat = tokio::time::interval(Duration::from_millis(10));
        while !enough(&self.seen) {
            assert!(
                Instant::now() < deadline,
                "{:#?}; said: {:?}, {:?}",
                self.seen,
                self.mouth.counters(),
                self.room.counters()
            );
            tokio::select! {
                _ = beat.tick() => {}
                event = self.room.next_event() => self.is_heard |= self.note(event),
            }
            let now = Instant::now().into_std();
            while self.is_heard
                && let Some(packet) = self.mouth.frame(now)
            {
                self.room.send_audio(OutgoingAudio {
                    track: self.track,
                    rtp_time: packet.rtp_time,
                    talkspurt: packet.first,
                    level: None,
                    payload: packet.payload,
                });
            }
            while let Some(frame) = self.ear.pull(now) {
                if frame.samples.iter().any(|sample| sample.unsigned_abs() > 2000) {
                    self.seen.loud += Duration::from_millis(20);
                }
            }
        }
    }

    pub(crate) async fn leave(self) -> Seen {
        Box::pin(self.room.leave()).await;
        self.seen
    }

    /// Notes an event; true when the agent begins to hear us.
    fn note(&mut self, event: Event) -> bool {
        if !matches!(event, Event::Audio(_)) {
            self.seen.events.push(format!("{event:?}"));
        }
        match event {
            Event::Audio(packet) => self.ear.push(AudioPacket {
                sequence: packet.sequence,
                rtp_time: packet.rtp_time,
                kind: match packet.format {
                    AudioFormat::Opus => PayloadKind::Opus,
                    AudioFormat::Red => PayloadKind::Red,
                },
                payload: &packet.payload,
                arrival: packet.arrival,
            }),
            Event::Room(RoomEvent::TrackPublished { track, .. }) => {
                self.ear.restart();
                self.room.subscribe(&track.sid, true);
            }
            Event::Room(RoomEvent::LocalTrackSubscribed { .. }) => return true,
            Event::Room(RoomEvent::ParticipantJoined(participant)) => {
                self.note_state(&participant.attributes);
            }
            Event::Room(RoomEvent::ParticipantChanged { changes, .. }) => {
                self.note_state(&changes.attributes);
            }
            Event::Data(DataEvent::Text { info, text }) => self.seen.streams.push(Stream {
                sender: info.key.sender.to_string(),
                text,
                attributes: info.attributes,
            }),
            Event::Room(_) | Event::Data(_) => {}
        }
        false
    }

    fn note_state(&mut self, attributes: &BTreeMap<String, String>) {
        self.seen.states.extend(attributes.get("lk.agent.state").cloned());
    }
}
