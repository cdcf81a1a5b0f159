//! One suite that every provider passes.
//!
//! A provider's test gives a bench: it stages scenes (what the vendor's server, or the script of a fake, answers) and
//! says what it sees (requests open, bytes sent). The suite runs every rule of the port and reports; a rule that the
//! bench cannot stage is listed as such, never passed in silence.
//!
//! ```text
//! let report = check_mind(&mut MyBench::new()).await;
//! assert!(report.is_clean(), "{report}");
//! ```
//!
//! It runs on tokio's clock: virtual where the test has paused it, real against real sockets. What it does not test
//! is whether an answer is any good.
#![warn(missing_docs)]

mod detector;
mod ear;
mod mind;
mod realtime;
mod recogniser;
mod report;
mod scene;
mod voice;

pub use detector::{DetectorBench, check_detector};
pub use ear::{EarBench, Spoken, check_ear};
pub use mind::{MindBench, MindScene, check_mind};
pub use realtime::{RealtimeBench, check_realtime};
pub use recogniser::{RecogniserBench, RecogniserScene, check_recogniser};
pub use report::Report;
pub use scene::{Chunking, Fault};
pub use voice::{VoiceBench, VoiceScene, check_voice};
