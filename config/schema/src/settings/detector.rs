//! Settings of the judge that is asked at a pause whether the person has finished.

use std::time::Duration;

use crate::{
    ByLanguage,
    inventory::{choice, section},
    rule::{Shape, count, decimal, milliseconds, shaped, text},
};

choice! {
    /// Who judges at a pause whether the person has finished.
    pub enum TurnJudge {
        /// Nobody: silence alone decides.
        None = "none",
        /// The words so far: an end such as "and" or "my name is" is none, and "hold on" asks for time. Costs nothing;
        /// other languages than those it has words for are left to silence.
        Words = "words",
        /// Smart Turn, a network that hears the audio, for 23 languages. Needs the feature `smart-turn` and two files:
        /// ./dev models smart-turn.
        SmartTurn = "smart-turn",
    }
}

section! {
    /// Smart Turn. It is loaded only when turn.detector is "smart-turn".
    pub struct SmartTurn at "turn.smart_turn" {
        /// The model's file; ./dev models smart-turn fetches smart-turn-v3.2-cpu.onnx.
        model: Option<String> = "model" text("", 4_096);
        /// The file of ONNX Runtime 1.17 or newer; also ORT_DYLIB_PATH. Empty: beside the model, then where the system looks.
        library: Option<String> = "library" text("", 4_096);
        /// The probability from which on a turn counts as complete; below it turn.endpointing_max_delay_ms is waited.
        threshold: f32 = "threshold" decimal(0.5, 0.001, 1.0, "");
        /// The same for single languages, such as "de=0.6, pt-BR=0.45".
        thresholds: ByLanguage = "thresholds" shaped("", Shape::ShareByLanguage);
        /// Pauses judged at once, each on a thread that it fills for 50 to 120 ms: 72 MB for the first, 40 MB for each other.
        /// When a call is judged every 8 s, one thread serves 60 to 160 calls.
        threads: u32 = "threads" count(1, 1, 64, "threads");
        /// Pauses that may wait for a thread; one more is not judged, and silence alone decides.
        max_waiting: u32 = "max_waiting" count(16, 0, 1_024, "pauses");
        /// How long a judgement may take; then silence alone decides. Asked after 200 ms of silence, the answer is there
        /// before turn.endpointing_min_delay_ms has passed, so that a late one costs nothing.
        deadline: Duration = "deadline_ms" milliseconds(250, 10, 10_000);
    }
}
