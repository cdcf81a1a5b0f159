//! Packets on their way out: streams cut into chunks, messages, and the bounded queues that the transport empties.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use agent_rtc_proto::{Identity, Reliability};
use livekit_protocol::data_packet::{Kind, Value};
use livekit_protocol::data_stream::header::ContentHeader;
use livekit_protocol::data_stream::{ByteHeader, Chunk, Header, TextHeader, Trailer};
use livekit_protocol::{self as proto, DataPacket};
use prost::Message;

use super::cut::{self, CHUNK_BYTES};
use super::error::SendError;
use super::identity::StreamId;
use super::limits::WallClock;
use super::rpc;

/// What one packet may take: an SCTP message that every peer accepts.
const PACKET_BYTES: usize = 16 * 1024;

/// How a stream is addressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamOptions {
    /// Its topic.
    pub topic: String,
    /// Attributes of its beginning.
    pub attributes: BTreeMap<String, String>,
    /// Who receives it; everybody when empty.
    pub destinations: Vec<Identity>,
    /// In whose name it is sent, when not in our own. The server grants this to agents: a user's transcript is the user's.
    pub sender: Option<Identity>,
}

/// An open text stream of ours. Whoever holds it must close it: receivers wait for the end.
#[derive(Debug)]
#[must_use = "receivers wait until the stream is closed"]
pub struct TextStream(OpenStream);

/// An open byte stream of ours. Whoever holds it must close it: receivers wait for the end.
#[derive(Debug)]
#[must_use = "receivers wait until the stream is closed"]
pub struct ByteStream(OpenStream);

/// One segment of a transcript in packet form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscriptionSegment {
    /// The segment's id, the same from its first version to its last.
    pub id: String,
    /// Its whole text so far.
    pub text: String,
    /// It will not change.
    pub is_final: bool,
    /// Its language as a BCP 47 tag; empty when unknown.
    pub language: String,
}

#[derive(Debug)]
struct OpenStream {
    id: StreamId,
    address: Address,
    next_chunk: u64,
    /// In which of our stays it was opened.
    stay: u32,
}

/// From and to whom a packet goes.
#[derive(Clone, Debug)]
struct Address {
    destinations: Vec<String>,
    sender: String,
}

/// Packets that wait for the transport, and what it takes to make new ones.
#[derive(Debug)]
pub(super) struct Outgoing {
    reliable: VecDeque<DataPacket>,
    lossy: VecDeque<DataPacket>,
    queued: usize,
    limit: usize,
    /// How often the room was joined anew.
    stay: u32,
    clock: WallClock,
    random: fastrand::Rng,
}

impl TextStream {
    /// The stream's id, which receivers see.
    pub fn id(&self) -> &StreamId {
        &self.0.id
    }
}

impl ByteStream {
    /// The stream's id, which receivers see.
    pub fn id(&self) -> &StreamId {
        &self.0.id
    }
}

