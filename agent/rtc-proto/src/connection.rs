//! One peer connection: a str0m `Rtc` that cannot be touched without being drained (R5), and its one offer (R1).

mod candidates;
mod flow;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use livekit_protocol::SignalTarget;
use str0m::change::{SdpAnswer, SdpApi, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId, Reliability as ChannelReliability};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, ExtensionMap};
use str0m::{Candidate, IceConnectionState, Input, Output, Rtc};

use crate::counters::Counters;
use crate::input::{TcpId, Transport, UdpId};
use crate::names::LocalTrack;
use crate::output::{Output as Order, Transmit};
use crate::vocabulary::{AudioFormat, Reliability};

/// All that data channels may have on its way at once, and so the most that can stand before an audio packet (R6).
pub(crate) const DATA_BUDGET: usize = 64 * 1024;

const RELIABLE_LABEL: &str = "_reliable";
const LOSSY_LABEL: &str = "_lossy";
/// Drains in one settling. str0m needs two or three; the bound keeps an error there from stopping the thread.
const SETTLE_MAX: usize = 64;

/// One of the at most two connections of a stay.
pub(crate) struct Connection {
    rtc: Rtc,
    target: SignalTarget,
    offer: Option<OfferInFlight>,
    next_offer: u32,
    described: bool,
    waiting: VecDeque<Candidate>,
    udp: Udp,
    tcp: Tcp,
    channels: Channels,
    receivers: Vec<Mid>,
    sources: Vec<(u32, Mid)>,
    ice: IceConnectionState,
    secured: bool,
    dead: bool,
    timeout: Instant,
    happened: VecDeque<Happened>,
}

/// Something that came out of a connection and is for the room to judge.
#[derive(Debug)]
pub(crate) enum Happened {
    /// A packet was heard.
    Rtp(Heard),
    /// A message came over a data channel.
    Message(Reliability, Vec<u8>),
    /// ICE and DTLS have moved: ask the connection how it is.
    StateChanged,
}

/// A packet heard, before it is known whose it is.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) mid: Mid,
    pub(crate) format: AudioFormat,
    pub(crate) sequence: u16,
    pub(crate) rtp_time: u32,
    pub(crate) marker: bool,
    pub(crate) payload: Arc<[u8]>,
    pub(crate) arrival: Instant,
}

/// What an offer changes, applied when it is answered.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Tracks of ours that need a section: with the stream and track id it shall carry.
    pub(crate) publish: Vec<(LocalTrack, String, String)>,
    /// Sections whose track is gone.
    pub(crate) retire: Vec<Mid>,
    /// Further sections to hear with.
    pub(crate) n_receivers: u32,
    /// Whether the sections there are have to be offered again, although nothing changes in them.
    pub(crate) show_receivers: bool,
    /// Whether ICE shall start anew.
    pub(crate) restart_ice: bool,
}

struct OfferInFlight {
    id: u32,
    sdp: String,
    pending: SdpPendingOffer,
    published: Vec<(LocalTrack, Mid)>,
    receivers: Vec<Mid>,
}

#[derive(Default)]
struct Channels {
    reliable: Option<ChannelId>,
    lossy: Option<ChannelId>,
}

/// The ways over UDP.
struct Udp {
    id: UdpId,
    /// Candidates of the server to which a way is being sought.
    sought: Vec<Candidate>,
    /// Addresses of the server to which there is one.
    reached: Vec<SocketAddr>,
    /// Our addresses on these ways.
    locals: Vec<SocketAddr>,
}

/// The way over TCP: candidates of the server, and the one connection that is tried.
#[derive(Default)]
struct Tcp {
    remotes: Vec<Candidate>,
    open: Option<(TcpId, SocketAddr)>,
    local: Option<SocketAddr>,
}

/// Why a description was not applied.
#[derive(Debug)]
pub(crate) enum DescriptionError {
    /// It is not SDP.
    Malformed,
    /// It is SDP that does not fit what there is: the two sides do not agree any longer.
    Unfit,
    /// No offer of this id waits for an answer.
    Unexpected,
}

impl Connection {
    pub(crate) fn new(
        now: Instant,
        wire: &mut Wire<'_>,
        target: SignalTarget,
        udp: UdpId,
        first_offer: u32,
    ) -> Self {
        let mut extensions = ExtensionMap::empty();
        extensions.set(1, Extension::AudioLevel);
        extensions.set(4, Extension::RtpMid);
        let mut config = Rtc::builder()
            .clear_codecs()
            .enable_opus(true, true)
            .set_rtp_mode(true)
            .set_extension_map(extensions)
            .set_pause_threshold(Duration::from_secs(24 * 3600))
            .set_sctp_max_buffered_amount(DATA_BUDGET);
        // Lost after about 10 s without an answer, not 30: 250 + 500 + 1000 + 2000 + 3000 ms.
        config.set_max_stun_retransmits(5);
        let mut connection = Self {
            rtc: config.build(now),
            target,
            offer: None,
            next_offer: first_offer,
            described: false,
            waiting: VecDeque::new(),
            udp: Udp { id: udp, sought: Vec::new(), reached: Vec::new(), locals: Vec::new() },
            tcp: Tcp::default(),
            channels: Channels::default(),
            receivers: Vec::new(),
            sources: Vec::new(),
            ice: IceConnectionState::New,
            secured: false,
            dead: false,
            timeout: now,
            happened: VecDeque::new(),
        };
        // ICE keeps no time before it was told one: candidates that come then would wait for something else to happen.
        if connection.rtc.handle_input(Input::Timeout(now)).is_err() {
            wire.counters.malformed_datagrams += 1;
        }
        connection.drain(wire);
        connection
    }

