//! A port made of ports: cut on voice activity, cut at sentences, time out, try again.
//!
//! A layer takes a port and is one, so layers stack in any order. None of them spawns a task: each is polled with
//! the stream it made, on the runtime's clock, and dropping that stream drops all below it. Fallback, hedging,
//! circuit breaking, budgets, caches and meters belong here too, one file each.
//!
//! | layer | over | gives |
//! |---|---|---|
//! | [`Segments`] | a batch recogniser | an ear |
//! | [`Sentences`] | a voice that wants whole texts | a voice that takes pieces |
//! | [`TimedEar`], [`TimedMind`], [`TimedVoice`], [`TimedRecogniser`] | a port | the same, which never waits for ever |
//! | [`RetryingMind`] | a mind | a mind that tries again before its first piece |
#![warn(missing_docs)]

mod cutter;
mod deadline;
mod retry;
mod segments;
mod sentences;
mod timeout;

pub use cutter::{SentenceCutter, SentenceRules};
pub use retry::{RetryBudget, RetryPolicy, RetryTally, RetryingMind, backoff};
pub use segments::{SegmentRules, Segments};
pub use sentences::Sentences;
pub use timeout::{
    EarTimeouts, MindTimeouts, TimedEar, TimedMind, TimedRecogniser, TimedVoice, VoiceTimeouts,
};
