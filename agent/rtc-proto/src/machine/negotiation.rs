//! Offers, answers, candidates and sections: what flows where.

use std::time::Instant;

use livekit_protocol::signal_request::Message as Say;
use livekit_protocol::{MediaSectionsRequirement, SessionDescription, SignalTarget, TrickleRequest};
use str0m::media::Mid;

use super::stay::{Source, description};
use super::{Machine, Phase};
use crate::config::MediaTransport;
use crate::connection::{Changes, Connection, DescriptionError};
use crate::event::RoomEvent;
use crate::input::TcpId;
use crate::link::{LinkFailure, SignalPath};
use crate::names::TrackSid;
use crate::output::Output;
use crate::sdp::tracks_by_section;
use crate::timer::Timer;

/// Answers in a row that may be unusable before the connection is given up.
const FAILED_ANSWERS_MAX: u32 = 3;
/// Sections that one requirement may ask for. More participants than that ask again.
const SECTIONS_MAX: u32 = 64;

impl Machine {
    /// Offers what is to be changed, or notes it while an offer is in flight (R1).
    pub(super) fn negotiate(&mut self, now: Instant) {
        if self.phase != Phase::Live {
            return;
        }
        let changes = Changes {
            publish: self.publications.without_section(),
            retire: self.publications.retired().to_vec(),
            n_receivers: self.stay.needs.n_receivers,
            show_receivers: self.stay.needs.asked,
            restart_ice: self.stay.needs.restart_ice,
        };
        let (stay, mut wire) = self.stay_and_wire();
        let Some(publisher) = &mut stay.publisher else { return };
        if publisher.has_offer_in_flight() {
            stay.needs.offer = true;
            return;
        }
        let offer = publisher.offer(now, &mut wire, &changes);
        stay.needs = Default::default();
        let Some(offer) = offer else { return };
        stay.offered = changes;
        self.say(Say::Offer(description(offer)));
        self.expect_answer(now);
    }

    /// An offer is in flight: it must be answered.
    pub(super) fn expect_answer(&mut self, now: Instant) {
        if self.stay.publisher.as_ref().is_some_and(Connection::has_offer_in_flight) {
            self.timers.set(Timer::Answer, now + self.config.patience.answer);
        }
    }

    pub(super) fn on_answer(&mut self, now: Instant, answer: &SessionDescription) {
        let (stay, mut wire) = self.stay_and_wire();
        let Some(publisher) = &mut stay.publisher else { return };
        match publisher.on_answer(now, &mut wire, answer.id, &answer.sdp) {
            Ok(sections) => {
                stay.failed_answers = 0;
                let offered = std::mem::take(&mut stay.offered);
                self.publications.on_negotiated(&sections, &offered.retire);
                self.timers.stop(Timer::Answer);
                self.note_candidates(now, SignalTarget::Publisher, &answer.sdp);
                if self.path == SignalPath::Single {
                    self.hear(SignalTarget::Publisher, answer);
                }
                if self.stay.needs.offer || !self.publications.without_section().is_empty() {
                    self.negotiate(now);
                }
                self.on_media_state(now);
            }
            Err(DescriptionError::Unexpected) => self.counters.unexpected_signals += 1,
            Err(DescriptionError::Malformed) => self.on_unreadable_answer(now),
            Err(DescriptionError::Unfit) => {
                self.counters.malformed_sdp += 1;
                self.lose(now, LinkFailure::Media, true);
            }
        }
    }

    /// An answer that cannot be read is asked for again; after a few, the connection is.
    fn on_unreadable_answer(&mut self, now: Instant) {
        self.counters.malformed_sdp += 1;
        self.stay.failed_answers += 1;
        if self.stay.failed_answers < FAILED_ANSWERS_MAX {
            self.repeat_offer(now);
        } else {
            self.lose(now, LinkFailure::Media, true);
        }
    }

    /// Says the offer in flight again, if there is one.
    pub(super) fn repeat_offer(&mut self, now: Instant) {
        if let Some(offer) = self.stay.publisher.as_ref().and_then(Connection::repeat_offer) {
            self.say(Say::Offer(description(offer)));
            self.expect_answer(now);
        }
    }

    /// The server offers the subscriber's connection.
    pub(super) fn on_offer(&mut self, now: Instant, offer: &SessionDescription) {
        let (stay, mut wire) = self.stay_and_wire();
        let Some(subscriber) = &mut stay.subscriber else {
            self.counters.unexpected_signals += 1;
            return;
        };
        let Ok(sdp) = subscriber.on_offer(now, &mut wire, &offer.sdp) else {
            self.counters.malformed_sdp += 1;
            return;
        };
        let answer = SessionDescription {
            r#type: "answer".into(),
            sdp,
            id: offer.id,
            ..SessionDescription::default()
        };
        self.say(Say::Answer(answer));
        self.note_candidates(now, SignalTarget::Subscriber, &offer.sdp);
        self.hear(SignalTarget::Subscriber, offer);
    }

    /// The server needs this many further sections, or an offer that shows the ones there are.
    pub(super) fn on_sections_required(&mut self, now: Instant, required: &MediaSectionsRequirement) {
        if required.num_audios > SECTIONS_MAX {
            self.counters.unexpected_signals += 1;
        }
        self.stay.needs.n_receivers += required.num_audios.min(SECTIONS_MAX);
        // A section whose track went away unseen is used again only when it is offered again.
        self.stay.needs.asked = true;
        self.negotiate(now);
    }