impl Outgoing {
    pub(super) fn new(limit: usize, clock: WallClock, seed: u64) -> Self {
        Self {
            reliable: VecDeque::new(),
            lossy: VecDeque::new(),
            queued: 0,
            limit,
            stay: 0,
            clock,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    pub(super) fn poll(&mut self, reliability: Reliability) -> Option<DataPacket> {
        let packet = self.queue(reliability).pop_front()?;
        self.queued -= packet.encoded_len();
        Some(packet)
    }

    pub(super) fn queued_bytes(&self) -> usize {
        self.queued
    }

    pub(super) fn clear(&mut self) {
        self.reliable.clear();
        self.lossy.clear();
        self.queued = 0;
    }

    /// Another stay begins. Streams that are open are lost, and with them what waits of them; so is every procedure.
    pub(super) fn begin_anew(&mut self) {
        self.stay += 1;
        let begun: BTreeSet<String> = self.reliable.iter().filter_map(stream_begun).collect();
        let ended: BTreeSet<String> = self.reliable.iter().filter_map(stream_ended).collect();
        let is_whole = |id: &String| begun.contains(id) && ended.contains(id);
        let goes_on = |packet: &DataPacket| match &packet.value {
            Some(Value::StreamHeader(header)) => is_whole(&header.stream_id),
            Some(Value::StreamChunk(chunk)) => is_whole(&chunk.stream_id),
            Some(Value::StreamTrailer(trailer)) => is_whole(&trailer.stream_id),
            Some(Value::RpcRequest(_) | Value::RpcAck(_) | Value::RpcResponse(_)) => false,
            Some(_) | None => true,
        };
        self.reliable.retain(goes_on);
        self.queued = self.reliable.iter().chain(&self.lossy).map(Message::encoded_len).sum();
    }

    /// A random id in the form of a version 4 UUID.
    pub(super) fn new_id(&mut self) -> String {
        let mut bits = self.random.u128(..);
        bits = bits & !(0xf << 76) | (4 << 76);
        bits = bits & !(0b11 << 62) | (0b10 << 62);
        let hex = format!("{bits:032x}");
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    pub(super) fn send_text(
        &mut self,
        now: Instant,
        text: &str,
        options: StreamOptions,
        inline: bool,
    ) -> Result<StreamId, SendError> {
        let (header, address) = self.text_header(now, options, Some(text.len()));
        self.send_whole(
            header,
            &address,
            text.as_bytes(),
            cut::text_pieces(text, CHUNK_BYTES).map(str::as_bytes),
            inline,
        )
    }

    pub(super) fn send_bytes(
        &mut self,
        now: Instant,
        bytes: &[u8],
        name: &str,
        mime_type: &str,
        options: StreamOptions,
        inline: bool,
    ) -> Result<StreamId, SendError> {
        let (header, address) = self.byte_header(now, name, mime_type, options, Some(bytes.len()));
        self.send_whole(header, &address, bytes, bytes.chunks(CHUNK_BYTES), inline)
    }

    pub(super) fn open_text(
        &mut self,
        now: Instant,
        options: StreamOptions,
    ) -> Result<TextStream, SendError> {
        let (header, address) = self.text_header(now, options, None);
        self.open(header, address).map(TextStream)
    }

    pub(super) fn open_bytes(
        &mut self,
        now: Instant,
        name: &str,
        mime_type: &str,
        options: StreamOptions,
    ) -> Result<ByteStream, SendError> {
        let (header, address) = self.byte_header(now, name, mime_type, options, None);
        self.open(header, address).map(ByteStream)
    }

    pub(super) const fn is_lost(&self, stream: &TextStream) -> bool {
        stream.0.stay != self.stay
    }

    pub(super) fn append_text(&mut self, stream: &mut TextStream, text: &str) -> Result<(), SendError> {
        self.append(&mut stream.0, cut::text_pieces(text, CHUNK_BYTES).map(str::as_bytes))
    }

    pub(super) fn append_bytes(&mut self, stream: &mut ByteStream, bytes: &[u8]) -> Result<(), SendError> {
        self.append(&mut stream.0, bytes.chunks(CHUNK_BYTES))
    }

    pub(super) fn close_text(
        &mut self,
        stream: TextStream,
        attributes: BTreeMap<String, String>,
        reason: Option<&str>,
    ) {
        self.close(stream.0, attributes, reason);
    }

    pub(super) fn close_bytes(
        &mut self,
        stream: ByteStream,
        attributes: BTreeMap<String, String>,
        reason: Option<&str>,
    ) {
        self.close(stream.0, attributes, reason);
    }

    pub(super) fn send_chat(
        &mut self,
        now: Instant,
        message: &str,
        destinations: &[Identity],
    ) -> Result<(), SendError> {
        let message = proto::ChatMessage {
            id: self.new_id(),
            timestamp: self.clock.unix_ms(now),
            message: message.to_owned(),
            ..Default::default()
        };
        self.send(Reliability::Reliable, Value::ChatMessage(message), destinations, None)
    }

    pub(super) fn send_transcription(
        &mut self,
        speaker: &Identity,
        track: &str,
        segments: Vec<TranscriptionSegment>,
    ) -> Result<(), SendError> {
        let segments = segments
            .into_iter()
            .map(|segment| proto::TranscriptionSegment {
                id: segment.id,
                text: segment.text,
                r#final: segment.is_final,
                language: segment.language,
                ..Default::default()
            })
            .collect();
        let transcription = proto::Transcription {
            transcribed_participant_identity: speaker.as_str().to_owned(),
            track_id: track.to_owned(),
            segments,
        };
        self.send(Reliability::Reliable, Value::Transcription(transcription), &[], None)
    }

    /// Queues one packet that is a message by itself.
    pub(super) fn send(
        &mut self,
        reliability: Reliability,
        value: Value,
        destinations: &[Identity],
        sender: Option<&Identity>,
    ) -> Result<(), SendError> {
        let packet = Address::new(destinations, sender).packet(reliability, value);
        fits(packet.encoded_len())?;
        self.push(reliability, vec![packet])
    }

    fn send_whole<'a>(
        &mut self,
        header: Header,
        address: &Address,
        bytes: &[u8],
        chunks: impl Iterator<Item = &'a [u8]>,
        inline: bool,
    ) -> Result<StreamId, SendError> {
        let id = StreamId::from(header.stream_id.as_str());
        if inline && bytes.len() <= CHUNK_BYTES {
            let header = Header { inline_content: Some(bytes.to_vec()), ..header.clone() };
            let packet = address.packet(Reliability::Reliable, Value::StreamHeader(header));
            if packet.encoded_len() <= PACKET_BYTES {
                self.push(Reliability::Reliable, vec![packet])?;
                return Ok(id);
            }
        }
        let header = address.packet(Reliability::Reliable, Value::StreamHeader(header));
        fits(header.encoded_len())?;
        let mut packets = vec![header];
        packets.extend(chunks.zip(0..).map(|(content, index)| address.chunk(&id, index, content)));
        packets.push(address.trailer(&id, BTreeMap::new(), None));
        self.push(Reliability::Reliable, packets)?;
        Ok(id)
    }

    fn open(&mut self, header: Header, address: Address) -> Result<OpenStream, SendError> {
        let id = StreamId::from(header.stream_id.as_str());
        let packet = address.packet(Reliability::Reliable, Value::StreamHeader(header));
        fits(packet.encoded_len())?;
        self.push(Reliability::Reliable, vec![packet])?;
        Ok(OpenStream { id, address, next_chunk: 0, stay: self.stay })
    }

    fn append<'a>(
        &mut self,
        stream: &mut OpenStream,
        chunks: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), SendError> {
        if stream.stay != self.stay {
            return Err(SendError::StreamLost);
        }
        let packets: Vec<DataPacket> = chunks
            .zip(stream.next_chunk..)
            .map(|(content, index)| stream.address.chunk(&stream.id, index, content))
            .collect();
        let n_chunks = packets.len() as u64;
        self.push(Reliability::Reliable, packets)?;
        stream.next_chunk += n_chunks;
        Ok(())
    }

    fn close(
        &mut self,
        OpenStream { id, address, stay, .. }: OpenStream,
        attributes: BTreeMap<String, String>,
        reason: Option<&str>,
    ) {
        if stay != self.stay {
            return;
        }
        let trailer = address.trailer(&id, attributes, reason);
        // Past the bound too: its header was within it, and without the trailer receivers would wait for nothing.
        self.queued += trailer.encoded_len();
        self.reliable.push_back(trailer);
    }

    fn text_header(
        &mut self,
        now: Instant,
        options: StreamOptions,
        length: Option<usize>,
    ) -> (Header, Address) {
        self.header(now, ContentHeader::TextHeader(TextHeader::default()), "text/plain", options, length)
    }

    fn byte_header(
        &mut self,
        now: Instant,
        name: &str,
        mime_type: &str,
        options: StreamOptions,
        length: Option<usize>,
    ) -> (Header, Address) {
        let content = ContentHeader::ByteHeader(ByteHeader { name: name.to_owned() });
        self.header(now, content, mime_type, options, length)
    }

    fn header(
        &mut self,
        now: Instant,
        content: ContentHeader,
        mime_type: &str,
        options: StreamOptions,
        length: Option<usize>,
    ) -> (Header, Address) {
        let header = Header {
            stream_id: self.new_id(),
            timestamp: self.clock.unix_ms(now),
            topic: options.topic,
            mime_type: mime_type.to_owned(),
            total_length: length.map(|bytes| bytes as u64),
            attributes: options.attributes.into_iter().collect(),
            content_header: Some(content),
            ..Default::default()
        };
        (header, Address::new(&options.destinations, options.sender.as_ref()))
    }

    /// All of it or, past the bound, nothing.
    fn push(&mut self, reliability: Reliability, packets: Vec<DataPacket>) -> Result<(), SendError> {
        let wanted = packets.iter().map(Message::encoded_len).sum::<usize>();
        if self.queued + wanted > self.limit {
            return Err(SendError::Backlog { queued: self.queued, wanted, limit: self.limit });
        }
        self.queued += wanted;
        self.queue(reliability).extend(packets);
        Ok(())
    }

    fn queue(&mut self, reliability: Reliability) -> &mut VecDeque<DataPacket> {
        match reliability {
            Reliability::Reliable => &mut self.reliable,
            Reliability::Lossy => &mut self.lossy,
        }
    }
}

impl Address {
    fn new(destinations: &[Identity], sender: Option<&Identity>) -> Self {
        Self {
            destinations: destinations.iter().map(|to| to.as_str().to_owned()).collect(),
            sender: sender.map(|from| from.as_str().to_owned()).unwrap_or_default(),
        }
    }

