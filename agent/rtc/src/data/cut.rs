//! Where to cut bytes and text for the wire, and how to join text that was cut elsewhere.

/// The content of one chunk: an SCTP message of 16 KiB, less what the packet around it takes.
pub(super) const CHUNK_BYTES: usize = 15_000;

/// Pieces of at most `limit` bytes that never end inside a character. `limit` is at least 4, the longest character.
pub(super) fn text_pieces(text: &str, limit: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, tail) = rest.split_at(rest.floor_char_boundary(limit));
        rest = tail;
        Some(piece)
    })
}

/// Text that arrives in bytes: gives whole characters and keeps the beginning of an unfinished one (three bytes at most).
#[derive(Clone, Debug, Default)]
pub(super) struct TextJoiner {
    unfinished: Vec<u8>,
}

/// The bytes are not UTF-8, whatever follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotText;

impl TextJoiner {
    /// All whole characters up to here.
    pub(super) fn push(&mut self, bytes: Vec<u8>) -> Result<String, NotText> {
        let mut joined = std::mem::take(&mut self.unfinished);
        let bytes = if joined.is_empty() {
            bytes
        } else {
            joined.extend_from_slice(&bytes);
            joined
        };
        let error = match String::from_utf8(bytes) {
            Ok(text) => return Ok(text),
            Err(error) => error,
        };
        if error.utf8_error().error_len().is_some() {
            return Err(NotText);
        }
        let whole = error.utf8_error().valid_up_to();
        let mut bytes = error.into_bytes();
        self.unfinished = bytes.split_off(whole);
        String::from_utf8(bytes).map_err(|_| NotText)
    }

    /// Nothing more comes: an unfinished character is an error.
    pub(super) fn finish(self) -> Result<(), NotText> {
        if self.unfinished.is_empty() { Ok(()) } else { Err(NotText) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_never_ends_inside_a_character() {
        let pieces: Vec<&str> = text_pieces("Hé👋llo", 5).collect();
        assert_eq!(pieces, ["Hé", "👋l", "lo"]);
        assert_eq!(text_pieces("", 5).count(), 0);
    }

    #[test]
    fn a_character_that_was_cut_elsewhere_is_joined() {
        let text = "a👋é";
        for cut in 0..=text.len() {
            let (head, tail) = text.as_bytes().split_at(cut);
            let mut joiner = TextJoiner::default();
            let mut joined = joiner.push(head.to_vec()).expect("a prefix of text");
            joined += &joiner.push(tail.to_vec()).expect("the rest of text");
            assert_eq!(joined, text, "cut at {cut}");
            assert_eq!(joiner.finish(), Ok(()));
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_told() {
        assert_eq!(TextJoiner::default().push(vec![b'a', 0xff, b'b']), Err(NotText));
        let mut joiner = TextJoiner::default();
        assert_eq!(joiner.push(vec![b'a', 0xf0, 0x9f]), Ok("a".into()));
        assert_eq!(joiner.finish(), Err(NotText));
    }
}
