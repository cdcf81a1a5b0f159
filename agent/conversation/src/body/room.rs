//! A body in a LiveKit room: the microphones of people in, our own track out, and what their clients show.
//!
//! It links to one participant, for whom the call is, and may hear others beside; it subscribes their microphones and
//! nothing else, and follows the conventions of LiveKit's agents (`lk.agent.state`, `lk.transcription`, `lk.chat`), so that an unmodified
//! client shows the right thing.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use agent_audio::{CodecError, HearingConfig, PlayoutId, Speaking, SpeakingConfig, vad::Detector};
use agent_rtc::{
    DisconnectCause, DisconnectReason, Event, FrameFate, Identity, LocalTrack, OutgoingAudio, Participant,
    RemoteTrack, Room, RoomEvent, TrackOptions,
    data::{DataEvent, Delivery},
};
use providers_core::SampleRate;
use tokio::time::{Sleep, sleep_until};
use tracing::{debug, warn};

mod meter;
mod people;
mod service;
mod stage;

pub use meter::{MediaCounters, Meter};
pub use people::{Audience, Others};
pub use service::{Dispatch, Service};

use self::{
    meter::Measuring,
    people::{Heard, People},
    service::Hatch,
    stage::Stage,
};
use super::{
    captions::Captions,
    reply_of,
    sound::{PROGRESS_FRAMES, drain_playout, playout_of_body},
};
use crate::{
    AgentState, Body, BodyEnd, BodyEvent, CloseReason, Recording, ReplyId, Segment, SoundSlot, SpeakerId,
    UserEvent, sounds::Slots,
};

/// The name of the agent's track, as LiveKit's agents call it.
const TRACK: &str = "roomio_audio";
/// The attribute by which clients know what the agent does.
const STATE: &str = "lk.agent.state";
/// The topic of what users write.
const CHAT: &str = "lk.chat";

/// What is done between the end of the conversation and leaving the room.
pub type BeforeLeaving = Box<dyn FnOnce(CloseReason) -> Pin<Box<dyn Future<Output = ()>>>>;

/// How a body is in its room.
pub struct RoomBodyConfig {
    /// The jitter buffer.
    pub hearing: HearingConfig,
    /// The encoder and the playout.
    pub speaking: SpeakingConfig,
    /// Whether it has a track of its own; without one its agent writes ([`crate::Written`]).
    pub speaks: bool,
    /// Whether it subscribes microphones; if not, people only write.
    pub hears: bool,
    /// To whom to talk, and whom to hear.
    pub audience: Audience,
    /// How long the first words wait for somebody to hear our track.
    pub subscription_wait: Duration,
    /// What programs in the room may ask.
    pub service: Option<Box<dyn Service>>,
    /// Who is told what was counted.
    pub meter: Option<Meter>,
    /// What is done before the room is left: an agent's job is reported first, or it counts as failed.
    pub before_leaving: Option<BeforeLeaving>,
}

/// A body in a LiveKit room.
pub struct RoomBody {
    room: Option<Box<Room>>,
    closing: Option<Pin<Box<dyn Future<Output = ()>>>>,
    before_leaving: Option<BeforeLeaving>,
    people: People,
    hatch: Hatch,
    /// `None`: there is none, or the server has ended it.
    track: Option<LocalTrack>,
    /// Whether it is to have one.
    speaks: bool,
    hears: bool,
    speaking: Speaking,
    sounds: Slots,
    stage: Stage,
    measuring: Measuring,
    captions: Captions,
    events: VecDeque<BodyEvent<'static>>,
    alarm: Pin<Box<Sleep>>,
    until_progress: u32,
}

