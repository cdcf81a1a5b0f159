//! Settings of realtime models: minds that hear and speak by themselves.

use std::time::Duration;

use crate::{
    inventory::{choice, section},
    rule::{count, flag, milliseconds, text},
};

choice! {
    /// Who is spoken with directly.
    pub enum RealtimeProvider {
        /// Nobody: [stt] hears, [llm] thinks and [tts] speaks.
        None = "none",
        /// A script on the real clock, for measuring everything but the provider.
        Fake = "fake",
    }
}

choice! {
    /// Who finds the turns of the person that talks with a realtime model.
    pub enum RealtimeTurns {
        /// The model.
        Model = "model",
        /// This program, by voice activity alone.
        Voice = "voice",
        /// This program, as without a realtime model: by voice activity and the words that [stt] hears.
        Words = "words",
    }
}

section! {
    /// A realtime model: it hears and speaks by itself, in place of [llm] and, unless turns = "words", of [stt].
    pub struct Realtime at "realtime" {
        /// Who is spoken with.
        provider: RealtimeProvider = "provider" RealtimeProvider::None.rule();
        /// Who finds the person's turns: the model, voice activity alone, or voice activity and the words of [stt]. Only
        /// words tell an interruption from a cough, so that the answer goes on after one.
        turns: RealtimeTurns = "turns" RealtimeTurns::Voice.rule();
        /// Whether [tts] is there beside it, for words that are given: a greeting, an apology, what tools and programs say.
        tts: bool = "tts" flag(true);
        /// The first pause before a session that broke is opened again; doubled with each failure in a row.
        backoff: Duration = "backoff_ms" milliseconds(500, 10, 60_000);

        table
        /// A scripted model.
        fake: RealtimeFake;
    }
}

section! {
    /// A scripted realtime model on the real clock: a tone.
    pub struct RealtimeFake at "realtime.fake" {
        /// What is heard in every turn.
        heard: String = "heard" text("hello there", 10_000);
        /// Its transcript comes this long after the turn.
        transcript_delay: Duration = "transcript_delay_ms" milliseconds(500, 0, 60_000);
        /// What is answered to everything.
        text: String = "text" text("This is a scripted answer.", 10_000);
        /// The first audio comes after this time.
        first_frame: Duration = "first_frame_ms" milliseconds(300, 0, 60_000);
        /// How long each answer's tone lasts.
        length: Duration = "length_ms" milliseconds(3_000, 20, 600_000);
        /// The tone's pitch.
        frequency: u32 = "frequency_hz" count(440, 50, 8_000, "Hz");
        /// Where it finds the turns itself, silence after which one has ended.
        silence: Duration = "silence_ms" milliseconds(500, 20, 10_000);
        /// Where it finds the turns itself, a sample as loud as this is speech.
        loudness: u32 = "loudness" count(1_500, 1, 32_767, "");
    }
}

impl Realtime {
    /// Whether the model hears in place of [stt].
    #[must_use]
    pub fn spares_ear(&self) -> bool {
        let is_there = self.provider != RealtimeProvider::None;
        is_there && self.turns != RealtimeTurns::Words
    }

    /// Whether there is no voice beside the model's own.
    #[must_use]
    pub fn spares_voice(&self) -> bool {
        self.provider != RealtimeProvider::None && !self.tts
    }
}
