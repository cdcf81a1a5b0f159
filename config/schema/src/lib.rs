//! Configuration: typed, validated, every default in one place with unit and reason.
//!
//! The settings and their defaults stand in [`settings`]; everything else here reads them. A value comes from, in
//! rising order of precedence: the default, the file, the usual LiveKit variables (`LIVEKIT_URL`, `LIVEKIT_API_KEY`,
//! `LIVEKIT_API_SECRET`), `COLLOQUY__SECTION__KEY` variables, the command line.
//!
//! An agent's own file ([`Team`]) stands between the worker's file and the variables.
//!
//! [`load`] is pure: it is given the file's text and the environment as a map. [`environment`] is the one door to the
//! process's environment. Unknown keys, wrong types and values out of range are errors that name the place, the key,
//! what is allowed and, for a misspelling, the key that was probably meant; all errors of a file are reported at once.
#![warn(missing_docs)]

mod settings;

mod by_language;
mod error;
mod inventory;
mod load;
mod pairs;
mod print;
mod rule;
mod secret;
mod suggest;
mod team;
mod tool;
mod value;

pub use by_language::ByLanguage;
pub use error::{ConfigErrors, Fault, Place};
pub use inventory::{KeyDescription, keys};
pub use load::{Effective, Entry, File, Loaded, Origin, Sources, load};
pub use pairs::Pairs;
pub use print::document;
pub use secret::Secret;
pub use settings::*;
pub use team::{AgentFile, Team};
pub use tool::HttpToolSpec;

use std::collections::BTreeMap;

/// The process's environment: the only place in the workspace that reads it.
/// A name or a value that is not Unicode is read with the replacement character in the place of what is not.
#[must_use]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect()
}