    /// Which tracks flow on a connection, as its newest description says.
    fn hear(&mut self, target: SignalTarget, description: &SessionDescription) {
        let tracks = match description.mid_to_track_id.is_empty() {
            false => by_section(&description.mid_to_track_id),
            true => by_section(&tracks_by_section(&description.sdp)),
        };
        let Some(connection) = self.stay.connection_for(target) else { return };
        let flowing: Vec<(Mid, TrackSid)> =
            tracks.into_iter().filter(|(mid, _)| connection.is_receiving(*mid)).collect();
        let is_flowing =
            |source: &Source| flowing.iter().any(|(mid, track)| source.mid == *mid && source.track == *track);
        let (kept, ended): (Vec<Source>, Vec<Source>) = std::mem::take(&mut self.stay.sources)
            .into_iter()
            .partition(|source| source.target != target || is_flowing(source));
        self.stay.sources = kept;
        for source in ended {
            self.tell(RoomEvent::TrackUnsubscribed { participant: source.participant, track: source.track });
        }
        for (mid, track) in flowing {
            let known = self.stay.sources.iter().any(|source| source.target == target && source.mid == mid);
            if known || !self.wanted.contains(&track) {
                continue;
            }
            if let Some((participant, _)) = self.roster.track(&track) {
                let participant = participant.clone();
                self.tell(RoomEvent::TrackSubscribed {
                    participant: participant.clone(),
                    track: track.clone(),
                });
                self.stay.sources.push(Source { target, mid, participant, track });
            }
        }
    }

    /// A track does not flow any longer, whatever the descriptions still say.
    pub(super) fn unhear(&mut self, track: &TrackSid) {
        if let Some(at) = self.stay.sources.iter().position(|source| source.track == *track) {
            let source = self.stay.sources.swap_remove(at);
            self.tell(RoomEvent::TrackUnsubscribed { participant: source.participant, track: source.track });
        }
    }
}

/// Candidates and TCP.
impl Machine {
    pub(super) fn on_trickle(&mut self, now: Instant, trickle: &TrickleRequest) {
        let Ok(candidate) = serde_json::from_str::<serde_json::Value>(&trickle.candidate_init) else {
            self.counters.malformed_candidates += 1;
            return;
        };
        let Some(candidate) = candidate["candidate"].as_str() else {
            self.counters.malformed_candidates += 1;
            return;
        };
        let target = match self.path {
            SignalPath::Single => SignalTarget::Publisher,
            SignalPath::Dual => SignalTarget::try_from(trickle.target).unwrap_or_default(),
        };
        // An empty candidate ends the list.
        if !candidate.is_empty() {
            self.on_candidate(now, target, candidate);
        }
    }

    /// Candidates can stand in a description as well.
    fn note_candidates(&mut self, now: Instant, target: SignalTarget, sdp: &str) {
        for line in sdp.lines().filter(|line| line.starts_with("a=candidate:")) {
            self.on_candidate(now, target, line.trim_end());
        }
    }

    fn on_candidate(&mut self, now: Instant, target: SignalTarget, candidate: &str) {
        let udp = self.config.transport == MediaTransport::UdpThenTcp;
        let (stay, mut wire) = self.stay_and_wire();
        if let Some(connection) = stay.connection_for(target) {
            connection.on_candidate(now, &mut wire, candidate, udp);
        }
        if self.stay.tcp_allowed {
            self.try_tcp(now);
        }
    }

    /// Media is awaited: when may TCP be tried?
    pub(super) fn expect_tcp(&mut self, now: Instant) {
        match self.config.transport {
            MediaTransport::TcpOnly => self.try_tcp(now),
            MediaTransport::UdpThenTcp => self.timers.set(Timer::Tcp, now + self.config.patience.tcp_after),
        }
    }

    /// A TCP connection has been tried long enough, or none yet: one that media does not flow over makes room for the next
    /// candidate. A network may swallow what goes to one address and answer at another.
    pub(super) fn try_next_tcp(&mut self, now: Instant) {
        let (stay, mut wire) = self.stay_and_wire();
        let given_up: Vec<TcpId> =
            stay.connections_mut().filter_map(|connection| connection.rotate_tcp(now, &mut wire)).collect();
        stay.tcp_rotations += given_up.len() as u32;
        self.outputs.extend(given_up.into_iter().map(Output::CloseTcp));
        self.try_tcp(now);
    }

    /// Opens TCP connections for what is not connected yet.
    pub(super) fn try_tcp(&mut self, now: Instant) {
        self.stay.tcp_allowed = true;
        let mut id = self.next_tcp;
        let mut orders = Vec::new();
        for connection in self.stay.connections_mut() {
            if let Some(remote) = connection.tcp_to_open(TcpId::new(id)) {
                orders.push(Output::OpenTcp { id: TcpId::new(id), remote });
                id += 1;
            }
        }
        self.next_tcp = id;
        let n_candidates = self.stay.connections().map(Connection::n_tcp_candidates).max().unwrap_or(0);
        let is_tried = |connection: &Connection| connection.tcp_id().is_some() && !connection.is_up();
        let is_timed = orders.is_empty() && self.timers.get(Timer::Tcp).is_some();
        if n_candidates > 1 && !is_timed && self.stay.connections().any(is_tried) {
            let round = 1 + self.stay.tcp_rotations / n_candidates;
            self.timers.set(Timer::Tcp, now + self.config.patience.tcp_attempt * round);
        }
        self.outputs.extend(orders);
    }
}

/// Sections and tracks in an order that does not hang on hashing.
fn by_section<'a>(tracks: impl IntoIterator<Item = (&'a String, &'a String)>) -> Vec<(Mid, TrackSid)> {
    let parsed =
        tracks.into_iter().map(|(mid, track)| (Mid::from(mid.as_str()), TrackSid::from(track.as_str())));
    let mut sorted: Vec<(Mid, TrackSid)> = parsed.collect();
    sorted.sort_by(|a, b| a.1.cmp(&b.1));
    sorted
}
