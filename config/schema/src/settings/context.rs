//! Settings of what a mind reads, and of what providers cost.

use crate::{
    inventory::section,
    rule::{count, count_or, decimal, text},
};

section! {
    /// How much of a conversation the mind reads. Tokens are estimated, one for three letters: more than tokenizers count.
    pub struct Context at "context" {
        /// Tokens of one request at most: instructions, tools and conversation. The oldest turns go first.
        max_tokens: u32 = "max_tokens" count(24_000, 1_000, 10_000_000, "tokens");
        /// To what share of that a conversation is cut that is too long: what is cut seldom keeps a provider's cache warm.
        cut_to: u32 = "cut_to_percent" count(60, 10, 100, "percent");
        /// Tokens of conversation from which on its beginning is told in short, between turns; "off" for never.
        summary_above: Option<u32> = "summary_above_tokens" count_or("off", Some(12_000), 500, 10_000_000, "tokens");
        /// Turns, counted from the last, that stay as they were said.
        summary_keep_turns: u32 = "summary_keep_turns" count(6, 1, 1_000, "turns");
        /// What the mind is told to make of the beginning of a conversation.
        summary_instructions: String = "summary_instructions" text(
            "Summarise this conversation between a user and a voice agent for the agent, who will go on with it. Keep names, numbers, dates, decisions, wishes and open questions. At most 200 words, plain text.",
            100_000,
        );
    }
}

section! {
    /// What providers cost, in any one currency: for the cost of answers that were begun in vain. Zero where it is not known.
    pub struct Prices at "prices" {
        /// A million tokens that the mind reads.
        llm_input: f32 = "llm_input" decimal(0.0, 0.0, 100_000.0, "");
        /// A million tokens that it reads from its cache.
        llm_cached: f32 = "llm_cached" decimal(0.0, 0.0, 100_000.0, "");
        /// A million tokens that it writes.
        llm_output: f32 = "llm_output" decimal(0.0, 0.0, 100_000.0, "");
        /// A million characters that the voice says.
        tts_characters: f32 = "tts_characters" decimal(0.0, 0.0, 100_000.0, "");
        /// An hour that the voice speaks.
        tts_hour: f32 = "tts_hour" decimal(0.0, 0.0, 100_000.0, "");
        /// An hour that the recogniser hears.
        stt_hour: f32 = "stt_hour" decimal(0.0, 0.0, 100_000.0, "");
    }
}
