//! Ways to the server: its candidates, our addresses towards them, and the TCP connection that is tried when UDP does not get through.

use std::net::SocketAddr;
use std::time::Instant;

use str0m::Candidate;
use str0m::net::{Protocol, TcpType};

use super::{Connection, Wire};
use crate::input::{TcpId, UdpId};
use crate::output::Output as Order;

/// Candidates kept for a description that has not come yet. A server has a handful; more is an error or an attack.
const CANDIDATES_MAX: usize = 64;

impl Connection {
    /// A candidate of the server.
    pub(crate) fn on_candidate(&mut self, now: Instant, wire: &mut Wire<'_>, candidate: &str, udp: bool) {
        let candidate = candidate.strip_prefix("a=").unwrap_or(candidate);
        let Ok(candidate) = Candidate::from_sdp_string(candidate) else {
            wire.counters.malformed_candidates += 1;
            return;
        };
        match candidate.proto() {
            Protocol::Udp if !udp => {}
            Protocol::Udp if self.udp.reached.contains(&candidate.addr()) => {
                self.on_reached(now, wire, candidate);
            }
            Protocol::Udp if self.udp.sought.len() + self.udp.reached.len() < CANDIDATES_MAX => {
                let (id, remote) = (self.udp.id, candidate.addr());
                self.udp.sought.push(candidate);
                wire.orders.push_back(Order::OpenUdp { id, remote });
            }
            Protocol::Tcp
                if candidate.tcptype() != Some(TcpType::Active)
                    && self.tcp.remotes.len() < CANDIDATES_MAX =>
            {
                if !self.tcp.remotes.iter().any(|known| known.addr() == candidate.addr()) {
                    self.tcp.remotes.push(candidate);
                }
            }
            Protocol::Udp | Protocol::Tcp => wire.counters.malformed_candidates += 1,
            // Not spoken here.
            Protocol::SslTcp | Protocol::Tls => {}
        }
    }

    pub(crate) fn udp_id(&self) -> UdpId {
        self.udp.id
    }

    pub(crate) fn owns_udp(&self, local: SocketAddr) -> bool {
        self.udp.locals.contains(&local)
    }

    /// There is a way to a candidate of the server: with our address on it, the two make a pair.
    pub(crate) fn on_udp_opened(
        &mut self,
        now: Instant,
        wire: &mut Wire<'_>,
        remote: SocketAddr,
        local: SocketAddr,
    ) {
        let Some(at) = self.udp.sought.iter().position(|candidate| candidate.addr() == remote) else {
            return;
        };
        let candidate = self.udp.sought.remove(at);
        self.udp.reached.push(remote);
        if !self.udp.locals.contains(&local)
            && let Ok(ours) = Candidate::host(local, Protocol::Udp)
        {
            self.udp.locals.push(local);
            self.mutate(now, wire, |rtc| {
                rtc.add_local_candidate(ours);
            });
        }
        self.on_reached(now, wire, candidate);
    }

    /// There is no way to a candidate of the server. It can be told again.
    pub(crate) fn on_udp_failed(&mut self, remote: SocketAddr) {
        self.udp.sought.retain(|candidate| candidate.addr() != remote);
    }

    /// A candidate that can be tried, now or as soon as the connection is described.
    fn on_reached(&mut self, now: Instant, wire: &mut Wire<'_>, candidate: Candidate) {
        if self.described {
            self.mutate(now, wire, |rtc| rtc.add_remote_candidate(candidate));
        } else if self.waiting.len() < CANDIDATES_MAX {
            self.waiting.push_back(candidate);
        }
    }

    /// Where to try TCP, unless it is being tried.
    pub(crate) fn tcp_to_open(&mut self, id: TcpId) -> Option<SocketAddr> {
        if self.tcp.open.is_some() || self.is_up() {
            return None;
        }
        let remote = self.tcp.remotes.first()?.addr();
        self.tcp.open = Some((id, remote));
        Some(remote)
    }

    /// Gives up the TCP connection that is tried, if there is another candidate and media does not flow. Close it.
    pub(crate) fn rotate_tcp(&mut self, now: Instant, wire: &mut Wire<'_>) -> Option<TcpId> {
        if self.is_up() || self.tcp.remotes.len() < 2 {
            return None;
        }
        let id = self.tcp_id()?;
        self.on_tcp_closed(now, wire);
        Some(id)
    }

    /// How many addresses there are to try.
    pub(crate) fn n_tcp_candidates(&self) -> u32 {
        self.tcp.remotes.len() as u32
    }

    pub(crate) fn tcp_id(&self) -> Option<TcpId> {
        self.tcp.open.map(|(id, _)| id)
    }

    pub(crate) fn owns_tcp(&self, local: SocketAddr) -> bool {
        self.tcp.local == Some(local)
    }

    pub(crate) fn on_tcp_opened(&mut self, now: Instant, wire: &mut Wire<'_>, local: SocketAddr) {
        self.tcp.local = Some(local);
        if let Ok(candidate) = Candidate::builder().tcp().host(local).tcptype(TcpType::Active).build() {
            self.mutate(now, wire, |rtc| {
                rtc.add_local_candidate(candidate);
            });
            self.pair_tcp(now, wire);
        }
    }

    /// The connection broke: it can be tried again, at another address first if there is one.
    pub(crate) fn on_tcp_closed(&mut self, now: Instant, wire: &mut Wire<'_>) {
        self.tcp.open = None;
        if let Some(local) = self.tcp.local.take()
            && let Ok(candidate) = Candidate::builder().tcp().host(local).tcptype(TcpType::Active).build()
        {
            self.mutate(now, wire, |rtc| rtc.direct_api().invalidate_candidate(&candidate));
        }
        if !self.tcp.remotes.is_empty() {
            self.tcp.remotes.rotate_left(1);
        }
    }

    pub(super) fn pair_tcp(&mut self, now: Instant, wire: &mut Wire<'_>) {
        let Some((_, remote)) = self.tcp.open else { return };
        if let Some(candidate) = self.tcp.remotes.iter().find(|candidate| candidate.addr() == remote).cloned()
            && self.described
        {
            self.mutate(now, wire, |rtc| rtc.add_remote_candidate(candidate));
        }
    }
}
