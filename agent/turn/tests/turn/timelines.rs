//! What the machine orders when: facts and orders side by side. Numbers such as A1 are those of `turn-taking.md`.

mod close;
mod detection;
mod drain;
mod failures;
mod false_interruption;
mod floor;
mod functions;
mod hand_over;
mod interruption;
mod patience;
mod queue;
mod speakers;
mod speculation;
mod turns;
mod verdicts;
mod warmup;
