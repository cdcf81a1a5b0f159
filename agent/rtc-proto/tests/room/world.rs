//! The machine and its server in one place, with a clock that moves when it is told to.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use agent_rtc_proto::{
    AudioPacket, Config, FrameFate, Identity, Input, LinkFailure, LinkPurpose, LocalTrack, Machine,
    MediaTransport, OutgoingAudio, Output, Patience, Request, RoomEvent, SignalPath, TcpId, TrackOptions,
    TrackSid, Transport, UdpId,
};

use crate::sfu::Sfu;

pub(crate) const TRACK: LocalTrack = LocalTrack::new(0);

/// How the network and the server treat the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weather {
    /// No link can be opened.
    pub(crate) no_links: bool,
    /// Links open, and nothing is said on them.
    pub(crate) silent_links: bool,
    /// A resume is answered by asking for a new stay.
    pub(crate) refuses_resume: bool,
    /// No datagram arrives; what goes over TCP does.
    pub(crate) no_datagrams: bool,
    /// Nothing of the data channels comes back.
    pub(crate) no_acknowledgements: bool,
}

pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) sfu: Sfu,
    pub(crate) now: Instant,
    pub(crate) weather: Weather,
    pub(crate) events: Vec<RoomEvent>,
    pub(crate) audio: Vec<AudioPacket>,
    pub(crate) n_data: usize,
    /// Links asked for.
    pub(crate) links: Vec<LinkPurpose>,
    /// What the machine told to do since the last look, one word each.
    pub(crate) orders: Vec<&'static str>,
    pub(crate) linked: bool,
    pub(crate) tokens: Vec<String>,
    pub(crate) last_seen_by_server: u32,
    /// Numbers of tracks that were published by chance.
    pub(crate) published: BTreeSet<u32>,
    /// TCP connections that were opened, with our address once they are.
    pub(crate) tcp: Vec<(TcpId, Option<SocketAddr>)>,
    /// UDP sockets, with our address.
    udp: Vec<(UdpId, SocketAddr)>,
    local: SocketAddr,
    next_port: u16,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self::with(seed, SignalPath::Single)
    }

    #[expect(clippy::disallowed_methods, reason = "virtual time has to start somewhere")]
    pub(crate) fn with(seed: u64, path: SignalPath) -> Self {
        let now = Instant::now();
        let config = Config {
            token: "first".into(),
            path,
            transport: MediaTransport::UdpThenTcp,
            seed,
            patience: Patience::USUAL,
        };
        Self {
            machine: Machine::new(config, now),
            sfu: Sfu::new(now),
            now,
            weather: Weather::default(),
            events: Vec::new(),
            audio: Vec::new(),
            n_data: 0,
            links: Vec::new(),
            orders: Vec::new(),
            linked: false,
            tokens: Vec::new(),
            last_seen_by_server: 0,
            published: BTreeSet::new(),
            tcp: Vec::new(),
            udp: Vec::new(),
            local: "10.0.0.2:1".parse().unwrap(),
            next_port: 40_000,
        }
    }

    /// A world in which the client has joined, published a track, and media flows.
    pub(crate) fn talking(seed: u64) -> Self {
        let mut world = Self::new(seed);
        world.settle();
        world.request(Request::Publish { track: TRACK, options: TrackOptions::voice("voice") });
        world.run(Duration::from_secs(2));
        assert!(world.events.contains(&RoomEvent::MediaConnected), "{:?}", world.events);
        world
    }

    pub(crate) fn feed(&mut self, input: Input<'_>) {
        self.machine.handle_input(self.now, input);
        self.settle();
    }

    pub(crate) fn request(&mut self, request: Request) {
        self.feed(Input::Requested(request));
    }

    /// Sends a frame, and says what became of it.
    pub(crate) fn send_audio(&mut self, rtp_time: u32) -> FrameFate {
        let fate = self.machine.frame_fate(TRACK);
        let before = self.machine.counters().audio_out;
        let payload = rtp_time.to_be_bytes();
        let audio =
            OutgoingAudio { track: TRACK, rtp_time, talkspurt: false, level: Some(-30), payload: &payload };
        self.feed(Input::AudioEncoded(audio));
        let is_sent = self.machine.counters().audio_out > before;
        assert_eq!(is_sent, fate == FrameFate::Sent, "what is said of a frame is what happened to it");
        fate
    }

    /// A participant publishes a track, which the client subscribes to.
    pub(crate) fn somebody_publishes(&mut self, identity: &str, sid: &str) {
        self.sfu.publish(identity, sid);
        self.request(Request::Subscribe { track: TrackSid::from(sid), wanted: true });
        self.run(Duration::from_millis(100));
    }

    /// The link breaks without a word.
    pub(crate) fn cut_link(&mut self) {
        self.sfu.says.clear();
        if std::mem::take(&mut self.linked) {
            self.feed(Input::LinkFailed(LinkFailure::Closed("cut".into())));
        }
    }

    /// Moves time on, from deadline to deadline.
    pub(crate) fn run(&mut self, how_long: Duration) {
        let end = self.now + how_long;
        self.settle();
        loop {
            let machine = self.machine.poll_timeout().map(|(at, _)| at);
            let next = [machine, Some(self.sfu.timeout)].into_iter().flatten().min().unwrap_or(end);
            if next > end {
                break;
            }
            // A deadline is never before what was handled; one that stands still would stop the world.
            self.now = self.now.max(next);
            if machine.is_some_and(|at| at <= self.now) {
                self.machine.handle_timeout(self.now);
                let after = self.machine.poll_timeout().map(|(at, _)| at);
                assert!(after.is_none_or(|at| at > self.now), "a timer that was handled is due again");
            }
            if self.sfu.timeout <= self.now {
                self.sfu.rtc.handle_input(str0m::Input::Timeout(self.now)).unwrap();
            }
            self.settle();
        }
        self.now = end;
        self.machine.handle_timeout(self.now);
        self.settle();
    }

    /// Carries everything to and fro until both have nothing more to say.
    pub(crate) fn settle(&mut self) {
        loop {
            let mut moved = false;
            while let Some(output) = self.machine.poll_output() {
                moved = true;
                self.obey(output);
            }
            for (transport, to, bytes) in self.sfu.drain(self.now) {
                let is_lost = self.weather.no_acknowledgements && kind_of(&bytes) == "dtls";
                let (from, arrives) = match transport {
                    Transport::Udp => (self.sfu.address, to == self.local && !self.weather.no_datagrams),
                    Transport::Tcp => (self.sfu.tcp_address, self.is_open(to)),
                };
                if arrives && !is_lost {
                    moved = true;
                    let input = Input::DatagramReceived { transport, from, to, bytes: &bytes };
                    self.machine.handle_input(self.now, input);
                    while let Some(output) = self.machine.poll_output() {
                        self.obey(output);
                    }
                }
            }
            for message in std::mem::take(&mut self.sfu.says) {
                if self.linked {
                    moved = true;
                    self.machine.handle_input(self.now, Input::SignalReceived(&message));
                    while let Some(output) = self.machine.poll_output() {
                        self.obey(output);
                    }
                }
            }
            if !moved {
                return;
            }
        }
    }

    fn obey(&mut self, output: Output) {
        match output {
            Output::Transmit(transmit) => {
                self.orders.push(kind_of(&transmit.bytes));
                let arrives = match transmit.transport {
                    Transport::Udp => {
                        assert_eq!(transmit.from, self.local, "sent from the socket of this stay");
                        !self.weather.no_datagrams && transmit.to == self.sfu.address
                    }
                    Transport::Tcp => {
                        assert!(self.is_open(transmit.from), "sent over a connection that is open");
                        transmit.to == self.sfu.tcp_address
                    }
                };
                if arrives {
                    self.sfu.on_datagram(self.now, transmit.transport, transmit.from, &transmit.bytes);
                }
            }
            Output::Audio(packet) => self.audio.push(packet),
            Output::Data { .. } => self.n_data += 1,
            Output::Event(event) => self.events.push(event),
            Output::OpenLink(request) => {
                self.links.push(request.purpose.clone());
                self.tokens.push(request.token);
                self.open_link(request.purpose);
            }
            Output::SendSignal(bytes) => {
                assert!(self.linked, "nothing is said without a link");
                self.sfu.on_signal(self.now, &bytes);
            }
            Output::CloseLink => self.linked = false,
            Output::OpenUdp { id, remote } => {
                let known = self.udp.iter().find(|(known, _)| *known == id).map(|(_, local)| *local);
                self.local = known.unwrap_or_else(|| {
                    self.next_port += 1;
                    SocketAddr::from(([10, 0, 0, 2], self.next_port))
                });
                if known.is_none() {
                    self.udp.push((id, self.local));
                }
                let local = self.local;
                self.machine.handle_input(self.now, Input::UdpOpened { id, remote, local });
            }
            Output::CloseUdp => self.udp.clear(),
            Output::OpenTcp { id, remote } => {
                self.orders.push("open tcp");
                self.open_tcp(id, remote);
            }
            Output::CloseTcp(id) => {
                self.orders.push("close tcp");
                self.tcp.retain(|(open, _)| *open != id);
            }
        }
    }

    /// The server's address takes connections; any other swallows what is sent there.
    fn open_tcp(&mut self, id: TcpId, remote: SocketAddr) {
        self.next_port += 1;
        let local = SocketAddr::from(([10, 0, 0, 2], self.next_port));
        let is_taken = remote == self.sfu.tcp_address;
        self.tcp.push((id, is_taken.then_some(local)));
        if is_taken {
            self.machine.handle_input(self.now, Input::TcpOpened { id, local });
        }
    }

    /// Every TCP connection breaks.
    pub(crate) fn break_tcp(&mut self) {
        for (id, _) in std::mem::take(&mut self.tcp) {
            self.feed(Input::TcpClosed(id));
        }
    }

    fn is_open(&self, local: SocketAddr) -> bool {
        self.tcp.iter().any(|(_, open)| *open == Some(local))
    }

    fn open_link(&mut self, purpose: LinkPurpose) {
        self.sfu.says.clear();
        if self.weather.no_links {
            let failure = LinkFailure::Unreachable("no links today".into());
            return self.machine.handle_input(self.now, Input::LinkFailed(failure));
        }
        self.linked = true;
        self.machine.handle_input(self.now, Input::LinkOpened);
        match purpose {
            _ if self.weather.silent_links => {}
            LinkPurpose::Join { offer } => self.sfu.on_join(self.now, offer),
            LinkPurpose::Resume { .. } if self.weather.refuses_resume => {
                self.sfu.say_leave(agent_rtc_proto::protocol::leave_request::Action::Reconnect);
            }
            LinkPurpose::Resume { .. } => self.sfu.on_resume(self.last_seen_by_server),
        }
    }

    pub(crate) fn n_events(&self, wanted: impl Fn(&RoomEvent) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(event)).count()
    }

    pub(crate) fn heard_of(&self, sid: &str) -> Vec<u32> {
        let of_track = self.audio.iter().filter(|packet| packet.track.as_str() == sid);
        of_track.map(|packet| packet.rtp_time).collect()
    }

    pub(crate) fn knows(&self, identity: &str) -> bool {
        self.machine.participant(&Identity::from(identity)).is_some()
    }
}

/// RFC 7983: what a datagram is, by its first byte.
fn kind_of(bytes: &[u8]) -> &'static str {
    match (bytes.first(), bytes.get(1)) {
        (Some(0..=3), _) => "stun",
        (Some(20..=63), _) => "dtls",
        (Some(128..=191), Some(192..=223)) => "rtcp",
        (Some(128..=191), _) => "rtp",
        _ => "other",
    }
}
