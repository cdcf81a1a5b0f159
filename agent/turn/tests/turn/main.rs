//! The turn machine under timelines and under random facts.

mod properties;
mod random;
mod support;
mod timelines;
