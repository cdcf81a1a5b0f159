//! A body in a LiveKit room: the microphone of one participant in, our own track out, and what its client shows.
//!
//! It links to the first participant of a kind that is a person, subscribes its microphone and nothing else, and
//! follows the conventions of LiveKit's agents (`lk.agent.state`, `lk.transcription`, `lk.chat`), so that an unmodified
//! client shows the right thing.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use agent_audio::{
    AudioPacket, CodecError, HEARD_FRAME, Hearing, HearingConfig, HearingCounters, PayloadKind,
    PlayoutCounters, PlayoutId, Speaking, SpeakingConfig, SpeakingCounters, vad::Detector,
};
use agent_rtc::{
    AudioFormat, DisconnectCause, DisconnectReason, Event, Identity, LocalTrack, OutgoingAudio, Participant,
    ParticipantKind, Room, RoomEvent, TrackKind, TrackOptions, TrackSid, TrackSource,
    data::{DataEvent, Delivery},
};
use providers_core::SampleRate;
use tokio::time::{Sleep, sleep_until};
use tracing::{debug, warn};

use super::{
    captions::Captions,
    edges::Edges,
    reply_of,
    sound::{PROGRESS_FRAMES, drain_playout, playout_of_body},
};
use crate::{
    AgentState, Body, BodyEnd, BodyEvent, CloseReason, Person, ReplyId, Segment, SpeakerId, Standing,
    UserEvent,
};

/// The name of the agent's track, as LiveKit's agents call it.
const TRACK: &str = "roomio_audio";
/// The attribute by which clients know what the agent does.
const STATE: &str = "lk.agent.state";
/// The attribute of a program that publishes for another.
const ON_BEHALF: &str = "lk.publish_on_behalf";
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
    /// To whom to talk; `None`: to the first person.
    pub identity: Option<Identity>,
    /// How long the first words wait for somebody to hear our track.
    pub subscription_wait: Duration,
    /// What is done before the room is left: an agent's job is reported first, or it counts as failed.
    pub before_leaving: Option<BeforeLeaving>,
}

/// A body in a LiveKit room.
pub struct RoomBody {
    room: Option<Box<Room>>,
    closing: Option<Pin<Box<dyn Future<Output = ()>>>>,
    before_leaving: Option<BeforeLeaving>,
    identity: Option<Identity>,
    linked: Option<Linked>,
    track: LocalTrack,
    hearing: Hearing,
    edges: Edges,
    speaking: Speaking,
    floor: Floor,
    subscription_wait: Duration,
    captions: Captions,
    events: VecDeque<BodyEvent<'static>>,
    frame: [i16; HEARD_FRAME],
    alarm: Pin<Box<Sleep>>,
    until_progress: u32,
}

/// To whom we talk.
struct Linked {
    identity: Identity,
    track: Option<TrackSid>,
}

/// Whether what we say is heard by anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Floor {
    /// Not yet, and there is nothing to say.
    Unheard,
    /// Not yet; we speak from this moment on even so.
    WaitsUntil(Instant),
    Heard,
}

impl RoomBody {
    /// A body in a room that was just joined.
    pub fn new(mut room: Room, config: RoomBodyConfig, detector: Detector) -> Result<Self, CodecError> {
        let now = now();
        let hearing = Hearing::new(config.hearing)?;
        let speaking = Speaking::new(config.speaking, now)?;
        let track = room.publish_audio(TrackOptions::voice(TRACK));
        room.data().receive(CHAT, Delivery::Whole);
        room.set_attributes(BTreeMap::from([(STATE.to_owned(), "initializing".to_owned())]));
        let present: Vec<Participant> = room.participants().cloned().collect();
        let mut body = Self {
            room: Some(Box::new(room)),
            closing: None,
            before_leaving: config.before_leaving,
            identity: config.identity,
            linked: None,
            track,
            hearing,
            edges: Edges::new(SpeakerId::LINKED, detector),
            speaking,
            floor: Floor::Unheard,
            subscription_wait: config.subscription_wait,
            captions: Captions::new(fastrand::u64(..)),
            events: VecDeque::new(),
            frame: [0; HEARD_FRAME],
            alarm: Box::pin(sleep_until(tokio::time::Instant::from_std(now))),
            until_progress: PROGRESS_FRAMES,
        };
        for participant in &present {
            body.consider(participant);
        }
        Ok(body)
    }

