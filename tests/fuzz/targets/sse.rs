//! Server-sent events: however the bytes are cut, the same events come out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use providers_http::{SseEvent, SseParser};

const LIMIT: usize = 256;

fuzz_target!(|input: &[u8]| {
    let Some((cut, bytes)) = input.split_first() else { return };
    let whole = read(bytes.chunks(bytes.len().max(1)));
    let pieces = read(bytes.chunks(usize::from(*cut).max(1)));
    // A limit is met earlier or later by how much is buffered; up to there both agree.
    let n_common = whole.0.len().min(pieces.0.len());
    assert_eq!(whole.0[..n_common], pieces.0[..n_common]);
    if !whole.1 && !pieces.1 {
        assert_eq!(whole.0, pieces.0);
    }
});

/// The events, and whether the limit was met.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<SseEvent>, bool) {
    let mut parser = SseParser::new(LIMIT);
    let mut events = Vec::new();
    for piece in pieces {
        parser.push(piece);
        loop {
            match parser.next_event() {
                Ok(Some(event)) => {
                    assert!(event.data.len() <= LIMIT, "an event over the limit");
                    events.push(event);
                }
                Ok(None) => break,
                Err(_) => return (events, true),
            }
        }
    }
    (events, false)
}
