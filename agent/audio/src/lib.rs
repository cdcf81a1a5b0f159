//! What a call hears and says, sample by sample: Opus, jitter buffer, voice activity, mixing, playout clock. Pure.
//!
//! Two machines, one for each direction, and what they are made of:
//!
//! ```text
//! RTP ─► Hearing: RED ─► jitter buffer ─► Opus decoder ─► 16 kHz frames ─► vad, recogniser
//! RTP ◄─ Speaking: Opus encoder ◄─ mixer ◄─ playout (24 kHz, sample-exact) ◄─ resampler ◄─ voice
//! ```
//!
//! Neither reads a clock, waits, locks or logs. `now` comes in; when to come back is told by
//! [`Hearing::next_pull`] and [`Speaking::next_frame`]. After the first seconds nothing allocates per frame.
//! A call on a file or a sound card uses [`Playout`] without the codec. [`Recent`] keeps what a judge of pauses looks back at.
//!
//! Not here: sockets, SRTP, files, devices (`agent/rtc`, `agent/worker`), and who may speak when (`agent/turn`).
#![warn(missing_docs)]

mod encode;
mod error;
mod gain;
mod hearing;
mod level;
mod limit;
mod playout;
mod recent;
mod resample;
mod sound;
mod speaking;
pub mod vad;

#[cfg(test)]
mod testing;

pub use encode::EncoderConfig;
pub use error::CodecError;
pub use gain::Gain;
pub use hearing::{AudioPacket, Frame, Hearing, HearingConfig, HearingCounters, Origin, PayloadKind};
pub use level::level;
pub use playout::{Heard, Playout, PlayoutConfig, PlayoutCounters, PlayoutError, PlayoutEvent, PlayoutId};
pub use recent::Recent;
pub use resample::Resampler;
pub use sound::{Clip, Sound, SoundId};
pub use speaking::{Packet, Quiet, Speaking, SpeakingConfig, SpeakingCounters};

/// Samples in a frame of what is heard: 20 ms at 16 kHz.
pub const HEARD_FRAME: usize = 320;

/// Samples in a frame of what is said: 20 ms at 24 kHz.
pub const SPOKEN_FRAME: usize = 480;

#[cfg(test)]
mod tests {
    use super::{Hearing, Playout, Speaking};

    #[test]
    fn a_call_may_be_moved_to_another_thread() {
        const fn is_send<T: Send>() {}
        is_send::<Hearing>();
        is_send::<Playout>();
        is_send::<Speaking>();
    }
}
