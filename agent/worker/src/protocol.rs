//! The worker's side of LiveKit's agent protocol: registration, slots, jobs, load, drain. Pure.
//!
//! One [`Machine`] speaks for one worker. A shell tells it what happened ([`Input`], in the past tense), does what it
//! orders ([`Output`], in the imperative) and calls it when a [`Timer`] is due. It reads no clock, opens no socket and
//! starts no call. A link is lost and found again; jobs go on without it.
//!
//! ```text
//!  open link ─► register ─► update_worker ─► availability ─► [considered] ─► answer ─► assignment ─► [call] ─► update_job
//!                                            slot reserved                             slot taken              slot free when left
//! ```
//!
//! Invariants, each a function in the property test:
//! - **W1** reserved and taken slots together never exceed the slots.
//! - **W2** every job that is offered is answered once: at once, or, while what calls need is being loaded and where the
//!   program decides, within a bound. The slot is held from the offer on, so that a "yes" is a promise that is kept.
//! - **W3** every started job ends in exactly one final `update_job`, when a link is there to carry it.
//! - **W4** nothing is sent without an open link, and nothing but the registration before it is answered.
//! - **W5** `update_worker` carries status and load together, and follows a registration at once.
//! - **W6** after the end nothing is ordered.
//! - **W7** the next timeout is later than the last moment handled, and handling it makes progress.

mod answer;
mod backoff;
mod config;
mod input;
mod job;
mod machine;
mod output;
mod timer;

pub use answer::{Answer, Declined, Presence};
pub use backoff::pause;
pub use config::{Config, Permissions};
pub use input::{Frame, Input, LinkFailure};
pub use job::{Assignment, Job, JobId, JobKind, JobParticipant, Outcome, StopReason};
pub use machine::{Counters, Machine, Phase, Snapshot};
pub use output::{End, Output};
pub use timer::Timer;

pub use livekit_protocol::{ServerMessage, WorkerMessage, worker_message::Message as ToServer};
