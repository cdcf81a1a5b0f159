//! The people of a room whom a body hears: who they are, and an ear for each.

use std::{collections::VecDeque, time::Instant};

use agent_audio::{
    CodecError, HEARD_FRAME, Hearing, HearingConfig, HearingCounters, PayloadKind, vad::Detector,
};
use agent_rtc::{
    AudioFormat, AudioPacket, Identity, Participant, ParticipantKind, TrackKind, TrackSid, TrackSource,
};

use crate::{BodyEvent, Person, SpeakerId, Standing, UserEvent, body::edges::Edges};

/// The attribute of a program that publishes for another.
const ON_BEHALF: &str = "lk.publish_on_behalf";

/// Whom a call may be for, and who is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Whom the call is for; `None`: the first of these kinds who is there.
    pub identity: Option<Identity>,
    /// Who counts as a person.
    pub kinds: Vec<ParticipantKind>,
    /// Who is heard besides.
    pub others: Others,
}

/// Who is heard besides the one whom the call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Others {
    /// How many at once; those who come when so many are there are not heard.
    pub most: u32,
    /// What their words are worth.
    pub standing: Standing,
}

/// Makes a detector for one more.
type MakeDetector = Box<dyn Fn() -> Detector>;

/// The people whom a body hears.
pub(super) struct People {
    audience: Audience,
    hearing: HearingConfig,
    make_detector: MakeDetector,
    heard: Vec<Heard>,
    next: SpeakerId,
    /// What was counted of those who have gone.
    gone: HearingCounters,
}

/// Somebody who is heard.
pub(super) struct Heard {
    pub(super) speaker: SpeakerId,
    /// `None` once they were lost: another may take the place of whom the call is for.
    pub(super) identity: Option<Identity>,
    pub(super) track: Option<TrackSid>,
    pub(super) hearing: Hearing,
    pub(super) edges: Edges,
    pub(super) frame: [i16; HEARD_FRAME],
}

impl People {
    /// Nobody is there yet. The ear for whom the call is for is made now, so that it can fail only here.
    pub(super) fn new(
        audience: Audience,
        hearing: HearingConfig,
        make_detector: MakeDetector,
    ) -> Result<Self, CodecError> {
        let linked = Heard::new(SpeakerId::LINKED, None, hearing.clone(), make_detector())?;
        let next = SpeakerId(SpeakerId::LINKED.0 + 1);
        Ok(Self {
            audience,
            hearing,
            make_detector,
            heard: vec![linked],
            next,
            gone: HearingCounters::default(),
        })
    }

    /// Whom the call is for, and their ear, whether they are there or not.
    pub(super) fn linked(&self) -> &Heard {
        self.heard.first().expect("the ear of whom the call is for is never dropped")
    }

    /// Takes a participant among those who are heard, if they are to be.
    pub(super) fn consider(&mut self, participant: &Participant) -> Option<(SpeakerId, Person)> {
        let is_person = self.is_person(participant);
        let is_wanted = match &self.audience.identity {
            Some(identity) => *identity == participant.identity,
            None => is_person,
        };
        if !(is_wanted || is_person) || self.of(&participant.identity).is_some() {
            return None;
        }
        let identity = Some(participant.identity.clone());
        let called =
            if participant.name.is_empty() { participant.identity.as_str() } else { &participant.name };
        let name = Some(called.to_owned());
        if is_wanted && self.linked().identity.is_none() {
            self.heard.first_mut()?.identity = identity;
            return Some((SpeakerId::LINKED, Person { name, standing: Standing::Answered }));
        }
        if self.heard.len() > self.audience.others.most as usize {
            return None;
        }
        let speaker = self.next;
        // A decoder that cannot be made is one person less; the call goes on.
        let heard = Heard::new(speaker, identity, self.hearing.clone(), (self.make_detector)());
        self.heard.push(heard.map_err(|error| tracing::warn!(%error, "nobody more can be heard")).ok()?);
        self.next = SpeakerId(speaker.0.saturating_add(1));
        Some((speaker, Person { name, standing: self.audience.others.standing }))
    }