impl RoomBody {
    /// A body in a room that was just joined, which has a detector for each whom it hears.
    pub fn new(
        mut room: Room,
        config: RoomBodyConfig,
        detector: impl Fn() -> Detector + 'static,
    ) -> Result<Self, CodecError> {
        let now = now();
        let people = People::new(config.audience, config.hearing, Box::new(detector))?;
        let speaking = Speaking::new(config.speaking, now)?;
        room.data().receive(CHAT, Delivery::Whole);
        room.set_attributes(BTreeMap::from([(STATE.to_owned(), "initializing".to_owned())]));
        let present: Vec<Participant> = room.participants().cloned().collect();
        let mut hatch = Hatch(config.service);
        hatch.open(&mut room, &present);
        let mut body = Self {
            room: Some(Box::new(room)),
            closing: None,
            before_leaving: config.before_leaving,
            people,
            hatch,
            track: None,
            speaks: config.speaks,
            hears: config.hears,
            speaking,
            sounds: Slots::default(),
            stage: Stage::new(config.subscription_wait),
            measuring: Measuring::new(config.meter, now),
            captions: Captions::new(fastrand::u64(..)),
            events: VecDeque::new(),
            alarm: Box::pin(sleep_until(tokio::time::Instant::from_std(now))),
            until_progress: PROGRESS_FRAMES,
        };
        body.publish();
        for participant in &present {
            body.consider(participant);
        }
        Ok(body)
    }

    /// Tells what was counted so far.
    fn measure(&mut self, now: Instant) {
        let Some(room) = &self.room else { return };
        let counters = MediaCounters {
            heard: self.people.counters(),
            spoken: self.speaking.counters(),
            played: self.speaking.playout.counters(),
            room: room.all_counters(),
        };
        self.measuring.tell(now, &counters);
    }

    /// Has a track, if it is to have one.
    fn publish(&mut self) {
        if let (true, None, Some(room)) = (self.speaks, self.track, &mut self.room) {
            self.track = Some(room.publish_audio(TrackOptions::voice(TRACK)));
        }
    }

    /// Hears a participant from now on, if it is one to be heard.
    fn consider(&mut self, participant: &Participant) {
        let Some((speaker, person)) = self.people.consider(participant) else { return };
        self.events.push_back(BodyEvent::User(speaker, UserEvent::Joined(person)));
        for track in participant.tracks.values() {
            self.consider_track(&participant.identity, track);
        }
    }

    /// Subscribes the first microphone of somebody who is heard.
    fn consider_track(&mut self, of: &Identity, track: &RemoteTrack) {
        let is_wanted =
            self.hears && self.people.consider_track(of, &track.sid, track.kind, track.source, track.muted);
        if let (true, Some(room)) = (is_wanted, &mut self.room) {
            room.subscribe(&track.sid, true);
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Audio(packet) => {
                if let Some(heard) = self.people.of_track(&packet.track) {
                    heard.push(&packet);
                }
            }
            Event::Room(event) => self.on_room_event(event),
            Event::Data(event) => self.on_data(event),
        }
    }

