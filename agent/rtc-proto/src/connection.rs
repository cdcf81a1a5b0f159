//! One peer connection: a str0m `Rtc` that cannot be touched without being drained (R5), and its one offer (R1).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use livekit_protocol::SignalTarget;
use str0m::change::{SdpAnswer, SdpApi, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId, Reliability as ChannelReliability};
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::{Extension, ExtensionMap, ExtensionValues, RtpPacket, RtpWrite};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

use crate::counters::Counters;
use crate::input::{TcpId, Transport};
use crate::names::LocalTrack;
use crate::output::{Output as Order, Transmit};
use crate::red::RedWriter;
use crate::vocabulary::{AudioFormat, OutgoingAudio, Reliability};

/// All that data channels may have on its way at once, and so the most that can stand before an audio packet (R6).
pub(crate) const DATA_BUDGET: usize = 64 * 1024;

const RELIABLE_LABEL: &str = "_reliable";
const LOSSY_LABEL: &str = "_lossy";
/// Above this a frame counts as voice, for those who only look at that bit.
const VOICE_LEVEL: i8 = -60;
/// Candidates kept for a description that has not come yet. A server has a handful; more is an error or an attack.
const CANDIDATES_MAX: usize = 64;
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
        local: Option<SocketAddr>,
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
        if let Some(candidate) = local.and_then(|local| Candidate::host(local, Protocol::Udp).ok()) {
            connection.mutate(now, wire, |rtc| {
                rtc.add_local_candidate(candidate);
            });
        }
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
        if let Some(local) = self.tcp.local {
            self.pair_tcp(now, wire, local);
        }
    }
}

/// Candidates.
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
            Protocol::Udp if self.described => {
                self.mutate(now, wire, |rtc| rtc.add_remote_candidate(candidate))
            }
            Protocol::Udp if self.waiting.len() < CANDIDATES_MAX => self.waiting.push_back(candidate),
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

    /// Where to try TCP, unless it is being tried.
    pub(crate) fn tcp_to_open(&mut self, id: TcpId) -> Option<SocketAddr> {
        if self.tcp.open.is_some() || self.is_up() {
            return None;
        }
        let remote = self.tcp.remotes.first()?.addr();
        self.tcp.open = Some((id, remote));
        Some(remote)
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
            self.pair_tcp(now, wire, local);
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

    fn pair_tcp(&mut self, now: Instant, wire: &mut Wire<'_>, local: SocketAddr) {
        debug_assert_eq!(self.tcp.local, Some(local));
        let Some((_, remote)) = self.tcp.open else { return };
        if let Some(candidate) = self.tcp.remotes.iter().find(|candidate| candidate.addr() == remote).cloned()
            && self.described
        {
            self.mutate(now, wire, |rtc| rtc.add_remote_candidate(candidate));
        }
    }
}

/// Media and data.
impl Connection {
    /// Sends a frame of ours; it is on the wire when this returns. `false` if it cannot be sent.
    ///
    /// Where RED is agreed on it is what must be sent: the server takes the first format of a section for the track's.
    pub(crate) fn send_audio(
        &mut self,
        now: Instant,
        wire: &mut Wire<'_>,
        (mid, sequence, red): (Mid, u64, &mut RedWriter),
        audio: &OutgoingAudio<'_>,
    ) -> bool {
        let Some((opus_pt, red_pt)) = self.sending_formats(mid) else { return false };
        let (pt, payload) = match red_pt {
            Some(red_pt) => (red_pt, red.wrap(*opus_pt, audio.rtp_time, audio.payload)),
            None => (opus_pt, audio.payload),
        };
        let extensions = ExtensionValues {
            audio_level: audio.level,
            voice_activity: audio.level.map(|level| level > VOICE_LEVEL),
            ..ExtensionValues::default()
        };
        let write = RtpWrite::new(pt, sequence.into(), audio.rtp_time, now, payload)
            .marker(audio.talkspurt)
            .ext_vals(extensions);
        self.mutate(now, wire, |rtc| match rtc.direct_api().stream_tx_by_mid(mid, None) {
            Some(stream) => {
                stream.write_rtp(write);
                true
            }
            None => false,
        })
    }

