//! Settings of a call's audio: packets, codec and voice activity.

use std::time::Duration;

use crate::{
    inventory::{choice, section},
    rule::{count, decimal, flag, milliseconds, text},
};

section! {
    /// The audio of a call.
    pub struct Audio at "audio" {
        /// Whether people are heard. If not, no microphone is subscribed and no recogniser asked: they write (lk.chat).
        input: bool = "input" flag(true);
        /// Whether the agent speaks. If not, it has no track and no voice is asked: what it says is written
        /// (lk.transcription), as its mind wrote it, as soon as it is there.
        output: bool = "output" flag(true);
        /// The least that is held back to bring late packets into order; each millisecond is heard as delay.
        /// One packet is enough on a still network.
        jitter_min: Duration = "jitter_min_ms" milliseconds(20, 0, 500);
        /// The most that is held back. Beyond this, speech that waits for its packets answers too late to be talk.
        jitter_max: Duration = "jitter_max_ms" milliseconds(200, 20, 2_000);
        /// A hole is filled with invented sound this long, then with silence.
        conceal_max: Duration = "conceal_max_ms" milliseconds(100, 0, 1_000);
        /// How much of an answer must be there before its first sample is given: more hides a voice that stutters, and is
        /// heard as delay.
        playout_lead: Duration = "playout_lead_ms" milliseconds(0, 0, 200);
        /// A WAV file that is heard behind everything, again and again, from when the agent has the call; empty for none.
        background: Option<String> = "background" text("", 4_096);
        /// How loud it is; below the agent's words it is 12 dB softer.
        background_level: f32 = "background_db" decimal(-20.0, -100.0, 20.0, "dB");
        /// A WAV file that is heard while the agent thinks; empty for none.
        thinking: Option<String> = "thinking" text("", 4_096);
        /// How loud it is.
        thinking_level: f32 = "thinking_db" decimal(-15.0, -100.0, 20.0, "dB");
        /// How long the first words wait until somebody has subscribed to the agent's track; then they are said all the same.
        subscriber_wait: Duration = "subscriber_wait_ms" milliseconds(3_000, 0, 30_000);
        /// How much work the encoder does: 10 the most. 1 at 40,000 bit/s is nearer to the voice than 5 at 24,000 (log-spectral
        /// distance 4.9 dB against 8.7 dB on recorded speech), for under half the work.
        opus_complexity: u32 = "opus_complexity" count(1, 0, 10, "");
        /// Bits a second of the agent's voice, its protection against loss included.
        opus_bitrate: u32 = "opus_bitrate" count(40_000, 6_000, 128_000, "bit/s");
        /// Loss the encoder prepares for with a coarse copy of each packet in the next. At 5 it sends none; 10 survives a tenth.
        opus_expected_loss: u32 = "opus_expected_loss_percent" count(10, 0, 50, "percent");
    }
}

choice! {
    /// Which detector of voice activity.
    pub enum VadKind {
        /// Silero: noise is not speech to it (0 % false frames on noise and beeps).
        Silero = "silero",
        /// earshot: about the cost of Silero (15.5 µs a window against 14), and music or keys may count as speech.
        Earshot = "earshot",
        /// webrtc-vad: the least cost, for quiet lines only.
        Webrtc = "webrtc",
    }
}

section! {
    /// Voice activity.
    pub struct Vad at "vad" {
        /// Which detector judges the windows.
        kind: VadKind = "kind" VadKind::Silero.rule();
        /// The probability at which speech begins.
        activation: f32 = "activation" decimal(0.5, 0.01, 1.0, "");
        /// The probability below which speech ends; lower than activation, so that a word's quiet end is still speech.
        deactivation: f32 = "deactivation" decimal(0.35, 0.0, 1.0, "");
        /// Speech shorter than this is a click.
        min_speech: Duration = "min_speech_ms" milliseconds(50, 0, 2_000);
        /// Silence that ends an utterance. Shorter than turn.endpointing_min_delay_ms, which counts from the same moment,
        /// so that it adds nothing to the answer's delay and leaves a recogniser the rest for its final words.
        min_silence: Duration = "min_silence_ms" milliseconds(250, 32, 5_000);
        /// A cheap judge before the costly one: in long silence it spares Silero's 14 µs of each 32 ms, and changes 8 judgements
        /// in 10,000. Without it the judgement is exact.
        gate: bool = "gate" flag(false);
    }
}
