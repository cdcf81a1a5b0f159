//! A scripted ear, mind, voice, realtime model and turn detector on the runtime's clock, virtual or real.
//!
//! Under a paused tokio clock they answer scenarios in no time; on the real clock they are the providers of a load
//! bench, so a stream is a state machine that is polled: it has one timer and no task. Every answer, delay and
//! failure is given by the script; nothing is random.
#![warn(missing_docs)]

mod detector;
mod ear;
mod fault;
mod mind;
mod realtime;
mod recogniser;
mod record;
mod timeline;
mod voice;

pub use detector::{FakeDetector, Judgement};
pub use ear::{Endpoints, FakeEar, Heard, Utterance};
pub use fault::{Fault, Faults, Mishap};
pub use mind::{Answer, FakeMind};
pub use realtime::{FakeRealtime, OwnTurns, RealtimeScript, SpokenAnswer, Told};
pub use recogniser::FakeRecogniser;
pub use timeline::When;
pub use voice::{FakeVoice, Sound, Speech};
