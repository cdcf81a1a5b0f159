//! What flows: audio both ways, subscriptions, data.

use std::time::Instant;

use livekit_protocol::signal_request::Message as Say;
use livekit_protocol::{DataPacket, SubscriptionError, UpdateSubscription};
use prost::Message;

use super::Machine;
use crate::connection::{Connection, Happened, Heard, Wire};
use crate::event::RoomEvent;
use crate::names::{Identity, LocalTrack, TrackSid};
use crate::output::Output;
use crate::vocabulary::{AudioPacket, FrameFate, OutgoingAudio, Reliability, TrackKind};

/// Audio.
impl Machine {
    /// Sends a frame of ours; its datagram is among the outputs when this returns (R6).
    pub(super) fn send_audio(&mut self, now: Instant, audio: &OutgoingAudio<'_>) {
        let (stay, mut wire) =
            (&mut self.stay, Wire { orders: &mut self.outputs, counters: &mut self.counters });
        let sent = match stay.publisher.as_mut().filter(|publisher| publisher.is_up()) {
            Some(publisher) => match self.publications.next_packet(audio.track) {
                Some(place) => publisher.send_audio(now, &mut wire, place, audio),
                None => false,
            },
            None => false,
        };
        match sent {
            true => self.counters.audio_out += 1,
            false => self.counters.audio_out_dropped += 1,
        }
    }

    /// What becomes of a frame of this track, were it given now.
    pub(super) fn fate(&self, track: LocalTrack) -> FrameFate {
        let publisher = self.stay.publisher.as_ref().filter(|publisher| publisher.is_up());
        match self.publications.way(track) {
            Ok(mid) if publisher.is_some_and(|publisher| publisher.is_sending(mid)) => FrameFate::Sent,
            Ok(_) => FrameFate::NotConnected,
            Err(fate) => fate,
        }
    }

    pub(super) fn mute(&mut self, track: LocalTrack, muted: bool) {
        if self.publications.mute(track, muted)
            && let Some(sid) = self.publications.sid(track).cloned()
        {
            self.say_mute(&sid, muted);
        }
    }

    /// What came out of the connections.
    pub(super) fn judge_happened(&mut self, now: Instant) {
        let mut state_changed = false;
        loop {
            let next = self.stay.connections_mut().find_map(|connection| {
                let target = connection.target();
                connection.take_happened().map(|happened| (target, happened))
            });
            let Some((target, happened)) = next else { break };
            match happened {
                Happened::Rtp(heard) => {
                    let source = self
                        .stay
                        .sources
                        .iter()
                        .find(|source| source.mid == heard.mid && source.target == target);
                    match source {
                        Some(source) => {
                            self.counters.audio_in += 1;
                            let packet = packet_from(heard, source.participant.clone(), source.track.clone());
                            self.outputs.push_back(Output::Audio(packet));
                        }
                        None => self.counters.audio_in_unknown += 1,
                    }
                }
                Happened::Message(reliability, bytes) => self.on_data(reliability, &bytes),
                Happened::StateChanged => state_changed = true,
            }
        }
        if state_changed {
            self.on_media_state(now);
        }
    }
}

fn packet_from(heard: Heard, participant: Identity, track: TrackSid) -> AudioPacket {
    AudioPacket {
        participant,
        track,
        format: heard.format,
        sequence: heard.sequence,
        rtp_time: heard.rtp_time,
        talkspurt: heard.marker,
        payload: heard.payload,
        arrival: heard.arrival,
    }
}

/// Subscriptions: only what is wanted, only audio, only once it is known.
impl Machine {
    pub(super) fn subscribe(&mut self, track: TrackSid, wanted: bool) {
        if !wanted {
            if self.wanted.remove(&track) {
                self.say_subscription(vec![track.as_str().into()], false);
                self.unhear(&track);
            }
            return;
        }
        match self.roster.track(&track).map(|(_, known)| known.kind) {
            Some(TrackKind::Video | TrackKind::Other) => {
                self.tell(RoomEvent::SubscriptionFailed {
                    track,
                    reason: SubscriptionError::SeCodecUnsupported,
                });
            }
            Some(TrackKind::Audio) => {
                if self.wanted.insert(track.clone()) {
                    self.say_subscription(vec![track.as_str().into()], true);
                }
            }
            None => {
                self.wanted.insert(track);
            }
        }
    }

    /// Asks for what is wanted and known and does not flow yet. Asking twice changes nothing at the server.
    pub(super) fn ask_for_wanted(&mut self) {
        let flows = |sid: &String| self.stay.sources.iter().any(|source| source.track.as_str() == sid);
        let missing: Vec<String> = self.wanted_and_known().into_iter().filter(|sid| !flows(sid)).collect();
        if !missing.is_empty() {
            self.say_subscription(missing, true);
        }
    }

    /// After a resume: what was given up while there was no link is given up again.
    pub(super) fn say_unwanted(&mut self) {
        let tracks = self.roster.others.values().flat_map(|other| other.tracks.values());
        let unwanted =
            tracks.filter(|track| track.kind == TrackKind::Audio && !self.wanted.contains(&track.sid));
        let unwanted: Vec<String> = unwanted.map(|track| track.sid.as_str().to_owned()).collect();
        if !unwanted.is_empty() {
            self.say_subscription(unwanted, false);
        }
    }

    pub(super) fn wanted_and_known(&self) -> Vec<String> {
        let is_audio =
            |sid: &&TrackSid| self.roster.track(sid).is_some_and(|(_, track)| track.kind == TrackKind::Audio);
        self.wanted.iter().filter(is_audio).map(|sid| sid.as_str().to_owned()).collect()
    }

    fn say_subscription(&mut self, track_sids: Vec<String>, subscribe: bool) {
        self.say(Say::Subscription(UpdateSubscription {
            track_sids,
            subscribe,
            ..UpdateSubscription::default()
        }));
    }
}

/// Data.
impl Machine {
    fn on_data(&mut self, reliability: Reliability, bytes: &[u8]) {
        let Ok(packet) = DataPacket::decode(bytes) else {
            self.counters.malformed_data += 1;
            return;
        };
        if reliability == Reliability::Reliable && self.received.is_duplicate(&packet) {
            self.counters.data_in_duplicates += 1;
            return;
        }
        self.counters.data_in += 1;
        self.outputs.push_back(Output::Data { reliability, packet: Box::new(packet) });
    }

    /// Hands to SCTP what it takes; the rest waits here, where it delays nothing (R6).
    pub(super) fn pump_data(&mut self, now: Instant) {
        for way in [Reliability::Reliable, Reliability::Lossy] {
            while let Some(bytes) = self.outgoing.front(way) {
                let mut wire = Wire { orders: &mut self.outputs, counters: &mut self.counters };
                let open = |publisher: &&mut Connection| publisher.is_up() && publisher.has_channel(way);
                let Some(publisher) = self.stay.publisher.as_mut().filter(open) else { break };
                if !publisher.send_message(now, &mut wire, way, bytes) {
                    break;
                }
                self.counters.data_out += 1;
                self.outgoing.on_taken(way);
            }
        }
    }
}
