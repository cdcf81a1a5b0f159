//! The UDP sockets of one room: one for each peer connection and address family, bound when the server tells of an address
//! of that family; read in batches into one buffer, written at once or not at all.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

use agent_rtc_proto::UdpId;
use socket2::{Domain, SockRef, Type};
use tokio::net::UdpSocket;

/// No WebRTC packet is longer than an Ethernet frame.
const DATAGRAM_MAX: usize = 2048;

/// All sockets of a stay.
pub(crate) struct UdpSockets {
    sockets: Vec<Bound>,
    buffer: Box<[u8; DATAGRAM_MAX]>,
}

/// One socket. It is bound to a port of every address, and the route of each datagram chooses the address.
struct Bound {
    id: UdpId,
    socket: UdpSocket,
    /// What the socket is bound to: an address of its family, perhaps all of them, and its port.
    at: SocketAddr,
    /// Addresses of the server, each with ours towards it.
    ways: Vec<(IpAddr, IpAddr)>,
}

impl UdpSockets {
    pub(crate) fn new() -> Self {
        Self { sockets: Vec::new(), buffer: Box::new([0; DATAGRAM_MAX]) }
    }

    /// A way to `remote`, from `only` if there is such an address: ours on it. Binds a socket if there is none.
    pub(crate) fn open(
        &mut self,
        id: UdpId,
        remote: SocketAddr,
        only: Option<IpAddr>,
    ) -> io::Result<SocketAddr> {
        let ip = match only {
            Some(ip) if ip.is_ipv4() == remote.is_ipv4() => ip,
            Some(_) => return Err(io::ErrorKind::AddrNotAvailable.into()),
            None => local_ip_towards(remote)?,
        };
        let is_it = |bound: &Bound| bound.id == id && bound.at.is_ipv4() == remote.is_ipv4();
        let place = match self.sockets.iter().position(is_it) {
            Some(place) => place,
            None => {
                let (socket, at) = bind(only.unwrap_or_else(|| every_address_like(ip)))?;
                self.sockets.push(Bound { id, socket, at, ways: Vec::new() });
                self.sockets.len() - 1
            }
        };
        let bound = &mut self.sockets[place];
        bound.ways.retain(|(known, _)| *known != remote.ip());
        bound.ways.push((remote.ip(), ip));
        Ok(SocketAddr::new(ip, bound.at.port()))
    }

