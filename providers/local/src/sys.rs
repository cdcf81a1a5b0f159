//! The foreign libraries, loaded at run time: all unsafe code of this crate.

pub(crate) mod flite;
mod library;
pub(crate) mod pocketsphinx;
#[cfg(feature = "whisper")]
pub(crate) mod whisper;