    pub(crate) fn target(&self) -> SignalTarget {
        self.target
    }

    /// When str0m wants to be called; far away when it wants nothing.
    pub(crate) fn timeout(&self) -> Instant {
        self.timeout
    }

    /// Whether media flows.
    pub(crate) fn is_up(&self) -> bool {
        !self.dead && self.secured && self.ice.is_connected()
    }

    /// Whether media flowed and has stopped.
    pub(crate) fn is_lost(&self) -> bool {
        self.dead || (self.secured && self.ice.is_disconnected())
    }

    /// Whether no resume can help.
    pub(crate) fn is_dead(&self) -> bool {
        self.dead
    }

    pub(crate) fn has_offer_in_flight(&self) -> bool {
        self.offer.is_some()
    }

    pub(crate) fn take_happened(&mut self) -> Option<Happened> {
        self.happened.pop_front()
    }
}

/// Mutations: each ends in a drain.
impl Connection {
    /// The only way to the `Rtc`: what `change` does is drained, and what is due is done, before anything else (R5).
    fn mutate<R>(&mut self, now: Instant, wire: &mut Wire<'_>, change: impl FnOnce(&mut Rtc) -> R) -> R {
        let result = change(&mut self.rtc);
        self.drain(wire);
        for _ in 0..SETTLE_MAX {
            if self.timeout > now {
                break;
            }
            if self.rtc.handle_input(Input::Timeout(now)).is_err() {
                wire.counters.malformed_datagrams += 1;
            }
            self.drain(wire);
        }
        result
    }

    fn drain(&mut self, wire: &mut Wire<'_>) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(timeout)) => {
                    self.timeout = timeout;
                    break;
                }
                Ok(Output::Transmit(transmit)) => wire.transmit(transmit),
                Ok(Output::Event(event)) => self.on_event(event, wire.counters),
                // Errors come from what the other side sent. str0m says by `is_alive` whether it can go on.
                Err(_) => {
                    wire.counters.malformed_datagrams += 1;
                    if !self.rtc.is_alive() {
                        break;
                    }
                }
            }
        }
        if !self.rtc.is_alive() && !self.dead {
            self.dead = true;
            self.happened.push_back(Happened::StateChanged);
        }
    }

    pub(crate) fn on_timeout(&mut self, now: Instant, wire: &mut Wire<'_>) {
        if self.timeout <= now {
            self.mutate(now, wire, |_| ());
        }
    }

    pub(crate) fn on_datagram(
        &mut self,
        now: Instant,
        wire: &mut Wire<'_>,
        (transport, from, to): (Transport, SocketAddr, SocketAddr),
        bytes: &[u8],
    ) {
        let protocol = match transport {
            Transport::Udp => Protocol::Udp,
            Transport::Tcp => Protocol::Tcp,
        };
        let Ok(receive) = Receive::new(protocol, from, to, bytes) else {
            wire.counters.malformed_datagrams += 1;
            return;
        };
        if self.mutate(now, wire, |rtc| rtc.handle_input(Input::Receive(now, receive))).is_err() {
            wire.counters.malformed_datagrams += 1;
        }
    }

    /// Says goodbye on the media path. What there is to send is drained; nothing comes after it.
    pub(crate) fn close(&mut self, now: Instant, wire: &mut Wire<'_>) {
        // An error here means that there was nothing to say goodbye to.
        let _ = self.mutate(now, wire, Rtc::close);
        self.dead = true;
    }
}

/// Offers and answers.
impl Connection {
    /// Asks for the two data channels; they are in the next offer.
    fn add_channels(api: &mut SdpApi<'_>) {
        api.add_channel(RELIABLE_LABEL.into());
        api.add_channel_with_config(ChannelConfig {
            label: LOSSY_LABEL.into(),
            ordered: false,
            reliability: ChannelReliability::MaxRetransmits { retransmits: 0 },
            ..ChannelConfig::default()
        });
    }