    fn on_room_event(&mut self, event: RoomEvent) {
        match event {
            RoomEvent::ParticipantJoined(participant) => {
                self.hatch.on_present(Some(&participant));
                self.consider(&participant);
            }
            RoomEvent::ParticipantChanged { identity, .. } => {
                let room = self.room.as_ref();
                self.hatch.on_present(room.and_then(|room| room.participant(&identity)));
            }
            RoomEvent::TrackPublished { participant, track } => {
                self.consider_track(&participant, &track);
            }
            RoomEvent::TrackUnpublished { track, .. } => {
                if let Some(heard) = self.people.of_track(&track) {
                    heard.lose_track(&mut self.events);
                }
            }
            RoomEvent::TrackMuted { track, .. } => {
                if let Some(heard) = self.people.of_track(&track) {
                    heard.mute(true);
                }
            }
            RoomEvent::TrackUnmuted { track, .. } => {
                if let Some(heard) = self.people.of_track(&track) {
                    heard.mute(false);
                }
            }
            RoomEvent::ParticipantLeft { identity, sid, reason } => {
                self.hatch.on_gone(&identity, &sid);
                self.on_left(&identity, reason);
            }
            RoomEvent::LocalTrackSubscribed { track } if Some(track) == self.track => {
                self.stage.subscribe();
            }
            RoomEvent::LocalTrackPublished { track, .. } if Some(track) == self.track => self.stage.publish(),
            RoomEvent::LocalTrackMuted { track, muted } if Some(track) == self.track => {
                self.stage.mute(muted);
            }
            RoomEvent::LocalTrackUnpublished { track } if Some(track) == self.track => {
                warn!("the agent's track was ended by the server");
                self.track = None;
                self.stage.unpublish();
            }
            RoomEvent::Permissions(permissions) if permissions.publish => self.publish(),
            RoomEvent::MediaConnected | RoomEvent::Reconnected { .. } => self.stage.connect(true),
            RoomEvent::Reconnecting => self.stage.connect(false),
            RoomEvent::SubscriptionFailed { track, reason } => warn!(%track, ?reason, "track is not heard"),
            RoomEvent::Disconnected(cause) => {
                debug!(%cause, "disconnected");
                self.events.push_back(BodyEvent::Closed(end_of(&cause)));
            }
            RoomEvent::Joined
            | RoomEvent::TrackSubscribed { .. }
            | RoomEvent::TrackUnsubscribed { .. }
            | RoomEvent::SubscriptionPermitted { .. }
            | RoomEvent::LocalTrackPublished { .. }
            | RoomEvent::LocalTrackUnpublished { .. }
            | RoomEvent::LocalTrackSubscribed { .. }
            | RoomEvent::LocalTrackMuted { .. }
            | RoomEvent::ActiveSpeakers(_)
            | RoomEvent::ConnectionQuality { .. }
            | RoomEvent::RoomUpdated(_)
            | RoomEvent::Permissions(_)
            | RoomEvent::RequestRefused { .. } => {}
        }
    }

    /// One who left on purpose has left the call; of whom the call is for, one who was lost may come back, or another
    /// may come.
    fn on_left(&mut self, identity: &Identity, reason: DisconnectReason) {
        let Some(heard) = self.people.of(identity) else { return };
        heard.lose_track(&mut self.events);
        let (speaker, left) = (heard.speaker, heard.tells(UserEvent::Left));
        self.people.remove(speaker);
        let is_on_purpose = matches!(
            reason,
            DisconnectReason::ClientInitiated
                | DisconnectReason::RoomDeleted
                | DisconnectReason::UserRejected
        );
        if is_on_purpose || speaker != SpeakerId::LINKED {
            self.events.push_back(left);
        }
    }

    fn on_data(&mut self, event: DataEvent) {
        if let DataEvent::Bytes { info, bytes } = &event {
            self.hatch.on_received(info, bytes);
        }
        if let DataEvent::Text { info, text } = event
            && info.topic == CHAT
            && let Some(heard) = self.people.of(&info.key.sender)
        {
            let typed = heard.tells(UserEvent::Typed(text));
            self.events.push_back(typed);
        }
    }

    /// Sends the frames that are due.
    fn speak(&mut self, now: Instant) {
        if !self.is_carried() || !self.stage.may_speak(now, self.speaking.playout.heard().is_some()) {
            self.speaking.stand_still(now);
            return;
        }
        let (Some(room), Some(track)) = (&mut self.room, self.track) else { return };
        while let Some(packet) = self.speaking.frame(now) {
            room.send_audio(OutgoingAudio {
                track,
                rtp_time: packet.rtp_time,
                talkspurt: packet.first,
                level: Some(packet.level),
                payload: packet.payload,
            });
            self.until_progress -= 1;
            if self.until_progress == 0 {
                self.until_progress = PROGRESS_FRAMES;
                if let Some(heard) = self.speaking.playout.heard() {
                    self.events.push_back(BodyEvent::PlayoutProgressed(reply_of(heard.id)));
                }
            }
        }
        drain_playout(&mut self.speaking.playout, &mut self.events);
    }

    /// Whether a connection carries our track now: the stage knows only what was told, which is a little later.
    fn is_carried(&self) -> bool {
        let way = self.room.as_ref().zip(self.track);
        way.is_some_and(|(room, track)| room.frame_fate(track) == FrameFate::Sent)
    }

