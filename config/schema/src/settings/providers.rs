//! Settings of ears, minds and voices: which provider, and one table for each.

use std::time::Duration;

use crate::{
    Secret,
    inventory::{choice, section},
    rule::{Rule, Shape, choices, count, count_or, decimal, flag, milliseconds, shaped, text},
};

const HTTP: Shape = Shape::Url(&["https", "http"]);
const OPENAI_KEY: Rule = Rule::Secret { default: "env:OPENAI_API_KEY" };

choice! {
    /// Who does it.
    pub enum Provider {
        /// This machine, without a key or a network.
        Local = "local",
        /// OpenAI, or any server that speaks its API.
        Openai = "openai",
        /// A script on the real clock, for measuring everything but the provider.
        Fake = "fake",
    }
}

section! {
    /// The ear: audio in, words out.
    pub struct Stt at "stt" {
        /// Who recognises speech.
        provider: Provider = "provider" Provider::Local.rule();
        /// Who does it in turn when those before fail; each by its own table.
        fallback: Vec<Provider> = "fallback" choices(Provider::WORDS);

        table
        /// Recognition on this machine.
        local: SttLocal;
        table
        /// Recognition by OpenAI's API.
        openai: SttOpenai;
        table
        /// A scripted ear.
        fake: SttFake;
    }
}

choice! {
    /// Which recogniser on this machine.
    pub enum SttEngine {
        /// Debian's pocketsphinx: words as they are spoken, one in six wrong in open mode.
        Pocketsphinx = "pocketsphinx",
        /// whisper.cpp with a weights file: one word in fifty wrong, after the utterance. Needs the feature `whisper`.
        Whisper = "whisper",
    }
}

choice! {
    /// What pocketsphinx listens for.
    pub enum SttMode {
        /// Any English words.
        Open = "open",
        /// The sentences of the intents file, and nothing else: the nearest of them is always heard.
        Grammar = "grammar",
        /// The sentences of the intents file when they fit well enough, any words otherwise.
        Both = "both",
    }
}

section! {
    /// Recognition on this machine.
    pub struct SttLocal at "stt.local" {
        /// Which recogniser.
        engine: SttEngine = "engine" SttEngine::Pocketsphinx.rule();
        /// What pocketsphinx listens for.
        mode: SttMode = "mode" SttMode::Both.rule();
        /// Where pocketsphinx's model is; the default is where Debian's package pocketsphinx-en-us puts it.
        model: String = "model" text("/usr/share/pocketsphinx/model/en-us", 4_096);
        /// Decoders at once, each with a thread: 93 MB each in open mode, 8 MB in grammar mode, 101 MB in both.
        /// They are lent for the time of an utterance, so that four serve many callers who do not speak at one moment.
        max_decoders: u32 = "max_decoders" count(4, 1, 256, "decoders");
        /// Utterances that may wait for a decoder; one more is refused, and the call told so.
        max_waiting: u32 = "max_waiting" count(8, 0, 1_024, "utterances");
        /// Audio kept for each caller, for an utterance's beginning and for the wait for a decoder; 32 kB a second.
        tape: Duration = "tape_ms" milliseconds(10_000, 1_000, 60_000);
        /// Words so far are told at most this often.
        interim_interval: Duration = "interim_interval_ms" milliseconds(200, 20, 5_000);
        /// A word so far is told when it stood in so many hypotheses in a row: fewer flicker.
        interim_stability: u32 = "interim_stability" count(2, 1, 20, "hypotheses");
        /// In mode both: by how much a frame the grammar's words must fit better to be taken; more rejects more. With 4,
        /// 4 of 159 sentences of the intents file were not taken, and 1 of 30 other sentences was.
        margin: f32 = "margin" decimal(4.0, -100.0, 100.0, "");
        /// The weights file of whisper.cpp (ggml); ./dev models fetches one.
        whisper_weights: Option<String> = "whisper_weights" text("", 4_096);
        /// Utterances that whisper.cpp hears at once, each on a thread that it fills: 78 MB, and 60 to 140 MB each.
        whisper_recognisers: u32 = "whisper_recognisers" count(1, 1, 64, "threads");
    }
}

