//! Data packets on their way: numbered, queued, kept for a resume; and those received twice told from those received once.

use std::collections::{BTreeMap, VecDeque};

use livekit_protocol::data_packet::Value;
use livekit_protocol::{DataChannelReceiveState, DataPacket};
use prost::Message;

use crate::counters::Counters;
use crate::vocabulary::Reliability;

/// What may wait on the reliable channel. When it is full, [`Outgoing::room`] is 0 and the sender has to wait.
const RELIABLE_QUEUE: usize = 1 << 20;
/// What may wait on the lossy channel. When it is full the oldest goes.
const LOSSY_QUEUE: usize = 64 * 1024;
/// Reliable packets kept after they were sent. A server that resumes a stay has missed at most what was on its way.
const KEPT: usize = 256 * 1024;
/// The largest message; the server takes 64 000 bytes.
const MESSAGE_MAX: usize = 60_000;
/// Senders whose last number is remembered.
const SENDERS_MAX: usize = 1024;

/// A reliable packet, encoded, under its number.
#[derive(Debug)]
struct Numbered {
    sequence: u32,
    bytes: Vec<u8>,
}

/// What goes out.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    last_sequence: u32,
    reliable: VecDeque<Numbered>,
    reliable_bytes: usize,
    sent: VecDeque<Numbered>,
    sent_bytes: usize,
    lossy: VecDeque<Vec<u8>>,
    lossy_bytes: usize,
}

impl Outgoing {
    /// How large a packet may be now.
    pub(crate) fn room(&self, way: Reliability) -> usize {
        match way {
            Reliability::Reliable => {
                (RELIABLE_QUEUE - self.reliable_bytes.min(RELIABLE_QUEUE)).min(MESSAGE_MAX)
            }
            Reliability::Lossy => MESSAGE_MAX,
        }
    }

    pub(crate) fn has_reliable(&self) -> bool {
        !self.reliable.is_empty()
    }

    /// Takes a packet. One that does not fit is dropped and counted.
    pub(crate) fn push(&mut self, way: Reliability, mut packet: DataPacket, counters: &mut Counters) {
        match way {
            Reliability::Reliable => {
                packet.sequence = self.last_sequence + 1;
                let bytes = packet.encode_to_vec();
                if bytes.len() > self.room(way) {
                    counters.data_out_dropped += 1;
                    return;
                }
                self.last_sequence += 1;
                self.reliable_bytes += bytes.len();
                self.reliable.push_back(Numbered { sequence: self.last_sequence, bytes });
            }
            Reliability::Lossy => {
                let bytes = packet.encode_to_vec();
                if bytes.len() > self.room(way) {
                    counters.data_out_dropped += 1;
                    return;
                }
                self.lossy_bytes += bytes.len();
                self.lossy.push_back(bytes);
                while self.lossy_bytes > LOSSY_QUEUE {
                    let Some(oldest) = self.lossy.pop_front() else { break };
                    self.lossy_bytes -= oldest.len();
                    counters.data_out_dropped += 1;
                }
            }
        }
    }

    /// The next message of a channel.
    pub(crate) fn front(&self, way: Reliability) -> Option<&[u8]> {
        match way {
            Reliability::Reliable => self.reliable.front().map(|packet| packet.bytes.as_slice()),
            Reliability::Lossy => self.lossy.front().map(Vec::as_slice),
        }
    }

    /// The next message was taken by the channel.
    pub(crate) fn on_taken(&mut self, way: Reliability) {
        match way {
            Reliability::Reliable => {
                let Some(packet) = self.reliable.pop_front() else { return };
                self.reliable_bytes -= packet.bytes.len();
                self.sent_bytes += packet.bytes.len();
                self.sent.push_back(packet);
                while self.sent_bytes > KEPT {
                    let Some(oldest) = self.sent.pop_front() else { break };
                    self.sent_bytes -= oldest.bytes.len();
                }
            }
            Reliability::Lossy => {
                let Some(bytes) = self.lossy.pop_front() else { return };
                self.lossy_bytes -= bytes.len();
            }
        }
    }

    /// The stay goes on and the server has everything up to `last`: what came after it is sent again, in order.
    pub(crate) fn on_resumed(&mut self, last: u32, counters: &mut Counters) {
        while let Some(packet) = self.sent.pop_back() {
            if packet.sequence <= last {
                break;
            }
            counters.data_out_repeated += 1;
            self.reliable_bytes += packet.bytes.len();
            self.reliable.push_front(packet);
        }
        self.forget_sent();
    }

    /// A new stay: nobody asks for what the old one sent. Pieces of what had begun there would mean nothing here.
    pub(crate) fn on_restarted(&mut self, counters: &mut Counters) {
        self.forget_sent();
        let n_before = self.reliable.len();
        self.reliable.retain(|packet| !is_piece(&packet.bytes));
        self.reliable_bytes = self.reliable.iter().map(|packet| packet.bytes.len()).sum();
        counters.data_out_dropped += (n_before - self.reliable.len()) as u64;
    }

