//! Remote procedures, both ways: who waits for an acknowledgement, an answer or us, and until when.
//!
//! ```text
//! asked by us:   request ─► [7 s] acknowledged ─► [response timeout] answered
//!                any of them may end it: an answer, a deadline, two seconds after the other side left
//! asked of us:   request ─► acknowledge, tell the application ─► [response timeout] answer, or forget
//! ```
//! A request and an answer without an error travel as a packet, or as a text stream when the other side takes those;
//! acknowledgements and errors are always packets. An answer counts only when it comes from the participant that was asked.

mod error;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use agent_rtc_proto::{Identity, Reliability};
use livekit_protocol as proto;
use livekit_protocol::data_packet::Value;
use livekit_protocol::rpc_response;

use super::counters::DataCounters;
use super::error::SendError;
use super::event::{DataEvent, RpcRequest, StreamInfo};
use super::identity::{RpcId, RpcKey};
use super::incoming::Admission;
use super::limits::{LAST_WORDS, Timer};
use super::outgoing::{Outgoing, StreamOptions};

pub use self::error::RpcError;

/// Requests in stream form.
pub(super) const REQUEST_TOPIC: &str = "lk.rpc_request";
/// Whether streams of this topic carry procedures.
pub(super) fn is_topic(topic: &str) -> bool {
    topic == REQUEST_TOPIC || topic == RESPONSE_TOPIC
}

/// Answers in stream form.
pub(super) const RESPONSE_TOPIC: &str = "lk.rpc_response";

/// Of both: which request it is.
pub(super) const REQUEST_ID: &str = "lk.rpc_request_id";
const METHOD: &str = "lk.rpc_request_method";
const RESPONSE_TIMEOUT_MS: &str = "lk.rpc_request_response_timeout_ms";
const VERSION: &str = "lk.rpc_request_version";

const VERSION_AS_PACKET: u32 = 1;
const VERSION_AS_STREAM: u32 = 2;

/// The longest payload of a packet form.
pub(super) const PACKET_PAYLOAD_BYTES: usize = 15 * 1024;
/// How long a request and its acknowledgement may be on their way.
const ROUND_TRIP: Duration = Duration::from_secs(7);
/// The shortest time that a recipient is told it has.
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(1);
/// What a caller that does not say waits for.
const UNTOLD_TIMEOUT: Duration = Duration::from_secs(15);

/// A procedure to run at another participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcCall {
    /// Who runs it.
    pub destination: Identity,
    /// Its name.
    pub method: String,
    /// Its argument.
    pub payload: String,
    /// How long to wait for the answer once the request is acknowledged; 15 s is usual.
    pub response_timeout: Duration,
}

/// Both sides of remote procedures.
#[derive(Debug)]
pub(super) struct Rpc {
    limit: usize,
    methods: BTreeSet<String>,
    asked: BTreeMap<RpcId, Asked>,
    serving: BTreeMap<RpcKey, Serving>,
}

/// A request of ours.
#[derive(Debug)]
struct Asked {
    destination: Identity,
    response_timeout: Duration,
    stage: Stage,
    deadline: Instant,
}

/// What a request of ours waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Acknowledgement,
    Answer,
    /// The other side has left; only an answer already on its way can come.
    LastWords,
}

/// A request of another.
#[derive(Debug)]
struct Serving {
    as_stream: bool,
    deadline: Instant,
}

