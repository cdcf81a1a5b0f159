//! The errors of remote procedures, as the protocol numbers them.

use std::borrow::Cow;

use livekit_protocol as proto;

use super::PACKET_PAYLOAD_BYTES;
use crate::data::cut;

/// The longest message on the wire.
const MESSAGE_BYTES: usize = 256;

/// Why a procedure gave no answer. Codes 1001–1999 are the protocol's; an application takes others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct RpcError {
    /// The code.
    pub code: u32,
    /// What a person reads; at most 256 bytes of it are sent.
    pub message: Cow<'static, str>,
    /// What a program reads; at most 15 KiB of it are sent.
    pub data: String,
}

impl RpcError {
    /// The method is not one that the recipient serves.
    pub const UNSUPPORTED_METHOD: Self = Self::built_in(1400, "method not supported at destination");
    /// The request is of a form that the recipient does not know.
    pub const UNSUPPORTED_VERSION: Self = Self::built_in(1404, "unsupported RPC version");
    /// The procedure failed at the recipient.
    pub const APPLICATION: Self = Self::built_in(1500, "application error in method handler");
    /// No acknowledgement came.
    pub const CONNECTION_TIMEOUT: Self = Self::built_in(1501, "connection timeout");
    /// No answer came.
    pub const RESPONSE_TIMEOUT: Self = Self::built_in(1502, "response timeout");
    /// The recipient has left, or the room is over.
    pub const RECIPIENT_DISCONNECTED: Self = Self::built_in(1503, "recipient disconnected");
    /// The answer is longer than a packet, and the caller does not take streams.
    pub const RESPONSE_TOO_LARGE: Self = Self::built_in(1504, "response payload too large");

    const fn built_in(code: u32, message: &'static str) -> Self {
        Self { code, message: Cow::Borrowed(message), data: String::new() }
    }

    pub(super) fn from_wire(error: proto::RpcError) -> Self {
        Self { code: error.code, message: error.message.into(), data: error.data }
    }

    pub(super) fn into_wire(self) -> proto::RpcError {
        let head = |text: &str, limit| cut::text_pieces(text, limit).next().unwrap_or_default().to_owned();
        proto::RpcError {
            code: self.code,
            message: head(&self.message, MESSAGE_BYTES),
            data: head(&self.data, PACKET_PAYLOAD_BYTES),
        }
    }
}
