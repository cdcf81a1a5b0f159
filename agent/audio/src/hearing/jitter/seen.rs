//! Which of the last 128 numbers of a stream have come, and which of them were played from a copy.

use super::Stream;

impl Stream {
    /// Notes that a number has come. False if it had come before.
    pub(super) fn come(&mut self, sequence: i64) -> bool {
        let ahead = sequence - self.newest.0;
        if ahead > 0 {
            self.come = self.come.checked_shl(ahead as u32).unwrap_or(0) | 1;
            self.copied = self.copied.checked_shl(ahead as u32).unwrap_or(0);
            return true;
        }
        let bit = self.bit(sequence);
        let is_new = self.come & bit == 0;
        self.come |= bit;
        is_new
    }

    /// The place of a number in the sets of the last 128; none for an older one.
    pub(super) fn bit(&self, sequence: i64) -> u128 {
        u32::try_from(self.newest.0 - sequence).ok().and_then(|back| 1u128.checked_shl(back)).unwrap_or(0)
    }

    /// A copy of the packet with this number was played.
    pub(super) fn copied(&self, sequence: i64) -> bool {
        self.copied & self.bit(sequence) != 0
    }
}
