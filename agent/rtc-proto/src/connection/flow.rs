//! What flows over a connection: audio and messages in and out, and what str0m tells about itself.

use std::time::Instant;

use str0m::Event;
use str0m::channel::ChannelId;
use str0m::media::{Mid, Pt};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite};

use super::{Connection, Happened, Heard, LOSSY_LABEL, RELIABLE_LABEL, Wire};
use crate::counters::Counters;
use crate::red::RedWriter;
use crate::vocabulary::{AudioFormat, OutgoingAudio, Reliability};

/// Above this a frame counts as voice, for those who only look at that bit.
const VOICE_LEVEL: i8 = -60;

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

    /// Whether a section sends what it is given.
    pub(crate) fn is_sending(&self, mid: Mid) -> bool {
        self.sending_formats(mid).is_some()
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

    pub(super) fn on_event(&mut self, event: Event, counters: &mut Counters) {
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
