//! RFC 2198: each packet of ours carries the one before it, so that one lost packet is no loss.

/// What a block's header can say: 10 bits of length, 14 bits of time.
const BLOCK_MAX: usize = 0x3ff;
const OFFSET_MAX: u32 = 0x3fff;
/// With both blocks the packet has to fit into a datagram.
const PACKET_MAX: usize = 1_100;

/// Puts packets of one track together. Its memory is used again for each.
#[derive(Debug, Default)]
pub(crate) struct RedWriter {
    previous: Vec<u8>,
    previous_time: u32,
    packet: Vec<u8>,
}

impl RedWriter {
    /// `payload` with the one before it, if that is recent and small enough.
    pub(crate) fn wrap(&mut self, opus_pt: u8, rtp_time: u32, payload: &[u8]) -> &[u8] {
        let offset = rtp_time.wrapping_sub(self.previous_time);
        let is_recent = !self.previous.is_empty() && (1..=OFFSET_MAX).contains(&offset);
        let fits = self.previous.len() <= BLOCK_MAX && self.previous.len() + payload.len() <= PACKET_MAX;
        self.packet.clear();
        if is_recent && fits {
            let length = self.previous.len() as u32;
            let header = (0x80 | u32::from(opus_pt & 0x7f)) << 24 | offset << 10 | length;
            self.packet.extend_from_slice(&header.to_be_bytes());
            self.packet.push(opus_pt & 0x7f);
            self.packet.extend_from_slice(&self.previous);
        } else {
            self.packet.push(opus_pt & 0x7f);
        }
        self.packet.extend_from_slice(payload);
        self.previous.clear();
        self.previous.extend_from_slice(payload);
        self.previous_time = rtp_time;
        &self.packet
    }
}

#[cfg(test)]
mod tests {
    use str0m::rtp::RedDecoder;

    use super::*;

    /// The blocks of a packet as another reader of the format sees them: offset and payload, the newest last.
    fn blocks(packet: &[u8]) -> Vec<(u32, Vec<u8>)> {
        let blocks = RedDecoder::decode(packet).unwrap();
        assert!(blocks.iter().all(|block| block.pt == 111));
        blocks.into_iter().map(|block| (block.timestamp_offset, block.payload.to_vec())).collect()
    }

    #[test]
    fn a_packet_carries_the_one_before_it_unless_that_is_old_or_large() {
        let mut writer = RedWriter::default();
        let newest = |payload: &[u8]| (0, payload.to_vec());
        let start = u32::MAX - 100;
        assert_eq!(blocks(writer.wrap(111, start, b"one")), [newest(b"one")]);
        let second = start.wrapping_add(960);
        assert_eq!(blocks(writer.wrap(111, second, b"two")), [(960, b"one".to_vec()), newest(b"two")]);
        let after_silence = second.wrapping_add(48_000);
        assert_eq!(blocks(writer.wrap(111, after_silence, b"three")), [newest(b"three")]);
        let large = [7; 1_050];
        let fourth = after_silence.wrapping_add(960);
        assert_eq!(blocks(writer.wrap(111, fourth, &large)), [(960, b"three".to_vec()), newest(&large)]);
        assert_eq!(blocks(writer.wrap(111, fourth.wrapping_add(960), b"five")), [newest(b"five")]);
    }
}
