//! The older blocks of a RED payload: which of them are wanted, and under which number.

use std::time::Instant;

use super::{Jitter, Placed};
use crate::hearing::{Origin, packet, red};

impl Jitter {
    /// Keeps those older blocks of a RED payload that are still wanted.
    ///
    /// A block's number is not in the payload, only how much older its audio is. Senders repeat the packets just before,
    /// or every second one: as long as packets are of one length and none was left out, the time tells the number. After
    /// a silence that was not sent it tells one too small, of a packet that was played; then the block's place counts.
    pub(super) fn keep_older(
        &mut self,
        blocks: red::Blocks<'_>,
        carrier: Placed,
        duration: i64,
        arrival: Instant,
    ) {
        let n_older = blocks.n_older() as i64;
        for (block, index) in blocks.zip((1..=n_older).rev()) {
            let Some(block_duration) = packet::duration(block.payload) else { continue };
            let offset = i64::from(block.offset);
            let by_time = (offset > 0 && offset % duration == 0).then(|| offset / duration);
            for back in by_time.into_iter().chain([index]) {
                let place =
                    Placed { sequence: carrier.sequence - back, time: carrier.time - offset, ..carrier };
                if self.wants(place) {
                    self.keep(place, i64::from(block_duration), Origin::Redundant, arrival, block.payload);
                    break;
                }
            }
        }
    }

    /// A copy with this number and time fills a hole, and stands between its neighbours.
    fn wants(&self, Placed { sequence, time, .. }: Placed) -> bool {
        let Some(stream) = &self.stream else { return false };
        if sequence < stream.next_sequence || time < stream.played_until || sequence > stream.newest.0 {
            return false;
        }
        let after = self.waiting.partition_point(|entry| entry.sequence < sequence);
        let before = after.checked_sub(1).and_then(|before| self.waiting.get(before));
        before.is_none_or(|before| before.time < time)
            && self.waiting.get(after).is_none_or(|after| after.sequence != sequence && after.time > time)
    }
}