impl Rpc {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, methods: BTreeSet::new(), asked: BTreeMap::new(), serving: BTreeMap::new() }
    }

    pub(super) fn serve(&mut self, method: String) {
        self.methods.insert(method);
    }

    pub(super) fn request(
        &mut self,
        now: Instant,
        call: RpcCall,
        as_stream: bool,
        inline: bool,
        out: &mut Outgoing,
    ) -> Result<RpcId, SendError> {
        if self.asked.len() >= self.limit {
            return Err(SendError::TooManyRequests { limit: self.limit });
        }
        if !as_stream && call.payload.len() > PACKET_PAYLOAD_BYTES {
            return Err(SendError::TooLong { size: call.payload.len(), limit: PACKET_PAYLOAD_BYTES });
        }
        let id = out.new_id();
        let RpcCall { destination, method, payload, response_timeout } = call;
        let time_to_answer = response_timeout.saturating_sub(ROUND_TRIP).max(SHORTEST_TIMEOUT);
        let response_timeout_ms = u32::try_from(time_to_answer.as_millis()).unwrap_or(u32::MAX);
        if as_stream {
            let attributes = BTreeMap::from([
                (REQUEST_ID.to_owned(), id.clone()),
                (METHOD.to_owned(), method),
                (RESPONSE_TIMEOUT_MS.to_owned(), response_timeout_ms.to_string()),
                (VERSION.to_owned(), VERSION_AS_STREAM.to_string()),
            ]);
            out.send_text(now, &payload, to(REQUEST_TOPIC, attributes, &destination), inline)?;
        } else {
            let request = proto::RpcRequest {
                id: id.clone(),
                method,
                payload,
                response_timeout_ms,
                version: VERSION_AS_PACKET,
                ..Default::default()
            };
            send(out, Value::RpcRequest(request), &destination)?;
        }
        let id = RpcId::from(id);
        let asked = Asked {
            destination,
            response_timeout,
            stage: Stage::Acknowledgement,
            deadline: now + ROUND_TRIP,
        };
        self.asked.insert(id.clone(), asked);
        Ok(id)
    }

    pub(super) fn answer(
        &mut self,
        now: Instant,
        key: &RpcKey,
        outcome: Result<String, RpcError>,
        inline: bool,
        out: &mut Outgoing,
    ) -> Result<(), SendError> {
        let Some(serving) = self.serving.get(key) else {
            return Err(SendError::UnknownRequest(key.clone()));
        };
        match outcome {
            Ok(payload) if serving.as_stream => {
                let attributes = BTreeMap::from([(REQUEST_ID.to_owned(), key.id.as_str().to_owned())]);
                out.send_text(now, &payload, to(RESPONSE_TOPIC, attributes, &key.caller), inline)?;
            }
            Ok(payload) if payload.len() > PACKET_PAYLOAD_BYTES => {
                send(out, response(key, Err(RpcError::RESPONSE_TOO_LARGE)), &key.caller)?;
            }
            Ok(payload) => send(out, response(key, Ok(payload)), &key.caller)?,
            Err(error) => send(out, response(key, Err(error)), &key.caller)?,
        }
        self.serving.remove(key);
        Ok(())
    }

    /// A request in packet form.
    pub(super) fn on_request(
        &mut self,
        now: Instant,
        caller: Identity,
        request: proto::RpcRequest,
        out: &mut Outgoing,
        events: &mut VecDeque<DataEvent>,
        counters: &mut DataCounters,
    ) {
        if caller.as_str().is_empty() || request.id.is_empty() {
            counters.malformed += 1;
            return;
        }
        let key = RpcKey { caller, id: request.id.into() };
        reply(out, acknowledgement(&key), &key.caller, counters);
        if request.version != VERSION_AS_PACKET || !request.compressed_payload.is_empty() {
            refuse(out, &key, RpcError::UNSUPPORTED_VERSION, counters);
            return;
        }
        let request = RpcRequest {
            key,
            method: request.method,
            payload: request.payload,
            response_timeout: Duration::from_millis(request.response_timeout_ms.into()),
        };
        self.admit(now, request, false, out, events, counters);
    }

    /// A request in stream form has begun, and this is what became of it.
    pub(super) fn on_request_stream(
        &self,
        key: &RpcKey,
        admission: Admission,
        out: &mut Outgoing,
        counters: &mut DataCounters,
    ) {
        match admission {
            Admission::Taken => reply(out, acknowledgement(key), &key.caller, counters),
            // It was acknowledged when it began.
            Admission::Known => {}
            Admission::Unreadable => refuse(out, key, RpcError::UNSUPPORTED_VERSION, counters),
            Admission::Full => {
                let error = RpcError { data: "too many streams".into(), ..RpcError::APPLICATION };
                refuse(out, key, error, counters);
            }
        }
    }

    /// Whether we wait for an answer to this request, of this participant.
    pub(super) fn awaits(&self, request: &RpcKey) -> bool {
        self.asked.get(&request.id).is_some_and(|asked| asked.destination == request.caller)
    }

    /// A stream has ended. Those of remote procedures are taken; the others are given back.
    pub(super) fn on_stream(
        &mut self,
        now: Instant,
        event: DataEvent,
        out: &mut Outgoing,
        events: &mut VecDeque<DataEvent>,
        counters: &mut DataCounters,
    ) -> Option<DataEvent> {
        let topic = match &event {
            DataEvent::Text { info, .. }
            | DataEvent::Bytes { info, .. }
            | DataEvent::StreamFailed { info, .. } => info.topic.as_str(),
            DataEvent::StreamOpened(_)
            | DataEvent::StreamChunk { .. }
            | DataEvent::StreamClosed { .. }
            | DataEvent::RpcRequested(_)
            | DataEvent::RpcAnswered { .. }
            | DataEvent::Dtmf { .. }
            | DataEvent::Chat(_)
            | DataEvent::UserData { .. } => return Some(event),
        };
        match (topic == REQUEST_TOPIC, topic == RESPONSE_TOPIC, event) {
            (true, _, DataEvent::Text { info, text }) => {
                self.on_whole_request(now, info, text, out, events, counters);
            }
            (true, _, DataEvent::StreamFailed { info, failure }) => match request_key(&info) {
                Some(key) => {
                    let error = RpcError { data: failure.to_string(), ..RpcError::APPLICATION };
                    refuse(out, &key, error, counters);
                }
                None => counters.malformed += 1,
            },
            (_, true, DataEvent::Text { info, text }) => match info.attributes.get(REQUEST_ID) {
                Some(id) => {
                    self.on_answer(&info.key.sender, id.as_str().into(), Ok(text), events, counters);
                }
                None => counters.malformed += 1,
            },
            (_, true, DataEvent::StreamFailed { info, failure }) => match info.attributes.get(REQUEST_ID) {
                Some(id) => {
                    let error = RpcError { data: failure.to_string(), ..RpcError::APPLICATION };
                    self.on_answer(&info.key.sender, id.as_str().into(), Err(error), events, counters);
                }
                None => counters.malformed += 1,
            },
            (true, _, _) | (_, true, _) => counters.malformed += 1,
            (false, false, event) => return Some(event),
        }
        None
    }

    /// The other side has our request.
    pub(super) fn on_acknowledged(
        &mut self,
        now: Instant,
        sender: &Identity,
        id: String,
        counters: &mut DataCounters,
    ) {
        let id = RpcId::from(id);
        match self.asked.get_mut(&id).filter(|asked| asked.destination == *sender) {
            Some(asked) if asked.stage == Stage::Acknowledgement => {
                asked.stage = Stage::Answer;
                asked.deadline = now + asked.response_timeout;
            }
            Some(_) => {}
            None => counters.rpc_stray += 1,
        }
    }

    /// An answer in packet form.
    pub(super) fn on_response(
        &mut self,
        sender: &Identity,
        response: proto::RpcResponse,
        events: &mut VecDeque<DataEvent>,
        counters: &mut DataCounters,
    ) {
        let outcome = match response.value {
            Some(rpc_response::Value::Payload(payload)) => Ok(payload),
            Some(rpc_response::Value::Error(error)) => Err(RpcError::from_wire(error)),
            Some(rpc_response::Value::CompressedPayload(_)) => Err(RpcError::UNSUPPORTED_VERSION),
            None => Ok(String::new()),
        };
        self.on_answer(sender, response.request_id.into(), outcome, events, counters);
    }

    /// The recipient of requests has left: what it said before is given a moment to arrive.
    pub(super) fn on_recipient_left(&mut self, now: Instant, identity: &Identity) {
        for asked in self.asked.values_mut().filter(|asked| asked.destination == *identity) {
            if asked.stage != Stage::LastWords {
                asked.stage = Stage::LastWords;
                asked.deadline = asked.deadline.min(now + LAST_WORDS);
            }
        }
        self.serving.retain(|key, _| key.caller != *identity);
    }

    /// The room is over: nobody answers any more, nobody waits for us.
    pub(super) fn on_disconnected(&mut self, events: &mut VecDeque<DataEvent>) {
        self.serving.clear();
        for (id, _) in std::mem::take(&mut self.asked) {
            events.push_back(DataEvent::RpcAnswered { id, outcome: Err(RpcError::RECIPIENT_DISCONNECTED) });
        }
    }

    pub(super) fn on_timeout(
        &mut self,
        now: Instant,
        events: &mut VecDeque<DataEvent>,
        counters: &mut DataCounters,
    ) {
        for (id, asked) in self.asked.extract_if(.., |_, asked| asked.deadline <= now) {
            let error = match asked.stage {
                Stage::Acknowledgement => RpcError::CONNECTION_TIMEOUT,
                Stage::Answer => RpcError::RESPONSE_TIMEOUT,
                Stage::LastWords => RpcError::RECIPIENT_DISCONNECTED,
            };
            events.push_back(DataEvent::RpcAnswered { id, outcome: Err(error) });
        }
        counters.rpc_expired +=
            self.serving.extract_if(.., |_, serving| serving.deadline <= now).count() as u64;
    }

    pub(super) fn deadline(&self) -> Option<(Instant, Timer)> {
        let asked = self.asked.values().map(|asked| match asked.stage {
            Stage::Acknowledgement => (asked.deadline, Timer::RpcAcknowledgement),
            Stage::Answer | Stage::LastWords => (asked.deadline, Timer::RpcAnswer),
        });
        let serving = self.serving.values().map(|serving| (serving.deadline, Timer::RpcRequest));
        asked.chain(serving).min_by_key(|(at, _)| *at)
    }

    fn on_whole_request(
        &mut self,
        now: Instant,
        info: StreamInfo,
        payload: String,
        out: &mut Outgoing,
        events: &mut VecDeque<DataEvent>,
        counters: &mut DataCounters,
    ) {
        let Some(key) = request_key(&info) else {
            counters.malformed += 1;
            return;
        };
        let mut attributes = info.attributes;
        let number = |name: &str| attributes.get(name).and_then(|value| value.parse::<u32>().ok());
        if number(VERSION) != Some(VERSION_AS_STREAM) {
            refuse(out, &key, RpcError::UNSUPPORTED_VERSION, counters);
            return;
        }
        let response_timeout =
            number(RESPONSE_TIMEOUT_MS).map_or(UNTOLD_TIMEOUT, |ms| Duration::from_millis(ms.into()));
        let method = attributes.remove(METHOD).unwrap_or_default();
        self.admit(now, RpcRequest { key, method, payload, response_timeout }, true, out, events, counters);
    }

    /// A complete request: served, refused, or already being served.
    fn admit(
        &mut self,
        now: Instant,
        request: RpcRequest,
        as_stream: bool,
        out: &mut Outgoing,
        events: &mut VecDeque<DataEvent>,
        counters: &mut DataCounters,
    ) {
        if self.serving.contains_key(&request.key) {
            counters.rpc_stray += 1;
            return;
        }
        if !self.methods.contains(&request.method) {
            refuse(out, &request.key, RpcError::UNSUPPORTED_METHOD, counters);
            return;
        }
        if self.serving.len() >= self.limit {
            let error = RpcError { data: "too many requests".into(), ..RpcError::APPLICATION };
            refuse(out, &request.key, error, counters);
            return;
        }
        let deadline = now + request.response_timeout;
        self.serving.insert(request.key.clone(), Serving { as_stream, deadline });
        events.push_back(DataEvent::RpcRequested(request));
    }

    fn on_answer(
        &mut self,
        sender: &Identity,
        id: RpcId,
        outcome: Result<String, RpcError>,
        events: &mut VecDeque<DataEvent>,
        counters: &mut DataCounters,
    ) {
        if self.asked.get(&id).is_some_and(|asked| asked.destination == *sender) {
            self.asked.remove(&id);
            events.push_back(DataEvent::RpcAnswered { id, outcome });
        } else {
            counters.rpc_stray += 1;
        }
    }
}