    /// When there is something to do although nothing comes.
    fn next_due(&self) -> Option<Instant> {
        let speaking = self.stage.due(self.speaking.next_frame().filter(|_| self.is_carried()));
        speaking.into_iter().chain(self.people.next_pull()).min()
    }
}

/// Whether others ended our stay in order, or it was lost.
fn end_of(cause: &DisconnectCause) -> BodyEnd {
    match cause {
        DisconnectCause::Left
        | DisconnectCause::Removed(
            DisconnectReason::ClientInitiated
            | DisconnectReason::RoomDeleted
            | DisconnectReason::RoomClosed
            | DisconnectReason::ParticipantRemoved,
        ) => BodyEnd::Ended,
        DisconnectCause::Removed(_) | DisconnectCause::JoinFailed(_) | DisconnectCause::Lost { .. } => {
            BodyEnd::Lost
        }
    }
}

/// Tokio's clock, which tests may turn.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Body for RoomBody {
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<BodyEvent<'_>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(event);
            }
            let now = now();
            if self.measuring.is_due(now) {
                self.measure(now);
            }
            self.speak(now);
            if let Some(speaker) = self.people.hear(now, &mut self.events) {
                let frame = self.people.frame_of(speaker);
                return Poll::Ready(BodyEvent::User(speaker, UserEvent::Heard(frame)));
            }
            if !self.events.is_empty() {
                continue;
            }
            let Some(room) = &mut self.room else { return Poll::Pending };
            if let Poll::Ready(event) = room.poll_event(cx) {
                self.on_event(event);
                continue;
            }
            if self.hatch.poll(cx, room) {
                continue;
            }
            let Some(due) = self.next_due() else { return Poll::Pending };
            let due = tokio::time::Instant::from_std(due);
            if self.alarm.deadline() != due {
                self.alarm.as_mut().reset(due);
            }
            std::task::ready!(self.alarm.as_mut().poll(cx));
        }
    }

    fn hears(&self) -> bool {
        self.hears
    }

    playout_of_body!(speaking.playout);

    fn set_sound(&mut self, slot: SoundSlot, sound: Option<&Recording>) {
        self.sounds.set(&mut self.speaking.playout, slot, sound);
    }

    fn flush_voice(&mut self, speaker: SpeakerId) {
        if let Some(heard) = self.people.of_speaker(speaker) {
            heard.edges.flush();
        }
    }

    fn show_agent(&mut self, state: AgentState) {
        let value = match state {
            AgentState::Listening => "listening",
            AgentState::Thinking => "thinking",
            AgentState::Speaking => "speaking",
        };
        if let Some(room) = &mut self.room {
            room.set_attributes(BTreeMap::from([(STATE.to_owned(), value.to_owned())]));
        }
    }

    fn show_user_words(&mut self, speaker: SpeakerId, segment: Segment, text: &str, is_final: bool) {
        if let (Some(room), Some(Heard { identity: Some(identity), track, .. })) =
            (&mut self.room, self.people.of_speaker(speaker))
        {
            self.captions.user(room, segment, identity, track.as_ref(), text, is_final);
        }
    }

    fn show_agent_words(&mut self, segment: Segment, more: &str) {
        if let Some(room) = &mut self.room {
            self.captions.agent(room, segment, self.track, more);
        }
    }

    fn end_agent_words(&mut self, segment: Segment) {
        if let Some(room) = &mut self.room {
            self.captions.end_agent(room, segment, self.track);
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, reason: CloseReason) -> Poll<()> {
        self.measure(now());
        if let Some(mut room) = self.room.take() {
            // What was told of the end goes before it.
            self.hatch.close(cx, &mut room);
            let before = self.before_leaving.take();
            self.closing = Some(Box::pin(async move {
                if let Some(before) = before {
                    before(reason).await;
                }
                Box::pin(room.leave()).await;
            }));
        }
        self.closing.as_mut().map_or(Poll::Ready(()), |closing| closing.as_mut().poll(cx))
    }
}
