//! Silero by our own arithmetic against ONNX Runtime 1.31.1 on the same audio (vectors by `tools/silero_vectors.py`).

use agent_audio::vad::Silero;
use providers_core::{VAD_WINDOW, VoiceActivity};

/// The promise: no probability further than this from the reference.
const TOLERANCE: f32 = 1e-5;

#[test]
fn a_synthetic_voice_is_judged_as_onnx_runtime_judges_it() {
    check(&speech(), include_bytes!("vad_vectors/speech.f32"), 60..);
}

#[test]
fn vowels_noise_clicks_clipping_and_silence_are_judged_as_onnx_runtime_judges_them() {
    check(&generated(), include_bytes!("vad_vectors/generated.f32"), 150..200);
}

#[test]
fn after_a_reset_the_same_audio_is_judged_the_same() {
    let mut silero = Silero::new();
    let first = judge(&mut silero, &speech());
    let unforgotten = judge(&mut silero, &speech());
    silero.reset();
    let again = judge(&mut silero, &speech());
    assert_eq!(first, again);
    assert_ne!(first, unforgotten, "without a reset the network remembers");
}

#[track_caller]
fn check(samples: &[i16], reference: &[u8], speech_windows: impl std::ops::RangeBounds<usize>) {
    let reference: Vec<f32> =
        reference.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    let ours = judge(&mut Silero::new(), samples);
    assert_eq!(ours.len(), reference.len());
    for (index, (ours, reference)) in ours.iter().zip(&reference).enumerate() {
        assert!((ours - reference).abs() < TOLERANCE, "window {index}: {ours}, reference {reference}");
        assert_eq!(*ours >= 0.5, *reference >= 0.5, "window {index} is on the other side of the threshold");
    }
    let n_speech = ours.iter().filter(|&&probability| probability >= 0.5).count();
    assert!(speech_windows.contains(&n_speech), "{n_speech} windows of speech");
}

fn judge(silero: &mut Silero, samples: &[i16]) -> Vec<f32> {
    samples.as_chunks::<VAD_WINDOW>().0.iter().map(|window| silero.probability(window)).collect()
}

fn speech() -> Vec<i16> {
    let bytes = include_bytes!("vad_vectors/speech.s16");
    bytes.as_chunks::<2>().0.iter().map(|&sample| i16::from_le_bytes(sample)).collect()
}

/// A second of audio: noise as a right shift of 16 bits, the voice's gain in 256ths, something else.
struct Scene(u32, i64, Other);

enum Other {
    Nothing,
    Square,
    Clicks,
}

const SCENES: [Scene; 12] = [
    Scene(16, 0, Other::Nothing),
    Scene(11, 0, Other::Nothing),
    Scene(16, 256, Other::Nothing),
    Scene(10, 256, Other::Nothing),
    Scene(12, 24, Other::Nothing),
    Scene(8, 0, Other::Nothing),
    Scene(16, 0, Other::Square),
    Scene(8, 256, Other::Nothing),
    Scene(16, 0, Other::Clicks),
    Scene(16, 4096, Other::Nothing),
    Scene(15, 0, Other::Nothing),
    Scene(13, 128, Other::Nothing),
];

/// Two-pole resonators in 16384ths, three a vowel.
const VOWELS: [[(i64, i64); 3]; 3] = [
    [(31_095, -15_927), (28_584, -15_704), (17_580, -15_278)],
    [(32_084, -15_927), (20_835, -15_704), (12_109, -15_278)],
    [(31_910, -15_927), (30_510, -15_704), (16_533, -15_278)],
];

/// The same integers as `generated` in `tools/silero_vectors.py`.
fn generated() -> Vec<i16> {
    let (mut random, mut pulse, mut states) = (0x2545_F491_u32, 0_i64, [[0_i64; 2]; 3]);
    let mut sample = |position: i64| {
        let Scene(noise_shift, gain, other) = &SCENES[position as usize / 16_000];
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let noise = if *noise_shift < 16 { (i64::from(random >> 16) - 32_768) >> noise_shift } else { 0 };
        let syllable = position % 3_200;
        pulse = if pulse > 0 { pulse - 1 } else { 120 + (position % 6_400 - 3_200).abs() / 80 };
        let mut value = if pulse == 0 { 6_000 } else { (i64::from(random >> 20) - 2_048) >> 6 };
        // Python's `//` rounds down.
        value = (value * syllable.min(3_200 - syllable)).div_euclid(1_600);
        for ((b1, b2), state) in VOWELS[position as usize / 3_200 % 3].iter().zip(&mut states) {
            value = (value * 4_096 + b1 * state[0] + b2 * state[1]) >> 14;
            *state = [value, state[0]];
        }
        let value = match other {
            Other::Nothing => (value * gain) >> 8,
            Other::Square => [32_767, -32_768][(position / 40 % 2) as usize],
            Other::Clicks => 30_000 * i64::from(position % 4_000 < 3),
        };
        (value + noise).clamp(-32_768, 32_767) as i16
    };
    (0..16_000 * SCENES.len() as i64).map(&mut sample).collect()
}
