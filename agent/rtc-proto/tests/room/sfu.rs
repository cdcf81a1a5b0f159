//! The scripted server: what a LiveKit server of one peer connection does, as far as one client can see it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use agent_rtc_proto::Transport;
use agent_rtc_proto::protocol::signal_request::Message as Asked;
use agent_rtc_proto::protocol::signal_response::Message as Say;
use agent_rtc_proto::protocol::{
    DataPacket, JoinResponse, LeaveRequest, MediaSectionsRequirement, ParticipantInfo, ParticipantUpdate,
    Pong, ReconnectResponse, RoomUpdate, SessionDescription, SignalRequest, SignalResponse, TrackInfo,
    TrackPublishedResponse, leave_request::Action,
};
use prost::Message;
use str0m::change::SdpOffer;
use str0m::channel::ChannelId;
use str0m::media::Mid;
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc};

const TCP_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 7881);

/// One server, with one client.
pub(crate) struct Sfu {
    pub(crate) rtc: Rtc,
    pub(crate) address: SocketAddr,
    /// Where it listens for media over TCP.
    pub(crate) tcp_address: SocketAddr,
    pub(crate) timeout: Instant,
    /// Signals for the client.
    pub(crate) says: Vec<Vec<u8>>,
    /// Everything the client asked for, over all stays.
    pub(crate) asked: Vec<Asked>,
    /// What it heard of the client: RTP time and payload.
    pub(crate) heard: Vec<(u32, Vec<u8>)>,
    /// Data packets of the client, by channel label.
    pub(crate) data: Vec<(String, DataPacket)>,
    pub(crate) channels: BTreeMap<String, ChannelId>,
    /// Offers that are not answered yet; more than one at a time breaks R1.
    pub(crate) unanswered: Vec<SessionDescription>,
    pub(crate) offers_at_once_max: usize,
    /// Whether offers are answered by themselves.
    pub(crate) answers: bool,
    /// Whether pings are answered.
    pub(crate) answers_pings: bool,
    /// What other participants publish: track sid, and the section that carries it.
    pub(crate) carried: BTreeMap<String, Option<Mid>>,
    /// Who else is there, and what they publish.
    pub(crate) present: BTreeMap<String, String>,
    /// Who has gone since the client came, as the server remembers it: with the reconnect it tells of them first.
    gone: Vec<ParticipantInfo>,
    pub(crate) stays: u32,
    /// Links opened, over all stays.
    links: u32,
    /// Tracks that the client told of: in which stay, on which link, which.
    pub(crate) announced: Vec<(u32, u32, String)>,
    sections: Vec<Mid>,
    undelivered: Vec<(Transport, SocketAddr, Vec<u8>)>,
    sequence: u64,
}

impl Sfu {
    pub(crate) fn new(now: Instant) -> Self {
        let address = "10.0.0.1:7882".parse().unwrap();
        Self {
            rtc: connection(address, now),
            address,
            tcp_address: TCP_ADDRESS,
            timeout: now,
            says: Vec::new(),
            asked: Vec::new(),
            heard: Vec::new(),
            data: Vec::new(),
            channels: BTreeMap::new(),
            unanswered: Vec::new(),
            offers_at_once_max: 0,
            answers: true,
            answers_pings: true,
            carried: BTreeMap::new(),
            present: BTreeMap::new(),
            gone: Vec::new(),
            stays: 0,
            links: 0,
            announced: Vec::new(),
            sections: Vec::new(),
            undelivered: Vec::new(),
            sequence: 1,
        }
    }

    pub(crate) fn say(&mut self, message: Say) {
        self.says.push(SignalResponse { message: Some(message) }.encode_to_vec());
    }

    pub(crate) fn say_leave(&mut self, action: Action) {
        self.say(Say::Leave(LeaveRequest { action: action as i32, ..LeaveRequest::default() }));
    }

    /// Closes DTLS in order, as a server does that ends a stay.
    pub(crate) fn end_media(&mut self) {
        self.rtc.close().unwrap();
    }

    /// The client comes: a new stay.
    pub(crate) fn on_join(&mut self, now: Instant, offer: Option<SessionDescription>) {
        self.stays += 1;
        self.links += 1;
        self.rtc = connection(self.address, now);
        self.timeout = now;
        self.channels.clear();
        self.unanswered.clear();
        self.carried.clear();
        self.present.clear();
        self.gone.clear();
        self.sections.clear();
        self.undelivered.clear();
        let me = participant(&format!("PA_{}", self.stays), "agent", &[]);
        self.say(Say::Join(JoinResponse {
            participant: Some(me),
            room: Some(agent_rtc_proto::protocol::Room { name: "room".into(), ..Default::default() }),
            ping_interval: 5,
            ping_timeout: 15,
            ..JoinResponse::default()
        }));
        if let Some(offer) = offer {
            self.on_offer(now, offer);
        }
    }

