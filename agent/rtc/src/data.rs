//! The data plane of one room: text and byte streams, remote procedures, touch tones, chat and plain data.
//!
//! A machine without I/O over [`livekit_protocol::DataPacket`]: whoever owns the room feeds packets and time, then
//! drains [`DataPlane::poll_packet`] and [`DataPlane::poll_event`]. It holds no socket, task, lock or clock, so a call
//! that is quiet on the data channel costs nothing, and a test moves time by itself. The transport under it delivers
//! the reliable kind in order; after a resume the same packets may come twice.
//!
//! It is not a wrapper of `livekit-data-stream` 0.2.0 and `livekit-rpc` 0.2.0. Both were read with the wish to use them
//! as they are, and do not fit here:
//! - receiving is an actor: one task and two unbounded channels a room, no bound on open streams or on their age, a
//!   payload limit whose default is 5 GB; streams are keyed by stream id alone, so that one participant can write into
//!   another's stream;
//! - sending awaits an acknowledgement for each packet through an unbounded channel, behind `Arc<tokio::sync::Mutex>`:
//!   a word of a transcript would cross two tasks and a lock;
//! - a dropped writer spawns a task for its trailer; remote procedures spawn one for each request and want `Send + Sync`
//!   handlers and registries, where a call here lives on one thread;
//! - the wall clock, the timers and the random ids are read inside, so a run cannot be repeated.
//!
//! The wire is the same: 15 000-byte chunks that never split a character, streams in one packet for receivers of client
//! protocol 2, remote procedures as packets or, from client protocol 1, as streams. Compressed streams are not
//! understood; a client says so by advertising no capability. Encrypted packets are counted and dropped.

mod counters;
mod cut;
mod dtmf;
mod error;
mod event;
mod identity;
mod incoming;
mod limits;
mod outgoing;
mod rpc;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use livekit_protocol::data_packet::Value;
use livekit_protocol::{self as proto, DataPacket};

use self::incoming::{Entrance, Incoming, Sender};
use self::outgoing::Outgoing;
use self::rpc::Rpc;

use agent_rtc_proto::ParticipantSid;
pub use agent_rtc_proto::{Identity, Reliability};

pub use self::counters::DataCounters;
pub use self::dtmf::DtmfDigit;
pub use self::error::{SendError, StreamFailure};
pub use self::event::{ChatMessage, DataEvent, RpcRequest, StreamContent, StreamInfo, StreamKind};
pub use self::identity::{RpcId, RpcKey, StreamId, StreamKey};
pub use self::limits::{Delivery, Limits, Timer, WallClock};
pub use self::outgoing::{ByteStream, StreamOptions, TextStream, TranscriptionSegment};
pub use self::rpc::{RpcCall, RpcError};

/// Receivers of this client protocol and later take remote procedures as streams.
const PROTOCOL_WITH_RPC_STREAMS: i32 = 1;
/// What every client understands.
const PROTOCOL_OF_STRANGERS: i32 = 0;
/// Strangers remembered at once. One more can be asked nothing until the server has told of it.
const STRANGERS: usize = 64;
/// Receivers of this client protocol and later take a whole stream in its header.
const PROTOCOL_WITH_INLINE_STREAMS: i32 = 2;

/// Everything that goes over one room's data channels, both ways.
///
/// Feed one fact (`handle_…`) or one command, then drain [`poll_packet`](Self::poll_packet) for both kinds and
/// [`poll_event`](Self::poll_event) to `None`, then ask [`poll_timeout`](Self::poll_timeout).
#[derive(Debug)]
pub struct DataPlane {
    topics: BTreeMap<String, Delivery>,
    peers: BTreeMap<Identity, i32>,
    /// Who has sent something and was not told of yet: packets and signals come by two ways, and either may be first.
    strangers: BTreeSet<Identity>,
    incoming: Incoming,
    outgoing: Outgoing,
    rpc: Rpc,
    events: VecDeque<DataEvent>,
    counters: DataCounters,
}

