//! What turns the machine: its orders are done, what happens is told to it, its timer is kept.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use agent_rtc_proto::{
    Config, Input, LinkFailure, LinkPurpose, LinkRequest, Machine, Output, Patience, Reliability, RoomEvent,
    SignalPath, Transmit, Transport, UdpId,
};
use tokio::time::Sleep;

use crate::address::Address;
use crate::counters::{RoomCounters, SocketCounters};
use crate::data::{DataPlane, WallClock};
use crate::link::{self, Link, Opening};
use crate::options::JoinOptions;
use crate::room::Event;
use crate::tcp::{TcpEvent, TcpLink};
use crate::udp::UdpSockets;

/// Datagrams and frames taken in one go, so that many rooms on a thread take turns.
const BATCH: usize = 32;
/// Turns of everything without an event before other rooms have their turn.
const TURNS: usize = 8;
/// Data packets are taken over only while the largest fits: nothing is ever dropped between the two queues.
const DATA_ROOM_WANTED: usize = 60_000;

/// The moment by which everything here counts; under a paused runtime it stands still.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A machine with sockets and a clock.
pub(crate) struct Driver {
    machine: Machine,
    data: DataPlane,
    options: JoinOptions,
    address: Address,
    link: LinkSlot,
    closing: Option<Box<Link>>,
    udp: UdpSockets,
    tcp: Vec<TcpLink>,
    alarm: Pin<Box<Sleep>>,
    counters: SocketCounters,
    events: VecDeque<Event>,
}

enum LinkSlot {
    None,
    Opening(Opening),
    Open(Box<Link>),
}

impl Driver {
    /// Begins to join.
    pub(crate) fn start(mut options: JoinOptions) -> Result<Box<Self>, LinkFailure> {
        let address = Address::parse(&options.url)?;
        let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
        let started = now();
        let config = Config {
            token: std::mem::take(&mut options.token),
            path: if options.single_peer_connection { SignalPath::Single } else { SignalPath::Dual },
            transport: options.transport,
            seed,
            patience: options.patience,
        };
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut driver = Box::new(Self {
            machine: Machine::new(config, started),
            data: DataPlane::new(options.data, WallClock { at: started, unix }, seed),
            options,
            address,
            link: LinkSlot::None,
            closing: None,
            udp: UdpSockets::new(),
            tcp: Vec::new(),
            alarm: Box::pin(tokio::time::sleep(Duration::ZERO)),
            counters: SocketCounters::default(),
            events: VecDeque::new(),
        });
        driver.drain(started);
        Ok(driver)
    }

    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    pub(crate) fn data(&mut self) -> &mut DataPlane {
        &mut self.data
    }

    pub(crate) fn counters(&self) -> RoomCounters {
        RoomCounters { room: *self.machine.counters(), data: self.data.counters(), sockets: self.counters }
    }

    pub(crate) fn patience(&self) -> &Patience {
        &self.options.patience
    }

    /// Tells the machine one thing, and does what it says.
    pub(crate) fn feed(&mut self, input: Input<'_>) {
        let now = now();
        self.machine.handle_input(now, input);
        self.drain(now);
    }

