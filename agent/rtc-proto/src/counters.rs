//! What was counted in a room since it was joined: what went through, and what was wrong and survived.

/// All of one room. Wrong input never ends a room (R4); it shows here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams and TCP frames received.
    pub datagrams_in: u64,
    /// Datagrams and TCP frames sent.
    pub datagrams_out: u64,
    /// Audio packets given to the owner.
    pub audio_in: u64,
    /// Audio packets sent.
    pub audio_out: u64,
    /// Audio packets not sent: unknown or muted track, or no connection yet.
    pub audio_out_dropped: u64,
    /// Audio packets of a stream that belongs to no known track.
    pub audio_in_unknown: u64,
    /// Data packets given to the owner.
    pub data_in: u64,
    /// Data packets handed to SCTP.
    pub data_out: u64,
    /// Reliable packets received twice, after a resume.
    pub data_in_duplicates: u64,
    /// Packets dropped: there was no room, or the stay was lost in which what they belong to had begun.
    pub data_out_dropped: u64,
    /// Reliable packets sent again after a resume.
    pub data_out_repeated: u64,
    /// Signals that were not protobuf.
    pub malformed_signals: u64,
    /// Signals that made no sense at their time: an answer to no offer, an offer on the single path.
    pub unexpected_signals: u64,
    /// Session descriptions that could not be applied.
    pub malformed_sdp: u64,
    /// Candidates that could not be parsed, or were too many.
    pub malformed_candidates: u64,
    /// Candidates to which this host has no way over UDP: of a family that it does not have, or without a route.
    pub unreachable_candidates: u64,
    /// Datagrams that are no STUN, DTLS, SRTP or SRTCP, or were refused by the connection.
    pub malformed_datagrams: u64,
    /// Data channel messages that were no data packets.
    pub malformed_data: u64,
    /// Times that we left without a word, as there was no link to be had: the server finds out by itself, later.
    pub goodbyes_missed: u64,
    /// Offers sent.
    pub offers: u64,
    /// Links opened again for the same stay.
    pub resumes: u64,
    /// New stays after the first.
    pub restarts: u64,
}