/// Facts.
impl DataPlane {
    /// A data plane with nothing open. `clock` dates outgoing messages; `seed` makes the ids, and must differ between rooms.
    pub fn new(limits: Limits, clock: WallClock, seed: u64) -> Self {
        Self {
            topics: BTreeMap::new(),
            peers: BTreeMap::new(),
            strangers: BTreeSet::new(),
            incoming: Incoming::new(limits),
            outgoing: Outgoing::new(limits.queued_bytes, clock, seed),
            rpc: Rpc::new(limits.rpc_pending),
            events: VecDeque::new(),
            counters: DataCounters::default(),
        }
    }

    /// A packet has arrived. Nothing in it can panic or end the room; what makes no sense is counted.
    pub fn handle_packet(&mut self, now: Instant, reliability: Reliability, packet: DataPacket) {
        self.counters.packets += 1;
        let sender = Identity::from(packet.participant_identity);
        let stay = ParticipantSid::from(packet.participant_sid);
        self.meet(&sender);
        match packet.value {
            None => self.counters.malformed += 1,
            Some(Value::User(user)) => self.on_user_data(sender, reliability, user),
            Some(Value::SipDtmf(tone)) => self.on_dtmf(sender, &tone),
            Some(Value::ChatMessage(message)) => self.on_chat(sender, message),
            Some(Value::StreamHeader(_) | Value::StreamChunk(_) | Value::StreamTrailer(_))
                if sender.as_str().is_empty() =>
            {
                self.counters.malformed += 1;
            }
            Some(Value::StreamHeader(header)) => {
                self.on_stream_header(now, Sender { identity: sender, stay }, header);
            }
            Some(Value::StreamChunk(chunk)) => {
                let from = Sender { identity: sender, stay };
                self.incoming.on_chunk(now, from, chunk, &mut self.counters);
            }
            Some(Value::StreamTrailer(trailer)) => {
                let from = Sender { identity: sender, stay };
                self.incoming.on_trailer(from, trailer, &mut self.counters);
            }
            Some(Value::RpcRequest(request)) => self.on_rpc_request(now, sender, request),
            Some(Value::RpcAck(ack)) => {
                self.rpc.on_acknowledged(now, &sender, ack.request_id, &mut self.counters);
            }
            Some(Value::RpcResponse(response)) => self.on_rpc_response(&sender, response),
            Some(Value::EncryptedPacket(_)) => self.counters.encrypted += 1,
            #[expect(
                deprecated,
                reason = "old servers still send it; named here so that a new kind of packet is noticed"
            )]
            Some(Value::Speaker(_)) => self.counters.ignored += 1,
            Some(Value::Transcription(_) | Value::Metrics(_)) => self.counters.ignored += 1,
        }
        self.route_streams(now);
    }

    /// Time has passed. Early calls change nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.incoming.on_timeout(now, &mut self.counters);
        self.rpc.on_timeout(now, &mut self.events, &mut self.counters);
        self.route_streams(now);
    }

    /// A participant is in the room and its client speaks `client_protocol` (of its `ParticipantInfo`).
    pub fn handle_participant_joined(&mut self, identity: Identity, client_protocol: i32) {
        self.strangers.remove(&identity);
        self.peers.insert(identity, client_protocol);
    }

    /// A participant has left: its open streams have two seconds to end, and a procedure asked of it for an answer, if that
    /// is on its way already.
    pub fn handle_participant_left(&mut self, now: Instant, identity: &Identity) {
        self.peers.remove(identity);
        self.strangers.remove(identity);
        self.incoming.on_sender_left(now, identity);
        self.rpc.on_recipient_left(now, identity);
        self.route_streams(now);
    }

    /// Our stay in the room is lost and another begins, with the same people: what they were sending fails, and what was
    /// asked either way. Of ours, what had begun to go out is lost, and what it belongs to ([`SendError::StreamLost`]); what
    /// waits whole goes out in the new stay.
    pub fn handle_restarted(&mut self, now: Instant) {
        self.incoming.fail_all(&mut self.counters);
        self.rpc.on_disconnected(&mut self.events);
        self.outgoing.begin_anew();
        self.route_streams(now);
    }

    /// The room is over: whatever is open fails, whatever is queued is forgotten.
    pub fn handle_disconnected(&mut self, now: Instant) {
        self.peers.clear();
        self.strangers.clear();
        self.incoming.fail_all(&mut self.counters);
        self.rpc.on_disconnected(&mut self.events);
        self.outgoing.clear();
        self.route_streams(now);
    }
}

