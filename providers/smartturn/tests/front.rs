//! The front end against the one that the network was taught with: values of `tools/reference.py`, for 26 sounds.

use providers_smartturn::{FRAMES, FrontEnd, MELS};
use signals::signals;

mod signals;

/// Values of each sound that are kept, from all bands and times.
const KEPT: usize = 240;
const STRIDE: usize = 271;

static EXPECTED: &[u8] = include_bytes!("signals/features.f32");

#[test]
fn the_network_sees_what_it_was_taught_to_see() {
    let (mut front, mut features) = (FrontEnd::new(), Box::new([0.0; MELS * FRAMES]));
    let expected: Vec<f32> = EXPECTED.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    let signals = signals();
    assert_eq!(expected.len(), signals.len() * KEPT);
    for (signal, expected) in signals.iter().zip(expected.chunks_exact(KEPT)) {
        front.features(&signal.samples, &mut features);
        for (place, expected) in expected.iter().enumerate() {
            let at = place * STRIDE % features.len();
            let difference = (features[at] - expected).abs();
            assert!(difference < 1e-4, "{}, value {at}: {} for {expected}", signal.name, features[at]);
        }
    }
}