fn request_key(info: &StreamInfo) -> Option<RpcKey> {
    let id = info.attributes.get(REQUEST_ID)?;
    request_key_from(&info.key.sender, id)
}

/// The request that a header names, with who sent it; none if it names none.
pub(super) fn request_key_of(sender: &Identity, attributes: &HashMap<String, String>) -> Option<RpcKey> {
    request_key_from(sender, attributes.get(REQUEST_ID)?)
}

fn request_key_from(sender: &Identity, id: &str) -> Option<RpcKey> {
    (!id.is_empty()).then(|| RpcKey { caller: sender.clone(), id: id.into() })
}

fn to(topic: &str, attributes: BTreeMap<String, String>, destination: &Identity) -> StreamOptions {
    StreamOptions {
        topic: topic.to_owned(),
        attributes,
        destinations: vec![destination.clone()],
        sender: None,
    }
}

fn acknowledgement(key: &RpcKey) -> Value {
    Value::RpcAck(proto::RpcAck { request_id: key.id.as_str().to_owned() })
}

fn response(key: &RpcKey, outcome: Result<String, RpcError>) -> Value {
    let value = match outcome {
        Ok(payload) => rpc_response::Value::Payload(payload),
        Err(error) => rpc_response::Value::Error(error.into_wire()),
    };
    Value::RpcResponse(proto::RpcResponse { request_id: key.id.as_str().to_owned(), value: Some(value) })
}

fn send(out: &mut Outgoing, value: Value, destination: &Identity) -> Result<(), SendError> {
    out.send(Reliability::Reliable, value, std::slice::from_ref(destination), None)
}

/// Sends what nobody can be told about when it cannot be sent.
fn reply(out: &mut Outgoing, value: Value, destination: &Identity, counters: &mut DataCounters) {
    if send(out, value, destination).is_err() {
        counters.rpc_replies_dropped += 1;
    }
}

fn refuse(out: &mut Outgoing, key: &RpcKey, error: RpcError, counters: &mut DataCounters) {
    counters.rpc_refused += 1;
    reply(out, response(key, Err(error)), &key.caller, counters);
}