/// Commands.
impl DataPlane {
    /// From now on streams of `topic` are delivered as `delivery` says. Streams of other topics are dropped at their header.
    pub fn receive(&mut self, topic: impl Into<String>, delivery: Delivery) {
        self.topics.insert(topic.into(), delivery);
    }

    /// From now on requests for `method` come as [`DataEvent::RpcRequested`]. Others are answered "not supported".
    pub fn serve(&mut self, method: impl Into<String>) {
        self.rpc.serve(method.into());
    }

    /// Sends a whole text as one stream.
    pub fn send_text(
        &mut self,
        now: Instant,
        text: &str,
        options: StreamOptions,
    ) -> Result<StreamId, SendError> {
        let inline = self.all_speak(PROTOCOL_WITH_INLINE_STREAMS, &options.destinations);
        self.outgoing.send_text(now, text, options, inline)
    }

    /// Sends whole bytes as one stream; `name` is what a receiver may save them under.
    pub fn send_bytes(
        &mut self,
        now: Instant,
        bytes: &[u8],
        name: &str,
        mime_type: &str,
        options: StreamOptions,
    ) -> Result<StreamId, SendError> {
        let inline = self.all_speak(PROTOCOL_WITH_INLINE_STREAMS, &options.destinations);
        self.outgoing.send_bytes(now, bytes, name, mime_type, options, inline)
    }

    /// Opens a text stream whose pieces come later. It ends with [`close_text`](Self::close_text), and only so.
    pub fn open_text(&mut self, now: Instant, options: StreamOptions) -> Result<TextStream, SendError> {
        self.outgoing.open_text(now, options)
    }

    /// Whether a text stream was lost with the stay in which it was opened: nobody reads it any more.
    #[must_use]
    pub const fn is_lost(&self, stream: &TextStream) -> bool {
        self.outgoing.is_lost(stream)
    }

    /// Sends a piece of an open text stream, in as many chunks as it needs. On an error nothing of it is sent.
    pub fn append_text(&mut self, stream: &mut TextStream, text: &str) -> Result<(), SendError> {
        self.outgoing.append_text(stream, text)
    }

    /// Ends a text stream. `attributes` are set at its end, over those of its beginning; a `reason` says that it was cut short.
    pub fn close_text(
        &mut self,
        stream: TextStream,
        attributes: BTreeMap<String, String>,
        reason: Option<&str>,
    ) {
        self.outgoing.close_text(stream, attributes, reason);
    }

    /// Opens a byte stream whose pieces come later. It ends with [`close_bytes`](Self::close_bytes), and only so.
    pub fn open_bytes(
        &mut self,
        now: Instant,
        name: &str,
        mime_type: &str,
        options: StreamOptions,
    ) -> Result<ByteStream, SendError> {
        self.outgoing.open_bytes(now, name, mime_type, options)
    }

    /// Sends a piece of an open byte stream, in as many chunks as it needs. On an error nothing of it is sent.
    pub fn append_bytes(&mut self, stream: &mut ByteStream, bytes: &[u8]) -> Result<(), SendError> {
        self.outgoing.append_bytes(stream, bytes)
    }

    /// Ends a byte stream; see [`close_text`](Self::close_text).
    pub fn close_bytes(
        &mut self,
        stream: ByteStream,
        attributes: BTreeMap<String, String>,
        reason: Option<&str>,
    ) {
        self.outgoing.close_bytes(stream, attributes, reason);
    }

