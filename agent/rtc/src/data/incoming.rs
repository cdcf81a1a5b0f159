//! Streams on their way in: headers, chunks and trailers become whole texts or pieces, within the room's bounds.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use agent_rtc_proto::{Identity, ParticipantSid};
use livekit_protocol::data_stream::header::ContentHeader;
use livekit_protocol::data_stream::{Chunk, CompressionType, Header, Trailer};

use super::counters::DataCounters;
use super::cut::TextJoiner;
use super::error::StreamFailure;
use super::event::{DataEvent, StreamContent, StreamInfo, StreamKind};
use super::identity::StreamKey;
use super::limits::{Delivery, LAST_WORDS, Limits};

/// All streams that are open.
#[derive(Debug)]
pub(super) struct Incoming {
    limits: Limits,
    open: BTreeMap<StreamKey, Receiving>,
    events: VecDeque<DataEvent>,
}

/// Whose packet it is.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) identity: Identity,
    pub(super) stay: ParticipantSid,
}

impl Sender {
    fn stream(self, id: String) -> StreamKey {
        StreamKey { sender: self.identity, stay: self.stay, id: id.into() }
    }
}

/// What became of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// The stream is open, or was complete at once.
    Taken,
    /// It is open already.
    Known,
    /// It does not say what it carries, or carries it in a way that is not understood.
    Unreadable,
    /// A bound refuses it.
    Full,
}

/// How a stream is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entrance {
    /// Within the bounds of all and of its sender.
    Bounded,
    /// Whatever others send: it was asked for. At most as many as were.
    AskedFor,
}

/// One open stream.
#[derive(Debug)]
struct Receiving {
    info: StreamInfo,
    entrance: Entrance,
    next_chunk: u64,
    received: u64,
    idle_at: Instant,
    ends_at: Instant,
    /// Whether its sender has left; what is on its way may still come until `ends_at`.
    has_left: bool,
    content: Content,
}

/// What becomes of the bytes of a stream.
#[derive(Debug)]
enum Content {
    /// They are kept until the end.
    Whole { gathered: Vec<u8> },
    /// They are passed on as whole characters.
    TextChunks { joiner: TextJoiner },
    /// They are passed on.
    ByteChunks,
}