    fn forget_sent(&mut self) {
        self.sent.clear();
        self.sent_bytes = 0;
    }
}

/// Whether a packet is a part of something longer: of a stream, of a procedure and its answer.
fn is_piece(bytes: &[u8]) -> bool {
    let value = DataPacket::decode(bytes).ok().and_then(|packet| packet.value);
    matches!(
        value,
        Some(
            Value::StreamHeader(_)
                | Value::StreamChunk(_)
                | Value::StreamTrailer(_)
                | Value::RpcRequest(_)
                | Value::RpcAck(_)
                | Value::RpcResponse(_)
        )
    )
}

/// What came in, by its sender's stay.
#[derive(Debug, Default)]
pub(crate) struct Received {
    last: BTreeMap<String, u32>,
}

impl Received {
    /// Whether a reliable packet is a repetition.
    pub(crate) fn is_duplicate(&mut self, packet: &DataPacket) -> bool {
        if packet.sequence == 0 || packet.participant_sid.is_empty() {
            return false;
        }
        if let Some(last) = self.last.get_mut(&packet.participant_sid) {
            let repeated = packet.sequence <= *last;
            *last = packet.sequence.max(*last);
            return repeated;
        }
        if self.last.len() < SENDERS_MAX {
            self.last.insert(packet.participant_sid.clone(), packet.sequence);
        }
        false
    }

    pub(crate) fn forget(&mut self, participant_sid: &str) {
        self.last.remove(participant_sid);
    }

    /// For the server, at a resume.
    pub(crate) fn states(&self) -> Vec<DataChannelReceiveState> {
        let state = |(sid, last): (&String, &u32)| DataChannelReceiveState {
            publisher_sid: sid.clone(),
            last_seq: *last,
        };
        self.last.iter().map(state).collect()
    }
}

#[cfg(test)]
mod tests {
    use livekit_protocol::UserPacket;

    use super::*;

    fn packet(bytes: usize) -> DataPacket {
        let user = UserPacket { payload: vec![7; bytes], ..UserPacket::default() };
        DataPacket { value: Some(Value::User(user)), ..DataPacket::default() }
    }

    fn sequences(outgoing: &mut Outgoing) -> Vec<u32> {
        let mut sequences = Vec::new();
        while let Some(bytes) = outgoing.front(Reliability::Reliable) {
            sequences.push(DataPacket::decode(bytes).unwrap().sequence);
            outgoing.on_taken(Reliability::Reliable);
        }
        sequences
    }

    #[test]
    fn after_a_resume_what_the_server_has_not_seen_is_sent_again_in_order_before_what_is_new() {
        let (mut outgoing, mut counters) = (Outgoing::default(), Counters::default());
        for _ in 0..4 {
            outgoing.push(Reliability::Reliable, packet(10), &mut counters);
        }
        assert_eq!(sequences(&mut outgoing), [1, 2, 3, 4]);
        outgoing.push(Reliability::Reliable, packet(10), &mut counters);
        outgoing.on_resumed(2, &mut counters);
        assert_eq!(sequences(&mut outgoing), [3, 4, 5]);
        assert_eq!(counters.data_out_repeated, 2);
    }

    #[test]
    fn a_full_reliable_queue_refuses_and_a_full_lossy_one_drops_its_oldest() {
        let (mut outgoing, mut counters) = (Outgoing::default(), Counters::default());
        for _ in 0..30 {
            outgoing.push(Reliability::Reliable, packet(50_000), &mut counters);
        }
        assert_eq!(outgoing.reliable.len(), 20);
        assert_eq!(counters.data_out_dropped, 10);
        assert!(outgoing.room(Reliability::Reliable) < 50_000);
        for size in 0..30 {
            outgoing.push(Reliability::Lossy, packet(10_000 + size), &mut counters);
        }
        assert_eq!(outgoing.lossy.len(), 6);
        assert!(outgoing.front(Reliability::Lossy).unwrap().len() > 10_024, "the newest stay");
        assert_eq!(counters.data_out_dropped, 10 + 24);
    }

    #[test]
    fn a_repeated_packet_is_told_from_a_new_one_by_its_senders_stay() {
        let mut received = Received::default();
        let from = |sid: &str, sequence| DataPacket {
            participant_sid: sid.into(),
            sequence,
            ..DataPacket::default()
        };
        assert!(!received.is_duplicate(&from("PA_a", 1)));
        assert!(!received.is_duplicate(&from("PA_b", 1)));
        assert!(!received.is_duplicate(&from("PA_a", 2)));
        assert!(received.is_duplicate(&from("PA_a", 2)));
        assert!(received.is_duplicate(&from("PA_a", 1)));
        assert!(!received.is_duplicate(&from("PA_a", 0)), "no number, no judgement");
        assert_eq!(received.states().len(), 2);
        received.forget("PA_a");
        assert!(!received.is_duplicate(&from("PA_a", 1)));
    }
}
