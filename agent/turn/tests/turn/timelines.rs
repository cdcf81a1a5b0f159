//! What the machine orders when: facts and orders side by side. Numbers such as A1 are those of `turn-taking.md`.

mod close;
mod failures;
mod false_interruption;
mod floor;
mod functions;
mod interruption;
mod speculation;
mod turns;
mod warmup;