    /// Turns everything until there is an event or nothing to do.
    pub(crate) fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        for _ in 0..TURNS {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(event);
            }
            self.pump_data();
            let moved = self.poll_udp(context)
                | self.poll_link(context)
                | self.poll_tcp(context)
                | self.poll_closing(context)
                | self.poll_alarm(context);
            if !moved && self.events.is_empty() {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Waits until the last link has said all and is closed.
    pub(crate) fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.poll_closing(context) {}
        if self.closing.is_none() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Orders of the machine.
impl Driver {
    fn drain(&mut self, now: Instant) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Transmit(transmit) => self.transmit(&transmit),
                Output::Audio(packet) => self.events.push_back(Event::Audio(packet)),
                Output::Data { reliability, packet } => {
                    self.data.handle_packet(now, reliability, *packet);
                    self.take_data_events();
                }
                Output::Event(event) => self.on_event(now, event),
                Output::OpenLink(request) => self.open_link(now, *request),
                Output::SendSignal(message) => self.send_signal(message),
                Output::CloseLink => self.close_link(),
                Output::OpenUdp { id, remote } => self.open_udp(now, id, remote),
                Output::CloseUdp => self.udp.close(),
                Output::OpenTcp { id, remote } => self.tcp.push(TcpLink::open(id, remote)),
                Output::CloseTcp(id) => self.tcp.retain(|tcp| tcp.id() != id),
            }
        }
    }

    fn transmit(&mut self, transmit: &Transmit) {
        match transmit.transport {
            Transport::Udp => {
                let is_sent = self.udp.send(transmit.from, transmit.to, &transmit.bytes);
                self.counters.datagrams_unsent += u64::from(!is_sent);
            }
            Transport::Tcp => {
                let way =
                    |tcp: &&mut TcpLink| tcp.local() == Some(transmit.from) && tcp.remote() == transmit.to;
                let tcp = self.tcp.iter_mut().find(way);
                let is_sent = tcp.is_some_and(|tcp| tcp.send(&transmit.bytes));
                self.counters.frames_unsent += u64::from(!is_sent);
            }
        }
    }

    /// Participants matter to data streams too.
    fn on_event(&mut self, now: Instant, event: RoomEvent) {
        if let RoomEvent::ParticipantJoined(participant) = &event {
            self.data.handle_participant_joined(participant.identity.clone(), participant.client_protocol);
        }
        if let RoomEvent::ParticipantLeft { identity, .. } = &event {
            self.data.handle_participant_left(now, identity);
        }
        if let RoomEvent::Disconnected(_) = &event {
            self.data.handle_disconnected(now);
            self.tcp.clear();
        }
        self.take_data_events();
        self.events.push_back(Event::Room(event));
    }

    fn take_data_events(&mut self) {
        while let Some(event) = self.data.poll_event() {
            self.events.push_back(Event::Data(event));
        }
    }

    fn open_link(&mut self, now: Instant, request: LinkRequest) {
        let is_new_stay = matches!(request.purpose, LinkPurpose::Join { .. });
        if is_new_stay && self.machine.counters().restarts > 0 {
            self.data.handle_restarted(now);
            self.take_data_events();
        }
        let (address, tls) = (self.address.clone(), self.options.tls.clone());
        self.link = LinkSlot::Opening(link::open(address, request, tls, self.options.connect_timeout));
    }

    fn send_signal(&mut self, message: Vec<u8>) {
        if let LinkSlot::Open(link) = &mut self.link
            && !link.send(message)
        {
            self.counters.signals_unsent += 1;
            tracing::debug!("a signal was dropped: the link takes none");
        }
    }

    fn close_link(&mut self) {
        if let LinkSlot::Open(mut link) = std::mem::replace(&mut self.link, LinkSlot::None) {
            link.close();
            self.closing = Some(link);
        }
    }

    fn open_udp(&mut self, now: Instant, id: UdpId, remote: SocketAddr) {
        match self.udp.open(id, remote, self.options.bind) {
            Ok(local) => self.machine.handle_input(now, Input::UdpOpened { id, remote, local }),
            Err(error) => {
                tracing::debug!(%remote, %error, "no way to a candidate of the server over UDP");
                self.machine.handle_input(now, Input::UdpFailed { id, remote });
            }
        }
    }
}

/// Facts for the machine. Each says whether anything happened.
impl Driver {
    fn poll_udp(&mut self, context: &mut Context<'_>) -> bool {
        let mut moved = false;
        for nth in 0..self.udp.len() {
            let mut n_taken = 0;
            while self.udp.poll_readable(nth, context).is_ready() && n_taken < BATCH {
                while n_taken < BATCH {
                    let now = now();
                    let Some((from, to, bytes)) = self.udp.receive(nth) else { break };
                    let input = Input::DatagramReceived { transport: Transport::Udp, from, to, bytes };
                    self.machine.handle_input(now, input);
                    self.drain(now);
                    n_taken += 1;
                }
            }
            moved |= n_taken > 0;
        }
        moved
    }