section! {
    /// Recognition by OpenAI's API, at OpenAI or at any server that speaks it.
    pub struct SttOpenai at "stt.openai" {
        /// Where the API is.
        base_url: url::Url = "base_url" shaped("https://api.openai.com/v1", HTTP);
        /// The key; env:NAME reads a variable, empty sends none.
        api_key: Secret = "api_key" OPENAI_KEY;
        /// The model, as the server spells it.
        model: String = "model" text("gpt-4o-mini-transcribe", 256);
        /// Ask for the times of words; only Whisper models give them.
        word_times: bool = "word_times" flag(false);
        /// One request may take this long. Words that come later than turn.transcript_timeout_ms are answered, but nobody
        /// waits for them.
        timeout: Duration = "timeout_ms" milliseconds(5_000, 100, 120_000);
        /// Attempts in all at one utterance, when the failure may pass.
        attempts: u32 = "attempts" count(3, 1, 20, "attempts");
    }
}

section! {
    /// A scripted ear on the real clock.
    pub struct SttFake at "stt.fake" {
        /// The final words come this long after voice activity ended.
        final_delay: Duration = "final_delay_ms" milliseconds(150, 0, 60_000);
        /// What is heard in every utterance.
        text: String = "text" text("hello there", 10_000);
        /// Voice shorter than this has no words: a cough, for measuring false interruptions.
        wordless_below: Duration = "wordless_below_ms" milliseconds(0, 0, 60_000);
    }
}

section! {
    /// The mind: a conversation in, text and calls out.
    pub struct Llm at "llm" {
        /// Who answers.
        provider: Provider = "provider" Provider::Local.rule();
        /// Who does it in turn when those before fail; each by its own table.
        fallback: Vec<Provider> = "fallback" choices(Provider::WORDS);

        table
        /// Answers by rules on this machine.
        local: LlmLocal;
        table
        /// Answers by OpenAI's API.
        openai: LlmOpenai;
        table
        /// A scripted mind.
        fake: LlmFake;
    }
}

section! {
    /// Answers by rules on this machine: intents, slots and arithmetic, not a language model.
    pub struct LlmLocal at "llm.local" {
        /// The file of intents, from which the recogniser's grammar is made too; empty for the one inside the program.
        intents: Option<String> = "intents" text("", 4_096);
    }
}

choice! {
    /// How a limit of tokens is called.
    pub enum TokenLimit {
        /// At OpenAI.
        MaxCompletionTokens = "max_completion_tokens",
        /// At most other servers.
        MaxTokens = "max_tokens",
    }
}

section! {
    /// Answers by OpenAI's API, at OpenAI or at any server that speaks it.
    pub struct LlmOpenai at "llm.openai" {
        /// Where the API is.
        base_url: url::Url = "base_url" shaped("https://api.openai.com/v1", HTTP);
        /// The key; env:NAME reads a variable, empty sends none.
        api_key: Secret = "api_key" OPENAI_KEY;
        /// The model, as the server spells it.
        model: String = "model" text("gpt-4o-mini", 256);
        /// How a limit of tokens is called: max_completion_tokens at OpenAI, max_tokens at most other servers.
        token_limit: TokenLimit = "token_limit" TokenLimit::MaxCompletionTokens.rule();
        /// Ask for the tokens used; old servers refuse the question.
        usage: bool = "usage" flag(true);
        /// How long a reasoning model may think, as the server spells it (minimal, low ...); empty does not say.
        reasoning_effort: Option<String> = "reasoning_effort" text("", 64);
        /// How free the wording is.
        temperature: f32 = "temperature" decimal(0.7, 0.0, 2.0, "");
        /// The longest answer, or "unlimited" for what the model allows. A minute of speech is about 200.
        max_output_tokens: Option<u32> = "max_output_tokens" count_or("unlimited", Some(400), 1, 1_000_000, "tokens");
        /// The first piece must come within this time; then the request is made again. Short enough for a second request
        /// within turn.reply_timeout_ms; a model that thinks for longer needs both to be longer.
        first_token_timeout: Duration = "first_token_timeout_ms" milliseconds(5_000, 100, 120_000);
        /// Each further piece must come within this time.
        idle_timeout: Duration = "idle_timeout_ms" milliseconds(5_000, 100, 120_000);
        /// The whole answer must come within this time.
        total_timeout: Duration = "total_timeout_ms" milliseconds(60_000, 1_000, 600_000);
        /// Attempts in all before the first piece, when the failure may pass.
        attempts: u32 = "attempts" count(3, 1, 20, "attempts");
    }
}