    /// Takes a track for what its participant says, if it is their first microphone.
    pub(super) fn consider_track(
        &mut self,
        of: &Identity,
        sid: &TrackSid,
        kind: TrackKind,
        source: TrackSource,
        muted: bool,
    ) -> bool {
        let Some(heard) = self.of(of).filter(|heard| heard.track.is_none()) else { return false };
        let is_microphone = kind == TrackKind::Audio
            && match source {
                TrackSource::Microphone | TrackSource::Unknown => true,
                TrackSource::Camera | TrackSource::ScreenShare | TrackSource::ScreenShareAudio => false,
            };
        if is_microphone {
            heard.track = Some(sid.clone());
            heard.mute(muted);
        }
        is_microphone
    }

    /// Whether a participant is a person, and speaks for itself.
    fn is_person(&self, participant: &Participant) -> bool {
        self.audience.kinds.contains(&participant.kind) && !participant.attributes.contains_key(ON_BEHALF)
    }

    pub(super) fn of(&mut self, identity: &Identity) -> Option<&mut Heard> {
        self.heard.iter_mut().find(|heard| heard.identity.as_ref() == Some(identity))
    }

    pub(super) fn of_track(&mut self, track: &TrackSid) -> Option<&mut Heard> {
        self.heard.iter_mut().find(|heard| heard.track.as_ref() == Some(track))
    }

    pub(super) fn of_speaker(&mut self, speaker: SpeakerId) -> Option<&mut Heard> {
        self.heard.iter_mut().find(|heard| heard.speaker == speaker)
    }

    /// They are gone. The place of whom the call is for stays, for them or another.
    pub(super) fn remove(&mut self, speaker: SpeakerId) {
        if speaker == SpeakerId::LINKED {
            if let Some(linked) = self.heard.first_mut() {
                linked.identity = None;
            }
        } else {
            for gone in self.heard.extract_if(.., |heard| heard.speaker == speaker) {
                self.gone += gone.hearing.counters();
            }
        }
    }

    /// What was counted of everybody so far.
    pub(super) fn counters(&self) -> HearingCounters {
        let mut all = self.gone;
        for heard in &self.heard {
            all += heard.hearing.counters();
        }
        all
    }

    /// Takes the next 20 ms of somebody, if they are there; [`People::frame_of`] has them.
    pub(super) fn hear(
        &mut self,
        now: Instant,
        events: &mut VecDeque<BodyEvent<'static>>,
    ) -> Option<SpeakerId> {
        for heard in &mut self.heard {
            let Some(frame) = heard.hearing.pull(now) else { continue };
            heard.frame = *frame.samples;
            heard.edges.handle_audio(&heard.frame, events);
            return Some(heard.speaker);
        }
        None
    }

    /// What was taken last of somebody.
    pub(super) fn frame_of(&self, speaker: SpeakerId) -> &[i16] {
        let heard = self.heard.iter().find(|heard| heard.speaker == speaker);
        heard.map_or(&[], |heard| &heard.frame)
    }

    pub(super) fn next_pull(&self) -> Option<Instant> {
        self.heard.iter().filter_map(|heard| heard.hearing.next_pull()).min()
    }
}

impl Heard {
    fn new(
        speaker: SpeakerId,
        identity: Option<Identity>,
        hearing: HearingConfig,
        detector: Detector,
    ) -> Result<Self, CodecError> {
        Ok(Self {
            speaker,
            identity,
            track: None,
            hearing: Hearing::new(hearing)?,
            edges: Edges::new(speaker, detector),
            frame: [0; HEARD_FRAME],
        })
    }

    pub(super) fn push(&mut self, packet: &AudioPacket) {
        self.hearing.push(agent_audio::AudioPacket {
            sequence: packet.sequence,
            rtp_time: packet.rtp_time,
            kind: match packet.format {
                AudioFormat::Opus => PayloadKind::Opus,
                AudioFormat::Red => PayloadKind::Red,
            },
            payload: &packet.payload,
            arrival: packet.arrival,
        });
    }

    pub(super) fn mute(&mut self, muted: bool) {
        if muted {
            self.hearing.mute();
        } else {
            self.hearing.unmute();
        }
    }

    /// The microphone is gone; another may come.
    pub(super) fn lose_track(&mut self, events: &mut VecDeque<BodyEvent<'static>>) {
        self.track = None;
        self.hearing.restart();
        self.edges.handle_cut(events);
    }

    pub(super) const fn tells(&self, event: UserEvent<'static>) -> BodyEvent<'static> {
        BodyEvent::User(self.speaker, event)
    }
}
