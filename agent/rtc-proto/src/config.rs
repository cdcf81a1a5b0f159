//! What a machine must be told before it starts. No defaults here: they live with whoever builds one.

use std::time::Duration;

use crate::link::SignalPath;

/// One room to join.
#[derive(Clone)]
pub struct Config {
    /// The token to join with. Kept, and renewed as the server renews it.
    pub token: String,
    /// Which path to try first. A server without the single one is asked on the other by itself.
    pub path: SignalPath,
    /// How media may travel.
    pub transport: MediaTransport,
    /// Spreads reconnect delays between rooms. Nothing else depends on it; keys and ids are str0m's own.
    pub seed: u64,
    /// How long to wait, and how often to try.
    pub patience: Patience,
}

/// How media may travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaTransport {
    /// UDP; TCP too when UDP has not connected within [`Patience::tcp_after`].
    UdpThenTcp,
    /// TCP at once, UDP never.
    TcpOnly,
}

/// How long to wait, and how often to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From asking for a link to the server's first message on it.
    pub link: Duration,
    /// From an offer to its answer.
    pub answer: Duration,
    /// From a join to media that flows.
    pub media: Duration,
    /// From a resume to media that flows again; after it a new stay is asked for. With the 10 to 15 s after which ICE sees
    /// a loss, it is how long nobody hears anybody at worst.
    pub media_again: Duration,
    /// How long UDP is tried alone before TCP is tried too.
    pub tcp_after: Duration,
    /// How long a TCP connection is tried before another candidate is, when there is one; in each further round that much
    /// longer.
    pub tcp_attempt: Duration,
    /// How long the server's word may take that says why it closed the connections of media: over UDP and over the link
    /// two things come in any order, and only the link knows whether to come back.
    pub word: Duration,
    /// How long data on its way, or a link to say goodbye on, may hold up leaving.
    pub leave: Duration,
    /// How often the same stay is resumed before a new one is asked for.
    pub resumes: u32,
    /// How often a new stay is asked for before giving up.
    pub restarts: u32,
}

impl Patience {
    /// 10 s for a link, 10 s for an answer, 15 s for media, 10 s after a resume, TCP after 1 s and 2 s for each candidate, 0.5 s for a word, 1 s to leave;
    /// 4 resumes (over 4 s) and 12 restarts (over a minute): a server may restart under a call.
    pub const USUAL: Self = Self {
        link: Duration::from_secs(10),
        answer: Duration::from_secs(10),
        media: Duration::from_secs(15),
        media_again: Duration::from_secs(10),
        tcp_after: Duration::from_secs(1),
        tcp_attempt: Duration::from_secs(2),
        word: Duration::from_millis(500),
        leave: Duration::from_secs(1),
        resumes: 4,
        restarts: 12,
    };
}