    /// What happened to the audio so far: heard, sent, played.
    #[must_use]
    pub fn counters(&self) -> (HearingCounters, SpeakingCounters, PlayoutCounters) {
        (self.hearing.counters(), self.speaking.counters(), self.speaking.playout.counters())
    }

    /// Links to a participant if there is nobody yet and it is whom we want.
    fn consider(&mut self, participant: &Participant) {
        let is_person = match participant.kind {
            ParticipantKind::Standard | ParticipantKind::Sip | ParticipantKind::Connector => true,
            ParticipantKind::Ingress
            | ParticipantKind::Egress
            | ParticipantKind::Agent
            | ParticipantKind::Bridge
            | ParticipantKind::Unknown(_) => false,
        };
        let is_wanted = match &self.identity {
            Some(identity) => *identity == participant.identity,
            None => is_person && !participant.attributes.contains_key(ON_BEHALF),
        };
        if self.linked.is_some() || !is_wanted {
            return;
        }
        self.linked = Some(Linked { identity: participant.identity.clone(), track: None });
        let name = Some(participant.name.clone()).filter(|name| !name.is_empty());
        let person = Person { name, standing: Standing::Answered };
        self.tell(UserEvent::Joined(person));
        for track in participant.tracks.values() {
            self.consider_track(&participant.identity, &track.sid, track.kind, track.source, track.muted);
        }
    }

    /// Subscribes the linked participant's first microphone.
    fn consider_track(
        &mut self,
        of: &Identity,
        sid: &TrackSid,
        kind: TrackKind,
        source: TrackSource,
        muted: bool,
    ) {
        let Some(linked) =
            self.linked.as_mut().filter(|linked| linked.identity == *of && linked.track.is_none())
        else {
            return;
        };
        let is_microphone = kind == TrackKind::Audio
            && match source {
                TrackSource::Microphone | TrackSource::Unknown => true,
                TrackSource::Camera | TrackSource::ScreenShare | TrackSource::ScreenShareAudio => false,
            };
        if !is_microphone {
            return;
        }
        linked.track = Some(sid.clone());
        if muted {
            self.hearing.mute();
        } else {
            self.hearing.unmute();
        }
        if let Some(room) = &mut self.room {
            room.subscribe(sid, true);
        }
    }

