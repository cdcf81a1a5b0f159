//! What one judgement of a pause costs: the front end by the turn's length, and the whole with the network.

use divan::Bencher;
use providers_core::{PauseContext, TurnDetector};
use providers_smartturn::{FRAMES, FrontEnd, MELS};

#[path = "../tests/support/mod.rs"]
mod support;

fn main() {
    divan::main();
}

fn turn(seconds: usize) -> Vec<i16> {
    let mut seed = 1_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 18) as i16
    };
    std::iter::repeat_with(&mut next).take(seconds * 16_000).collect()
}

#[divan::bench(args = [1, 3, 8])]
fn front_end_of_a_turn_of_seconds(bencher: Bencher<'_, '_>, seconds: usize) {
    let (mut front, mut features, turn) = (FrontEnd::new(), Box::new([0.0; MELS * FRAMES]), turn(seconds));
    bencher.bench_local(move || front.features(&turn, &mut features));
}

#[divan::bench(args = [1, 8], sample_count = 20, sample_size = 1)]
fn a_judgement_of_a_turn_of_seconds(bencher: Bencher<'_, '_>, seconds: usize) {
    let (detector, turn) = (support::detector(0), turn(seconds));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    bencher.bench_local(|| {
        let pause = PauseContext { audio: turn.clone(), ..PauseContext::default() };
        runtime.block_on(detector.judge(pause)).expect("a verdict")
    });
}
