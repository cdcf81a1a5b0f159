//! Offline defaults: recogniser, intent engine and voice without a key or a network.
//!
//! - [`LocalEar`] is `PocketSphinx`, loaded at run time from Debian's `libpocketsphinx3` and `pocketsphinx-en-us`.
//! - [`LocalMind`] is a rule engine: intents, slots and answers from one file. It is not a language model.
//! - [`LocalVoice`] is Flite, loaded at run time from Debian's `libflite1`.
//! - `WhisperEar` (feature `whisper`) is whisper.cpp with a weights file that the operator names: it hears whole
//!   utterances, and `layers::Segments` makes a stream of it.
//!
//! The intents file ([`Intents`]) is the one source of what can be said: the mind answers by it, and the ear's grammar
//! is generated from it. Nothing here is needed to build; what is missing on the machine is said by
//! [`LocalEar::new`] and [`LocalVoice::new`] with the package to install.
#![warn(missing_docs)]

mod ear;
mod error;
mod intents;
mod mind;
mod sys;
mod voice;
#[cfg(feature = "whisper")]
mod whisper;

pub use ear::{EarConfig, EarMode, LocalEar};
pub use error::LocalError;
pub use intents::{Intents, IntentsError};
pub use mind::{LocalMind, MindConfig, WallClock};
pub use voice::{LocalVoice, VoiceConfig};
#[cfg(feature = "whisper")]
pub use whisper::{WhisperConfig, WhisperEar};

/// The provider's name in errors, metrics and configuration.
pub const PROVIDER: &str = "local";
