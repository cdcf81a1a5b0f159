//! One stay in the room: the connections and all that ends with them.

use std::net::SocketAddr;
use std::time::Instant;

use livekit_protocol::{SessionDescription, SignalTarget};
use str0m::media::Mid;

use super::{Machine, Phase};
use crate::connection::{Changes, Connection};
use crate::event::RoomEvent;
use crate::input::{TcpId, Transport, UdpId};
use crate::link::{LinkPurpose, LinkRequest, SignalPath};
use crate::names::{Identity, TrackSid};
use crate::output::Output;
use crate::timer::Timer;

/// What belongs to one stay.
#[derive(Default)]
pub(super) struct Stay {
    /// Ours to offer; on the single path it carries both directions.
    pub(super) publisher: Option<Connection>,
    /// The server's to offer; on the double path only.
    pub(super) subscriber: Option<Connection>,
    /// What flows to us.
    pub(super) sources: Vec<Source>,
    /// What the next offer has to bring.
    pub(super) needs: Needs,
    /// What the offer in flight brings.
    pub(super) offered: Changes,
    /// Answers in a row that could not be applied.
    pub(super) failed_answers: u32,
    /// Whether UDP has been tried alone long enough.
    pub(super) tcp_allowed: bool,
    /// TCP connections given up for another candidate.
    pub(super) tcp_rotations: u32,
}

/// A section that carries somebody's track.
pub(super) struct Source {
    pub(super) target: SignalTarget,
    pub(super) mid: Mid,
    pub(super) participant: Identity,
    pub(super) track: TrackSid,
}

/// Reasons for an offer.
#[derive(Default)]
pub(super) struct Needs {
    pub(super) offer: bool,
    pub(super) n_receivers: u32,
    /// The server has asked for an offer, whether or not this side has anything new.
    pub(super) asked: bool,
    pub(super) restart_ice: bool,
}

impl Stay {
    pub(super) fn connections(&self) -> impl Iterator<Item = &Connection> {
        self.publisher.iter().chain(&self.subscriber)
    }

    pub(super) fn connections_mut(&mut self) -> impl Iterator<Item = &mut Connection> {
        self.publisher.iter_mut().chain(&mut self.subscriber)
    }

    pub(super) fn connection_for(&mut self, target: SignalTarget) -> Option<&mut Connection> {
        self.connections_mut().find(|connection| connection.target() == target)
    }

    pub(super) fn connection_at(
        &mut self,
        transport: Transport,
        local: SocketAddr,
    ) -> Option<&mut Connection> {
        match transport {
            Transport::Udp => self.connections_mut().find(|connection| connection.owns_udp(local)),
            Transport::Tcp => self.connections_mut().find(|connection| connection.owns_tcp(local)),
        }
    }

    pub(super) fn connection_of_udp(&mut self, id: UdpId) -> Option<&mut Connection> {
        self.connections_mut().find(|connection| connection.udp_id() == id)
    }

    pub(super) fn connection_of_tcp(&mut self, id: TcpId) -> Option<&mut Connection> {
        self.connections_mut().find(|connection| connection.tcp_id() == Some(id))
    }

    /// Whether media flows on all connections.
    pub(super) fn flows(&self) -> bool {
        self.publisher.is_some() && self.connections().all(Connection::is_up)
    }

    /// Whether media flows and the two sides agree on what does.
    pub(super) fn is_up(&self) -> bool {
        let settled = self.publisher.as_ref().is_some_and(|publisher| !publisher.has_offer_in_flight());
        settled && self.flows()
    }
}

impl Machine {
    /// Starts a stay from nothing, the first or a later one: on the single path the first offer is in the link's request.
    /// Our addresses are not in it: they are known when the server's are, and it learns them from what they send.
    pub(super) fn begin_stay(&mut self, now: Instant) {
        self.end_stay(now);
        self.publications.on_restarted();
        self.outgoing.on_restarted(&mut self.counters);
        let mut publisher = self.connection(now, SignalTarget::Publisher);
        let offer = match self.path {
            SignalPath::Single => {
                let (_, mut wire) = self.stay_and_wire();
                publisher.offer(now, &mut wire, &Changes::default()).map(description)
            }
            SignalPath::Dual => {
                self.stay.subscriber = Some(self.connection(now, SignalTarget::Subscriber));
                None
            }
        };
        self.stay.publisher = Some(publisher);
        self.phase = Phase::Joining;
        self.open_link(now, LinkPurpose::Join { offer });
    }

    fn connection(&mut self, now: Instant, target: SignalTarget) -> Connection {
        let udp = UdpId::new(self.next_udp);
        self.next_udp += 1;
        let (_, mut wire) = self.stay_and_wire();
        Connection::new(now, &mut wire, target, udp, 1)
    }

    /// Says goodbye on the connections and forgets them.
    pub(super) fn end_stay(&mut self, now: Instant) {
        let (stay, mut wire) = self.stay_and_wire();
        let mut tcp = Vec::new();
        for connection in stay.connections_mut() {
            connection.close(now, &mut wire);
            tcp.extend(connection.tcp_id());
        }
        let stay = std::mem::take(&mut self.stay);
        self.tell_media();
        for source in stay.sources {
            self.tell(RoomEvent::TrackUnsubscribed { participant: source.participant, track: source.track });
        }
        self.outputs.extend(tcp.into_iter().map(Output::CloseTcp));
        self.outputs.push_back(Output::CloseUdp);
        for timer in [Timer::Connection, Timer::Answer, Timer::Media, Timer::Tcp] {
            self.timers.stop(timer);
        }
    }

    pub(super) fn open_link(&mut self, now: Instant, purpose: LinkPurpose) {
        self.timers.set(Timer::Link, now + self.config.patience.link);
        let request = LinkRequest { path: self.path, token: self.config.token.clone(), purpose };
        self.outputs.push_back(Output::OpenLink(Box::new(request)));
    }
}

/// An offer as it goes over the link.
pub(super) fn description((id, sdp): (u32, String)) -> SessionDescription {
    SessionDescription { r#type: "offer".into(), sdp, id, ..SessionDescription::default() }
}
