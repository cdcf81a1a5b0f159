//! How long what a mind reads may be: an estimate of its tokens, and a request that is never longer than allowed.
//!
//! The estimate is ours, not a provider's: it counts more than tokenizers do for ordinary text, so that a request that
//! fits by it fits in truth. It is integer arithmetic over characters: the same everywhere, microseconds a request.

use providers_core::{ChatMessage, ToolSpec};

/// How much of the conversation a mind reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextPolicy {
    /// Estimated tokens of one request at most: instructions, tools and conversation.
    pub max_tokens: u32,
    /// What is cut when they are too many: down to this share of `max_tokens`, in percent, so that what stands before
    /// stays the same for many turns and a provider may keep it.
    pub cut_to_percent: u8,
    /// When the beginning of the conversation is told in short; `None`: it is forgotten when it is too long.
    pub summary: Option<SummaryPolicy>,
}

/// When the beginning of the conversation is told in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryPolicy {
    /// Above how many estimated tokens of conversation. It is made between turns, and nothing waits for it.
    pub above_tokens: u32,
    /// How many turns, counted from the last, stay as they were said.
    pub keep_turns: usize,
    /// What the mind is told to make of it.
    pub instructions: String,
}

/// What a message costs beside its words: roles and separators.
const OVERHEAD: u32 = 4;
/// Weights of characters, in twelfths of a token.
const TWELFTHS: u32 = 12;

/// The estimated tokens of a text: three ASCII characters, two of other alphabets, or one of a script without spaces.
pub(crate) fn tokens_of(text: &str) -> u32 {
    let weight = |c: char| match u32::from(c) {
        0..0x80 => TWELFTHS / 3,
        0x80..0x2e80 => TWELFTHS / 2,
        0x2e80.. => TWELFTHS,
    };
    let sum: u64 = text.chars().map(|c| u64::from(weight(c))).sum();
    u32::try_from(sum.div_ceil(u64::from(TWELFTHS))).unwrap_or(u32::MAX)
}

/// The estimated tokens of a message.
pub(crate) fn tokens_in(message: &ChatMessage) -> u32 {
    let text = match message {
        ChatMessage::System { text } | ChatMessage::User { text } => tokens_of(text),
        ChatMessage::Assistant { text, calls } => calls.iter().fold(tokens_of(text), |sum, call| {
            let call = OVERHEAD + tokens_of(&call.id) + tokens_of(&call.name) + tokens_of(&call.arguments);
            sum.saturating_add(call)
        }),
        ChatMessage::Tool { call_id, name, output, .. } => {
            tokens_of(call_id).saturating_add(tokens_of(name)).saturating_add(tokens_of(output))
        }
    };
    text.saturating_add(OVERHEAD)
}

/// The estimated tokens of messages.
pub(crate) fn tokens_in_all(messages: &[ChatMessage]) -> u32 {
    messages.iter().fold(0, |sum: u32, message| sum.saturating_add(tokens_in(message)))
}

/// The estimated tokens of what a mind is told of tools.
pub(crate) fn tokens_of_tools(tools: &[ToolSpec]) -> u32 {
    tools.iter().fold(0, |sum: u32, tool| {
        let parameters = tokens_of(&tool.parameters.to_string());
        let spec = OVERHEAD + tokens_of(&tool.name) + tokens_of(&tool.description);
        sum.saturating_add(spec).saturating_add(parameters)
    })
}

/// Shortens the longest texts until all fit: the last resort, when one turn alone is too long. Of a person's words and
/// the agent's the end is kept, of instructions and outputs the beginning. Calls of tools are left as they are.
pub(crate) fn squeeze(messages: &mut [ChatMessage], max_tokens: u32) {
    loop {
        let total = tokens_in_all(messages);
        let Some(over) = total.checked_sub(max_tokens).filter(|over| *over > 0) else { return };
        let longest = messages.iter_mut().max_by_key(|message| tokens_of(words_of(message).0));
        let Some(message) = longest else { return };
        let (text, keeps_end) = words_of(message);
        let now = tokens_of(text);
        if now <= 1 {
            return;
        }
        // Half of it at least, so that the loop ends soon; no more than is needed, so that much is left.
        let allowed = now.saturating_sub(over).max(now / 2).min(now - 1);
        let cut = shortened(text, allowed, keeps_end).to_owned();
        *words_mut(message) = cut;
    }
}

/// The text of a message, and whether its end matters more than its beginning.
fn words_of(message: &ChatMessage) -> (&str, bool) {
    match message {
        ChatMessage::System { text } => (text, false),
        ChatMessage::User { text } | ChatMessage::Assistant { text, .. } => (text, true),
        ChatMessage::Tool { output, .. } => (output, false),
    }
}

const fn words_mut(message: &mut ChatMessage) -> &mut String {
    match message {
        ChatMessage::System { text } | ChatMessage::User { text } | ChatMessage::Assistant { text, .. } => {
            text
        }
        ChatMessage::Tool { output, .. } => output,
    }
}

/// As much of a text as has so many tokens at most.
fn shortened(text: &str, tokens: u32, keeps_end: bool) -> &str {
    let mut boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    boundaries.push(text.len());
    let fits = |at: &usize| tokens_of(if keeps_end { &text[*at..] } else { &text[..*at] }) <= tokens;
    if keeps_end {
        let at = boundaries.partition_point(|at| !fits(at));
        boundaries.get(at).map_or("", |at| &text[*at..])
    } else {
        let n = boundaries.partition_point(fits);
        n.checked_sub(1).map_or("", |last| &text[..boundaries[last]])
    }
}

#[cfg(test)]
mod tests {
    use providers_core::ChatMessage;

    use super::{squeeze, tokens_in_all, tokens_of, words_of};

    #[test]
    fn a_text_counts_by_its_script_and_always_more_than_a_quarter_of_its_characters() {
        assert_eq!(tokens_of(""), 0);
        assert_eq!(tokens_of("abc"), 1);
        assert_eq!(tokens_of("abcd"), 2);
        assert_eq!(tokens_of("äöüß"), 2);
        assert_eq!(tokens_of("你好"), 2);
        for text in ["The quick brown fox jumps over the lazy dog.", "Straße", "天气", "{\"city\":\"Tokyo\"}"]
        {
            assert!(tokens_of(text) as usize * 4 > text.chars().count(), "{text}");
        }
    }

    #[test]
    fn one_turn_that_is_too_long_is_shortened_at_the_end_that_matters_less() {
        let mut messages = [
            ChatMessage::System { text: "Be brief. ".repeat(10) },
            ChatMessage::User { text: format!("{} the end äöü", "blah ".repeat(1000)) },
        ];
        squeeze(&mut messages, 100);
        assert!(tokens_in_all(&messages) <= 100);
        let (text, _) = words_of(&messages[1]);
        assert!(text.ends_with("the end äöü"), "{text}");
        let mut output = [ChatMessage::Tool {
            call_id: "1".to_owned(),
            name: "search".to_owned(),
            output: format!("best result; {}", "other ".repeat(1000)),
            is_error: false,
        }];
        squeeze(&mut output, 60);
        let (text, _) = words_of(&output[0]);
        assert!(text.starts_with("best result;"), "{text}");
    }

    #[test]
    fn what_cannot_be_shortened_further_is_left() {
        let mut messages = [ChatMessage::User { text: "a".to_owned() }];
        squeeze(&mut messages, 0);
        assert_eq!(messages, [ChatMessage::User { text: "a".to_owned() }]);
    }
}