    fn is_heard_track(&self, sid: &TrackSid) -> bool {
        self.linked.as_ref().is_some_and(|linked| linked.track.as_ref() == Some(sid))
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Audio(packet) if self.is_heard_track(&packet.track) => self.hearing.push(AudioPacket {
                sequence: packet.sequence,
                rtp_time: packet.rtp_time,
                kind: match packet.format {
                    AudioFormat::Opus => PayloadKind::Opus,
                    AudioFormat::Red => PayloadKind::Red,
                },
                payload: &packet.payload,
                arrival: packet.arrival,
            }),
            Event::Audio(_) => {}
            Event::Room(event) => self.on_room_event(event),
            Event::Data(event) => self.on_data(event),
        }
    }

    fn on_room_event(&mut self, event: RoomEvent) {
        match event {
            RoomEvent::ParticipantJoined(participant) => self.consider(&participant),
            RoomEvent::TrackPublished { participant, track } => {
                self.consider_track(&participant, &track.sid, track.kind, track.source, track.muted);
            }
            RoomEvent::TrackUnpublished { track, .. } if self.is_heard_track(&track) => self.lose_track(),
            RoomEvent::TrackMuted { track, .. } if self.is_heard_track(&track) => self.hearing.mute(),
            RoomEvent::TrackUnmuted { track, .. } if self.is_heard_track(&track) => self.hearing.unmute(),
            RoomEvent::ParticipantLeft { identity, reason, .. } => self.on_left(&identity, reason),
            RoomEvent::LocalTrackSubscribed { track } if track == self.track => self.floor = Floor::Heard,
            RoomEvent::SubscriptionFailed { track, reason } => warn!(%track, ?reason, "track is not heard"),
            RoomEvent::Disconnected(cause) => {
                debug!(%cause, "disconnected");
                self.events.push_back(BodyEvent::Closed(end_of(&cause)));
            }
            RoomEvent::Joined
            | RoomEvent::MediaConnected
            | RoomEvent::ParticipantChanged { .. }
            | RoomEvent::TrackUnpublished { .. }
            | RoomEvent::TrackSubscribed { .. }
            | RoomEvent::TrackUnsubscribed { .. }
            | RoomEvent::SubscriptionPermitted { .. }
            | RoomEvent::TrackMuted { .. }
            | RoomEvent::TrackUnmuted { .. }
            | RoomEvent::LocalTrackPublished { .. }
            | RoomEvent::LocalTrackUnpublished { .. }
            | RoomEvent::LocalTrackSubscribed { .. }
            | RoomEvent::LocalTrackMuted { .. }
            | RoomEvent::ActiveSpeakers(_)
            | RoomEvent::ConnectionQuality { .. }
            | RoomEvent::RoomUpdated(_)
            | RoomEvent::Permissions(_)
            | RoomEvent::RequestRefused { .. }
            | RoomEvent::Reconnecting
            | RoomEvent::Reconnected { .. } => {}
        }
    }

    /// The microphone is gone; another may come.
    fn lose_track(&mut self) {
        if let Some(linked) = &mut self.linked {
            linked.track = None;
        }
        self.hearing.restart();
        self.edges.handle_cut(&mut self.events);
    }

    /// One who left on purpose has ended the call; one who was lost may come back, or another may come.
    fn on_left(&mut self, identity: &Identity, reason: DisconnectReason) {
        if self.linked.as_ref().is_none_or(|linked| linked.identity != *identity) {
            return;
        }
        self.lose_track();
        self.linked = None;
        if matches!(
            reason,
            DisconnectReason::ClientInitiated
                | DisconnectReason::RoomDeleted
                | DisconnectReason::UserRejected
        ) {
            self.tell(UserEvent::Left);
        }
    }

    fn on_data(&mut self, event: DataEvent) {
        if let DataEvent::Text { info, text } = event
            && info.topic == CHAT
            && self.linked.as_ref().is_some_and(|linked| linked.identity == info.key.sender)
        {
            self.tell(UserEvent::Typed(text));
        }
    }

    fn tell(&mut self, event: UserEvent<'static>) {
        self.events.push_back(BodyEvent::User(SpeakerId::LINKED, event));
    }

    /// Sends the frames that are due.
    fn speak(&mut self, now: Instant) {
        if !self.may_speak(now) {
            return;
        }
        let Some(room) = &mut self.room else { return };
        while let Some(packet) = self.speaking.frame(now) {
            room.send_audio(OutgoingAudio {
                track: self.track,
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

    /// Nobody hears what is said before our track is subscribed; the wait for that is bounded.
    fn may_speak(&mut self, now: Instant) -> bool {
        match self.floor {
            Floor::Heard => true,
            Floor::WaitsUntil(until) => now >= until,
            Floor::Unheard => {
                if self.speaking.playout.heard().is_some() {
                    self.floor = Floor::WaitsUntil(now + self.subscription_wait);
                }
                false
            }
        }
    }

    /// Takes the next 20 ms of what was heard, if they are there.
    fn hear(&mut self, now: Instant) -> bool {
        let Some(frame) = self.hearing.pull(now) else { return false };
        self.frame = *frame.samples;
        self.edges.handle_audio(&self.frame, &mut self.events);
        true
    }

    /// When there is something to do although nothing comes.
    fn next_due(&self) -> Option<Instant> {
        let speaking = match self.floor {
            Floor::Heard => self.speaking.next_frame(),
            Floor::WaitsUntil(until) => self.speaking.next_frame().map(|due| due.max(until)),
            Floor::Unheard => None,
        };
        speaking.into_iter().chain(self.hearing.next_pull()).min()
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
            self.speak(now);
            if self.hear(now) {
                return Poll::Ready(BodyEvent::User(SpeakerId::LINKED, UserEvent::Heard(&self.frame)));
            }
            if !self.events.is_empty() {
                continue;
            }
            let Some(room) = &mut self.room else { return Poll::Pending };
            if let Poll::Ready(event) = room.poll_event(cx) {
                self.on_event(event);
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

    playout_of_body!(speaking.playout);

    fn flush_voice(&mut self, _speaker: SpeakerId) {
        self.edges.flush();
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

    fn show_user_words(&mut self, _speaker: SpeakerId, segment: Segment, text: &str, is_final: bool) {
        if let (Some(room), Some(linked)) = (&mut self.room, &self.linked) {
            self.captions.user(room, segment, &linked.identity, linked.track.as_ref(), text, is_final);
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
        if let Some(room) = self.room.take() {
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
