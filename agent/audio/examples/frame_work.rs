//! Does one piece of work so many times, and says what processor time each took: for `benches/instructions.sh`.
//!
//! `frame_work` lists what there is; `frame_work hear 1000` does it.

use std::{fs, io, process::ExitCode};

#[path = "../benches/work/material.rs"]
mod material;

#[expect(clippy::print_stdout, reason = "its output is what it is for")]
fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        material::ALL.iter().for_each(|work| println!("{work}"));
        return ExitCode::SUCCESS;
    };
    let n = arguments.next().and_then(|n| n.parse().ok());
    let work = material::ALL.iter().find(|work| work.to_string() == name);
    let (Some(work), Some(n)) = (work, n) else {
        println!("usage: frame_work [WORK COUNT]");
        return ExitCode::FAILURE;
    };
    let mut work = work.prepare();
    let before = processor_time();
    (0..n).for_each(|_| work());
    if let (Ok(before), Ok(after)) = (before, processor_time()) {
        println!("{:.2}", (after - before) as f64 / f64::from(n) / 1000.0);
    }
    ExitCode::SUCCESS
}

/// Nanoseconds that this thread has run, as Linux counts them.
fn processor_time() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = text.split_ascii_whitespace().next().and_then(|first| first.parse().ok());
    first.ok_or_else(|| io::Error::other("schedstat does not begin with a number"))
}
