//! Settings of the conversation: when to speak, when to stop, and what the agent is.

use std::time::Duration;

use crate::{
    Pairs, SmartTurn, TurnJudge,
    inventory::{choice, section},
    rule::{Shape, count, count_or, flag, milliseconds, shaped, text},
};

choice! {
    /// What is begun before it is certain that the person has finished.
    pub enum Preemptive {
        /// Nothing.
        Off = "off",
        /// The mind's answer; it is silent until the turn has ended.
        Llm = "llm",
        /// The same and its voice: heard at once when the turn has ended, and dearer when it has not.
        LlmTts = "llm_tts",
    }
}

choice! {
    /// Who notices that a turn has ended.
    pub enum Detection {
        /// Voice activity: so long after its end.
        Voice = "voice",
        /// The recogniser: so long after it heard the end of speech.
        Recogniser = "recogniser",
        /// The program alone.
        Manual = "manual",
    }
}

choice! {
    /// Whether numbers, dates, money and signs are read aloud by this program or by the voice.
    pub enum Normalise {
        /// By this program where one of the voices, fallbacks included, is the local one; others read by themselves.
        Auto = "auto",
        /// By this program, in English and German.
        On = "on",
        /// By the voice.
        Off = "off",
    }
}

choice! {
    /// Who judges what speech over the agent's own is.
    pub enum OverlapJudge {
        /// Nobody: its length and the number of its words decide.
        None = "none",
        /// Lists of words of seven languages, and time.
        Words = "words",
    }
}

choice! {
    /// Whether the usual wait follows the person's own pauses.
    pub enum Endpointing {
        /// It does not.
        Fixed = "fixed",
        /// It is their moving average, between the least and the longest wait.
        Dynamic = "dynamic",
    }
}

section! {
    /// When to speak and when to stop. The defaults are those of the field's most used framework, so that they can be compared.
    pub struct Turn at "turn" {
        /// Who notices that a turn has ended. With voice activity, a detector of turns (see below) may make the wait longer.
        detection: Detection = "detection" Detection::Voice.rule();
        /// Whether the usual wait follows the person's own pauses.
        endpointing: Endpointing = "endpointing" Endpointing::Fixed.rule();
        /// With dynamic endpointing, how much of the old average is kept when a new pause comes, in thousandths.
        endpointing_alpha: u32 = "endpointing_alpha_permille" count(900, 1, 1_000, "permille");
        /// Silence after which a turn has ended, counted from the last sound of speech.
        endpointing_min_delay: Duration = "endpointing_min_delay_ms" milliseconds(500, 0, 10_000);
        /// The same when the turn does not seem to be complete.
        endpointing_max_delay: Duration = "endpointing_max_delay_ms" milliseconds(3_000, 0, 60_000);
        /// Whether "hold on" and the like ask for the longer silence.
        patience: bool = "patience" flag(true);
        /// Who judges at a pause whether the person has finished: whom they find unfinished has the longer silence.
        detector: TurnJudge = "detector" TurnJudge::None.rule();
        /// Silence within speech after which the detector is asked; it is asked early so that its answer is there in time.
        judge_silence: Duration = "judge_silence_ms" milliseconds(200, 20, 10_000);
        /// How long the detector is waited for when only its answer is missing; then the usual wait counts.
        judge_timeout: Duration = "judge_timeout_ms" milliseconds(1_000, 10, 10_000);
        /// Whether speech over the agent's own stops it.
        interruption: bool = "interruption" flag(true);
        /// Speech over the agent's own that is long enough to be meant.
        interruption_min_duration: Duration = "interruption_min_duration_ms" milliseconds(500, 0, 10_000);
        /// Words over the agent's own that are enough to be meant; 0 leaves it to the duration.
        interruption_min_words: u32 = "interruption_min_words" count(0, 0, 100, "words");
        /// Silence without words after an interruption, after which it was a cough and the agent goes on where it was;
        /// "off" never goes on.
        false_interruption_timeout: Option<Duration> = "false_interruption_timeout_ms"
            count_or("off", Some(2_000), 0, 60_000, "ms");
        /// Who judges what speech over the agent's own is: a wish to speak, a listener's "mhm", the agent's echo.
        overlap_judge: OverlapJudge = "overlap_judge" OverlapJudge::Words.rule();
        /// How close to the beginning or the end of what the agent says a listener's "mhm" counts as an answer.
        backchannel_boundary: Duration = "backchannel_boundary_ms" milliseconds(1_000, 0, 10_000);
        /// The least silence between two things that the agent says.
        min_consecutive_speech_delay: Duration = "min_consecutive_speech_delay_ms" milliseconds(0, 0, 60_000);
        /// After how long a wait for tools is filled with a few words; "off" for never.
        filler_after: Option<Duration> = "filler_after_ms" count_or("off", None, 100, 60_000, "ms");
        /// Silence of both after which the person counts as away; "off" for never.
        user_away_timeout: Option<Duration> = "user_away_timeout_ms" count_or("off", Some(15_000), 0, 86_400_000, "ms");
        /// After the agent's first sound, how long the person's echo canceller has to learn it; speech does not
        /// interrupt until then.
        aec_warmup: Duration = "aec_warmup_ms" milliseconds(3_000, 0, 60_000);
        /// What is begun before it is certain that the person has finished.
        preemptive: Preemptive = "preemptive" Preemptive::Llm.rule();
        /// Answers begun in vain that a turn may cost: each is paid for.
        preemptive_max_attempts: u32 = "preemptive_max_attempts" count(3, 1, 100, "answers");
        /// What answers begun in vain may cost in one call, in millionths of the currency of [prices]; then none are begun.
        preemptive_budget: Option<u32> = "preemptive_budget_millionths" count_or("off", None, 0, 4_000_000_000, "millionths");
        /// Longer speech is not answered before its end: more will follow.
        preemptive_max_speech: Duration = "preemptive_max_speech_ms" milliseconds(10_000, 0, 600_000);
        /// How long after the end of speech its final words are awaited; then those so far count. As long as a batch
        /// recogniser on this machine needs for a long sentence.
        transcript_timeout: Duration = "transcript_timeout_ms" milliseconds(5_000, 0, 60_000);
        /// The least such wait. In between it is twice what nineteen of twenty transcripts took in this call; until four have
        /// come, in the calls of this process before it.
        transcript_timeout_min: Duration = "transcript_timeout_min_ms" milliseconds(1_000, 0, 60_000);
        /// Voice activity that lasts longer is no utterance: a noise, or a voice in a radio. What was heard so far counts.
        longest_speech: Duration = "longest_speech_ms" milliseconds(120_000, 1_000, 3_600_000);
        /// From how many words without an answer on a turn is reported as too long; "off" for never.
        turn_max_words: Option<u32> = "turn_max_words" count_or("off", None, 1, 100_000, "words");
        /// From what duration on it is; "off" for never.
        turn_max_duration: Option<Duration> = "turn_max_duration_ms" count_or("off", None, 1_000, 3_600_000, "ms");
        /// How long the program may consider a turn before it is answered as it is.
        consider_timeout: Duration = "consider_timeout_ms" milliseconds(10_000, 10, 300_000);
        /// How long answers may be held back while one agent hands over to another.
        hold_timeout: Duration = "hold_timeout_ms" milliseconds(30_000, 100, 300_000);
        /// How long the last words are awaited when a call is to end.
        close_transcript_timeout: Duration = "close_transcript_timeout_ms" milliseconds(2_000, 0, 60_000);
        /// How many people in a room are heard at the same time.
        max_speakers: u32 = "max_speakers" count(4, 1, 100, "people");
        /// How long an answer may take to its first sample; then it is given up. As long as a request to the mind and one
        /// to the voice that hang and are made again: twice first_token_timeout_ms and twice first_audio_timeout_ms.
        reply_timeout: Duration = "reply_timeout_ms" milliseconds(20_000, 1_000, 300_000);
        /// A voice that stalls this long within an answer has ended it.
        stall_timeout: Duration = "stall_timeout_ms" milliseconds(10_000, 500, 120_000);

        table
        /// Smart Turn.
        smart_turn: SmartTurn;
    }
}

