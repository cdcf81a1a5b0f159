//! What 20 ms cost in each part of the audio path. `benches/instructions.sh` counts instructions of the same work.

use divan::Bencher;

#[path = "work/material.rs"]
mod material;

fn main() {
    divan::main();
}

#[divan::bench(args = material::ALL)]
fn twenty_milliseconds(bencher: Bencher<'_, '_>, work: material::Work) {
    bencher.bench_local(work.prepare());
}