    /// The client comes back to its stay: an answer, those who have gone, everybody, the room.
    pub(crate) fn on_resume(&mut self, last_message_seq: u32) {
        self.links += 1;
        self.unanswered.clear();
        self.say(Say::Reconnect(ReconnectResponse { last_message_seq, ..ReconnectResponse::default() }));
        if !self.gone.is_empty() {
            self.say(Say::Update(ParticipantUpdate { participants: self.gone.clone() }));
        }
        let others = self.present.iter().map(|(identity, sid)| publisher(identity, sid));
        let us = participant(&format!("PA_{}", self.stays), "agent", &[]);
        self.say(Say::Update(ParticipantUpdate { participants: others.chain([us]).collect() }));
        let room = agent_rtc_proto::protocol::Room { name: "room".into(), ..Default::default() };
        self.say(Say::RoomUpdate(RoomUpdate { room: Some(room) }));
    }

    /// Somebody publishes a track.
    pub(crate) fn publish(&mut self, identity: &str, sid: &str) {
        self.present.insert(identity.into(), sid.into());
        self.say(Say::Update(ParticipantUpdate { participants: vec![publisher(identity, sid)] }));
    }

    /// Somebody goes, with its tracks.
    pub(crate) fn go(&mut self, identity: &str, sid: &str) {
        self.vanish(identity, sid);
        let mut other = participant(&format!("PA_{identity}"), identity, &[]);
        other.state = 3;
        self.gone.push(other.clone());
        self.say(Say::Update(ParticipantUpdate { participants: vec![other] }));
    }

    /// Somebody goes, and the server forgets to tell.
    pub(crate) fn vanish(&mut self, identity: &str, sid: &str) {
        self.carried.remove(sid);
        self.present.remove(identity);
    }

    pub(crate) fn on_signal(&mut self, now: Instant, bytes: &[u8]) {
        let asked = SignalRequest::decode(bytes).unwrap().message.unwrap();
        self.asked.push(asked.clone());
        match asked {
            Asked::Offer(offer) => self.on_offer(now, offer),
            Asked::AddTrack(request) => {
                self.announced.push((self.stays, self.links, request.cid.clone()));
                let track =
                    TrackInfo { sid: format!("TR_{}_{}", self.stays, request.cid), ..TrackInfo::default() };
                self.say(Say::TrackPublished(TrackPublishedResponse {
                    cid: request.cid,
                    track: Some(track),
                }));
            }
            Asked::Subscription(update) => {
                for sid in update.track_sids {
                    if update.subscribe {
                        self.carried.insert(sid, None);
                    } else {
                        self.carried.remove(&sid);
                    }
                }
                self.require_sections();
            }
            Asked::PingReq(ping) if self.answers_pings => {
                self.say(Say::PongResp(Pong { last_ping_timestamp: ping.timestamp, timestamp: 0 }));
            }
            Asked::SyncState(state) => {
                for sid in state.subscription.expect("the server reads it").track_sids {
                    if self.present.values().any(|published| *published == sid) {
                        self.carried.entry(sid).or_default();
                    }
                }
                self.require_sections();
            }
            _ => {}
        }
    }

    fn free_sections(&self) -> Vec<Mid> {
        let used: Vec<Mid> = self.carried.values().flatten().copied().collect();
        self.sections.iter().filter(|mid| !used.contains(mid)).copied().collect()
    }

    fn require_sections(&mut self) {
        let waiting = self.carried.values().filter(|mid| mid.is_none()).count();
        if waiting > 0 {
            let missing = waiting.saturating_sub(self.free_sections().len());
            let required =
                MediaSectionsRequirement { num_audios: u32::try_from(missing).unwrap(), num_videos: 0 };
            self.say(Say::MediaSectionsRequirement(required));
        }
    }

    fn on_offer(&mut self, now: Instant, offer: SessionDescription) {
        self.unanswered.push(offer);
        self.offers_at_once_max = self.offers_at_once_max.max(self.unanswered.len());
        if self.answers {
            self.answer(now);
        }
    }

