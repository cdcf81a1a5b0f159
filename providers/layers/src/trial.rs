//! One attempt that can be taken back until something of it was given: what retries and fallbacks are made of.

mod answer;
mod speech;

pub(crate) use answer::{Trial, Tried};
pub(crate) use speech::{SpeechTrial, Spoken};
