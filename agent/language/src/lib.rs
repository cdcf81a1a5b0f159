//! What a call knows of language: text fit for speech, how long words take, what a listener's noise is. Pure.
//!
//! It decides nothing about turns; `agent-turn` does. It does no input or output.
#![warn(missing_docs)]

mod captions;
pub mod listening;
pub mod reading;
pub mod wording;
pub mod words;

pub use captions::Captions;
pub use wording::Spoken;
