//! What the server says over the link, and what is said to it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use livekit_protocol::request_response::{Reason, Request as Asked};
use livekit_protocol::signal_request::Message as Say;
use livekit_protocol::signal_response::Message as Said;
use livekit_protocol::{
    JoinResponse, MuteTrackRequest, ParticipantInfo, Ping, Pong, RequestResponse, RoomMovedResponse,
    SignalRequest, SignalResponse, SubscriptionError, SubscriptionResponse, UpdateParticipantMetadata,
};
use prost::Message;

use super::{Machine, Phase};
use crate::event::RoomEvent;
use crate::names::TrackSid;
use crate::output::Output;
use crate::timer::Timer;
use crate::vocabulary::ServerInfo;

/// Listening.
impl Machine {
    pub(super) fn on_signal(&mut self, now: Instant, bytes: &[u8]) {
        let Ok(SignalResponse { message }) = SignalResponse::decode(bytes) else {
            self.counters.malformed_signals += 1;
            return;
        };
        let Some(message) = message else {
            self.counters.malformed_signals += 1;
            return;
        };
        if matches!(self.phase, Phase::Waiting(_) | Phase::Closed) {
            // Of a link that was given up.
            return;
        }
        if self.timers.get(Timer::Pong).is_some() {
            self.timers.set(Timer::Pong, now + self.link.patience);
        }
        self.on_message(now, message);
    }

    fn on_message(&mut self, now: Instant, message: Said) {
        let mut news = Vec::new();
        match message {
            Said::Join(join) => self.on_join(now, join),
            Said::Reconnect(response) => self.on_resumed(now, &response),
            Said::Leave(leave) => self.on_leave(now, &leave),
            // Before the server has let us in, there is nothing else to be said.
            _ if self.phase == Phase::Joining => self.counters.unexpected_signals += 1,
            Said::Answer(answer) => self.on_answer(now, &answer),
            Said::Offer(offer) => self.on_offer(now, &offer),
            Said::Trickle(trickle) => self.on_trickle(now, &trickle),
            Said::MediaSectionsRequirement(required) => self.on_sections_required(now, &required),
            Said::Update(update) => self.on_update(update.participants),
            Said::SpeakersChanged(changed) => {
                self.roster.on_speakers(&changed.speakers, &mut news);
                self.tell_all(news);
            }
            Said::ConnectionQuality(update) => {
                self.roster.on_quality(&update.updates, &mut news);
                self.tell_all(news);
            }
            Said::RoomUpdate(update) => {
                if let Some(room) = update.room {
                    self.roster.on_room(room, &mut news);
                    self.tell_all(news);
                }
            }
            Said::RoomMoved(moved) => self.on_moved(moved),
            Said::TrackPublished(response) => {
                if let Some((track, sid)) = self.publications.on_published(response) {
                    self.tell(RoomEvent::LocalTrackPublished { track, sid });
                }
            }
            Said::TrackUnpublished(response) => {
                if let Some(track) = self.publications.by_sid(&response.track_sid) {
                    self.publications.remove(track);
                    self.tell(RoomEvent::LocalTrackUnpublished { track });
                    self.negotiate(now);
                }
            }
            Said::TrackSubscribed(response) => {
                if let Some(track) = self.publications.by_sid(&response.track_sid) {
                    self.tell(RoomEvent::LocalTrackSubscribed { track });
                }
            }
            Said::Mute(request) => {
                if let Some(track) = self.publications.by_sid(&request.sid)
                    && self.publications.mute(track, request.muted)
                {
                    self.tell(RoomEvent::LocalTrackMuted { track, muted: request.muted });
                }
            }
            Said::SubscriptionResponse(response) => self.on_subscription_response(&response),
            Said::SubscriptionPermissionUpdate(update) => {
                self.roster.on_subscription_permission(&update, &mut news);
                self.tell_all(news);
            }
            Said::RequestResponse(response) => self.on_request_response(response),
            Said::RefreshToken(token) => self.config.token = token,
            Said::PongResp(pong) => self.on_pong(now, &pong),
            // The old pong: that something came is all it says.
            Said::Pong(_) => {}
            // Video, data tracks, blobs: not spoken here.
            Said::StreamStateUpdate(_)
            | Said::SubscribedQualityUpdate(_)
            | Said::SubscribedAudioCodecUpdate(_)
            | Said::PublishDataTrackResponse(_)
            | Said::UnpublishDataTrackResponse(_)
            | Said::DataTrackSubscriberHandles(_)
            | Said::StoreDataBlobResponse(_)
            | Said::GetDataBlobResponse(_) => {}
        }
    }

    fn on_join(&mut self, now: Instant, join: JoinResponse) {
        if self.phase != Phase::Joining || join.participant.is_none() {
            self.counters.unexpected_signals += 1;
            return;
        }
        let is_first = self.roster.local.is_none();
        self.phase = Phase::Live;
        self.timers.stop(Timer::Link);
        self.link.interval = seconds(join.ping_interval, 5);
        self.link.patience = seconds(join.ping_timeout, 15);
        self.start_pings(now);
        let info = join.server_info.unwrap_or_default();
        self.roster.server = ServerInfo {
            version: if info.version.is_empty() { join.server_version } else { info.version },
            protocol: info.protocol,
            region: if info.region.is_empty() { join.server_region } else { info.region },
        };
        let mut news = Vec::new();
        self.roster.on_joined(join.room, join.participant, join.other_participants, &mut news);
        if is_first {
            // What the room is can be read; only later changes are news.
            news.retain(|event| !matches!(event, RoomEvent::RoomUpdated(_)));
            self.tell(RoomEvent::Joined);
        }
        self.tell_all(news);
        self.timers.set(Timer::Media, now + self.config.patience.media);
        self.expect_tcp(now);
        self.expect_answer(now);
        self.tell_own_again();
        self.announce(now);
        self.negotiate(now);
        self.ask_for_wanted();
    }

