//! A participant that gives back what it is given, for the tests in which other clients meet our data channel: streams
//! whole and piece by piece, plain data, touch tones, and remote procedures both ways.
//!
//! `cargo run -p agent-rtc --example mirror -- ws://127.0.0.1:7880 TOKEN`. Prints `joined`; ends when the room does, or killed.
#![expect(clippy::print_stdout, reason = "who started it waits for that line")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use agent_rtc::data::{
    ByteStream, DataEvent, Delivery, DtmfDigit, RpcCall, RpcError, RpcId, RpcKey, RpcRequest, SendError,
    StreamContent, StreamInfo, StreamKey, StreamKind, StreamOptions, TextStream,
};
use agent_rtc::{Event, Identity, JoinOptions, Room, RoomEvent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    agent_rtc::install_crypto();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, token] = arguments.as_slice() else { return Err("URL TOKEN".into()) };
    let mut mirror = Mirror::new(Box::pin(Room::join(JoinOptions::new(url, token))).await?);
    println!("joined");
    loop {
        match mirror.room.next_event().await {
            Event::Data(event) => mirror.give_back(event)?,
            Event::Room(RoomEvent::Disconnected(cause)) => return Err(cause.to_string().into()),
            Event::Room(RoomEvent::ParticipantJoined(who)) => mirror.greet(who.identity)?,
            Event::Room(_) | Event::Audio(_) => {}
        }
    }
}

/// A room, and what of it is half given back.
struct Mirror {
    room: Room,
    open: BTreeMap<StreamKey, Open>,
    /// Procedures that others asked of us and that we asked of them in turn.
    asked_back: Vec<(RpcId, RpcKey)>,
}

/// A stream that goes back while it comes.
enum Open {
    Text(TextStream),
    Bytes(ByteStream),
}

impl Mirror {
    fn new(mut room: Room) -> Self {
        let data = room.data();
        data.receive("whole", Delivery::Whole);
        data.receive("pieces", Delivery::Chunks);
        for method in ["shout", "fail", "call-me"] {
            data.serve(method);
        }
        Self { room, open: BTreeMap::new(), asked_back: Vec::new() }
    }

    /// Tells somebody that the server has told of them.
    fn greet(&mut self, who: Identity) -> Result<(), SendError> {
        let now = self.room.now();
        let options =
            StreamOptions { topic: "met".into(), destinations: vec![who], ..StreamOptions::default() };
        self.room.data().send_text(now, "hello", options).map(drop)
    }

    fn give_back(&mut self, event: DataEvent) -> Result<(), SendError> {
        let now = self.room.now();
        match event {
            DataEvent::Text { info, text } => {
                self.room.data().send_text(now, &text, back(&info))?;
            }
            DataEvent::Bytes { info, bytes } => {
                let (name, mime_type) = file(&info);
                self.room.data().send_bytes(now, &bytes, name, mime_type, back(&info))?;
            }
            DataEvent::StreamOpened(info) => self.open(info)?,
            DataEvent::StreamChunk { stream, content } => self.append(&stream, &content)?,
            DataEvent::StreamClosed { stream, attributes } => self.close(&stream, attributes, None),
            DataEvent::StreamFailed { info, failure } => {
                self.close(&info.key, BTreeMap::new(), Some(&failure.to_string()));
            }
            DataEvent::RpcRequested(request) => self.run(request)?,
            DataEvent::RpcAnswered { id, outcome } => self.answer_in_turn(&id, outcome)?,
            DataEvent::Dtmf { sender, digit } => self.room.data().send_dtmf(next_key(digit), &[sender])?,
            DataEvent::Chat(message) => {
                self.room.data().send_chat(now, &message.text, &[message.sender])?;
            }
            DataEvent::UserData { sender, topic, payload, reliability } => {
                let to: Vec<_> = sender.into_iter().collect();
                self.room.data().send_user_data(reliability, topic.as_deref(), payload, &to)?;
            }
        }
        Ok(())
    }

    fn open(&mut self, info: StreamInfo) -> Result<(), SendError> {
        let now = self.room.now();
        let open = match info.kind {
            StreamKind::Text => Open::Text(self.room.data().open_text(now, back(&info))?),
            StreamKind::Bytes { .. } => {
                let (name, mime_type) = file(&info);
                Open::Bytes(self.room.data().open_bytes(now, name, mime_type, back(&info))?)
            }
        };
        self.open.insert(info.key, open);
        Ok(())
    }

    fn append(&mut self, stream: &StreamKey, content: &StreamContent) -> Result<(), SendError> {
        match (self.open.get_mut(stream), content) {
            (Some(Open::Text(open)), StreamContent::Text(text)) => self.room.data().append_text(open, text),
            (Some(Open::Bytes(open)), StreamContent::Bytes(bytes)) => {
                self.room.data().append_bytes(open, bytes)
            }
            (Some(Open::Text(_)), StreamContent::Bytes(_))
            | (Some(Open::Bytes(_)), StreamContent::Text(_))
            | (None, _) => Ok(()),
        }
    }

    fn close(&mut self, stream: &StreamKey, attributes: BTreeMap<String, String>, reason: Option<&str>) {
        match self.open.remove(stream) {
            Some(Open::Text(open)) => self.room.data().close_text(open, attributes, reason),
            Some(Open::Bytes(open)) => self.room.data().close_bytes(open, attributes, reason),
            None => {}
        }
    }

    /// `shout` answers in capitals, `fail` with an error of its own, `call-me` with what the caller's `echo` answers.
    fn run(&mut self, request: RpcRequest) -> Result<(), SendError> {
        let now = self.room.now();
        let RpcRequest { key, method, payload, .. } = request;
        let outcome = match method.as_str() {
            "shout" => Ok(payload.to_uppercase()),
            "fail" => Err(RpcError { code: 7, message: "it fails".into(), data: payload }),
            _ => {
                let destination = key.caller.clone();
                let response_timeout = Duration::from_secs(10);
                let call = RpcCall { destination, method: "echo".into(), payload, response_timeout };
                let id = self.room.data().request_rpc(now, call)?;
                self.asked_back.push((id, key));
                return Ok(());
            }
        };
        self.room.data().answer_rpc(now, &key, outcome)
    }

    fn answer_in_turn(&mut self, id: &RpcId, outcome: Result<String, RpcError>) -> Result<(), SendError> {
        let Some(at) = self.asked_back.iter().position(|(asked, _)| asked == id) else { return Ok(()) };
        let (_, key) = self.asked_back.swap_remove(at);
        let now = self.room.now();
        self.room.data().answer_rpc(now, &key, outcome)
    }
}

/// The way back of a stream: to its sender, with its topic and its attributes.
fn back(info: &StreamInfo) -> StreamOptions {
    StreamOptions {
        topic: info.topic.clone(),
        attributes: info.attributes.clone(),
        destinations: vec![info.key.sender.clone()],
        sender: None,
    }
}

/// The name and the media type of a byte stream.
fn file(info: &StreamInfo) -> (&str, &str) {
    match &info.kind {
        StreamKind::Bytes { name, mime_type } => (name, mime_type),
        StreamKind::Text => ("", ""),
    }
}

/// The key after this one, so that a tone given back is not the one that came.
fn next_key(key: DtmfDigit) -> DtmfDigit {
    let keys: Vec<char> = "0123456789*#ABCD".chars().collect();
    let next = keys[(key.code() as usize + 1) % keys.len()];
    DtmfDigit::parse(next).unwrap_or(key)
}
