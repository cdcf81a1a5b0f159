//! Server-sent events out of bytes, at any chunking. Pure; what a vendor means by an event is not decided here.
//!
//! As the HTML standard reads them: lines end with LF, CR or CRLF; a byte order mark at the beginning is skipped; a
//! blank line ends an event; comments and unknown fields are skipped; an event that the end of the stream cuts off
//! is dropped. Bytes that are not UTF-8 become U+FFFD, once the line is whole.

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// Its type; empty for the default, `message`.
    pub event: String,
    /// Its data, lines joined by LF.
    pub data: String,
    /// The last event id, when this event set one.
    pub id: Option<String>,
}

/// An event, or a line of one, is longer than the limit. The parser gives nothing after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than {limit} bytes")]
pub struct TooLong {
    /// The limit.
    pub limit: usize,
}

/// Reads a stream of events. Push bytes, then take events until there is none.
#[derive(Clone, Debug)]
pub struct SseParser {
    limit: usize,
    /// Bytes pushed and not yet read begin at `read`.
    bytes: Vec<u8>,
    read: usize,
    /// Bytes from `read` on that are known to hold no end of line.
    searched: usize,
    /// A CR was the last byte read: an LF after it belongs to it.
    after_return: bool,
    at_beginning: bool,
    event: SseEvent,
    has_data: bool,
    dead: bool,
}

