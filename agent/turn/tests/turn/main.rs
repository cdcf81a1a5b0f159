//! The turn machine under timelines and under random facts.

mod support;
mod timelines;
