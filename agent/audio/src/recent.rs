//! What a listener heard last: a ring of samples, for judges that look back at a pause. Nothing here judges.

use std::time::Duration;

use providers_core::SampleRate;

/// The last samples of one listener's stream, 16 kHz mono. All memory is taken when it is made: 32 kB a second.
#[derive(Clone, Debug)]
pub struct Recent {
    ring: Box<[i16]>,
    pushed: u64,
}

impl Recent {
    /// Keeps the last `length`.
    #[must_use]
    pub fn new(length: Duration) -> Self {
        let n_samples = usize::try_from(SampleRate::HEARING.samples_in(length)).unwrap_or(usize::MAX);
        Self { ring: vec![0; n_samples].into_boxed_slice(), pushed: 0 }
    }

    /// Takes what was just heard. Copies; never allocates.
    pub fn push(&mut self, samples: &[i16]) {
        let n_ring = self.ring.len();
        self.pushed += samples.len() as u64;
        let kept = &samples[samples.len().saturating_sub(n_ring)..];
        if kept.is_empty() {
            return;
        }
        // Where the first of the kept samples lies.
        let start = ((self.pushed - kept.len() as u64) % n_ring as u64) as usize;
        let (before_the_edge, after_it) = kept.split_at(kept.len().min(n_ring - start));
        self.ring[start..start + before_the_edge.len()].copy_from_slice(before_the_edge);
        self.ring[..after_it.len()].copy_from_slice(after_it);
    }

    /// The place in the stream after the last sample: how many were ever pushed.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.pushed
    }

    /// What was heard from `position` on, in order, as far back as it is kept: two pieces, of which either may be empty.
    #[must_use]
    pub fn since(&self, position: u64) -> (&[i16], &[i16]) {
        let n_ring = self.ring.len() as u64;
        let n_wanted = self.pushed.saturating_sub(position).min(n_ring).min(self.pushed);
        if n_wanted == 0 {
            return (&[], &[]);
        }
        let start = ((self.pushed - n_wanted) % n_ring) as usize;
        let n_first = (n_wanted as usize).min(self.ring.len() - start);
        (&self.ring[start..start + n_first], &self.ring[..n_wanted as usize - n_first])
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Recent;

    /// One millisecond.
    const RING: u64 = 16;

    fn since(recent: &Recent, position: u64) -> Vec<i16> {
        let (first, second) = recent.since(position);
        [first, second].concat()
    }

    #[test]
    fn what_was_heard_last_is_kept_at_any_chunking() {
        for seed in 0..200 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut recent = Recent::new(Duration::from_millis(1));
            let mut all: Vec<i16> = Vec::new();
            for _ in 0..20 {
                let chunk: Vec<i16> = (0..random.usize(0..40)).map(|_| random.i16(..)).collect();
                recent.push(&chunk);
                all.extend(&chunk);
                assert_eq!(recent.position(), all.len() as u64, "seed {seed}");
                let from = random.u64(0..all.len() as u64 + 3);
                let oldest = (all.len() as u64).saturating_sub(RING);
                let expected = all.get(from.max(oldest) as usize..).unwrap_or_default();
                assert_eq!(since(&recent, from), expected, "seed {seed}, from {from}");
            }
        }
    }

    #[test]
    fn before_anything_was_heard_there_is_nothing() {
        assert!(since(&Recent::new(Duration::from_millis(1)), 0).is_empty());
    }

    #[test]
    fn a_ring_without_length_keeps_nothing_and_still_counts() {
        let mut recent = Recent::new(Duration::ZERO);
        recent.push(&[1, 2, 3]);
        assert_eq!((recent.position(), since(&recent, 0)), (3, Vec::new()));
    }
}