    pub(crate) fn close(&mut self) {
        self.sockets.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Sends from the socket whose port `from` has. A datagram that cannot be sent now is lost, as on any network.
    ///
    /// Past the runtime: it believes that a socket can be written to only after its first turn, and the first
    /// connectivity check would be lost to that, and with it 250 ms of every join.
    pub(crate) fn send(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> bool {
        let is_it = |bound: &&Bound| bound.at.port() == from.port() && bound.at.is_ipv4() == from.is_ipv4();
        let bound = self.sockets.iter().find(is_it);
        bound.is_some_and(|bound| SockRef::from(&bound.socket).send_to(bytes, &to.into()).is_ok())
    }

    /// Waits until the `nth` socket has something to read.
    pub(crate) fn poll_readable(&self, nth: usize, context: &mut Context<'_>) -> Poll<()> {
        match self.sockets.get(nth) {
            Some(bound) => bound.socket.poll_recv_ready(context).map(|_| ()),
            None => Poll::Pending,
        }
    }

    /// The next datagram of the `nth` socket: from, to and bytes. `None`: there is none now.
    pub(crate) fn receive(&mut self, nth: usize) -> Option<(SocketAddr, SocketAddr, &[u8])> {
        let bound = self.sockets.get(nth)?;
        loop {
            match bound.socket.try_recv_from(self.buffer.as_mut_slice()) {
                Ok((length, from)) => return Some((from, bound.local(from), &self.buffer[..length])),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                // An earlier datagram met a closed port: news of the past.
                Err(_) => {}
            }
        }
    }
}

impl Bound {
    /// Our address on the way to `remote`; of a stranger, on the newest way there is.
    fn local(&self, remote: SocketAddr) -> SocketAddr {
        let known = self.ways.iter().find(|(known, _)| *known == remote.ip()).or(self.ways.last());
        SocketAddr::new(known.map_or(self.at.ip(), |(_, ours)| *ours), self.at.port())
    }
}

/// The address of this host from which `remote` is reached: never the loopback's unless `remote` is on this host.
fn local_ip_towards(remote: SocketAddr) -> io::Result<IpAddr> {
    let probe = std::net::UdpSocket::bind((every_address_like(remote.ip()), 0))?;
    // Connecting a UDP socket sends nothing; it asks the routing table.
    probe.connect(remote)?;
    Ok(probe.local_addr()?.ip())
}

const fn every_address_like(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

fn bind(ip: IpAddr) -> io::Result<(UdpSocket, SocketAddr)> {
    let at = SocketAddr::new(ip, 0);
    let socket = socket2::Socket::new(Domain::for_address(at), Type::DGRAM, None)?;
    if at.is_ipv6() {
        // Datagrams of the other family have a socket of their own.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&at.into())?;
    let socket = UdpSocket::from_std(socket.into())?;
    let at = socket.local_addr()?;
    Ok((socket, at))
}

#[cfg(test)]
mod tests {
    use agent_rtc_proto::UdpId;

    use super::*;

    const FIRST: UdpId = UdpId::new(0);
    const SECOND: UdpId = UdpId::new(1);

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn what_is_sent_from_one_socket_is_read_from_the_other_until_there_is_no_more() {
        for loopback in ["127.0.0.1:9", "[::1]:9"] {
            let mut sockets = UdpSockets::new();
            let [first, second] =
                [FIRST, SECOND].map(|id| sockets.open(id, address(loopback), None).unwrap());
            assert!(first.ip().is_loopback() && first.port() != second.port(), "{first} {second}");
            for n in 0..3_u8 {
                assert!(sockets.send(first, second, &[n; 5]));
            }
            let mut seen = Vec::new();
            while seen.len() < 3 {
                std::future::poll_fn(|context| sockets.poll_readable(1, context)).await;
                while let Some((from, to, bytes)) = sockets.receive(1) {
                    assert_eq!((from, to), (first, second), "our address is the one on the way");
                    seen.push(bytes.to_vec());
                }
            }
            assert_eq!(seen, [[0; 5], [1; 5], [2; 5]]);
            assert!(!sockets.send(address("127.0.0.1:1"), second, b"x"), "no such socket");
        }
    }

    #[tokio::test]
    async fn a_connection_has_one_socket_for_each_family_whatever_addresses_the_server_has() {
        let mut sockets = UdpSockets::new();
        let four = sockets.open(FIRST, address("127.0.0.1:9"), None).unwrap();
        let again = sockets.open(FIRST, address("127.0.0.2:10"), None).unwrap();
        let six = sockets.open(FIRST, address("[::1]:9"), None).unwrap();
        assert_eq!((four.port(), sockets.len()), (again.port(), 2));
        assert!(six.is_ipv6() && six.ip().is_loopback());
        sockets.close();
        assert_eq!(sockets.len(), 0);
    }

    #[tokio::test]
    async fn an_address_elsewhere_is_not_reached_from_the_loopback_and_one_bound_to_has_its_family_alone() {
        let mut sockets = UdpSockets::new();
        // TEST-NET-1 (RFC 5737): nobody is there, and a host without a route says so.
        if let Ok(ours) = sockets.open(FIRST, address("192.0.2.1:9"), None) {
            assert!(!ours.ip().is_loopback(), "{ours}");
        }
        let only = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert!(sockets.open(SECOND, address("[::1]:9"), Some(only)).is_err());
        assert_eq!(sockets.open(SECOND, address("127.0.0.1:9"), Some(only)).unwrap().ip(), only);
    }
}
