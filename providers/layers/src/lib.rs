//! A port made of ports: cut on voice activity, cut at sentences, time out, try again, take another.
//!
//! A layer takes a port and is one, so layers stack in any order. None of them spawns a task: each is polled with
//! the stream it made, on the runtime's clock, and dropping that stream drops all below it. Hedging, budgets, caches
//! and meters belong here too, one file each.
//!
//! | layer | over | gives |
//! |---|---|---|
//! | [`Segments`] | a batch recogniser | an ear |
//! | [`Sentences`] | a voice that wants whole texts | a voice that takes pieces |
//! | [`TimedEar`], [`TimedMind`], [`TimedVoice`], [`TimedRecogniser`], [`TimedDetector`] | a port | the same, which never waits for ever |
//! | [`FallbackEar`], [`FallbackMind`], [`FallbackVoice`] | a chain of ports | one that goes on when one of them fails |
//! | [`RetryingRecogniser`], [`RetryingMind`], [`RetryingVoice`] | a port | the same, which tries again while nothing was given |
#![warn(missing_docs)]

mod cutter;
mod deadline;
mod fallback;
mod retry;
mod segments;
mod sentences;
mod timeout;
mod trial;

pub use cutter::{SentenceCutter, SentenceRules};
pub use fallback::{Chain, ChainTally, FallbackEar, FallbackMind, FallbackVoice, RestPolicy};
pub use retry::{
    Retries, RetryBudget, RetryPolicy, RetryTally, RetryingMind, RetryingRecogniser, RetryingVoice, backoff,
};
pub use segments::{SegmentRules, Segments};
pub use sentences::Sentences;
pub use timeout::{
    EarTimeouts, MindTimeouts, TimedDetector, TimedEar, TimedMind, TimedRecogniser, TimedVoice, VoiceTimeouts,
};
