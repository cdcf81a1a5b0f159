//! Timelines of the data channel: a room of two data planes, a server between them, and time that the test moves.

mod anew;
mod bounds;
mod malformed;
mod messages;
mod outgoing;
mod procedures;
mod random;
mod streams;

use std::time::{Duration, Instant};

use livekit_protocol::DataPacket;
use livekit_protocol::data_packet::Value;

use super::*;

/// An agent and a caller. What one sends the other receives at once, and both logs grow.
struct Room {
    epoch: Instant,
    now: Instant,
    agent: DataPlane,
    caller: DataPlane,
    /// Packets are lost while this is set.
    cut: bool,
    log: Vec<String>,
}

impl Room {
    /// Both clients speak these protocols.
    fn new(agent: i32, caller: i32) -> Self {
        let epoch = Instant::now();
        let clock = WallClock { at: epoch, unix: Duration::from_secs(1_800_000_000) };
        let mut room = Self {
            epoch,
            now: epoch,
            agent: DataPlane::new(Limits::CONVERSATION, clock, 1),
            caller: DataPlane::new(Limits::CONVERSATION, clock, 2),
            cut: false,
            log: Vec::new(),
        };
        room.agent.handle_participant_joined("caller".into(), caller);
        room.caller.handle_participant_joined("agent".into(), agent);
        room
    }

    /// Time passes up to this many milliseconds after the beginning; deadlines on the way are kept.
    fn at(&mut self, ms: u64) -> &mut Self {
        self.exchange();
        let until = self.epoch + Duration::from_millis(ms);
        loop {
            let next = [self.agent.poll_timeout(), self.caller.poll_timeout()];
            let Some((deadline, _)) = next.into_iter().flatten().min_by_key(|(at, _)| *at) else { break };
            if deadline > until {
                break;
            }
            assert!(deadline >= self.now, "a deadline lies in the past");
            self.now = deadline;
            self.agent.handle_timeout(deadline);
            self.caller.handle_timeout(deadline);
            self.exchange();
        }
        self.now = until;
        self
    }

    /// Everything that waits is carried over, until both are quiet.
    fn exchange(&mut self) {
        loop {
            let moved = carry(self.now, "agent", &mut self.agent, &mut self.caller, self.cut)
                + carry(self.now, "caller", &mut self.caller, &mut self.agent, self.cut);
            let ms = (self.now - self.epoch).as_millis();
            for (name, side) in [("agent", &mut self.agent), ("caller", &mut self.caller)] {
                while let Some(event) = side.poll_event() {
                    self.log.push(format!("{ms} {name}: {}", describe(&event)));
                }
            }
            if moved == 0 {
                return;
            }
        }
    }

    /// Everything that happened, a line each.
    fn told(&mut self) -> String {
        self.exchange();
        std::mem::take(&mut self.log).join("\n")
    }
}

/// What the server does: names the sender unless an agent named another, and delivers.
fn carry(now: Instant, from: &str, sender: &mut DataPlane, receiver: &mut DataPlane, cut: bool) -> usize {
    let mut moved = 0;
    for reliability in [Reliability::Lossy, Reliability::Reliable] {
        while let Some(mut packet) = sender.poll_packet(reliability) {
            moved += 1;
            if packet.participant_identity.is_empty() {
                packet.participant_identity = from.to_owned();
            }
            if !cut {
                receiver.handle_packet(now, reliability, packet);
            }
        }
    }
    moved
}

fn describe(event: &DataEvent) -> String {
    match event {
        DataEvent::Text { info, text } => format!("text {} {text:?}", head(info)),
        DataEvent::Bytes { info, bytes } => format!("bytes {} {} B", head(info), bytes.len()),
        DataEvent::StreamOpened(info) => format!("opened {}", head(info)),
        DataEvent::StreamChunk { content: StreamContent::Text(text), .. } => format!("chunk {text:?}"),
        DataEvent::StreamChunk { content: StreamContent::Bytes(bytes), .. } => {
            format!("chunk {} B", bytes.len())
        }
        DataEvent::StreamClosed { attributes, .. } => format!("closed {attributes:?}"),
        DataEvent::StreamFailed { info, failure } => format!("failed {}: {failure}", info.topic),
        DataEvent::RpcRequested(request) => {
            format!(
                "asked for {}({:?}) within {:?}",
                request.method, request.payload, request.response_timeout
            )
        }
        DataEvent::RpcAnswered { outcome: Ok(payload), .. } => format!("answered {payload:?}"),
        DataEvent::RpcAnswered { outcome: Err(error), .. } => format!("refused {error} {:?}", error.data),
        DataEvent::Dtmf { sender, digit } => format!("tone {} from {sender}", digit.as_char()),
        DataEvent::Chat(message) => format!("chat {:?} from {}", message.text, message.sender),
        DataEvent::UserData { sender, topic, payload, reliability } => {
            format!("data {payload:?} on {topic:?} from {sender:?}, {reliability:?}")
        }
    }
}

fn head(info: &StreamInfo) -> String {
    let attributes: Vec<String> =
        info.attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    format!("{} from {} [{}]", info.topic, info.key.sender, attributes.join(" "))
}

fn topic(name: &str) -> StreamOptions {
    StreamOptions { topic: name.to_owned(), ..StreamOptions::default() }
}

fn attributes<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Every packet that one side wants to send, and nobody receives.
fn taken(side: &mut DataPlane) -> Vec<DataPacket> {
    std::iter::from_fn(|| side.poll_packet(Reliability::Reliable)).collect()
}

fn from(sender: &str, value: Value) -> DataPacket {
    DataPacket { participant_identity: sender.to_owned(), value: Some(value), ..DataPacket::default() }
}
