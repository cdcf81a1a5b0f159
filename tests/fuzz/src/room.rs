//! A room machine whose shell does at once what it is told: sockets are bound, links and connections are open.
#![expect(clippy::panic, reason = "a panic is what a fuzz target finds")]

use std::net::SocketAddr;
use std::sync::Once;
use std::time::{Duration, Instant};

use agent_rtc_proto::{
    Config, Input, LinkPurpose, Machine, MediaTransport, Output, Patience, RoomEvent, SignalPath, UdpId,
};
use livekit_protocol::signal_response::Message as Said;
use livekit_protocol::{
    JoinResponse, ParticipantInfo, Room as RoomMessage, ServerInfo, SessionDescription, SignalResponse,
    SignalTarget, TrickleRequest,
};
use prost::Message;

/// More orders than this for one fact: the machine does not come to rest.
const RESTLESS: usize = 10_000;
/// Deadlines kept on the way to a moment; a machine that asks for more is asking for each of them again.
const DEADLINES: usize = 2_000;

/// A machine and its shell.
pub struct Room {
    /// What is tested.
    pub machine: Machine,
    /// The time by the shell's clock.
    pub now: Instant,
    /// Our UDP sockets.
    pub sockets: Vec<SocketAddr>,
    udp: Vec<UdpId>,
    /// The first offer, on the single path.
    pub offer: Option<SessionDescription>,
    /// The room has told that it is over.
    pub disconnected: bool,
}

impl Room {
    /// A room that asks for its first link.
    #[must_use]
    pub fn new(path: SignalPath) -> Self {
        static CRYPTO: Once = Once::new();
        CRYPTO.call_once(agent_rtc_proto::install_crypto);
        let config = Config {
            token: "token".into(),
            path,
            transport: MediaTransport::UdpThenTcp,
            seed: 1,
            patience: Patience::USUAL,
        };
        let now = Instant::now();
        let machine = Machine::new(config, now);
        let mut room =
            Self { machine, now, sockets: Vec::new(), udp: Vec::new(), offer: None, disconnected: false };
        room.drain();
        room
    }

    /// A room that the server has let in.
    #[must_use]
    pub fn joined(path: SignalPath) -> Self {
        let mut room = Self::new(path);
        room.say(Said::Join(JoinResponse {
            room: Some(RoomMessage { sid: "RM_1".into(), name: "room".into(), ..Default::default() }),
            participant: Some(ParticipantInfo {
                sid: "PA_1".into(),
                identity: "agent".into(),
                ..Default::default()
            }),
            server_info: Some(ServerInfo { version: "1.9.12".into(), protocol: 16, ..Default::default() }),
            subscriber_primary: path == SignalPath::Dual,
            ping_interval: 10,
            ping_timeout: 20,
            ..Default::default()
        }));
        let candidate_init = r#"{"candidate":"candidate:1 1 udp 1 127.0.0.1 7882 typ host"}"#.to_owned();
        for target in [SignalTarget::Publisher, SignalTarget::Subscriber] {
            let (target, candidate_init) = (target as i32, candidate_init.clone());
            room.say(Said::Trickle(TrickleRequest { candidate_init, target, ..Default::default() }));
        }
        room
    }

    /// An input that speaks of our media sections: `@0@` stands for the name of the first, which is another each time.
    #[must_use]
    pub fn fill_in(&self, input: &[u8]) -> Vec<u8> {
        let mut filled = input.to_vec();
        for (mark, name) in self.sections() {
            for at in 0..filled.len().saturating_sub(mark.len() - 1) {
                if filled[at..].starts_with(mark.as_bytes()) {
                    filled.splice(at..at + mark.len(), name.bytes());
                }
            }
        }
        filled
    }

    /// A text of a server that answered us, with marks for the names of our media sections.
    #[must_use]
    pub fn mark(&self, text: &str) -> String {
        let mut marked = text.to_owned();
        for (mark, name) in self.sections() {
            marked = marked.replace(&format!("a=mid:{name}"), &format!("a=mid:{mark}"));
            marked = marked.replace(&format!("BUNDLE {name}"), &format!("BUNDLE {mark}"));
        }
        marked
    }

    fn sections(&self) -> Vec<(String, String)> {
        let offer = self.offer.as_ref().map_or("", |offer| offer.sdp.as_str());
        let names = offer.lines().filter_map(|line| line.strip_prefix("a=mid:"));
        (0..10).zip(names).map(|(n, name)| (format!("@{n}@"), name.to_owned())).collect()
    }

    /// The server says something.
    pub fn say(&mut self, message: Said) {
        let bytes = SignalResponse { message: Some(message) }.encode_to_vec();
        self.feed(Input::SignalReceived(&bytes));
    }

    /// One fact, and all that follows from it.
    pub fn feed(&mut self, input: Input<'_>) {
        self.machine.handle_input(self.now, input);
        self.drain();
    }

    /// Time passes; deadlines on the way are kept.
    pub fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        for _ in 0..DEADLINES {
            match self.machine.poll_timeout() {
                Some((at, _)) if at <= until => {
                    self.now = self.now.max(at);
                    self.machine.handle_timeout(self.now);
                    self.drain();
                }
                Some(_) | None => {
                    self.now = until;
                    return;
                }
            }
        }
        panic!("{DEADLINES} deadlines within {time:?}; the next is {:?}", self.machine.poll_timeout());
    }

    fn drain(&mut self) {
        for _ in 0..RESTLESS {
            let Some(output) = self.machine.poll_output() else { return };
            match output {
                Output::OpenUdp { id, remote } => {
                    let n = self.udp.iter().position(|known| *known == id).unwrap_or_else(|| {
                        self.udp.push(id);
                        self.udp.len() - 1
                    });
                    let local = SocketAddr::from(([127, 0, 0, 1], 40_000 + n as u16));
                    if !self.sockets.contains(&local) {
                        self.sockets.push(local);
                    }
                    self.machine.handle_input(self.now, Input::UdpOpened { id, remote, local });
                }
                Output::OpenLink(request) => {
                    if let LinkPurpose::Join { offer } = request.purpose {
                        self.offer = offer;
                    }
                    self.machine.handle_input(self.now, Input::LinkOpened);
                }
                Output::OpenTcp { id, .. } => {
                    let local = SocketAddr::from(([127, 0, 0, 1], 50_000));
                    self.machine.handle_input(self.now, Input::TcpOpened { id, local });
                }
                Output::Event(RoomEvent::Disconnected { .. }) => self.disconnected = true,
                Output::Event(_)
                | Output::Transmit(_)
                | Output::Audio(_)
                | Output::Data { .. }
                | Output::SendSignal(_)
                | Output::CloseLink
                | Output::CloseUdp
                | Output::CloseTcp(_) => {}
            }
        }
        panic!("{RESTLESS} orders for one fact");
    }
}
