//! Who may speak now: facts and time in, orders out. Pure.
//!
//! One [`Machine`] decides for one call. A shell tells it what happened ([`Input`], in the past tense) and when
//! ([`Moment`]), does what it orders ([`Output`], in the imperative), and calls it when a [`Timer`] is due. It holds no
//! words and no audio: it counts words, and it knows replies and turns by number. The same facts at the same moments
//! give the same orders, so a call can be decided again on a desk from its [`journal`].
//!
//! ```text
//!            [utterance]  [endpoint 500 ms]  [reply begins][playout ......... ]
//!  Listening UserSpeaking Settling           Thinking      Speaking  Yielding  Listening
//!                                                                    ^ the user speaks over it: pause, decide
//! ```
//!
//! Each speaker has an ear, an open turn and a pace of their own; one reply at a time has the floor; what else wants it
//! waits in a queue by priority. Nothing is ever set or cancelled: when a [`Timer`] is due follows from what is known, so
//! that each state is left within a bounded time.
//!
//! Its times are those of the field's most used framework (`tests/scenarios`), but for these, on purpose:
//! - a turn during an uninterruptible speech is answered after it, not lost;
//! - words that are still being recognised keep a paused reply paused, and an endpoint waiting;
//! - when a final transcript never comes, the interim words count; the wait for it is learned;
//! - a turn while functions run is answered at once, not when they have returned; stopped then, the agent listens;
//! - a judge of pauses has a deadline;
//! - there are no empty turns; a call to be closed waits only for what can still come.
//!
//! Invariants, each checked by [`Watch`] on every order, in tests and in production:
//! - **T1** at most one reply is audible.
//! - **T2** each committed turn ends in exactly one of a reply, a suppression with a reason, the close of the call.
//! - **T3** after its stop, nothing is ordered to play for that reply.
//! - **T4** a reply is cut at the position that the playout reported as heard.
//! - **T5** a speculative reply is silent, and runs nothing, until it is confirmed.
//! - **T6** the next timeout is later than the last moment handled, and handling it makes progress.
//! - **T7** the same journal gives the same orders.
//! - **T8** after `Closed`, silence.
//!
//! The walk, `cargo run -q -p agent-turn --example walk --release`, checks them over a million random sequences of facts
//! and over all short ones, and that each of these calls comes to rest.
#![warn(missing_docs)]

mod config;
mod ear;
mod endpoint;
mod input;
pub mod journal;
mod lateness;
mod listener;
mod machine;
mod moment;
mod output;
mod overlap;
mod pace;
mod queue;
mod speculate;
mod state;
mod step;
mod timer;
mod watch;

pub use config::{
    Config, Deadlines, Detection, EndpointConfig, InterruptionConfig, JudgeConfig, Keep, Pace, Profile,
    SpeakingConfig, SpeculationConfig, TranscriptConfig, TurnLimits,
};
pub use endpoint::Score;
pub use input::{
    Answer, Input, Manner, PlayoutFact, Priority, ReplyFact, SpeechKind, Standing, Told, UserFact, Verdict,
};
pub use machine::{Counters, Machine};
pub use moment::{Moment, PauseId, ReplyId, RequestId, SpeakerId, TurnId};
pub use output::{
    AgentState, CancelReason, CloseReason, DropReason, News, Output, ReplyCause, Suppression, TurnEnd,
    TurnSource, UserState,
};
pub use state::{Made, Pause, Reply, State, Wait};
pub use timer::Timer;
pub use watch::{Breach, Watch};
