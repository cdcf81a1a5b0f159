//! Who is in the room: what the server says, kept, and turned into news by comparing it with what was known.

use std::collections::BTreeMap;

use livekit_protocol::{
    self as wire, ConnectionQuality, DisconnectReason, ParticipantInfo, TrackInfo, TrackSource, TrackType,
    participant_info::State,
};

use crate::event::{ParticipantChanges, RoomEvent};
use crate::names::{Identity, ParticipantSid, TrackSid};
use crate::vocabulary::{Participant, Permissions, RemoteTrack, RoomInfo, ServerInfo, Speaker, TrackKind};

/// News in the making.
pub(crate) type News = Vec<RoomEvent>;

/// The room as it is known.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    pub(crate) room: RoomInfo,
    pub(crate) server: ServerInfo,
    pub(crate) local: Option<Participant>,
    pub(crate) others: BTreeMap<Identity, Participant>,
    speakers: BTreeMap<ParticipantSid, f32>,
}

impl Roster {
    /// A stay has begun: the server tells everything at once.
    pub(crate) fn on_joined(
        &mut self,
        room: Option<wire::Room>,
        local: Option<ParticipantInfo>,
        others: Vec<ParticipantInfo>,
        news: &mut News,
    ) {
        if let Some(room) = room {
            self.on_room(room, news);
        }
        if let Some(local) = local {
            self.local = Some(participant_from(local));
        }
        self.on_everybody(others, news);
    }

    /// The server tells who is there; whoever is not told of is gone.
    pub(crate) fn on_everybody(&mut self, infos: Vec<ParticipantInfo>, news: &mut News) {
        let is_absent = |known: &&Identity| !infos.iter().any(|info| info.identity == known.as_str());
        let absent: Vec<Identity> = self.others.keys().filter(is_absent).cloned().collect();
        for identity in absent {
            self.remove(&identity, DisconnectReason::UnknownReason, news);
        }
        self.on_participants(infos, news);
    }

    pub(crate) fn on_room(&mut self, room: wire::Room, news: &mut News) {
        let room = RoomInfo {
            sid: room.sid,
            name: room.name,
            metadata: room.metadata,
            n_participants: room.num_participants,
            recording: room.active_recording,
        };
        if room != self.room {
            self.room = room.clone();
            news.push(RoomEvent::RoomUpdated(room));
        }
    }

    /// Some participants have changed, come or gone.
    pub(crate) fn on_participants(&mut self, infos: Vec<ParticipantInfo>, news: &mut News) {
        for info in infos {
            if self.local.as_ref().is_some_and(|local| local.identity.as_str() == info.identity) {
                self.on_local(info, news);
            } else if info.state == State::Disconnected as i32 {
                let identity = Identity::from(info.identity);
                if self.others.get(&identity).is_some_and(|known| known.sid.as_str() == info.sid) {
                    let reason = DisconnectReason::try_from(info.disconnect_reason).unwrap_or_default();
                    self.remove(&identity, reason, news);
                }
            } else if !info.identity.is_empty() {
                self.on_other(participant_from(info), news);
            }
        }
    }

    fn on_local(&mut self, info: ParticipantInfo, news: &mut News) {
        let Some(known) = &mut self.local else { return };
        // Another stay under our name: the server will tell this one to go.
        if known.sid.as_str() != info.sid || info.version < known.version {
            return;
        }
        let now = participant_from(info);
        if now.permissions != known.permissions {
            news.push(RoomEvent::Permissions(now.permissions));
        }
        *known = now;
    }

    fn on_other(&mut self, now: Participant, news: &mut News) {
        let Some(known) = self.others.get(&now.identity) else { return self.insert(now, news) };
        if known.sid != now.sid {
            let identity = now.identity.clone();
            self.remove(&identity, DisconnectReason::UnknownReason, news);
            return self.insert(now, news);
        }
        if now.version < known.version {
            return;
        }
        tell_tracks(known, &now, news);
        let changes = changes(known, &now);
        if !changes.is_empty() {
            news.push(RoomEvent::ParticipantChanged { identity: now.identity.clone(), changes });
        }
        self.others.insert(now.identity.clone(), now);
    }

    fn insert(&mut self, participant: Participant, news: &mut News) {
        news.push(RoomEvent::ParticipantJoined(Box::new(participant.clone())));
        for track in participant.tracks.values() {
            news.push(RoomEvent::TrackPublished {
                participant: participant.identity.clone(),
                track: track.clone(),
            });
        }
        self.others.insert(participant.identity.clone(), participant);
    }

    fn remove(&mut self, identity: &Identity, reason: DisconnectReason, news: &mut News) {
        let Some(gone) = self.others.remove(identity) else { return };
        self.speakers.remove(&gone.sid);
        for sid in gone.tracks.into_keys() {
            news.push(RoomEvent::TrackUnpublished { participant: identity.clone(), track: sid });
        }
        news.push(RoomEvent::ParticipantLeft { identity: identity.clone(), sid: gone.sid, reason });
    }

