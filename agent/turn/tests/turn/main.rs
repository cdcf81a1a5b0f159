//! The turn machine under timelines and under random facts.

mod properties;
mod support;
mod timelines;
