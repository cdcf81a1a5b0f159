//! The room itself: the five methods, and what its owner may read.

mod leaving;
mod media;
mod negotiation;
mod recovery;
mod signals;
mod stay;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::connection::Wire;
use crate::counters::Counters;
use crate::data::{Outgoing, Received};
use crate::event::RoomEvent;
use crate::input::{Input, Request};
use crate::link::{LinkFailure, SignalPath};
use crate::machine::stay::Stay;
use crate::names::{Identity, LocalTrack, TrackSid};
use crate::output::Output;
use crate::publications::Publications;
use crate::reconnect::{Attempt, Outage};
use crate::roster::{News, Roster};
use crate::timer::{Timer, TimerTable};
use crate::vocabulary::{FrameFate, Participant, Reliability, RoomInfo, ServerInfo};

/// One LiveKit room.
pub struct Machine {
    config: Config,
    path: SignalPath,
    phase: Phase,
    /// From losing the server to having it back.
    outage: Option<Outage>,
    stay: Stay,
    roster: Roster,
    publications: Publications,
    /// Tracks that the owner wants to hear, known or not.
    wanted: BTreeSet<TrackSid>,
    own: Own,
    outgoing: Outgoing,
    received: Received,
    link: LinkState,
    timers: TimerTable,
    outputs: VecDeque<Output>,
    counters: Counters,
    /// Whether media was told to flow.
    media_told: bool,
    next_udp: u32,
    next_tcp: u32,
}

/// Where the room is between its first link and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A link for a new stay is asked for, or open without a word from the server.
    Joining,
    /// In the room, with a link.
    Live,
    /// Without a link; the next attempt is due later.
    Waiting(Attempt),
    /// A link for the same stay is asked for, or open without a word from the server.
    Resuming,
    /// In the room, until reliable data on its way has arrived.
    Leaving,
    /// Without a link, until there is one to say goodbye on.
    Departing,
    /// Over.
    Closed,
}

/// What we want to be known by; told again after each reconnect.
#[derive(Debug, Default)]
struct Own {
    name: Option<String>,
    metadata: Option<String>,
    attributes: BTreeMap<String, String>,
    next_request: u32,
}

/// What is known of the link.
#[derive(Debug)]
struct LinkState {
    began: Instant,
    interval: Duration,
    patience: Duration,
    round_trip: Duration,
    /// The link was resumed, and the server has not told yet who is there.
    awaits_everybody: bool,
}

/// The grammar.
impl Machine {
    /// Begins to join. Drain [`Machine::poll_output`] at once: it says which link to open.
    #[must_use]
    pub fn new(config: Config, now: Instant) -> Self {
        let mut machine = Self {
            path: config.path,
            config,
            phase: Phase::Joining,
            outage: None,
            stay: Stay::default(),
            roster: Roster::default(),
            publications: Publications::default(),
            wanted: BTreeSet::new(),
            own: Own::default(),
            outgoing: Outgoing::default(),
            received: Received::default(),
            link: LinkState {
                began: now,
                interval: Duration::ZERO,
                patience: Duration::ZERO,
                round_trip: Duration::ZERO,
                awaits_everybody: false,
            },
            timers: TimerTable::default(),
            outputs: VecDeque::new(),
            counters: Counters::default(),
            media_told: false,
            next_udp: 0,
            next_tcp: 0,
        };
        machine.begin_stay(now);
        machine
    }