    /// The server tells only of those whose speaking changed.
    pub(crate) fn on_speakers(&mut self, changed: &[wire::SpeakerInfo], news: &mut News) {
        for speaker in changed {
            let sid = ParticipantSid::from(speaker.sid.as_str());
            if speaker.active && speaker.level.is_finite() && self.identity_of(&speaker.sid).is_some() {
                self.speakers.insert(sid, speaker.level);
            } else {
                self.speakers.remove(&sid);
            }
        }
        let known = self.speakers.iter().filter_map(|(sid, level)| {
            Some(Speaker { participant: self.identity_of(sid.as_str())?.clone(), level: *level })
        });
        let mut speakers: Vec<Speaker> = known.collect();
        speakers.sort_by(|a, b| b.level.total_cmp(&a.level));
        news.push(RoomEvent::ActiveSpeakers(speakers));
    }

    pub(crate) fn on_quality(&mut self, qualities: &[wire::ConnectionQualityInfo], news: &mut News) {
        for info in qualities {
            let Some(identity) = self.identity_of(&info.participant_sid) else { continue };
            let quality = ConnectionQuality::try_from(info.quality).unwrap_or_default();
            news.push(RoomEvent::ConnectionQuality { participant: identity.clone(), quality });
        }
    }

    pub(crate) fn on_subscription_permission(
        &self,
        update: &wire::SubscriptionPermissionUpdate,
        news: &mut News,
    ) {
        if let Some(identity) = self.identity_of(&update.participant_sid) {
            news.push(RoomEvent::SubscriptionPermitted {
                participant: identity.clone(),
                track: TrackSid::from(update.track_sid.as_str()),
                allowed: update.allowed,
            });
        }
    }

    /// Who publishes a track, and what it is.
    pub(crate) fn track(&self, sid: &TrackSid) -> Option<(&Identity, &RemoteTrack)> {
        self.others.values().find_map(|other| Some((&other.identity, other.tracks.get(sid)?)))
    }

    fn identity_of(&self, sid: &str) -> Option<&Identity> {
        let everybody = self.local.iter().chain(self.others.values());
        everybody.into_iter().find(|participant| participant.sid.as_str() == sid).map(|found| &found.identity)
    }
}

fn tell_tracks(before: &Participant, now: &Participant, news: &mut News) {
    let participant = || now.identity.clone();
    for sid in before.tracks.keys().filter(|sid| !now.tracks.contains_key(sid)) {
        news.push(RoomEvent::TrackUnpublished { participant: participant(), track: sid.clone() });
    }
    for (sid, track) in &now.tracks {
        match before.tracks.get(sid) {
            None => news.push(RoomEvent::TrackPublished { participant: participant(), track: track.clone() }),
            Some(known) if known.muted == track.muted => {}
            Some(_) if track.muted => {
                news.push(RoomEvent::TrackMuted { participant: participant(), track: sid.clone() });
            }
            Some(_) => {
                news.push(RoomEvent::TrackUnmuted { participant: participant(), track: sid.clone() });
            }
        }
    }
}

fn changes(before: &Participant, now: &Participant) -> ParticipantChanges {
    let new_or_other = |(key, value): &(&String, &String)| before.attributes.get(*key) != Some(*value);
    let mut attributes: BTreeMap<String, String> =
        now.attributes.iter().filter(new_or_other).map(|(key, value)| (key.clone(), value.clone())).collect();
    let gone = before.attributes.keys().filter(|key| !now.attributes.contains_key(*key));
    attributes.extend(gone.map(|key| (key.clone(), String::new())));
    ParticipantChanges {
        name: (before.name != now.name).then(|| now.name.clone()),
        metadata: (before.metadata != now.metadata).then(|| now.metadata.clone()),
        attributes,
        permissions: (before.permissions != now.permissions).then_some(now.permissions),
    }
}

fn participant_from(info: ParticipantInfo) -> Participant {
    Participant {
        sid: info.sid.into(),
        identity: info.identity.into(),
        name: info.name,
        kind: info.kind.into(),
        metadata: info.metadata,
        attributes: info.attributes.into_iter().collect(),
        permissions: info.permission.as_ref().map(permissions_from).unwrap_or_default(),
        tracks: info.tracks.into_iter().map(track_from).map(|track| (track.sid.clone(), track)).collect(),
        client_protocol: info.client_protocol,
        version: info.version,
    }
}

fn permissions_from(wire: &wire::ParticipantPermission) -> Permissions {
    Permissions {
        subscribe: wire.can_subscribe,
        publish: wire.can_publish,
        publish_data: wire.can_publish_data,
        update_metadata: wire.can_update_metadata,
        hidden: wire.hidden,
    }
}

fn track_from(info: TrackInfo) -> RemoteTrack {
    RemoteTrack {
        sid: info.sid.into(),
        name: info.name,
        kind: match TrackType::try_from(info.r#type) {
            Ok(TrackType::Audio) => TrackKind::Audio,
            Ok(TrackType::Video) => TrackKind::Video,
            Ok(TrackType::Data) | Err(_) => TrackKind::Other,
        },
        source: TrackSource::try_from(info.source).unwrap_or_default(),
        muted: info.muted,
        mime_type: info.mime_type,
    }
}
