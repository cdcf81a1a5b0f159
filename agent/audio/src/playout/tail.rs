//! What still sounds after the samples end: a fade that was owed, and the way back to zero, so that nothing clicks.

use super::reply::Given;

/// At most 10 ms of fade and 5 ms of decay.
#[derive(Debug)]
pub(super) struct Tail {
    samples: [i16; FADE + DECAY],
    next: usize,
    end: usize,
}

const FADE: usize = 240;
const DECAY: usize = 120;

impl Default for Tail {
    fn default() -> Self {
        Self { samples: [0; FADE + DECAY], next: 0, end: 0 }
    }
}

impl Tail {
    pub(super) const fn is_empty(&self) -> bool {
        self.next == self.end
    }

    /// Holds what `give` writes, and its decay if it breaks off. What was held before is forgotten.
    pub(super) fn fill(&mut self, give: impl FnOnce(&mut [i16]) -> Given) {
        let given = give(&mut self.samples[..FADE]);
        (self.next, self.end) = (0, given.n);
        if let Some(last) = given.broke_off {
            self.decay(last);
        }
    }

    /// The samples broke off at `last` just before `rest`, the end of a frame: decays there, and on in the next frame.
    pub(super) fn break_off(&mut self, last: i16, rest: &mut [i16]) {
        (self.next, self.end) = (0, 0);
        self.decay(last);
        self.add_to(rest);
    }

    /// Adds as much as there is room for.
    pub(super) fn add_to(&mut self, frame: &mut [i16]) {
        let n = (self.end - self.next).min(frame.len());
        for (sample, tail) in frame.iter_mut().zip(&self.samples[self.next..self.next + n]) {
            *sample = sample.saturating_add(*tail);
        }
        self.next += n;
    }

    fn decay(&mut self, last: i16) {
        for (sample, left) in self.samples[self.end..self.end + DECAY].iter_mut().zip((0..DECAY as i32).rev())
        {
            *sample = (i32::from(last) * left / DECAY as i32) as i16;
        }
        self.end += DECAY;
    }
}
