//! The reply in the mouth: its samples in order, each given once, and how far.

use std::collections::VecDeque;

use super::{Heard, PlayoutId};
use crate::gain::{Gain, Ramp};

/// One reply at 24 kHz.
pub(super) struct Reply {
    id: PlayoutId,
    samples: VecDeque<i16>,
    finished: bool,
    /// Samples given, and silence given among them.
    given: u64,
    gap: u64,
    in_gap: bool,
    /// Loudness of the next sample: falls when held, rises when let go.
    fade: Ramp,
    held: bool,
    n_fade: u64,
    last: i16,
}

/// What a frame got of the reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    /// Samples of the frame filled; the rest is silence.
    pub(super) n: usize,
    /// Its first sample is among them.
    pub(super) started: bool,
    /// Its last sample is among them, or there was none.
    pub(super) ended: bool,
    /// Its voice was not in time, and had been before.
    pub(super) gap_began: bool,
    /// The samples broke off here at this value.
    pub(super) broke_off: Option<i16>,
}

impl Reply {
    /// A reply without samples that fades over `n_fade`. `queue` is a buffer to use again.
    pub(super) fn new(id: PlayoutId, n_fade: u64, mut queue: VecDeque<i16>) -> Self {
        queue.clear();
        Self {
            id,
            samples: queue,
            finished: false,
            given: 0,
            gap: 0,
            in_gap: false,
            fade: Ramp::at(Gain::UNITY),
            held: false,
            n_fade,
            last: 0,
        }
    }

    /// Where its samples are put.
    pub(super) fn samples(&mut self) -> &mut VecDeque<i16> {
        &mut self.samples
    }

    pub(super) fn into_samples(self) -> VecDeque<i16> {
        self.samples
    }

    pub(super) fn finish(&mut self) {
        self.finished = true;
    }

    pub(super) const fn is_finished(&self) -> bool {
        self.finished
    }

    pub(super) fn hold(&mut self) {
        self.held = true;
        // Before its first sample, and in a gap, nothing is to be faded.
        let is_heard = self.given > 0 && !self.samples.is_empty();
        self.fade.go(Gain::SILENT, if is_heard { self.n_fade } else { 0 });
    }

    pub(super) fn let_go(&mut self) {
        self.held = false;
        self.fade.go(Gain::UNITY, if self.given > 0 { self.n_fade } else { 0 });
    }

    pub(super) fn n_queued(&self) -> usize {
        self.samples.len()
    }

    pub(super) const fn heard(&self) -> Heard {
        Heard { id: self.id, samples: self.given, gap: self.gap }
    }

    /// Something of it is to be given in the next frame, or silence in its place.
    pub(super) fn wants_frame(&self, n_lead: u64) -> bool {
        if self.is_silent() {
            return false;
        }
        self.given > 0 || self.finished || (!self.samples.is_empty() && self.samples.len() as u64 >= n_lead)
    }

    /// It is between its first and its last sample, and not held.
    pub(super) fn is_audible(&self) -> bool {
        self.given > 0 && !self.is_silent()
    }

    /// Gives the next samples. What is left of `out` is not written.
    pub(super) fn give(&mut self, out: &mut [i16]) -> Given {
        let is_first = self.given == 0;
        let wanted = if self.held { self.fade.n_left().min(out.len()) } else { out.len() };
        let n = self.take(&mut out[..wanted]);
        let started = is_first && n > 0;
        if self.is_over() {
            return Given {
                n,
                started,
                ended: true,
                broke_off: (n > 0).then_some(self.last),
                ..Given::default()
            };
        }
        let n_missing = wanted - n;
        if n_missing == 0 {
            self.in_gap &= n == 0;
            return Given { n, started, ..Given::default() };
        }
        let broke_off = (n > 0 || !self.in_gap).then_some(self.last);
        // It comes back softly.
        self.fade = Ramp::at(Gain::SILENT);
        if self.held {
            return Given { n, started, broke_off, ..Given::default() };
        }
        self.fade.go(Gain::UNITY, self.n_fade);
        self.in_gap = true;
        self.gap += n_missing as u64;
        Given { n, started, broke_off, gap_began: broke_off.is_some(), ..Given::default() }
    }

    /// Gives what fades out, up to `out.len()` samples.
    pub(super) fn give_last(&mut self, out: &mut [i16]) -> Given {
        self.hold();
        let n = self.fade.n_left().min(out.len());
        let n = self.take(&mut out[..n]);
        let is_faded = self.fade.rests_at(Gain::SILENT);
        Given { n, broke_off: (n > 0 && !is_faded).then_some(self.last), ..Given::default() }
    }

    fn take(&mut self, out: &mut [i16]) -> usize {
        let n = out.len().min(self.samples.len());
        let (first, second) = self.samples.as_slices();
        let n_first = n.min(first.len());
        out[..n_first].copy_from_slice(&first[..n_first]);
        out[n_first..n].copy_from_slice(&second[..n - n_first]);
        self.samples.drain(..n);
        if !self.fade.rests_at(Gain::UNITY) {
            for sample in &mut out[..n] {
                *sample = (f32::from(*sample) * self.fade.next()) as i16;
            }
        }
        self.given += n as u64;
        self.last = out[..n].last().copied().unwrap_or(self.last);
        n
    }

    /// All of it has been given.
    fn is_over(&self) -> bool {
        self.finished && self.samples.is_empty()
    }

    /// It is held and has faded out.
    fn is_silent(&self) -> bool {
        self.held && !self.is_over() && (self.samples.is_empty() || self.fade.rests_at(Gain::SILENT))
    }
}