    /// Answers the oldest offer.
    pub(crate) fn answer(&mut self, now: Instant) {
        if self.unanswered.is_empty() {
            return;
        }
        let offer = self.unanswered.remove(0);
        let sdp = self.rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(&offer.sdp).unwrap()).unwrap();
        self.undelivered = self.drain(now);
        self.sections = sections_to_send(&offer.sdp);
        let mut free = self.free_sections();
        for mid in self.carried.values_mut().filter(|mid| mid.is_none()) {
            *mid = free.pop();
        }
        let unused = self.free_sections();
        self.say(Say::Answer(SessionDescription {
            r#type: "answer".into(),
            id: offer.id,
            sdp: without_tcp(&with_inactive(&sdp.to_sdp_string(), &unused)),
            mid_to_track_id: self
                .carried
                .iter()
                .filter_map(|(sid, mid)| Some((mid.as_ref()?.to_string(), sid.clone())))
                .collect(),
        }));
    }

    pub(crate) fn on_datagram(&mut self, now: Instant, transport: Transport, from: SocketAddr, bytes: &[u8]) {
        let (protocol, to) = match transport {
            Transport::Udp => (Protocol::Udp, self.address),
            Transport::Tcp => (Protocol::Tcp, self.tcp_address),
        };
        let receive = Receive::new(protocol, from, to, bytes).unwrap();
        self.rtc.handle_input(Input::Receive(now, receive)).unwrap();
        self.undelivered = self.drain(now);
    }

    /// Everything the connection has to send; what it has heard is noted.
    pub(crate) fn drain(&mut self, _now: Instant) -> Vec<(Transport, SocketAddr, Vec<u8>)> {
        let mut sent = std::mem::take(&mut self.undelivered);
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(timeout) => {
                    self.timeout = timeout;
                    break;
                }
                Output::Transmit(transmit) => {
                    let transport = match transmit.proto {
                        Protocol::Udp => Transport::Udp,
                        _ => Transport::Tcp,
                    };
                    sent.push((transport, transmit.destination, transmit.contents.to_vec()));
                }
                Output::Event(Event::RtpPacket(packet)) => {
                    self.heard.push((packet.header.timestamp, packet.payload.to_vec()));
                }
                Output::Event(Event::ChannelOpen(id, label)) => drop(self.channels.insert(label, id)),
                Output::Event(Event::ChannelData(data)) => {
                    let label = self.channels.iter().find(|(_, id)| **id == data.id).unwrap().0.clone();
                    self.data.push((label, DataPacket::decode(data.data.as_slice()).unwrap()));
                }
                Output::Event(_) => {}
            }
        }
        sent
    }

    /// Speaks on a carried track.
    pub(crate) fn speak(&mut self, now: Instant, sid: &str, rtp_time: u32, payload: &[u8]) {
        let Some(Some(mid)) = self.carried.get(sid).copied() else { return };
        let pt = self.rtc.codec_config().params()[0].pt();
        let sequence = self.sequence;
        self.sequence += 1;
        let mut direct = self.rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(mid, None) else { return };
        stream.write_rtp(RtpWrite::new(pt, sequence.into(), rtp_time, now, payload));
        self.undelivered = self.drain(now);
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
    }

    pub(crate) fn send_data(&mut self, now: Instant, label: &str, bytes: &[u8]) {
        let id = self.channels[label];
        assert!(self.rtc.channel(id).unwrap().write(true, bytes).unwrap());
        self.undelivered = self.drain(now);
    }

    pub(crate) fn n_asked(&self, what: impl Fn(&Asked) -> bool) -> usize {
        self.asked.iter().filter(|asked| what(asked)).count()
    }
}

fn connection(address: SocketAddr, now: Instant) -> Rtc {
    let mut rtc = Rtc::builder().clear_codecs().enable_opus(true, false).set_rtp_mode(true).build(now);
    rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
    let passive = Candidate::builder().tcp().host(TCP_ADDRESS).tcptype(TcpType::Passive).build().unwrap();
    rtc.add_local_candidate(passive);
    rtc
}

fn publisher(identity: &str, sid: &str) -> ParticipantInfo {
    participant(&format!("PA_{identity}"), identity, &[TrackInfo { sid: sid.into(), ..TrackInfo::default() }])
}

fn participant(sid: &str, identity: &str, tracks: &[TrackInfo]) -> ParticipantInfo {
    ParticipantInfo {
        sid: sid.into(),
        identity: identity.into(),
        state: 2,
        tracks: tracks.to_vec(),
        ..ParticipantInfo::default()
    }
}

/// The sections in which the client wants to hear something.
fn sections_to_send(sdp: &str) -> Vec<Mid> {
    let mut sections = Vec::new();
    for section in sdp.split("m=audio").skip(1) {
        let mid = section.lines().find_map(|line| line.strip_prefix("a=mid:")).unwrap();
        if section.contains("a=recvonly") {
            sections.push(Mid::from(mid.trim()));
        }
    }
    sections
}

/// The answer of a server that has nothing to send in some sections.
fn with_inactive(sdp: &str, sections: &[Mid]) -> String {
    let mut pieces = sdp.split("m=audio").map(str::to_owned);
    let mut munged = pieces.next().unwrap();
    for section in pieces {
        let unused = sections.iter().any(|mid| section.contains(&format!("a=mid:{mid}\r\n")));
        let section = if unused { section.replace("a=sendonly", "a=inactive") } else { section };
        munged.push_str("m=audio");
        munged.push_str(&section);
    }
    munged
}

/// What it says of its addresses over TCP a test tells.
fn without_tcp(sdp: &str) -> String {
    let is_tcp = |line: &&str| line.starts_with("a=candidate:") && line.contains(" tcp ");
    sdp.split_inclusive("\r\n").filter(|line| !is_tcp(line)).collect()
}