    fn packet(&self, reliability: Reliability, value: Value) -> DataPacket {
        let kind = match reliability {
            Reliability::Reliable => Kind::Reliable,
            Reliability::Lossy => Kind::Lossy,
        };
        #[expect(deprecated, reason = "servers before protocol 16 choose the channel by it")]
        DataPacket {
            kind: kind.into(),
            participant_identity: self.sender.clone(),
            destination_identities: self.destinations.clone(),
            value: Some(value),
            ..Default::default()
        }
    }

    fn chunk(&self, id: &StreamId, chunk_index: u64, content: &[u8]) -> DataPacket {
        let chunk = Chunk {
            stream_id: id.as_str().to_owned(),
            chunk_index,
            content: content.to_vec(),
            ..Default::default()
        };
        self.packet(Reliability::Reliable, Value::StreamChunk(chunk))
    }

    fn trailer(
        &self,
        id: &StreamId,
        attributes: BTreeMap<String, String>,
        reason: Option<&str>,
    ) -> DataPacket {
        let trailer = Trailer {
            stream_id: id.as_str().to_owned(),
            reason: reason.unwrap_or_default().to_owned(),
            attributes: attributes.into_iter().collect(),
        };
        self.packet(Reliability::Reliable, Value::StreamTrailer(trailer))
    }
}

/// The stream that a packet begins, unless it is one of a procedure.
fn stream_begun(packet: &DataPacket) -> Option<String> {
    match &packet.value {
        Some(Value::StreamHeader(header)) if !rpc::is_topic(&header.topic) => Some(header.stream_id.clone()),
        Some(_) | None => None,
    }
}

/// The stream that a packet ends; with its content inside, a header does. None of a procedure.
fn stream_ended(packet: &DataPacket) -> Option<String> {
    match &packet.value {
        Some(Value::StreamTrailer(trailer)) => Some(trailer.stream_id.clone()),
        Some(Value::StreamHeader(header)) => {
            header.inline_content.as_ref().and_then(|_| stream_begun(packet))
        }
        Some(_) | None => None,
    }
}

fn fits(size: usize) -> Result<(), SendError> {
    if size > PACKET_BYTES { Err(SendError::TooLong { size, limit: PACKET_BYTES }) } else { Ok(()) }
}
