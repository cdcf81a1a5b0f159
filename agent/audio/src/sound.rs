//! Sounds beside the reply: backgrounds, thinking sounds.

use std::sync::Arc;

/// A sound beside the reply, named by [`crate::Playout::add_sound`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SoundId(pub(crate) u32);

/// A sound beside the reply: a background, a thinking sound. 24 kHz mono.
pub trait Sound: Send {
    /// Writes the next samples, as many as there are up to `out.len()`; fewer is the end.
    fn fill(&mut self, out: &mut [i16]) -> usize;
}

/// A recording, once or in a loop.
#[derive(Clone, Debug)]
pub struct Clip {
    samples: Arc<[i16]>,
    next: usize,
    looped: bool,
}

impl Clip {
    /// A recording that is heard once.
    #[must_use]
    pub fn once(samples: Arc<[i16]>) -> Self {
        Self { samples, next: 0, looped: false }
    }

    /// A recording that begins again when it ends. An empty one ends at once.
    #[must_use]
    pub fn looped(samples: Arc<[i16]>) -> Self {
        Self { samples, next: 0, looped: true }
    }
}

impl Sound for Clip {
    fn fill(&mut self, out: &mut [i16]) -> usize {
        let mut filled = 0;
        while filled < out.len() {
            if self.next == self.samples.len() {
                if !self.looped || self.samples.is_empty() {
                    break;
                }
                self.next = 0;
            }
            let n = (out.len() - filled).min(self.samples.len() - self.next);
            out[filled..filled + n].copy_from_slice(&self.samples[self.next..self.next + n]);
            filled += n;
            self.next += n;
        }
        filled
    }
}
