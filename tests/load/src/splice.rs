//! Where an answer goes on after a false interruption: at the sample at which it stopped, before it, or beyond it.
//!
//! The answer is a tone whose pitch rises for a second and begins again, so that any stretch of it tells its place: it
//! is where the sweep is most like it. The place of the last audible sample before the pause and of the first one after
//! it are next to each other when nothing was lost or said twice, but for the few milliseconds by which the codec smears
//! the edges of sound.

use std::time::Duration;

/// What was heard of one answer: blocks of samples at [`RATE`], each with the RTP time (48 kHz) of its first.
#[derive(Default)]
pub(crate) struct Tape(Vec<(u32, Vec<i16>)>);

/// How an answer went on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Splice {
    /// How long it was silent.
    pub(crate) pause: Duration,
    /// What was lost of it, in milliseconds; less than nothing when some was heard twice.
    pub(crate) lost_ms: f64,
}

impl Tape {
    pub(crate) fn push(&mut self, rtp_time: u32, samples: &[i16]) {
        self.0.push((rtp_time, samples.to_vec()));
    }

    /// `None` when there is no pause of at least [`PAUSE`] between two stretches of sound.
    pub(crate) fn splice(&self, sweep: &[i16]) -> Option<Splice> {
        let sound = self.on_a_line();
        let (end, begin) = pause_in(&sound)?;
        let before = end.checked_sub(EDGE + STRETCH)?;
        let after = begin + EDGE;
        let place_before = place(sound.get(before..before + STRETCH)?, sweep);
        let place_after = place(sound.get(after..after + STRETCH)?, sweep);
        let last = place_before + (end - before) as f64;
        let first = place_after - (after - begin) as f64;
        let second = sweep.len() as f64;
        // The sweep repeats: of all differences, the smallest.
        let lost = (first - last + second / 2.0).rem_euclid(second) - second / 2.0;
        Some(Splice {
            pause: Duration::from_secs_f64((begin - end) as f64 / f64::from(RATE)),
            lost_ms: lost * 1000.0 / f64::from(RATE),
        })
    }

    /// All blocks at their places; zeros where nothing came.
    fn on_a_line(&self) -> Vec<i16> {
        let Some((start, _)) = self.0.first() else { return Vec::new() };
        let mut line: Vec<i16> = Vec::new();
        for (rtp_time, samples) in &self.0 {
            let at = (rtp_time.wrapping_sub(*start) / WIRE_RATIO) as usize;
            if at > LONGEST {
                continue;
            }
            line.resize(line.len().max(at + samples.len()), 0);
            line[at..at + samples.len()].copy_from_slice(samples);
        }
        line
    }
}

/// The first pause: where sound ends, and where it goes on.
fn pause_in(sound: &[i16]) -> Option<(usize, usize)> {
    let loud: Vec<usize> = sound
        .chunks(WINDOW)
        .enumerate()
        .filter(|(_, window)| window.iter().any(|sample| sample.unsigned_abs() > AUDIBLE))
        .map(|(n, _)| n * WINDOW)
        .collect();
    let least = (PAUSE.as_secs_f64() * f64::from(RATE)) as usize;
    let pair = loud.windows(2).find(|pair| pair[1] - pair[0] > least)?;
    Some((pair[0] + WINDOW, pair[1]))
}

/// Where in the sweep a stretch of it begins, to a fraction of a sample: where the product of both is greatest.
fn place(stretch: &[i16], sweep: &[i16]) -> f64 {
    let likeness = |at: usize| -> f64 {
        let there = (0..stretch.len()).map(|n| f64::from(sweep[(at + n) % sweep.len()]));
        stretch.iter().zip(there).map(|(here, there)| f64::from(*here) * there).sum()
    };
    let best = (0..sweep.len()).map(|at| (at, likeness(at))).max_by(|a, b| a.1.total_cmp(&b.1));
    let Some((at, peak)) = best else { return 0.0 };
    let (left, right) = (likeness((at + sweep.len() - 1) % sweep.len()), likeness((at + 1) % sweep.len()));
    let curve = left - 2.0 * peak + right;
    at as f64 + if curve < 0.0 { (left - right) / (2.0 * curve) } else { 0.0 }
}

/// Samples a second on the tape.
pub(crate) const RATE: u32 = 16_000;
/// RTP counts at 48 kHz.
const WIRE_RATIO: u32 = 48_000 / RATE;
/// Nothing longer is kept: a minute.
const LONGEST: usize = 60 * RATE as usize;
/// A pause is at least this long.
const PAUSE: Duration = Duration::from_millis(500);
/// The edges of sound are found to half a millisecond.
const WINDOW: usize = 8;
/// A twentieth of the tone's peak: the fade of 5 ms is below it for a quarter of a millisecond.
const AUDIBLE: u16 = 400;
/// What is compared is this far from the edge, beyond fades and the codec's transients.
const EDGE: usize = 320;
/// How much is compared: 60 ms, in which the pitch rises by 160 Hz.
const STRETCH: usize = 960;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use providers_core::SampleRate;
    use providers_fake::Sound;

    use super::{RATE, Tape};

    /// An answer of two seconds that is silent for one after 700 ms, and goes on with so many samples missing.
    fn lost_ms(missing: isize) -> f64 {
        let rate = SampleRate::new(RATE).unwrap_or(SampleRate::HEARING);
        let sweep = Sound::Sweep { from: 440, to: 3_140, peak: 8_192 }.one_second(rate);
        let sound = |n: usize| sweep[n % sweep.len()];
        let mut tape = Tape::default();
        let first: Vec<i16> = (0..11_200).map(sound).collect();
        let second: Vec<i16> =
            (0..20_800).map(|n| sound((11_200_usize + n).wrapping_add_signed(missing))).collect();
        tape.push(u32::MAX - 500, &first);
        tape.push((u32::MAX - 500).wrapping_add((11_200 + 16_000) * 3), &second);
        let splice = tape.splice(&sweep).map(|splice| (splice.pause, splice.lost_ms));
        let (pause, lost) = splice.unwrap_or_default();
        assert!(pause.abs_diff(Duration::from_secs(1)) < Duration::from_millis(2), "{pause:?}");
        lost
    }

    #[test]
    fn what_is_lost_or_heard_twice_is_found_to_a_millisecond() {
        for missing in [0, 16, -16, 320, -320, 1_600] {
            let expected = missing as f64 / 16.0;
            assert!((lost_ms(missing) - expected).abs() < 1.0, "{missing} samples: {} ms", lost_ms(missing));
        }
    }

    #[test]
    fn an_answer_without_a_pause_has_no_splice() {
        let mut tape = Tape::default();
        tape.push(0, &[8_000; 16_000]);
        assert_eq!(tape.splice(&[1; 16_000]), None);
    }
}
