//! The UDP sockets of one room: read in batches into one buffer, written at once or not at all.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::net::UdpSocket;

/// No WebRTC packet is longer than an Ethernet frame.
const DATAGRAM_MAX: usize = 2048;

/// One or two sockets, one for each peer connection.
pub(crate) struct UdpSockets {
    sockets: Vec<(UdpSocket, SocketAddr)>,
    buffer: Box<[u8; DATAGRAM_MAX]>,
}

impl UdpSockets {
    pub(crate) fn new() -> Self {
        Self { sockets: Vec::new(), buffer: Box::new([0; DATAGRAM_MAX]) }
    }

    /// Closes those there are and binds `n` new ones at `ip`.
    pub(crate) fn bind(&mut self, n: usize, ip: IpAddr) -> io::Result<Vec<SocketAddr>> {
        self.sockets.clear();
        for _ in 0..n {
            let socket = std::net::UdpSocket::bind((ip, 0))?;
            socket.set_nonblocking(true)?;
            let local = socket.local_addr()?;
            self.sockets.push((UdpSocket::from_std(socket)?, local));
        }
        Ok(self.sockets.iter().map(|(_, local)| *local).collect())
    }

    pub(crate) fn close(&mut self) {
        self.sockets.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Sends from the socket bound to `from`. A datagram that cannot be sent now is lost, as on any network.
    ///
    /// Past the runtime: it believes that a socket can be written to only after its first turn, and the first
    /// connectivity check would be lost to that, and with it 250 ms of every join.
    pub(crate) fn send(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> bool {
        let socket = self.sockets.iter().find(|(_, local)| *local == from);
        socket.is_some_and(|(socket, _)| SockRef::from(socket).send_to(bytes, &to.into()).is_ok())
    }

    /// Waits until the `nth` socket has something to read.
    pub(crate) fn poll_readable(&self, nth: usize, context: &mut Context<'_>) -> Poll<()> {
        match self.sockets.get(nth) {
            Some((socket, _)) => socket.poll_recv_ready(context).map(|_| ()),
            None => Poll::Pending,
        }
    }

    /// The next datagram of the `nth` socket: from, to and bytes. `None`: there is none now.
    pub(crate) fn receive(&mut self, nth: usize) -> Option<(SocketAddr, SocketAddr, &[u8])> {
        let (socket, local) = self.sockets.get(nth)?;
        loop {
            match socket.try_recv_from(self.buffer.as_mut_slice()) {
                Ok((length, from)) => return Some((from, *local, &self.buffer[..length])),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                // An earlier datagram met a closed port: news of the past.
                Err(_) => {}
            }
        }
    }
}

/// The address of this host from which `server` is reached.
pub(crate) fn local_ip_towards(server: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let probe = std::net::UdpSocket::bind((any, 0))?;
    // Connecting a UDP socket sends nothing; it asks the routing table.
    probe.connect(server)?;
    Ok(probe.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_sent_from_one_socket_is_read_from_the_other_until_there_is_no_more() {
        let mut sockets = UdpSockets::new();
        let loopback = local_ip_towards("127.0.0.1:9".parse().unwrap()).unwrap();
        assert!(loopback.is_loopback());
        let bound = sockets.bind(2, loopback).unwrap();
        for n in 0..3_u8 {
            assert!(sockets.send(bound[0], bound[1], &[n; 5]));
        }
        let mut seen = Vec::new();
        while seen.len() < 3 {
            std::future::poll_fn(|context| sockets.poll_readable(1, context)).await;
            while let Some((from, to, bytes)) = sockets.receive(1) {
                assert_eq!((from, to), (bound[0], bound[1]));
                seen.push(bytes.to_vec());
            }
        }
        assert_eq!(seen, [[0; 5], [1; 5], [2; 5]]);
        assert!(!sockets.send("127.0.0.1:1".parse().unwrap(), bound[1], b"x"), "no such socket");
    }
}
