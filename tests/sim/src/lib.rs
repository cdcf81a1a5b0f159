//! The scenario runner: conversations as data, on the real core and the real shell with the fakes, under virtual time.
//!
//! A scenario is a TOML file: what the user says and when, what the fakes answer and how fast, what the program does,
//! and what must come out. `tests/scenarios/README.md` names all keys. The runner decides nothing about turns.
#![warn(missing_docs)]

mod agents;
mod cast;
mod cues;
mod error;
mod pauses;
mod play;
mod program;
mod witness;

pub mod bench;
pub mod body;
pub mod event;
pub mod judge;
pub mod scenario;
pub mod seconds;
pub mod session;
pub mod story;

pub use cues::voice as voice_cues;
pub use error::Error;
pub use play::{Played, Stage};
pub use scenario::{Scenario, read};
