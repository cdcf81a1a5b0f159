//! Redundant payloads (RFC 2198), taken apart.
//!
//! ```text
//! 1 type(7) offset(14) length(10)   one for each older block
//! 0 type(7)                         the newest block; its length is the rest
//! block … block newest
//! ```

/// A redundant payload. Iterates over the older blocks, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Blocks<'a> {
    /// The packet itself.
    pub(super) newest: &'a [u8],
    newest_type: u8,
    headers: &'a [u8],
    older: &'a [u8],
}

/// An older block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    /// How many ticks before the packet's RTP time it begins.
    pub(super) offset: u32,
    /// Its bytes; none when it is of another type than the newest (comfort noise, tones).
    pub(super) payload: &'a [u8],
}

/// More older blocks than any sender of speech packs; a payload with more is malformed.
const MOST_BLOCKS: usize = 32;

const OLDER_HEADER: usize = 4;

/// Reads a payload. `None` when headers or lengths do not fit into it.
pub(super) fn parse(payload: &[u8]) -> Option<Blocks<'_>> {
    let mut at = 0;
    let mut length_of_older = 0;
    while payload.get(at)? & 0x80 != 0 {
        length_of_older += header(payload.get(at..at + OLDER_HEADER)?).length;
        at += OLDER_HEADER;
        if at > MOST_BLOCKS * OLDER_HEADER {
            return None;
        }
    }
    let (headers, data) = payload.split_at(at);
    let (older, newest) = data[1..].split_at_checked(length_of_older)?;
    Some(Blocks { newest, newest_type: data[0] & 0x7f, headers, older })
}

impl<'a> Blocks<'a> {
    /// A payload that is not redundant.
    pub(super) const fn without_older(newest: &'a [u8]) -> Self {
        Self { newest, newest_type: 0, headers: &[], older: &[] }
    }

    /// How many older blocks are left.
    pub(super) const fn n_older(&self) -> usize {
        self.headers.len() / OLDER_HEADER
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        let (first, headers) = self.headers.split_at_checked(OLDER_HEADER)?;
        let Header { payload_type, offset, length } = header(first);
        let (payload, older) = self.older.split_at(length);
        (self.headers, self.older) = (headers, older);
        Some(Block { offset, payload: if payload_type == self.newest_type { payload } else { &[] } })
    }
}

struct Header {
    payload_type: u8,
    offset: u32,
    length: usize,
}

/// The header of an older block: four bytes.
fn header(bytes: &[u8]) -> Header {
    let word = bytes.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
    Header {
        payload_type: (word >> 24) as u8 & 0x7f,
        offset: word >> 10 & 0x3fff,
        length: (word & 0x3ff) as usize,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Block, parse};

    /// Offset and bytes of each block, the newest last.
    fn blocks(payload: &[u8]) -> Option<Vec<(u32, &[u8])>> {
        let blocks = parse(payload)?;
        let newest = blocks.newest;
        Some(blocks.map(|Block { offset, payload }| (offset, payload)).chain([(0, newest)]).collect())
    }

    #[test]
    fn a_payload_with_one_older_block_gives_both() {
        let payload = [0x80 | 111, 0x0f, 0x00, 0x02, 111, 1, 2, 3, 4, 5];
        assert_eq!(blocks(&payload), Some(vec![(960, &[1, 2][..]), (0, &[3, 4, 5])]));
    }

    #[test]
    fn a_payload_without_older_blocks_is_the_newest() {
        assert_eq!(blocks(&[111, 9, 8]), Some(vec![(0, &[9, 8][..])]));
        assert_eq!(blocks(&[111]), Some(vec![(0, &[][..])]));
    }

    #[test]
    fn a_block_of_another_type_is_empty() {
        let payload = [0x80 | 13, 0x0f, 0x00, 0x01, 111, 7, 3, 4];
        assert_eq!(blocks(&payload), Some(vec![(960, &[][..]), (0, &[3, 4])]));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for payload in [&[][..], &[0xef], &[0xef, 0, 0, 0], &[0xef, 0x0f, 0, 3, 111, 1, 2]] {
            assert_eq!(blocks(payload), None, "{payload:?}");
        }
        assert_eq!(blocks(&[0x80; 400]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(payload in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(blocks) = parse(&payload) {
                let n_older = blocks.n_older();
                let newest = blocks.newest.len();
                let older: Vec<_> = blocks.collect();
                prop_assert_eq!(older.len(), n_older);
                prop_assert!(newest + older.iter().map(|block| block.payload.len()).sum::<usize>() < payload.len());
            }
        }
    }
}
