//! News from the data channel.

use std::collections::BTreeMap;
use std::time::Duration;

use agent_rtc_proto::{Identity, Reliability};

use super::dtmf::DtmfDigit;
use super::error::StreamFailure;
use super::identity::{RpcId, RpcKey, StreamKey};
use super::rpc::RpcError;

/// Something happened on the data channel.
#[derive(Clone, Debug, PartialEq)]
pub enum DataEvent {
    /// A text stream of a topic that is delivered whole is complete. Attributes of its end are merged into `info`.
    Text {
        /// What it is and who sent it.
        info: StreamInfo,
        /// All of it.
        text: String,
    },
    /// A byte stream of a topic that is delivered whole is complete.
    Bytes {
        /// What it is and who sent it.
        info: StreamInfo,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// A stream of a topic that is delivered in chunks has begun.
    StreamOpened(StreamInfo),
    /// A piece of an open stream, never empty.
    StreamChunk {
        /// Which stream.
        stream: StreamKey,
        /// The piece.
        content: StreamContent,
    },
    /// An open stream has come to its end.
    StreamClosed {
        /// Which stream.
        stream: StreamKey,
        /// The attributes set at its end.
        attributes: BTreeMap<String, String>,
    },
    /// A stream, whole or in chunks, will not come to its end.
    StreamFailed {
        /// What it is and who sent it.
        info: StreamInfo,
        /// Why.
        failure: StreamFailure,
    },
    /// Another participant asks for one of the procedures that are served.
    RpcRequested(RpcRequest),
    /// A procedure that we asked for has ended.
    RpcAnswered {
        /// The id that [`request_rpc`](super::DataPlane::request_rpc) returned.
        id: RpcId,
        /// The answer, or why there is none.
        outcome: Result<String, RpcError>,
    },
    /// A touch tone.
    Dtmf {
        /// The telephone leg.
        sender: Identity,
        /// The key.
        digit: DtmfDigit,
    },
    /// A chat message in packet form.
    Chat(ChatMessage),
    /// Plain data.
    UserData {
        /// Who sent it; nobody when it came from the server's own interface.
        sender: Option<Identity>,
        /// Its topic.
        topic: Option<String>,
        /// The bytes.
        payload: Vec<u8>,
        /// Over which channel it came.
        reliability: Reliability,
    },
}

/// The head of an incoming stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamInfo {
    /// Its sender and id.
    pub key: StreamKey,
    /// Its topic.
    pub topic: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// When it was opened by the sender's clock, in milliseconds since the Unix epoch.
    pub sent_at_unix_ms: i64,
    /// How many bytes it will have, when the sender knows.
    pub total_length: Option<u64>,
    /// What it carries.
    pub kind: StreamKind,
}

/// What a stream carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamKind {
    /// Text in UTF-8.
    Text,
    /// Bytes.
    Bytes {
        /// A name to show or to save under. From outside: not a path to trust.
        name: String,
        /// The media type.
        mime_type: String,
    },
}

/// A piece of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamContent {
    /// Whole characters.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A procedure that another participant asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcRequest {
    /// What to answer to.
    pub key: RpcKey,
    /// The procedure's name.
    pub method: String,
    /// Its argument.
    pub payload: String,
    /// How long the caller waits.
    pub response_timeout: Duration,
}

/// A chat message in packet form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatMessage {
    /// Who sent it.
    pub sender: Identity,
    /// Its id, the same for each edition of one message.
    pub id: String,
    /// Its text.
    pub text: String,
    /// It replaces an earlier message of this id.
    pub edited: bool,
    /// It takes an earlier message of this id back.
    pub deleted: bool,
    /// An agent made it from what somebody said.
    pub generated: bool,
}