impl Incoming {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, open: BTreeMap::new(), events: VecDeque::new() }
    }

    /// A stream begins. With its content inside, it ends as well.
    pub(super) fn on_header(
        &mut self,
        now: Instant,
        from: Sender,
        mut header: Header,
        (delivery, entrance): (Delivery, Entrance),
        counters: &mut DataCounters,
    ) -> Admission {
        if header.compression != CompressionType::None as i32 {
            counters.streams_unsupported += 1;
            return Admission::Unreadable;
        }
        let inline = header.inline_content.take();
        let Some(info) = read_header(from, header) else {
            counters.malformed += 1;
            return Admission::Unreadable;
        };
        let is_full = entrance == Entrance::Bounded && self.is_full_for(&info.key.sender);
        let key = info.key.clone();
        let Entry::Vacant(place) = self.open.entry(key.clone()) else {
            counters.duplicate_headers += 1;
            return Admission::Known;
        };
        if is_full {
            counters.streams_refused += 1;
            return Admission::Full;
        }
        if delivery == Delivery::Chunks {
            self.events.push_back(DataEvent::StreamOpened(info.clone()));
        }
        let content = match (delivery, &info.kind) {
            (Delivery::Whole, StreamKind::Text | StreamKind::Bytes { .. }) => {
                Content::Whole { gathered: Vec::new() }
            }
            (Delivery::Chunks, StreamKind::Text) => Content::TextChunks { joiner: TextJoiner::default() },
            (Delivery::Chunks, StreamKind::Bytes { .. }) => Content::ByteChunks,
        };
        let (idle_at, ends_at) = (now + self.limits.stream_idle, now + self.limits.stream_life);
        let (next_chunk, received, has_left) = (0, 0, false);
        place.insert(Receiving { info, entrance, next_chunk, received, idle_at, ends_at, has_left, content });
        if let Some(bytes) = inline {
            if !bytes.is_empty() {
                self.accept(&key, bytes, counters);
            }
            self.finish(&key, BTreeMap::new(), counters);
        }
        Admission::Taken
    }

    /// Whether a stream with this attribute is open that was let in because it was asked for.
    pub(super) fn has_asked_for(&self, sender: &Identity, (name, value): (&str, &str)) -> bool {
        let is_it = |stream: &Receiving| {
            stream.entrance == Entrance::AskedFor
                && stream.info.key.sender == *sender
                && stream.info.attributes.get(name).is_some_and(|is| is == value)
        };
        self.open.values().any(is_it)
    }

    /// Whether one more stream of this sender would pass a bound.
    fn is_full_for(&self, sender: &Identity) -> bool {
        let bounded = || self.open.values().filter(|stream| stream.entrance == Entrance::Bounded);
        bounded().count() >= self.limits.open_streams
            || bounded().filter(|stream| stream.info.key.sender == *sender).count()
                >= self.limits.open_streams_of_one
    }

    /// How much a stream may gather in all: what is left to everybody, and to its sender.
    fn room_for(&self, key: &StreamKey) -> usize {
        let (mut of_all, mut of_one) = (0, 0);
        let others =
            self.open.iter().filter(|(other, stream)| *other != key && stream.entrance == Entrance::Bounded);
        for (other, stream) in others {
            of_all += stream.gathered();
            of_one += if other.sender == key.sender { stream.gathered() } else { 0 };
        }
        let left = self.limits.gathered_bytes.saturating_sub(of_all);
        left.min(self.limits.gathered_bytes_of_one.saturating_sub(of_one)).min(self.limits.stream_bytes)
    }

    /// A piece of a stream. One that came before is dropped; one after a gap ends the stream, since the channel under it
    /// keeps the order and nobody sends a lost one again.
    pub(super) fn on_chunk(&mut self, now: Instant, from: Sender, chunk: Chunk, counters: &mut DataCounters) {
        let key = from.stream(chunk.stream_id);
        let Some(stream) = self.open.get_mut(&key) else {
            counters.stray += 1;
            return;
        };
        if chunk.chunk_index < stream.next_chunk {
            counters.duplicate_chunks += 1;
            return;
        }
        if chunk.chunk_index > stream.next_chunk {
            let failure =
                StreamFailure::MissingChunk { expected: stream.next_chunk, received: chunk.chunk_index };
            self.fail(&key, failure, counters);
            return;
        }
        stream.next_chunk += 1;
        stream.idle_at = now + self.limits.stream_idle;
        if !chunk.content.is_empty() {
            self.accept(&key, chunk.content, counters);
        }
    }

    /// A stream ends, well or with a reason.
    pub(super) fn on_trailer(&mut self, from: Sender, trailer: Trailer, counters: &mut DataCounters) {
        let key = from.stream(trailer.stream_id);
        if !self.open.contains_key(&key) {
            counters.stray += 1;
        } else if trailer.reason.is_empty() {
            self.finish(&key, trailer.attributes.into_iter().collect(), counters);
        } else {
            self.fail(&key, StreamFailure::Ended(trailer.reason), counters);
        }
    }

    /// Streams that have been silent for too long fail.
    pub(super) fn on_timeout(&mut self, now: Instant, counters: &mut DataCounters) {
        self.fail_where(|_, stream| stream.idle_at <= now, &StreamFailure::Idle, counters);
        let is_over = |stream: &Receiving| stream.ends_at <= now;
        self.fail_where(|_, stream| is_over(stream) && stream.has_left, &StreamFailure::SenderLeft, counters);
        self.fail_where(|_, stream| is_over(stream), &StreamFailure::TooOld, counters);
    }

    /// A participant left. The news of it and what it said last come by two ways: its streams have so long to end.
    pub(super) fn on_sender_left(&mut self, now: Instant, sender: &Identity) {
        for (_, stream) in self.open.iter_mut().filter(|(key, _)| key.sender == *sender) {
            stream.has_left = true;
            stream.ends_at = stream.ends_at.min(now + LAST_WORDS);
        }
    }

    /// The room is over: every stream fails.
    pub(super) fn fail_all(&mut self, counters: &mut DataCounters) {
        self.fail_where(|_, _| true, &StreamFailure::Disconnected, counters);
    }

    /// The next thing that happened to a stream.
    pub(super) fn poll(&mut self) -> Option<DataEvent> {
        self.events.pop_front()
    }

    /// When the first of the open streams will have been silent, or open, for too long.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.open.values().map(|stream| stream.idle_at.min(stream.ends_at)).min()
    }

    /// Counts, bounds and passes on what a chunk holds.
    fn accept(&mut self, key: &StreamKey, bytes: Vec<u8>, counters: &mut DataCounters) {
        let room = match self.open.get(key).map(|stream| stream.entrance) {
            Some(Entrance::Bounded) => self.room_for(key),
            Some(Entrance::AskedFor) => self.limits.stream_bytes,
            None => return,
        };
        let Some(stream) = self.open.get_mut(key) else { return };
        stream.received += bytes.len() as u64;
        if let Some(limit) = stream.info.total_length.filter(|promised| stream.received > *promised) {
            self.fail(key, StreamFailure::TooLong { limit }, counters);
            return;
        }
        let content = match &mut stream.content {
            Content::Whole { gathered } => {
                if gathered.len() + bytes.len() > room {
                    counters.streams_refused += 1;
                    self.fail(key, StreamFailure::TooLong { limit: room as u64 }, counters);
                    return;
                }
                gathered.extend_from_slice(&bytes);
                return;
            }
            Content::TextChunks { joiner } => match joiner.push(bytes) {
                Ok(text) if text.is_empty() => return,
                Ok(text) => StreamContent::Text(text),
                Err(_) => {
                    self.fail(key, StreamFailure::NotText, counters);
                    return;
                }
            },
            Content::ByteChunks => StreamContent::Bytes(bytes),
        };
        self.events.push_back(DataEvent::StreamChunk { stream: key.clone(), content });
    }

    /// The end of a stream: is all there that was promised?
    fn finish(&mut self, key: &StreamKey, attributes: BTreeMap<String, String>, counters: &mut DataCounters) {
        let Some(stream) = self.open.remove(key) else { return };
        let Receiving { mut info, received, content, .. } = stream;
        match complete(&mut info, received, content, attributes) {
            Ok(event) => {
                counters.streams_complete += 1;
                self.events.push_back(event);
            }
            Err(failure) => {
                counters.streams_failed += 1;
                self.events.push_back(DataEvent::StreamFailed { info, failure });
            }
        }
    }

    fn fail(&mut self, key: &StreamKey, failure: StreamFailure, counters: &mut DataCounters) {
        let Some(stream) = self.open.remove(key) else { return };
        counters.streams_failed += 1;
        self.events.push_back(DataEvent::StreamFailed { info: stream.info, failure });
    }

    fn fail_where(
        &mut self,
        is_over: impl Fn(&StreamKey, &Receiving) -> bool,
        failure: &StreamFailure,
        counters: &mut DataCounters,
    ) {
        let over: Vec<StreamKey> = self
            .open
            .iter()
            .filter(|(key, stream)| is_over(key, stream))
            .map(|(key, _)| key.clone())
            .collect();
        for key in over {
            self.fail(&key, failure.clone(), counters);
        }
    }
}

