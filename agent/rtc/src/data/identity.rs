//! Names on the data channel: streams and procedure requests, and whose they are.

use std::fmt;
use std::sync::Arc;

use agent_rtc_proto::{Identity, ParticipantSid};

/// A stream's id, unique for its sender.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(Arc<str>);

/// A procedure request's id, unique for its caller.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RpcId(Arc<str>);

/// One incoming stream: ids are chosen by senders, so the sender belongs to the name, and the stay that it is sent in:
/// one who comes later under the same identity does not write into it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey {
    /// Who sends.
    pub sender: Identity,
    /// In which stay, by the server's word; empty where a server does not say it. Of a stream that an agent sends in the
    /// name of another it is the agent's own.
    pub stay: ParticipantSid,
    /// Which of its streams.
    pub id: StreamId,
}

/// One incoming procedure request: ids are chosen by callers, so the caller belongs to the name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RpcKey {
    /// Who asks.
    pub caller: Identity,
    /// Which of its requests.
    pub id: RpcId,
}

macro_rules! name {
    ($name:ident) => {
        impl $name {
            /// The name as it is on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(name.into())
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(StreamId);
name!(RpcId);
