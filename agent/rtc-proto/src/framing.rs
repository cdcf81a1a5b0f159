//! RFC 4571: packets over a TCP stream, each after its length in two bytes.

/// The largest frame this side takes. A WebRTC packet fits into one Ethernet frame; more is no packet.
const FRAME_MAX: usize = 4096;

/// What a frame is preceded by; `None` for what does not fit into one.
#[must_use]
pub fn frame_header(length: usize) -> Option<[u8; 2]> {
    u16::try_from(length).ok().map(u16::to_be_bytes)
}

/// Finds frames in a stream. Its memory is bounded by the largest frame and what is fed at once.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: Vec<u8>,
    start: usize,
}

/// The stream is no stream of frames; nothing can be found in it any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {0} bytes is no WebRTC packet")]
pub struct FrameTooLarge(pub usize);

impl FrameReader {
    /// Takes bytes as they come. Take all frames out before the next.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameTooLarge> {
        let rest = &self.buffer[self.start..];
        let Some((header, body)) = rest.split_first_chunk::<2>() else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes(*header));
        if length > FRAME_MAX {
            return Err(FrameTooLarge(length));
        }
        if body.len() < length {
            return Ok(None);
        }
        let begin = self.start + header.len();
        self.start = begin + length;
        Ok(Some(&self.buffer[begin..self.start]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_the_stream_is_cut(
            frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..1500), 0..12),
            cuts in proptest::collection::vec(1_usize..700, 1..40),
        ) {
            let mut stream = Vec::new();
            for frame in &frames {
                stream.extend(frame_header(frame.len()).unwrap());
                stream.extend(frame);
            }
            let (mut reader, mut found) = (FrameReader::default(), Vec::new());
            let (mut rest, mut cuts) = (stream.as_slice(), cuts.iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                reader.push(now);
                while let Some(frame) = reader.next_frame().unwrap() {
                    found.push(frame.to_vec());
                }
                rest = later;
            }
            prop_assert_eq!(found, frames);
        }
    }

    #[test]
    fn a_stream_of_something_else_is_refused() {
        let mut reader = FrameReader::default();
        reader.push(b"HTTP/1.1 400 Bad Request\r\n");
        assert_eq!(reader.next_frame(), Err(FrameTooLarge(0x4854)));
        assert_eq!(frame_header(70_000), None);
    }
}