    /// Opus, and RED if it was agreed on, of a section that sends.
    fn sending_formats(&self, mid: Mid) -> Option<(Pt, Option<Pt>)> {
        let media = self.rtc.media(mid).filter(|media| media.direction().is_sending())?;
        let params = self.rtc.codec_config().find(|params| media.remote_pts().contains(&params.pt()))?;
        Some((params.pt(), params.red()))
    }

    /// Hands a message to SCTP. `false` if it does not take it now.
    pub(crate) fn send_message(
        &mut self,
        now: Instant,
        wire: &mut Wire<'_>,
        way: Reliability,
        bytes: &[u8],
    ) -> bool {
        let Some(id) = self.channel(way) else { return false };
        self.mutate(now, wire, |rtc| match rtc.channel(id) {
            Some(mut channel) => channel.write(true, bytes).unwrap_or(false),
            None => false,
        })
    }

    /// Bytes of a channel that the other side has not acknowledged.
    pub(crate) fn unacknowledged(&mut self, now: Instant, wire: &mut Wire<'_>, way: Reliability) -> usize {
        let Some(id) = self.channel(way) else { return 0 };
        self.mutate(now, wire, |rtc| rtc.channel(id).map_or(0, |mut channel| channel.buffered_amount()))
    }

    /// Whether a channel is open.
    pub(crate) fn has_channel(&self, way: Reliability) -> bool {
        self.channel(way).is_some()
    }

    fn channel(&self, way: Reliability) -> Option<ChannelId> {
        match way {
            Reliability::Reliable => self.channels.reliable,
            Reliability::Lossy => self.channels.lossy,
        }
    }

    fn on_event(&mut self, event: Event, counters: &mut Counters) {
        match event {
            Event::RtpPacket(packet) => self.on_rtp(packet, counters),
            Event::ChannelData(data) => {
                let way = if self.channels.lossy == Some(data.id) {
                    Reliability::Lossy
                } else {
                    Reliability::Reliable
                };
                self.happened.push_back(Happened::Message(way, data.data));
            }
            Event::ChannelOpen(id, label) => {
                match label.as_str() {
                    RELIABLE_LABEL => self.channels.reliable = Some(id),
                    LOSSY_LABEL => self.channels.lossy = Some(id),
                    _ => {}
                }
                self.happened.push_back(Happened::StateChanged);
            }
            Event::ChannelClose(id) => {
                self.channels.reliable.take_if(|known| *known == id);
                self.channels.lossy.take_if(|known| *known == id);
            }
            Event::Connected => {
                self.secured = true;
                self.happened.push_back(Happened::StateChanged);
            }
            Event::IceConnectionStateChange(state) => {
                self.ice = state;
                self.happened.push_back(Happened::StateChanged);
            }
            Event::Closed => {
                self.dead = true;
                self.happened.push_back(Happened::StateChanged);
            }
            // Reports, video, statistics: nothing for a room that talks.
            _ => {}
        }
    }

    fn on_rtp(&mut self, packet: RtpPacket, counters: &mut Counters) {
        let Some(format) = self.format_of(packet.header.payload_type) else {
            counters.audio_in_unknown += 1;
            return;
        };
        let Some(mid) = self.mid_of(&packet) else {
            counters.audio_in_unknown += 1;
            return;
        };
        self.happened.push_back(Happened::Rtp(Heard {
            mid,
            format,
            sequence: packet.header.sequence_number,
            rtp_time: packet.header.timestamp,
            marker: packet.header.marker,
            payload: packet.payload,
            arrival: packet.timestamp,
        }));
    }

    fn format_of(&self, pt: Pt) -> Option<AudioFormat> {
        self.rtc.codec_config().params().iter().find_map(|params| match () {
            () if params.pt() == pt => Some(AudioFormat::Opus),
            () if params.red() == Some(pt) => Some(AudioFormat::Red),
            () => None,
        })
    }

    /// str0m knows the section of each stream; asked once a stream, remembered until the next description.
    fn mid_of(&mut self, packet: &RtpPacket) -> Option<Mid> {
        let ssrc = packet.header.ssrc;
        if let Some((_, mid)) = self.sources.iter().find(|(known, _)| *known == *ssrc) {
            return Some(*mid);
        }
        let mid = self.rtc.direct_api().stream_rx(&ssrc).map(|stream| stream.mid())?;
        self.sources.push((*ssrc, mid));
        Some(mid)
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
