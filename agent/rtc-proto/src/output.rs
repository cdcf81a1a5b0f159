//! What a room asks for and tells: orders to its shell, and what it has for its owner.

use std::net::SocketAddr;

use livekit_protocol::DataPacket;
use str0m::net::DatagramSend;

use crate::event::RoomEvent;
use crate::input::{TcpId, Transport, UdpId};
use crate::link::LinkRequest;
use crate::vocabulary::{AudioPacket, Reliability};

/// One order, or one thing for the owner.
#[derive(Debug)]
pub enum Output {
    /// Send these bytes, now.
    Transmit(Transmit),
    /// A packet was heard.
    Audio(AudioPacket),
    /// A data packet came.
    Data {
        /// Over which channel.
        reliability: Reliability,
        /// What.
        packet: Box<DataPacket>,
    },
    /// News.
    Event(RoomEvent),
    /// Open a link, and close the one that is open. Answer with `LinkOpened` or `LinkFailed`.
    OpenLink(Box<LinkRequest>),
    /// Send a binary message over the open link.
    SendSignal(Vec<u8>),
    /// Send what is queued on the link, then close it. No answer.
    CloseLink,
    /// Find a way over UDP to this address of the server: a socket of its family, and which address of ours it is reached
    /// from. Only its route tells that: signals may go to another host, over another family, through something on this one.
    /// The same socket serves all addresses of a family with the same id, and no other id: the server tells its clients,
    /// and a client's two peer connections, apart by the address they send from. Answer with `UdpOpened` or `UdpFailed`.
    OpenUdp {
        /// For which connection.
        id: UdpId,
        /// To where.
        remote: SocketAddr,
    },
    /// Close all UDP sockets: the stay that they served is over. No answer.
    CloseUdp,
    /// Open a TCP connection for media. Answer with `TcpOpened` or `TcpClosed`.
    OpenTcp {
        /// Which.
        id: TcpId,
        /// To where.
        remote: SocketAddr,
    },
    /// Close a TCP connection. No answer.
    CloseTcp(TcpId),
}

/// Bytes for a socket.
pub struct Transmit {
    /// Which kind.
    pub transport: Transport,
    /// Our address.
    pub from: SocketAddr,
    /// The server's.
    pub to: SocketAddr,
    /// What, without TCP framing.
    pub bytes: DatagramSend,
}

impl std::fmt::Debug for Transmit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transmit({:?} to {}, {} bytes)", self.transport, self.to, self.bytes.len())
    }
}