impl Receiving {
    /// Bytes kept until its end.
    const fn gathered(&self) -> usize {
        match &self.content {
            Content::Whole { gathered } => gathered.len(),
            Content::TextChunks { .. } | Content::ByteChunks => 0,
        }
    }
}

/// The last event of a stream whose trailer has come. Attributes of its end join those of a whole stream's beginning.
fn complete(
    info: &mut StreamInfo,
    received: u64,
    content: Content,
    attributes: BTreeMap<String, String>,
) -> Result<DataEvent, StreamFailure> {
    if let Some(promised) = info.total_length.filter(|promised| received < *promised) {
        return Err(StreamFailure::TooShort { received, promised });
    }
    match content {
        Content::Whole { gathered } => {
            info.attributes.extend(attributes);
            match info.kind {
                StreamKind::Bytes { .. } => Ok(DataEvent::Bytes { info: info.clone(), bytes: gathered }),
                StreamKind::Text => {
                    let text = String::from_utf8(gathered).map_err(|_| StreamFailure::NotText)?;
                    Ok(DataEvent::Text { info: info.clone(), text })
                }
            }
        }
        Content::TextChunks { joiner } => {
            joiner.finish().map_err(|_| StreamFailure::NotText)?;
            Ok(DataEvent::StreamClosed { stream: info.key.clone(), attributes })
        }
        Content::ByteChunks => Ok(DataEvent::StreamClosed { stream: info.key.clone(), attributes }),
    }
}

/// A header in our words; none when it does not say what it carries, or has no id.
fn read_header(from: Sender, header: Header) -> Option<StreamInfo> {
    if header.stream_id.is_empty() {
        return None;
    }
    let kind = match header.content_header? {
        ContentHeader::TextHeader(_) => StreamKind::Text,
        ContentHeader::ByteHeader(bytes) => {
            StreamKind::Bytes { name: bytes.name, mime_type: header.mime_type }
        }
    };
    Some(StreamInfo {
        key: from.stream(header.stream_id),
        topic: header.topic,
        attributes: header.attributes.into_iter().collect(),
        sent_at_unix_ms: header.timestamp,
        total_length: header.total_length,
        kind,
    })
}