section! {
    /// What the agent is.
    pub struct Conversation at "conversation" {
        /// What the mind is told to be.
        instructions: String = "instructions" text(
            "You are a friendly voice assistant. Answer in one to three short spoken sentences, without lists, markup or emoji.",
            100_000,
        );
        /// What is said when a person is there; empty for nothing.
        greeting: String = "greeting" text("Hello, how can I help you?", 10_000);
        /// Whether the person may speak over the greeting.
        greeting_interruptible: bool = "greeting_interruptible" flag(true);
        /// The language that is spoken, as a BCP 47 tag.
        language: String = "language" shaped("en", Shape::Language);
        /// Rounds of tools within one answer after the first, after which the mind must speak.
        max_tool_steps: u32 = "max_tool_steps" count(3, 0, 100, "steps");
        /// How long one tool may take.
        tool_timeout: Duration = "tool_timeout_ms" milliseconds(30_000, 100, 600_000);
        /// How many tools run at once in one call; those called beyond it wait for their turn.
        tools_at_once: u32 = "tools_at_once" count(8, 1, 64, "tools");
        /// How much of what a tool returns the mind is told. More costs more than it helps: 8000 letters are about 2000
        /// tokens in every request after it.
        tool_output: u32 = "tool_output_chars" count(8_000, 100, 1_000_000, "characters");
        /// Whether Markdown's marks are left out of what is said and shown.
        strip_markdown: bool = "strip_markdown" flag(true);
        /// Whether emoji are.
        strip_emoji: bool = "strip_emoji" flag(true);
        /// Whether numbers, dates, money and signs are read aloud by this program or by the voice; auto: by this program
        /// where one of the voices, fallbacks included, does not read them.
        normalise: Normalise = "normalise" Normalise::Auto.rule();
        /// Words and what is said in their place, such as "Dr. Who=Doctor Who|GHz=gigahertz".
        replacements: Pairs = "replacements" shaped("", Shape::Pairs);
        /// Words and how the voice must spell them to say them right, in the same form.
        pronunciations: Pairs = "pronunciations" shaped("", Shape::Pairs);
        /// What is said while tools take longer than turn.filler_after_ms, in turn, with | between; empty for nothing.
        /// A tool may have words of its own.
        fillers: String = "fillers" text("One moment, please.|Let me check that.", 10_000);
        /// How long an agent that leaves the call may take for its last words.
        hook_timeout: Duration = "hook_timeout_ms" milliseconds(5_000, 100, 600_000);
        /// Speech that may wait to be heard before the voice is held back; an interruption throws it away.
        playout_ahead: Duration = "playout_ahead_ms" milliseconds(5_000, 100, 60_000);
        /// How long after its failure a recogniser is opened again.
        recogniser_backoff: Duration = "recogniser_backoff_ms" milliseconds(1_000, 10, 60_000);
        /// What is said when an answer failed; empty for nothing.
        apology: String = "apology" text("Sorry, I did not get that. Could you say it again?", 10_000);
        /// Failures in a row of recogniser, mind or voice that are borne; one more ends the call.
        max_failures: u32 = "max_failures" count(3, 0, 1_000, "failures");
    }
}
