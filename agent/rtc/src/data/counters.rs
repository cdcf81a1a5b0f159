//! What a room's data plane has seen and refused, as numbers.

/// Counts since the beginning of a room. They only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataCounters {
    /// Packets received, of every kind.
    pub packets: u64,
    /// Packets that say nothing: no value, no sender where one is needed, a stream without a kind, an unknown tone.
    pub malformed: u64,
    /// Packets of kinds that are told elsewhere, or not used: speakers, metrics, transcripts in packet form.
    pub ignored: u64,
    /// Encrypted packets; there is no key here.
    pub encrypted: u64,
    /// Streams dropped because nobody asked for their topic.
    pub streams_unwanted: u64,
    /// Streams dropped because they are compressed in a way that was not offered.
    pub streams_unsupported: u64,
    /// Streams refused by a bound: too many open, too long, too much gathered.
    pub streams_refused: u64,
    /// Streams that failed after they had been opened.
    pub streams_failed: u64,
    /// Streams received to their end.
    pub streams_complete: u64,
    /// Headers of a stream that is already open.
    pub duplicate_headers: u64,
    /// Chunks that had been received before.
    pub duplicate_chunks: u64,
    /// Chunks and trailers of streams that are not open.
    pub stray: u64,
    /// Acknowledgements and answers to procedures that nobody waits for, or that come from somebody else.
    pub rpc_stray: u64,
    /// Requests for a procedure that were answered with an error before the application saw them.
    pub rpc_refused: u64,
    /// Acknowledgements and refusals that were not sent, because too much waits for the data channel.
    pub rpc_replies_dropped: u64,
    /// Requests that the application did not answer while their caller waited.
    pub rpc_expired: u64,
}