impl SseParser {
    /// A parser that bears events of at most `limit` bytes.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            bytes: Vec::new(),
            read: 0,
            searched: 0,
            after_return: false,
            at_beginning: true,
            event: SseEvent { event: String::new(), data: String::new(), id: None },
            has_data: false,
            dead: false,
        }
    }

    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.dead {
            return;
        }
        if self.read > 0 {
            self.bytes.drain(..self.read);
            self.read = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole event.
    ///
    /// # Errors
    /// [`TooLong`], once.
    pub fn next_event(&mut self) -> Result<Option<SseEvent>, TooLong> {
        if self.dead || !self.skip_mark() {
            return Ok(None);
        }
        while let Some((start, end)) = self.next_line() {
            if start == end {
                if let Some(event) = self.dispatch() {
                    return Ok(Some(event));
                }
                continue;
            }
            self.take_field(start, end);
            if self.event.data.len() + self.event.event.len() > self.limit {
                return self.die();
            }
        }
        if self.bytes.len() - self.read > self.limit { self.die() } else { Ok(None) }
    }

    fn die(&mut self) -> Result<Option<SseEvent>, TooLong> {
        let limit = self.limit;
        *self = Self { dead: true, ..Self::new(limit) };
        Err(TooLong { limit })
    }

    /// Skips the byte order mark; false when the bytes do not yet tell whether there is one.
    fn skip_mark(&mut self) -> bool {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if self.at_beginning {
            let bytes = &self.bytes[self.read..];
            if bytes.len() < MARK.len() && MARK.starts_with(bytes) {
                return false;
            }
            if bytes.starts_with(MARK) {
                self.read += MARK.len();
            }
            self.at_beginning = false;
        }
        true
    }

    /// The next whole line, as a range of `bytes` without its end; moves past it.
    fn next_line(&mut self) -> Option<(usize, usize)> {
        if self.after_return {
            let next = *self.bytes.get(self.read)?;
            self.after_return = false;
            if next == b'\n' {
                self.read += 1;
            }
        }
        let unsearched = &self.bytes[self.read + self.searched..];
        let Some(found) = unsearched.iter().position(|b| matches!(b, b'\n' | b'\r')) else {
            self.searched += unsearched.len();
            return None;
        };
        let (start, end) = (self.read, self.read + self.searched + found);
        self.after_return = self.bytes[end] == b'\r';
        self.read = end + 1;
        self.searched = 0;
        Some((start, end))
    }

    fn take_field(&mut self, start: usize, end: usize) {
        let line = &self.bytes[start..end];
        let colon = line.iter().position(|b| *b == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.has_data = true;
                self.event.data.push_str(&String::from_utf8_lossy(value));
            }
            b"event" => self.event.event = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.contains(&0) => self.event.id = Some(String::from_utf8_lossy(value).into_owned()),
            _ => {}
        }
    }

    /// A blank line: the event is whole, unless it has no data.
    fn dispatch(&mut self) -> Option<SseEvent> {
        let event = std::mem::take(&mut self.event);
        std::mem::take(&mut self.has_data).then_some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::{SseEvent, SseParser, TooLong};

    #[test]
    fn events_are_read_as_the_standard_reads_them() {
        for (bytes, expected) in [
            (&b"data: one\n\ndata: two\n\n"[..], &["one", "two"][..]),
            (b"data: one\r\n\r\ndata:two\r\rdata:  three\n\n", &["one", "two", " three"]),
            (b"\xef\xbb\xbfdata: marked\n\n", &["marked"]),
            (b"event: x\r\ndata: a\r\ndata: b\r\n\r\n", &["a\nb"]),
            (b": comment\n\n: another\ndata: a\ndata\ndata: b\n\n", &["a\n\nb"]),
            (b"data\n\nevent: x\n\ndata: y\n\n", &["", "y"]),
            (b"unknown: 1\nretry: 5\ndata: z\n\n", &["z"]),
            (b"data: cut off\n", &[]),
            (b"data: cut", &[]),
            (b"data: bad \xff\xfe\n\n", &["bad \u{fffd}\u{fffd}"]),
            (b"\n\n\n", &[]),
            (b"", &[]),
        ] {
            let events = read(bytes, bytes.len().max(1)).unwrap();
            assert_eq!(events.iter().map(|event| event.data.as_str()).collect::<Vec<_>>(), expected);
        }
        let named = read(b"event: delta\nid: 7\ndata: {}\n\n", 99).unwrap();
        let expected = SseEvent { event: "delta".into(), data: "{}".into(), id: Some("7".into()) };
        assert_eq!(named, [expected]);
    }

    #[test]
    fn chunking_changes_nothing_even_within_a_character() {
        let seed = fastrand::u64(..);
        let mut random = fastrand::Rng::with_seed(seed);
        let parts: [&[u8]; 14] = [
            b"data:",
            b"data: ",
            b"event: e",
            b"id: 1",
            b"\n",
            b"\r",
            b"\r\n",
            b"\n\n",
            "é👩‍👧".as_bytes(),
            b"\xff",
            b":",
            b"x",
            b"\xef\xbb\xbf",
            b"\0",
        ];
        for _ in 0..3_000 {
            let bytes: Vec<u8> =
                (0..random.usize(..40)).flat_map(|_| parts[random.usize(..parts.len())]).copied().collect();
            let whole = read(&bytes, bytes.len().max(1));
            for size in [1, 2, 3, 5] {
                assert_eq!(read(&bytes, size), whole, "seed {seed}, chunks of {size}");
            }
        }
    }

    #[test]
    fn an_event_without_end_does_not_fill_the_memory() {
        for endless in [&b"x"[..], b"data: x\n", b"data\n"] {
            let mut parser = SseParser::new(1_000);
            let mut failed = 0;
            for _ in 0..10_000 {
                parser.push(endless);
                match parser.next_event() {
                    Ok(None) => {}
                    Ok(Some(event)) => panic!("{event:?}"),
                    Err(TooLong { limit: 1_000 }) => failed += 1,
                    Err(other) => panic!("{other:?}"),
                }
                assert!(parser.bytes.len() + parser.event.data.len() <= 2_100);
            }
            assert_eq!(failed, 1, "told once");
        }
    }

    fn read(bytes: &[u8], size: usize) -> Result<Vec<SseEvent>, TooLong> {
        let mut parser = SseParser::new(10_000);
        let mut events = Vec::new();
        for chunk in bytes.chunks(size) {
            parser.push(chunk);
            while let Some(event) = parser.next_event()? {
                events.push(event);
            }
        }
        Ok(events)
    }
}
