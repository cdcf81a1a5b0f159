//! A stream's last seconds of audio: one writer that never waits, readers that are told what they missed.

use std::sync::atomic::{AtomicI16, AtomicU64, Ordering, fence};

/// A ring of samples. Positions count from the stream's first sample.
pub(super) struct Tape {
    ring: Box<[AtomicI16]>,
    /// The writer has begun to overwrite what lies a ring's length before this position.
    begun: AtomicU64,
    /// Samples before this position can be read.
    written: AtomicU64,
}

impl Tape {
    pub(super) fn new(capacity: usize) -> Self {
        let ring = (0..capacity.max(1)).map(|_| AtomicI16::new(0)).collect();
        Self { ring, begun: AtomicU64::new(0), written: AtomicU64::new(0) }
    }

    /// Appends samples. Only one thread writes.
    pub(super) fn write(&self, samples: &[i16]) {
        let from = self.written.load(Ordering::Relaxed);
        let to = from + samples.len() as u64;
        self.begun.store(to, Ordering::Relaxed);
        // A reader that sees one of the samples below sees `begun` too.
        fence(Ordering::Release);
        let mut place = self.place(from);
        for sample in samples {
            self.ring[place].store(*sample, Ordering::Relaxed);
            place = if place + 1 == self.ring.len() { 0 } else { place + 1 };
        }
        self.written.store(to, Ordering::Release);
    }

    /// The position after the last sample.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// The first position that is surely still there.
    pub(super) fn oldest(&self) -> u64 {
        self.begun.load(Ordering::Acquire).saturating_sub(self.ring.len() as u64)
    }

    /// Puts the samples between two written positions into `into`; the first ones, when they are lost, are left out.
    /// Returns how many were lost.
    pub(super) fn read(&self, from: u64, to: u64, into: &mut Vec<i16>) -> u64 {
        let to = to.min(self.written());
        let start = from.max(self.oldest()).min(to);
        into.clear();
        let mut place = self.place(start);
        for _ in start..to {
            into.push(self.ring[place].load(Ordering::Relaxed));
            place = if place + 1 == self.ring.len() { 0 } else { place + 1 };
        }
        // What the writer may have overwritten while it was copied is lost as well.
        fence(Ordering::Acquire);
        let torn = self.oldest().saturating_sub(start).min(to - start);
        into.drain(..torn as usize);
        start.saturating_sub(from) + torn
    }

    fn place(&self, position: u64) -> usize {
        (position % self.ring.len() as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use super::Tape;

    #[test]
    fn what_was_overwritten_is_counted_as_lost() {
        let tape = Tape::new(4);
        let mut heard = Vec::new();
        tape.write(&[1, 2, 3]);
        assert_eq!((tape.read(0, 3, &mut heard), heard.as_slice()), (0, [1, 2, 3].as_slice()));
        tape.write(&[4, 5, 6]);
        assert_eq!((tape.read(1, 6, &mut heard), heard.as_slice()), (1, [3, 4, 5, 6].as_slice()));
        assert_eq!((tape.read(6, 9, &mut heard), heard.as_slice()), (0, [].as_slice()));
    }

    #[test]
    fn a_reader_beside_the_writer_never_sees_a_sample_out_of_its_place() {
        let tape = Arc::new(Tape::new(256));
        let done = Arc::new(AtomicBool::new(false));
        let writer = {
            let (tape, done) = (Arc::clone(&tape), Arc::clone(&done));
            std::thread::spawn(move || {
                for block in 0..20_000_u64 {
                    let samples: Vec<i16> = (0..16).map(|i| ((block * 16 + i) % 30_000) as i16).collect();
                    tape.write(&samples);
                }
                done.store(true, Ordering::Release);
            })
        };
        let (mut at, mut heard) = (0_u64, Vec::new());
        while !done.load(Ordering::Acquire) {
            let to = tape.written();
            at += tape.read(at, to, &mut heard);
            for sample in &heard {
                assert_eq!(*sample, (at % 30_000) as i16, "position {at}");
                at += 1;
            }
        }
        writer.join().expect("the writer does not panic");
    }
}