    /// Asks another participant to run a procedure. Exactly one [`DataEvent::RpcAnswered`] with this id follows.
    pub fn request_rpc(&mut self, now: Instant, call: RpcCall) -> Result<RpcId, SendError> {
        let protocol = match self.peers.get(&call.destination) {
            Some(protocol) => *protocol,
            None if self.strangers.contains(&call.destination) => PROTOCOL_OF_STRANGERS,
            None => return Err(SendError::UnknownParticipant(call.destination)),
        };
        let as_stream = protocol >= PROTOCOL_WITH_RPC_STREAMS;
        let inline = protocol >= PROTOCOL_WITH_INLINE_STREAMS;
        self.rpc.request(now, call, as_stream, inline, &mut self.outgoing)
    }

    /// Answers a procedure that was asked of us. After its deadline this is [`SendError::UnknownRequest`].
    pub fn answer_rpc(
        &mut self,
        now: Instant,
        key: &RpcKey,
        outcome: Result<String, RpcError>,
    ) -> Result<(), SendError> {
        let inline = self.all_speak(PROTOCOL_WITH_INLINE_STREAMS, std::slice::from_ref(&key.caller));
        self.rpc.answer(now, key, outcome, inline, &mut self.outgoing)
    }

    /// Sends one touch tone to a telephone leg (to every participant when `destinations` is empty).
    pub fn send_dtmf(&mut self, digit: DtmfDigit, destinations: &[Identity]) -> Result<(), SendError> {
        let tone = proto::SipDtmf { code: digit.code(), digit: digit.as_char().to_string() };
        self.outgoing.send(Reliability::Reliable, Value::SipDtmf(tone), destinations, None)
    }

    /// Sends a chat message in its packet form, which older clients read; newer ones read text streams of topic `lk.chat`.
    pub fn send_chat(
        &mut self,
        now: Instant,
        message: &str,
        destinations: &[Identity],
    ) -> Result<(), SendError> {
        self.outgoing.send_chat(now, message, destinations)
    }

    /// Sends plain data.
    pub fn send_user_data(
        &mut self,
        reliability: Reliability,
        topic: Option<&str>,
        payload: Vec<u8>,
        destinations: &[Identity],
    ) -> Result<(), SendError> {
        let user = proto::UserPacket { payload, topic: topic.map(str::to_owned), ..Default::default() };
        self.outgoing.send(reliability, Value::User(user), destinations, None)
    }

    /// Sends transcript segments in their packet form, for clients that do not read streams of topic `lk.transcription`.
    pub fn send_transcription(
        &mut self,
        speaker: &Identity,
        track: &str,
        segments: Vec<TranscriptionSegment>,
    ) -> Result<(), SendError> {
        self.outgoing.send_transcription(speaker, track, segments)
    }
}

/// Orders and news.
impl DataPlane {
    /// The next packet to send of one kind. What the transport has no room for stays here: ask again when it has.
    pub fn poll_packet(&mut self, reliability: Reliability) -> Option<DataPacket> {
        self.outgoing.poll(reliability)
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<DataEvent> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), and on whose behalf.
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        let streams = self.incoming.deadline().map(|at| (at, Timer::StreamIdle));
        [streams, self.rpc.deadline()].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// What was seen and what was refused, since the beginning.
    pub fn counters(&self) -> DataCounters {
        self.counters
    }

    /// Bytes of packets waiting in [`poll_packet`](Self::poll_packet), both kinds.
    pub fn queued_bytes(&self) -> usize {
        self.outgoing.queued_bytes()
    }
}

impl DataPlane {
    fn meet(&mut self, sender: &Identity) {
        if sender.as_str().is_empty() || self.peers.contains_key(sender) || self.strangers.len() >= STRANGERS
        {
            return;
        }
        self.strangers.insert(sender.clone());
    }

