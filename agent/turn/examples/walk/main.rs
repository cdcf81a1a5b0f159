//! Walks the turn machine: many random sequences of facts, then all short ones.
//!
//! `cargo run -q -p agent-turn --example walk --release -- --sequences 1000000 --seed 1 --depth 5`
//!
//! Each random sequence is checked for T1 to T8 and for coming to rest; its seed repeats it. The walk of all short
//! sequences takes each distinct state once. Ends with an error at the first breach.

mod exhaustive;
#[path = "../../tests/turn/random.rs"]
mod random;
#[path = "../../tests/turn/support.rs"]
#[expect(dead_code, reason = "the timelines' part of it is not needed here")]
mod support;

use std::time::Instant;

/// What is asked for.
struct Arguments {
    sequences: u64,
    seed: u64,
    depth: u32,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]
#[expect(clippy::disallowed_methods, reason = "it says how long it took")]
fn main() -> Result<(), String> {
    let Arguments { sequences, seed, depth } = arguments()?;
    let began = Instant::now();
    for (done, seed) in (seed..seed.saturating_add(sequences)).enumerate() {
        random::holds(seed);
        random::comes_to_rest(seed);
        random::is_decided_again(seed);
        random::closes_in_silence(seed);
        if (done + 1) % 250_000 == 0 {
            eprintln!("{} sequences, the last of seed {seed}, {:.0?}", done + 1, began.elapsed());
        }
    }
    println!(
        "{sequences} random sequences from seed {seed}: no breach, all come to rest, {:.1?}",
        began.elapsed()
    );
    for detection in exhaustive::DETECTIONS {
        let began = Instant::now();
        let walk = exhaustive::walk(detection, depth)?;
        println!(
            "{} detection, all sequences of {depth} of {} facts: {} sequences, {} states, no breach; each comes to rest \
             within {:.1?} of the call; {:.1?}",
            detection.name(),
            exhaustive::FACTS,
            walk.sequences,
            walk.states,
            walk.longest,
            began.elapsed()
        );
    }
    Ok(())
}

fn arguments() -> Result<Arguments, String> {
    let mut arguments = Arguments { sequences: 1_000_000, seed: 1, depth: 5 };
    let mut words = std::env::args().skip(1);
    while let Some(name) = words.next() {
        let value = words.next().and_then(|value| value.parse().ok());
        let value: u64 = value.ok_or_else(|| format!("{name} needs a number"))?;
        match name.as_str() {
            "--sequences" => arguments.sequences = value,
            "--seed" => arguments.seed = value,
            "--depth" => arguments.depth = u32::try_from(value).map_err(|error| error.to_string())?,
            _ => return Err(format!("{name} is unknown; known are --sequences, --seed and --depth")),
        }
    }
    Ok(arguments)
}
