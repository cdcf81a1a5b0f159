//! What a room may hold: bounds, kinds of delivery, the timers and the wall clock's anchor.

use std::time::{Duration, Instant};

/// How much one room's data plane may hold. Past a bound the newest is refused, counted, and nothing else suffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Streams open at once, from all participants together.
    pub open_streams: usize,
    /// Streams open at once from one participant: nobody takes the places of all.
    pub open_streams_of_one: usize,
    /// Bytes of one stream that is delivered whole.
    pub stream_bytes: usize,
    /// Bytes of all streams that are still being gathered.
    pub gathered_bytes: usize,
    /// The same of one participant.
    pub gathered_bytes_of_one: usize,
    /// How long a stream may be open, however much it says.
    pub stream_life: Duration,
    /// How long an open stream may be silent before it fails.
    pub stream_idle: Duration,
    /// Bytes of packets waiting for the transport.
    pub queued_bytes: usize,
    /// Procedure requests in flight, for each direction.
    pub rpc_pending: usize,
}

impl Limits {
    /// Sized for a conversation: 1 MiB holds eleven seconds of a caller's audio from before it connected.
    pub const CONVERSATION: Self = Self {
        open_streams: 64,
        open_streams_of_one: 16,
        stream_bytes: 1 << 20,
        gathered_bytes: 4 << 20,
        gathered_bytes_of_one: 2 << 20,
        stream_life: Duration::from_secs(600),
        stream_idle: Duration::from_secs(60),
        queued_bytes: 4 << 20,
        rpc_pending: 64,
    };
}

/// What a participant said last may be on its way when it is reported gone: two connections carry the two.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(2);

/// How the streams of a topic reach the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Gathered, and given once complete: [`Text`](super::DataEvent::Text) or [`Bytes`](super::DataEvent::Bytes).
    Whole,
    /// Given piece by piece: opened, chunks, closed. A chunk of text is whole characters.
    Chunks,
}

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// An incoming stream has been silent for [`Limits::stream_idle`], or open for [`Limits::stream_life`], or its sender
    /// has left two seconds ago.
    StreamIdle,
    /// The other side has not acknowledged our procedure request.
    RpcAcknowledgement,
    /// The other side has not answered our procedure request, or has left two seconds ago.
    RpcAnswer,
    /// The application has not answered a request while its caller waited.
    RpcRequest,
}

/// Where the wall clock stood at one instant, for the dates in outgoing messages.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    /// The instant.
    pub at: Instant,
    /// The time since the Unix epoch at that instant.
    pub unix: Duration,
}

impl WallClock {
    /// Milliseconds since the Unix epoch.
    pub(super) fn unix_ms(&self, now: Instant) -> i64 {
        let since_epoch = self.unix + now.saturating_duration_since(self.at);
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }
}