    fn on_user_data(&mut self, sender: Identity, reliability: Reliability, user: proto::UserPacket) {
        #[expect(deprecated, reason = "servers before protocol 16 name the sender here")]
        let sender =
            if sender.as_str().is_empty() { Identity::from(user.participant_identity) } else { sender };
        self.events.push_back(DataEvent::UserData {
            sender: (!sender.as_str().is_empty()).then_some(sender),
            topic: user.topic,
            payload: user.payload,
            reliability,
        });
    }

    fn on_dtmf(&mut self, sender: Identity, tone: &proto::SipDtmf) {
        match DtmfDigit::from_wire(tone) {
            Some(digit) => self.events.push_back(DataEvent::Dtmf { sender, digit }),
            None => self.counters.malformed += 1,
        }
    }

    fn on_chat(&mut self, sender: Identity, message: proto::ChatMessage) {
        self.events.push_back(DataEvent::Chat(ChatMessage {
            sender,
            id: message.id,
            text: message.message,
            edited: message.edit_timestamp.is_some(),
            deleted: message.deleted,
            generated: message.generated,
        }));
    }

    fn on_stream_header(&mut self, now: Instant, from: Sender, header: proto::data_stream::Header) {
        match header.topic.as_str() {
            rpc::REQUEST_TOPIC => self.on_request_header(now, from, header),
            rpc::RESPONSE_TOPIC => self.on_response_header(now, from, header),
            topic => match self.topics.get(topic) {
                Some(delivery) => {
                    let way = (*delivery, Entrance::Bounded);
                    self.incoming.on_header(now, from, header, way, &mut self.counters);
                }
                None => self.counters.streams_unwanted += 1,
            },
        }
    }

    /// A request in stream form begins: it is acknowledged when it is taken, before its payload is there; otherwise its
    /// caller is told at once.
    fn on_request_header(&mut self, now: Instant, from: Sender, header: proto::data_stream::Header) {
        let key = rpc::request_key_of(&from.identity, &header.attributes);
        let way = (Delivery::Whole, Entrance::Bounded);
        let admission = self.incoming.on_header(now, from, header, way, &mut self.counters);
        if let Some(key) = key {
            self.rpc.on_request_stream(&key, admission, &mut self.outgoing, &mut self.counters);
        }
    }

    /// An answer in stream form begins. What we have asked for is never refused; what we have not is no answer.
    fn on_response_header(&mut self, now: Instant, from: Sender, header: proto::data_stream::Header) {
        let request = rpc::request_key_of(&from.identity, &header.attributes);
        let Some(request) = request.filter(|request| self.rpc.awaits(request)) else {
            self.counters.rpc_stray += 1;
            return;
        };
        let known = (rpc::REQUEST_ID, request.id.as_str());
        let entrance = match self.incoming.has_asked_for(&from.identity, known) {
            true => Entrance::Bounded,
            false => Entrance::AskedFor,
        };
        self.incoming.on_header(now, from, header, (Delivery::Whole, entrance), &mut self.counters);
    }

    fn on_rpc_request(&mut self, now: Instant, caller: Identity, request: proto::RpcRequest) {
        self.rpc.on_request(now, caller, request, &mut self.outgoing, &mut self.events, &mut self.counters);
    }

    fn on_rpc_response(&mut self, sender: &Identity, response: proto::RpcResponse) {
        self.rpc.on_response(sender, response, &mut self.events, &mut self.counters);
    }

    /// Streams that carry remote procedures go to them; the others are news.
    fn route_streams(&mut self, now: Instant) {
        while let Some(event) = self.incoming.poll() {
            let Some(event) =
                self.rpc.on_stream(now, event, &mut self.outgoing, &mut self.events, &mut self.counters)
            else {
                continue;
            };
            self.events.push_back(event);
        }
    }

    /// Whether every receiver of a packet speaks at least this client protocol. Nobody in the room: yes.
    fn all_speak(&self, protocol: i32, destinations: &[Identity]) -> bool {
        if destinations.is_empty() {
            return self.peers.values().all(|spoken| *spoken >= protocol);
        }
        destinations.iter().all(|to| self.peers.get(to).is_some_and(|spoken| *spoken >= protocol))
    }
}