section! {
    /// A scripted mind on the real clock.
    pub struct LlmFake at "llm.fake" {
        /// The first piece comes after this time.
        first_token: Duration = "first_token_ms" milliseconds(300, 0, 60_000);
        /// What is answered to everything.
        text: String = "text" text("This is a scripted answer.", 10_000);
    }
}

section! {
    /// The voice: text in, audio out.
    pub struct Tts at "tts" {
        /// Who speaks.
        provider: Provider = "provider" Provider::Local.rule();
        /// Who does it in turn when those before fail; each by its own table.
        fallback: Vec<Provider> = "fallback" choices(Provider::WORDS);

        table
        /// Speech made on this machine.
        local: TtsLocal;
        table
        /// Speech by OpenAI's API.
        openai: TtsOpenai;
        table
        /// A scripted voice.
        fake: TtsFake;
    }
}

section! {
    /// Speech made on this machine by flite.
    pub struct TtsLocal at "tts.local" {
        /// The voice; slt is the most natural of those that Debian packages.
        voice: String = "voice" text("slt", 64);
        /// 1 is the voice's own speed.
        speed: f32 = "speed" decimal(1.0, 0.5, 2.0, "");
        /// Speech made ahead of the listener, at most: an interruption throws the rest away.
        ahead: Duration = "ahead_ms" milliseconds(4_000, 100, 60_000);
    }
}

section! {
    /// Speech by OpenAI's API, at OpenAI or at any server that speaks it.
    pub struct TtsOpenai at "tts.openai" {
        /// Where the API is.
        base_url: url::Url = "base_url" shaped("https://api.openai.com/v1", HTTP);
        /// The key; env:NAME reads a variable, empty sends none.
        api_key: Secret = "api_key" OPENAI_KEY;
        /// The model, as the server spells it.
        model: String = "model" text("gpt-4o-mini-tts", 256);
        /// The voice, as the server spells it.
        voice: String = "voice" text("alloy", 64);
        /// How to speak, for models that can be told; empty does not say.
        instructions: Option<String> = "instructions" text("", 10_000);
        /// The rate of the server's pcm format: 24 kHz at OpenAI.
        sample_rate: u32 = "sample_rate_hz" count(24_000, 8_000, 192_000, "Hz");
        /// 1 is the voice's own speed.
        speed: f32 = "speed" decimal(1.0, 0.25, 4.0, "");
        /// The first audio of a sentence must come within this time; then it is asked for again. Short enough for a second
        /// request within turn.reply_timeout_ms, and between two sentences within turn.stall_timeout_ms.
        first_audio_timeout: Duration = "first_audio_timeout_ms" milliseconds(4_000, 100, 120_000);
        /// Each further piece must come within this time.
        idle_timeout: Duration = "idle_timeout_ms" milliseconds(5_000, 100, 120_000);
        /// Waiting for a sentence's audio, in all.
        total_timeout: Duration = "total_timeout_ms" milliseconds(60_000, 1_000, 600_000);
        /// Attempts in all before a sentence's first audio, when the failure may pass.
        attempts: u32 = "attempts" count(3, 1, 20, "attempts");
    }
}

choice! {
    /// What a scripted voice sounds like.
    pub enum FakeSound {
        /// A tone of one pitch.
        Tone = "tone",
        /// A tone that rises from its pitch by 2,700 Hz in each second: where it is heard, its place is known.
        Sweep = "sweep",
    }
}

section! {
    /// A scripted voice on the real clock: a tone.
    pub struct TtsFake at "tts.fake" {
        /// The first audio comes after this time.
        first_frame: Duration = "first_frame_ms" milliseconds(100, 0, 60_000);
        /// How long each reply's tone lasts.
        length: Duration = "length_ms" milliseconds(3_000, 20, 600_000);
        /// The tone's pitch.
        frequency: u32 = "frequency_hz" count(440, 50, 8_000, "Hz");
        /// What is heard.
        sound: FakeSound = "sound" FakeSound::Tone.rule();
    }
}
