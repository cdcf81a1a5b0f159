//! Slaney's mel bands from 0 to 8 kHz: triangles of equal area over the powers of a spectrum, almost all of them zero.

use super::{MELS, WINDOW};

/// Hertz from one power to the next, and the highest.
const SPACING: f64 = 16_000.0 / WINDOW as f64;
const HIGHEST: f64 = 8_000.0;
/// The scale is straight up to 1 kHz, 15 mel; above it, each 27th of 6.4 times the frequency is one mel.
const BEND_HERTZ: f64 = 1_000.0;
const BEND_MEL: f64 = 15.0;

/// The triangles: where each begins among the powers, and its weights.
pub(super) struct MelBank {
    bands: [(usize, Vec<f64>); MELS],
}

impl MelBank {
    pub(super) fn new() -> Self {
        let step = (6.4_f64).ln() / 27.0;
        let top = BEND_MEL + (HIGHEST / BEND_HERTZ).ln() / step;
        let corner = |place: usize| {
            let mel = top * place as f64 / (MELS + 1) as f64;
            let bent = BEND_HERTZ * ((mel - BEND_MEL) * step).exp();
            if mel < BEND_MEL { mel * BEND_HERTZ / BEND_MEL } else { bent }
        };
        Self { bands: std::array::from_fn(|band| triangle(corner(band), corner(band + 1), corner(band + 2))) }
    }

    /// The power in each band.
    pub(super) fn gather(&self, powers: &[f64; WINDOW / 2 + 1]) -> impl Iterator<Item = f64> {
        self.bands.iter().map(|(start, weights)| {
            weights.iter().zip(&powers[*start..]).map(|(weight, power)| weight * power).sum()
        })
    }
}

/// A triangle of area 1 Hz from `low` over `middle` to `high`.
fn triangle(low: f64, middle: f64, high: f64) -> (usize, Vec<f64>) {
    let weight = |place: usize| {
        let hertz = place as f64 * SPACING;
        let height = ((hertz - low) / (middle - low)).min((high - hertz) / (high - middle));
        height.max(0.0) * 2.0 / (high - low)
    };
    let places = (low / SPACING) as usize..=WINDOW / 2;
    let start = places.clone().find(|place| weight(*place) > 0.0).unwrap_or(0);
    (start, (start..=*places.end()).map(weight).take_while(|weight| *weight > 0.0).collect())
}

#[cfg(test)]
mod tests {
    use super::{MelBank, SPACING, WINDOW};

    #[test]
    fn each_band_has_a_place_and_a_white_spectrum_fills_them_alike() {
        let bank = MelBank::new();
        assert!(
            bank.bands
                .iter()
                .all(|(start, weights)| { !weights.is_empty() && start + weights.len() <= WINDOW / 2 + 1 })
        );
        let white: Vec<f64> = bank.gather(&[SPACING; WINDOW / 2 + 1]).collect();
        // The narrow bands below 1 kHz hold one or two powers each, so that their areas are rough.
        assert!(white.iter().all(|area| (0.6..1.4).contains(area)), "{white:?}");
        assert!(white[60..].iter().all(|area| (area - 1.0).abs() < 0.05), "{white:?}");
    }

    #[test]
    fn a_tone_is_in_its_band_and_its_neighbour() {
        let mut tone = [0.0; WINDOW / 2 + 1];
        tone[25] = 1.0;
        let lit: Vec<usize> = MelBank::new()
            .gather(&tone)
            .enumerate()
            .filter(|(_, power)| *power > 0.0)
            .map(|(band, _)| band)
            .collect();
        assert!(lit.len() <= 2 && !lit.is_empty(), "1000 Hz is in bands {lit:?}");
        // 1000 Hz is 15 mel, and there are 81 steps up to 45.2 mel.
        assert!(lit.contains(&25) || lit.contains(&26), "{lit:?}");
    }
}
