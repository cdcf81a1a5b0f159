//! Sounds beside the reply: backgrounds, thinking sounds.

use std::sync::Arc;

use crate::{
    SPOKEN_FRAME,
    gain::{Gain, Ramp},
};

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

/// The sounds that play, under one ducking.
pub(crate) struct Sounds {
    playing: Vec<Playing>,
    next_id: u32,
    duck: Ramp,
    buffer: Box<[i16; SPOKEN_FRAME]>,
}

struct Playing {
    id: SoundId,
    sound: Box<dyn Sound>,
    gain: Ramp,
    /// It is forgotten once it is silent.
    leaving: bool,
}

impl Default for Sounds {
    fn default() -> Self {
        let buffer = Box::new([0; SPOKEN_FRAME]);
        Self { playing: Vec::new(), next_id: 0, duck: Ramp::at(Gain::UNITY), buffer }
    }
}

impl Sounds {
    pub(crate) fn add(&mut self, sound: Box<dyn Sound>, gain: Gain, n_fade: u64) -> SoundId {
        let id = SoundId(self.next_id);
        self.next_id = self.next_id.wrapping_add(1);
        let mut ramp = Ramp::at(Gain::SILENT);
        ramp.go(gain, n_fade);
        self.playing.push(Playing { id, sound, gain: ramp, leaving: false });
        id
    }

    pub(crate) fn set_gain(&mut self, id: SoundId, gain: Gain, n_fade: u64) {
        if let Some(playing) = self.playing.iter_mut().find(|playing| playing.id == id && !playing.leaving) {
            playing.gain.go(gain, n_fade);
        }
    }

    pub(crate) fn remove(&mut self, id: SoundId, n_fade: u64) {
        if let Some(playing) = self.playing.iter_mut().find(|playing| playing.id == id) {
            playing.gain.go(Gain::SILENT, n_fade);
            playing.leaving = true;
        }
        self.playing.retain(|playing| !playing.is_gone());
    }

    pub(crate) fn duck(&mut self, gain: Gain, n_fade: u64) {
        self.duck.go(gain, n_fade);
    }

    /// One of them is to be heard in the next frame.
    pub(crate) fn are_audible(&self) -> bool {
        self.playing.iter().any(Playing::is_audible)
    }

    /// Adds their next frame to the mix.
    pub(crate) fn add_to(&mut self, mix: &mut [f32; SPOKEN_FRAME]) {
        let duck = self.duck;
        for _ in 0..SPOKEN_FRAME {
            self.duck.next();
        }
        let buffer = &mut *self.buffer;
        self.playing.retain_mut(|playing| {
            if !playing.is_audible() {
                return true;
            }
            let mut duck = duck;
            let n = playing.sound.fill(buffer).min(SPOKEN_FRAME);
            for (mixed, sample) in mix.iter_mut().zip(&buffer[..n]) {
                *mixed += f32::from(*sample) * playing.gain.next() * duck.next();
            }
            n == SPOKEN_FRAME && !playing.is_gone()
        });
    }
}

impl Playing {
    fn is_audible(&self) -> bool {
        !self.gain.rests_at(Gain::SILENT)
    }

    fn is_gone(&self) -> bool {
        self.leaving && !self.is_audible()
    }
}
