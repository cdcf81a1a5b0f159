//! Voice activity, a window of 32 ms at a time: what each engine costs, and what the gate and the detector add or save.

use std::time::Duration;

use agent_audio::vad::{Aggressiveness, Detector, DetectorConfig, Engine};
use divan::Bencher;
use providers_core::VAD_WINDOW;

/// 2.8 s of a synthetic voice.
static SPEECH: &[u8] = include_bytes!("../tests/vad_vectors/speech.s16");

const ENGINES: [Engine; 4] =
    [Engine::Silero, Engine::GatedSilero, Engine::Earshot, Engine::WebRtc(Aggressiveness::VeryAggressive)];

fn main() {
    divan::main();
}

fn speech() -> Vec<i16> {
    SPEECH.as_chunks::<2>().0.iter().map(|&sample| i16::from_le_bytes(sample)).collect()
}

/// Quiet hiss: three least bits of a linear congruence.
fn hiss() -> Vec<i16> {
    let mut seed = 1_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 29) as i16 - 4
    };
    std::iter::repeat_with(&mut next).take(64 * VAD_WINDOW).collect()
}

#[divan::bench(args = ENGINES)]
fn a_window_of_speech(bencher: Bencher<'_, '_>, engine: Engine) {
    windows_of(bencher, engine, &speech());
}

#[divan::bench(args = ENGINES)]
fn a_window_of_hiss(bencher: Bencher<'_, '_>, engine: Engine) {
    windows_of(bencher, engine, &hiss());
}

fn windows_of(bencher: Bencher<'_, '_>, engine: Engine, audio: &[i16]) {
    let mut engine = engine.build();
    let mut windows = audio.as_chunks::<VAD_WINDOW>().0.iter().cycle();
    bencher.bench_local(move || windows.next().map(|window| engine.probability(window)));
}

#[divan::bench]
fn a_frame_of_20_ms_through_the_detector(bencher: Bencher<'_, '_>) {
    let mut detector = Detector::new(Engine::GatedSilero.build(), CONFIG);
    let speech = speech();
    let mut frames = speech.as_chunks::<320>().0.iter().cycle();
    bencher.bench_local(move || {
        detector.handle_audio(frames.next().map_or(&[], |frame| frame.as_slice()));
        while let Some(event) = detector.poll_event() {
            divan::black_box(event);
        }
    });
}

#[divan::bench]
fn a_new_silero(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| Engine::Silero.build());
}

const CONFIG: DetectorConfig = DetectorConfig {
    activation: 0.5,
    deactivation: 0.35,
    min_speech: Duration::from_millis(50),
    min_silence: Duration::from_millis(250),
};