    fn poll_link(&mut self, context: &mut Context<'_>) -> bool {
        match &mut self.link {
            LinkSlot::None => false,
            LinkSlot::Opening(opening) => match opening.as_mut().poll(context) {
                Poll::Pending => false,
                Poll::Ready(Ok(link)) => {
                    self.link = LinkSlot::Open(Box::new(link));
                    self.feed(Input::LinkOpened);
                    true
                }
                Poll::Ready(Err(failure)) => {
                    self.link = LinkSlot::None;
                    self.feed(Input::LinkFailed(failure));
                    true
                }
            },
            LinkSlot::Open(link) => match link.poll(context) {
                Poll::Pending => false,
                Poll::Ready(Ok(message)) => {
                    self.feed(Input::SignalReceived(&message));
                    true
                }
                Poll::Ready(Err(failure)) => {
                    self.link = LinkSlot::None;
                    self.feed(Input::LinkFailed(failure));
                    true
                }
            },
        }
    }

    fn poll_tcp(&mut self, context: &mut Context<'_>) -> bool {
        let mut moved = false;
        for nth in (0..self.tcp.len()).rev() {
            let Some(tcp) = self.tcp.get_mut(nth) else { continue };
            let Poll::Ready(event) = tcp.poll(context) else { continue };
            moved = true;
            let id = tcp.id();
            match event {
                TcpEvent::Opened(local) => self.feed(Input::TcpOpened { id, local }),
                TcpEvent::Readable => self.take_frames(nth),
                TcpEvent::Closed => {
                    self.tcp.swap_remove(nth);
                    self.feed(Input::TcpClosed(id));
                }
            }
        }
        moved
    }

    fn take_frames(&mut self, nth: usize) {
        loop {
            let now = now();
            let Some(tcp) = self.tcp.get_mut(nth) else { return };
            let (Some(to), from) = (tcp.local(), tcp.remote()) else { return };
            let bytes = match tcp.next_frame() {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return,
                Err(error) => {
                    self.counters.malformed_frames += 1;
                    tracing::debug!(%error, %from, "a TCP connection for media is closed");
                    return;
                }
            };
            let input = Input::DatagramReceived { transport: Transport::Tcp, from, to, bytes };
            self.machine.handle_input(now, input);
            self.drain(now);
        }
    }

    fn poll_closing(&mut self, context: &mut Context<'_>) -> bool {
        let Some(link) = &mut self.closing else { return false };
        match link.poll(context) {
            Poll::Pending => false,
            Poll::Ready(Ok(_)) => true,
            Poll::Ready(Err(_)) => {
                self.closing = None;
                true
            }
        }
    }

    /// The alarm is set anew only to ring earlier, or after it has rung: the connection's deadline moves with every
    /// packet, and nearly always to later.
    fn poll_alarm(&mut self, context: &mut Context<'_>) -> bool {
        loop {
            let deadlines =
                [self.machine.poll_timeout().map(|(at, _)| at), self.data.poll_timeout().map(|(at, _)| at)];
            let Some(deadline) = deadlines.into_iter().flatten().min() else { return false };
            let now = now();
            if deadline <= now {
                self.machine.handle_timeout(now);
                self.data.handle_timeout(now);
                self.take_data_events();
                self.drain(now);
                return true;
            }
            let deadline = tokio::time::Instant::from_std(deadline);
            if self.alarm.is_elapsed() || deadline < self.alarm.deadline() {
                self.alarm.as_mut().reset(deadline);
            }
            if self.alarm.as_mut().poll(context).is_pending() {
                return false;
            }
        }
    }

    /// Hands packets of streams and procedures to the machine while it carries them. Until then they wait where it is
    /// known what belongs together, in case the stay is lost.
    fn pump_data(&mut self) {
        if self.machine.carries_data() {
            self.hand_over_data();
        }
    }

    /// Hands packets of streams and procedures to the machine while it has room.
    pub(crate) fn hand_over_data(&mut self) {
        for way in [Reliability::Reliable, Reliability::Lossy] {
            while self.machine.data_room(way) >= DATA_ROOM_WANTED && !self.machine.is_closed() {
                let Some(packet) = self.data.poll_packet(way) else { break };
                let request =
                    agent_rtc_proto::Request::SendData { reliability: way, packet: Box::new(packet) };
                self.feed(Input::Requested(request));
            }
        }
    }
}