    /// One fact.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            // The link's life is told by the server's first message on it.
            Input::LinkOpened => {}
            Input::LinkFailed(failure) => self.on_link_failed(now, failure),
            Input::SignalReceived(bytes) => self.on_signal(now, bytes),
            Input::DatagramReceived { transport, from, to, bytes } => {
                self.counters.datagrams_in += 1;
                let (stay, mut wire) = self.stay_and_wire();
                if let Some(connection) = stay.connection_at(transport, to) {
                    connection.on_datagram(now, &mut wire, (transport, from, to), bytes);
                }
            }
            Input::UdpOpened { id, remote, local } => {
                let (stay, mut wire) = self.stay_and_wire();
                if let Some(connection) = stay.connection_of_udp(id) {
                    connection.on_udp_opened(now, &mut wire, remote, local);
                }
            }
            Input::UdpFailed { id, remote } => {
                self.counters.unreachable_candidates += 1;
                if let Some(connection) = self.stay.connection_of_udp(id) {
                    connection.on_udp_failed(remote);
                }
            }
            Input::TcpOpened { id, local } => {
                let (stay, mut wire) = self.stay_and_wire();
                if let Some(connection) = stay.connection_of_tcp(id) {
                    connection.on_tcp_opened(now, &mut wire, local);
                }
            }
            Input::TcpClosed(id) => self.on_tcp_closed(now, id),
            Input::AudioEncoded(audio) => self.send_audio(now, &audio),
            Input::Requested(request) => self.on_request(now, request),
        }
        self.settle(now);
    }

    /// Time has passed. Early calls change nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        let (stay, mut wire) = self.stay_and_wire();
        for connection in stay.connections_mut() {
            connection.on_timeout(now, &mut wire);
        }
        for timer in Timer::ALL {
            if self.timers.take_due(timer, now) {
                self.on_timer(now, timer);
            }
        }
        self.settle(now);
    }

    /// The next order or piece of news; drain to `None` before the next fact.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Machine::handle_timeout`], and on whose behalf.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        self.timers.soonest()
    }

    fn on_timer(&mut self, now: Instant, timer: Timer) {
        match timer {
            // Done before the timers are looked at.
            Timer::Connection => {}
            Timer::Link => self.lose(now, LinkFailure::TimedOut, false),
            // The link was resumed and media does not follow: another resume would bring no more.
            Timer::Answer | Timer::Media => self.lose(now, LinkFailure::Media, self.outage.is_some()),
            Timer::Tcp => self.try_next_tcp(now),
            Timer::Reconnect => self.attempt(now),
            Timer::Ping => self.ping(now),
            Timer::Pong => self.lose(now, LinkFailure::Closed("no answer to pings".into()), false),
            Timer::Word => self.lose(now, LinkFailure::Media, true),
            Timer::Leave => self.say_goodbye(now),
        }
    }

    fn on_request(&mut self, now: Instant, request: Request) {
        match request {
            Request::Publish { track, options } => {
                self.publications.add(track, options);
                self.announce(now);
            }
            Request::Unpublish(track) => {
                if self.publications.remove(track) {
                    self.negotiate(now);
                }
            }
            Request::Mute { track, muted } => self.mute(track, muted),
            Request::Subscribe { track, wanted } => self.subscribe(track, wanted),
            Request::SetAttributes(attributes) => {
                self.own.attributes.extend(attributes.clone());
                self.tell_own(None, None, attributes);
            }
            Request::SetMetadata(metadata) => {
                self.own.metadata = Some(metadata.clone());
                self.tell_own(None, Some(metadata), BTreeMap::new());
            }
            Request::SetName(name) => {
                self.own.name = Some(name.clone());
                self.tell_own(Some(name), None, BTreeMap::new());
            }
            Request::SendData { reliability, packet } => {
                self.outgoing.push(reliability, *packet, &mut self.counters);
            }
            Request::Leave => self.leave(now),
        }
    }

    /// After every fact: what came out of the connections is judged, data is moved on, the timer is set.
    fn settle(&mut self, now: Instant) {
        self.judge_happened(now);
        self.pump_data(now);
        if self.phase == Phase::Leaving {
            self.leave_when_done(now);
        }
        match self.stay.connections().map(|connection| connection.timeout()).min() {
            Some(timeout) => self.timers.set(Timer::Connection, timeout),
            None => self.timers.stop(Timer::Connection),
        }
    }

    fn stay_and_wire(&mut self) -> (&mut Stay, Wire<'_>) {
        (&mut self.stay, Wire { orders: &mut self.outputs, counters: &mut self.counters })
    }

    fn tell(&mut self, event: RoomEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Tells news of the roster, with what follows from it for what we hear.
    fn tell_all(&mut self, news: News) {
        for event in news {
            if let RoomEvent::TrackUnpublished { track, .. } = &event {
                self.wanted.remove(track);
                self.unhear(track);
            }
            if let RoomEvent::ParticipantLeft { sid, .. } = &event {
                self.received.forget(sid.as_str());
            }
            self.tell(event);
        }
    }
}

/// What there is to read.
impl Machine {
    /// The room, as far as the server has told.
    #[must_use]
    pub fn room(&self) -> &RoomInfo {
        &self.roster.room
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &ServerInfo {
        &self.roster.server
    }

    /// Ourselves; `None` before the server has let us in.
    #[must_use]
    pub fn local(&self) -> Option<&Participant> {
        self.roster.local.as_ref()
    }

    /// The others, by identity.
    pub fn participants(&self) -> impl Iterator<Item = &Participant> {
        self.roster.others.values()
    }

    /// One of the others.
    #[must_use]
    pub fn participant(&self, identity: &Identity) -> Option<&Participant> {
        self.roster.others.get(identity)
    }

    /// What others call a track of ours; `None` until the server has said.
    #[must_use]
    pub fn local_track_sid(&self, track: LocalTrack) -> Option<&TrackSid> {
        self.publications.sid(track)
    }

    /// What becomes of a frame of this track, were it given now. Ask before [`Input::AudioEncoded`]: that gives no answer.
    #[must_use]
    pub fn frame_fate(&self, track: LocalTrack) -> FrameFate {
        self.fate(track)
    }

    /// Whether data goes out now: there is a connection, and its reliable channel is open.
    #[must_use]
    pub fn carries_data(&self) -> bool {
        self.stay
            .publisher
            .as_ref()
            .is_some_and(|publisher| publisher.is_up() && publisher.has_channel(Reliability::Reliable))
    }

    /// How large a data packet may be now, encoded; a larger one is dropped.
    #[must_use]
    pub fn data_room(&self, reliability: Reliability) -> usize {
        self.outgoing.room(reliability)
    }

    /// Which signalling path is in use.
    #[must_use]
    pub fn path(&self) -> SignalPath {
        self.path
    }

    /// Whether it is over: nothing will come, nothing will be done.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}
