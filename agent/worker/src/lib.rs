//! The worker process: registers with LiveKit, takes jobs, runs calls on shards, drains.
//!
//! ```text
//!            Machine (protocol, pure)
//!               │ orders        ▲ facts
//! server ◄─► Link ◄─► Worker ◄──┴──► Shards ─► shard 0: call, call, call …     one thread, one runtime
//!                       │                      shard 1: call, call …
//!                       └─► status ─► /readyz /worker /metrics
//! ```
//!
//! The worker's own thread speaks with the server and serves its endpoints; calls live on the shards' threads and
//! never leave theirs. What a call is stands in [`Entry`]: the worker knows neither rooms nor providers.
//!
//! A program with agents of its own is a [`Program`]: it has the command line, the configuration and all else of
//! `colloquy-agent`. It may look at each job before it is taken, and makes the agents of a call from its [`Job`].

pub mod protocol;

mod link;
mod seat;
mod seldom;
mod shards;
mod trust;
mod worker;

mod call;
pub mod cast;
mod console;
mod journals;
mod observing;
mod panics;
pub mod providers;
mod remote;
mod wav;
mod wiring;

mod http;
mod logging;
mod metrics;
pub mod playground;
mod program;

pub use call::Calls;
pub(crate) use call::NotBegun;
pub use console::{ConsoleError, Sound, console};
pub use http::{Health, ListenError, listen, serve};
pub use journals::{Journals, JournalsError, journals};
pub use link::{Link, LinkError, websocket_url};
pub use logging::{FilterError, check as check_logging, start as start_logging};
pub use metrics::{Metric, Metrics};
pub use program::{MakeAgents, Program, run};
pub use protocol::{Answer, Job, JobId, JobKind, JobParticipant, Presence};
pub use seat::{CallFuture, Entry, Seat};
pub use shards::ShardGauge;
pub use trust::{Trust, TrustError};
pub use wav::WavError;
pub use worker::{Consider, Considered, Request, Worker, WorkerError, job_kind};