    /// An offer with these changes, or `None` when they change nothing. One at a time (R1): ask
    /// [`Connection::has_offer_in_flight`] before.
    pub(crate) fn offer(
        &mut self,
        now: Instant,
        wire: &mut Wire<'_>,
        changes: &Changes,
    ) -> Option<(u32, String)> {
        debug_assert!(self.offer.is_none(), "R1: one offer in flight per connection");
        let is_first = !self.described;
        let receivers = self.receivers.clone();
        let mut published = Vec::new();
        let mut added = Vec::new();
        let offered = self.mutate(now, wire, |rtc| {
            let mut api = rtc.sdp_api();
            if is_first {
                Self::add_channels(&mut api);
            }
            for (track, stream, id) in &changes.publish {
                let (stream, id) = (Some(stream.clone()), Some(id.clone()));
                let mid = api.add_media(MediaKind::Audio, Direction::SendOnly, stream, id, None);
                published.push((*track, mid));
            }
            for mid in &changes.retire {
                api.set_direction(*mid, Direction::Inactive);
            }
            // The last answer made those inactive that carry nothing: offered again, they are used again.
            for mid in &receivers {
                if changes.show_receivers {
                    // str0m makes an offer of changes only; there and back is one.
                    api.set_direction(*mid, Direction::Inactive);
                }
                api.set_direction(*mid, Direction::RecvOnly);
            }
            for _ in 0..changes.n_receivers {
                added.push(api.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None));
            }
            if changes.restart_ice && !is_first {
                api.ice_restart(true);
            }
            api.apply()
        });
        let (offer, pending) = offered?;
        let id = self.next_offer;
        self.next_offer = self.next_offer.wrapping_add(1).max(1);
        let sdp = offer.to_sdp_string();
        self.offer = Some(OfferInFlight { id, sdp: sdp.clone(), pending, published, receivers: added });
        wire.counters.offers += 1;
        Some((id, sdp))
    }

    /// Applies an answer. Returns the sections that our tracks got.
    pub(crate) fn on_answer(
        &mut self,
        now: Instant,
        wire: &mut Wire<'_>,
        id: u32,
        sdp: &str,
    ) -> Result<Vec<(LocalTrack, Mid)>, DescriptionError> {
        // Servers before the ids answer with 0.
        let Some(offer) = self.offer.take_if(|offer| offer.id == id || id == 0) else {
            return Err(DescriptionError::Unexpected);
        };
        let Ok(answer) = SdpAnswer::from_sdp_string(sdp) else {
            self.offer = Some(offer);
            return Err(DescriptionError::Malformed);
        };
        let accepted = self.mutate(now, wire, |rtc| rtc.sdp_api().accept_answer(offer.pending, answer));
        accepted.map_err(|_| DescriptionError::Unfit)?;
        self.receivers.extend(offer.receivers);
        self.on_described(now, wire);
        Ok(offer.published)
    }

    /// Applies an offer of the server, and gives the answer.
    pub(crate) fn on_offer(
        &mut self,
        now: Instant,
        wire: &mut Wire<'_>,
        sdp: &str,
    ) -> Result<String, DescriptionError> {
        let offer = SdpOffer::from_sdp_string(sdp).map_err(|_| DescriptionError::Malformed)?;
        let answer = self.mutate(now, wire, |rtc| rtc.sdp_api().accept_offer(offer));
        let answer = answer.map_err(|_| DescriptionError::Unfit)?;
        self.on_described(now, wire);
        Ok(answer.to_sdp_string())
    }

    /// The offer in flight, to be said again: its answer was lost or could not be read. The same one, for the server
    /// may have made its changes.
    pub(crate) fn repeat_offer(&self) -> Option<(u32, String)> {
        self.offer.as_ref().map(|offer| (offer.id, offer.sdp.clone()))
    }

    /// Whether a section carries sound to us.
    pub(crate) fn is_receiving(&self, mid: Mid) -> bool {
        self.rtc.media(mid).is_some_and(|media| media.direction().is_receiving())
    }

    fn on_described(&mut self, now: Instant, wire: &mut Wire<'_>) {
        self.described = true;
        self.sources.clear();
        while let Some(candidate) = self.waiting.pop_front() {
            self.mutate(now, wire, |rtc| rtc.add_remote_candidate(candidate));
        }
        // An ICE restart forgets the server's candidates; an open TCP connection stays a way.
        if self.tcp.local.is_some() {
            self.pair_tcp(now, wire);
        }
    }
}

/// Where a connection puts what it sends and counts.
pub(crate) struct Wire<'a> {
    pub(crate) orders: &'a mut VecDeque<Order>,
    pub(crate) counters: &'a mut Counters,
}

impl Wire<'_> {
    fn transmit(&mut self, transmit: str0m::net::Transmit) {
        let transport = match transmit.proto {
            Protocol::Udp => Transport::Udp,
            Protocol::Tcp => Transport::Tcp,
            // No such candidate is ever added.
            Protocol::SslTcp | Protocol::Tls => return,
        };
        self.counters.datagrams_out += 1;
        self.orders.push_back(Order::Transmit(Transmit {
            transport,
            from: transmit.source,
            to: transmit.destination,
            bytes: transmit.contents,
        }));
    }
}