    fn on_update(&mut self, participants: Vec<ParticipantInfo>) {
        let mut news = Vec::new();
        // After a resume the server tells of everybody, ourselves among them: who left meanwhile is not among them.
        let is_us =
            |info: &ParticipantInfo| self.roster.local.as_ref().is_some_and(|us| us.sid.as_str() == info.sid);
        // Before that it may tell of some, of those who have gone among them.
        let is_everybody = self.link.awaits_everybody && participants.iter().any(is_us);
        self.link.awaits_everybody &= !is_everybody;
        match is_everybody {
            true => self.roster.on_everybody(participants, &mut news),
            false => self.roster.on_participants(participants, &mut news),
        }
        let is_wanted = |event: &RoomEvent| matches!(event, RoomEvent::TrackPublished { track, .. } if self.wanted.contains(&track.sid));
        let ask = news.iter().any(is_wanted);
        self.tell_all(news);
        if ask {
            self.ask_for_wanted();
        }
    }

    fn on_moved(&mut self, moved: RoomMovedResponse) {
        if !moved.token.is_empty() {
            self.config.token = moved.token;
        }
        let mut news = Vec::new();
        self.roster.on_joined(moved.room, moved.participant, moved.other_participants, &mut news);
        self.tell_all(news);
        self.ask_for_wanted();
    }

    fn on_subscription_response(&mut self, response: &SubscriptionResponse) {
        let track = TrackSid::from(response.track_sid.as_str());
        let reason = SubscriptionError::try_from(response.err).unwrap_or_default();
        if self.wanted.remove(&track) {
            self.tell(RoomEvent::SubscriptionFailed { track, reason });
        }
    }

    fn on_request_response(&mut self, response: RequestResponse) {
        let reason = Reason::try_from(response.reason).unwrap_or(Reason::UnclassifiedError);
        if matches!(reason, Reason::Ok | Reason::Queued) {
            return;
        }
        let request = match response.request {
            Some(Asked::Trickle(_)) => "trickle",
            Some(Asked::AddTrack(_)) => "add track",
            Some(Asked::Mute(_)) => "mute",
            Some(Asked::UpdateMetadata(_)) => "update metadata",
            Some(_) | None => "request",
        };
        self.tell(RoomEvent::RequestRefused { request, reason, message: response.message });
    }
}

/// Speaking.
impl Machine {
    /// Says something, if there is a link that the server has confirmed. What is lost without one is told again from
    /// what is known when there is one.
    pub(super) fn say(&mut self, message: Say) {
        if matches!(self.phase, Phase::Live | Phase::Leaving) {
            let bytes = SignalRequest { message: Some(message) }.encode_to_vec();
            self.outputs.push_back(Output::SendSignal(bytes));
        }
    }

    /// Tells the server of tracks that it does not know, and offers what they need.
    pub(super) fn announce(&mut self, now: Instant) {
        if self.phase != Phase::Live {
            return;
        }
        for request in self.publications.announce() {
            self.say(Say::AddTrack(request));
        }
        self.negotiate(now);
    }

    pub(super) fn say_mute(&mut self, sid: &TrackSid, muted: bool) {
        self.say(Say::Mute(MuteTrackRequest { sid: sid.as_str().into(), muted }));
    }

    pub(super) fn tell_own(
        &mut self,
        name: Option<String>,
        metadata: Option<String>,
        attributes: BTreeMap<String, String>,
    ) {
        self.own.next_request += 1;
        self.say(Say::UpdateMetadata(UpdateParticipantMetadata {
            name: name.unwrap_or_default(),
            metadata: metadata.unwrap_or_default(),
            attributes: attributes.into_iter().collect(),
            request_id: self.own.next_request,
        }));
    }

    /// After a reconnect: a new stay knows only the token, and the last words on the old link may be lost.
    pub(super) fn tell_own_again(&mut self) {
        let (name, metadata) = (self.own.name.clone(), self.own.metadata.clone());
        if name.is_some() || metadata.is_some() || !self.own.attributes.is_empty() {
            self.tell_own(name, metadata, self.own.attributes.clone());
        }
    }

    pub(super) fn start_pings(&mut self, now: Instant) {
        self.timers.set(Timer::Ping, now + self.link.interval);
        self.timers.set(Timer::Pong, now + self.link.patience);
    }

    pub(super) fn ping(&mut self, now: Instant) {
        self.timers.set(Timer::Ping, now + self.link.interval);
        self.say(Say::PingReq(Ping {
            timestamp: self.link_time(now),
            rtt: milliseconds(self.link.round_trip),
        }));
    }

    fn on_pong(&mut self, now: Instant, pong: &Pong) {
        let sent = pong.last_ping_timestamp;
        let elapsed = self.link_time(now).saturating_sub(sent);
        self.link.round_trip = Duration::from_millis(u64::try_from(elapsed).unwrap_or_default());
    }

    /// Pings carry our own clock: the server gives it back.
    fn link_time(&self, now: Instant) -> i64 {
        milliseconds(now.saturating_duration_since(self.link.began))
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// What the server asks for, within reason.
fn seconds(asked: i32, otherwise: u64) -> Duration {
    let asked = u64::try_from(asked).unwrap_or_default();
    Duration::from_secs(if asked == 0 { otherwise } else { asked.min(300) })
}
