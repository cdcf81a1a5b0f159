//! What is sent and read: the JSON of chat completions, transcription and speech, and a WAV file's head.
//!
//! What is read bears more than it should: unknown fields, nulls, and the deviations of servers that speak this API
//! without being OpenAI's. What is missing is told apart where it is read.

use providers_core::{
    ChatMessage, ChatRequest, FinishReason, SampleRate, ToolCall, ToolChoice, ToolSpec, Transcript, Usage,
    Word,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::llm::{MindConfig, TokenLimit};

/// The body of `POST chat/completions`.
#[derive(Debug, Serialize)]
pub(crate) struct ChatBody<'a> {
    model: &'a str,
    messages: Vec<Value>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'a str>,
}

impl<'a> ChatBody<'a> {
    pub(crate) fn new(config: &'a MindConfig, request: &ChatRequest) -> Self {
        let options = &request.options;
        let limit = options.max_output_tokens.or(config.max_output_tokens);
        Self {
            model: &config.model,
            messages: request.messages.iter().map(message).collect(),
            stream: true,
            stream_options: config.usage.then(|| json!({ "include_usage": true })),
            tools: request.tools.iter().map(tool).collect(),
            tool_choice: if request.tools.is_empty() { None } else { tool_choice(&request.tool_choice) },
            temperature: options.temperature.or(config.temperature),
            top_p: options.top_p,
            max_tokens: limit.filter(|_| config.token_limit == TokenLimit::MaxTokens),
            max_completion_tokens: limit.filter(|_| config.token_limit == TokenLimit::MaxCompletionTokens),
            seed: options.seed,
            reasoning_effort: config.reasoning_effort.as_deref(),
        }
    }
}

fn message(message: &ChatMessage) -> Value {
    match message {
        ChatMessage::System { text } => json!({ "role": "system", "content": text }),
        ChatMessage::User { text } => json!({ "role": "user", "content": text }),
        ChatMessage::Assistant { text, calls } if calls.is_empty() => {
            json!({ "role": "assistant", "content": text })
        }
        ChatMessage::Assistant { text, calls } => {
            let content = if text.is_empty() { Value::Null } else { json!(text) };
            let calls: Vec<Value> = calls.iter().map(call).collect();
            json!({ "role": "assistant", "content": content, "tool_calls": calls })
        }
        ChatMessage::Tool { call_id, output, .. } => {
            json!({ "role": "tool", "tool_call_id": call_id, "content": output })
        }
    }
}

fn call(call: &ToolCall) -> Value {
    json!({ "id": call.id, "type": "function", "function": { "name": call.name, "arguments": call.arguments } })
}

fn tool(tool: &ToolSpec) -> Value {
    json!({
        "type": "function",
        "function": { "name": tool.name, "description": tool.description, "parameters": tool.parameters },
    })
}

fn tool_choice(choice: &ToolChoice) -> Option<Value> {
    match choice {
        ToolChoice::Auto => None,
        ToolChoice::None => Some(json!("none")),
        ToolChoice::Required => Some(json!("required")),
        ToolChoice::Named(name) => Some(json!({ "type": "function", "function": { "name": name } })),
    }
}

/// One `data:` of a chat completion's stream.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ChatChunk {
    #[serde(default)]
    pub(crate) choices: Vec<ChatChoice>,
    #[serde(default)]
    pub(crate) usage: Option<TokenUsage>,
    /// An error in place of a piece.
    #[serde(default)]
    pub(crate) error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct ChatChoice {
    #[serde(default)]
    pub(crate) index: u32,
    #[serde(default)]
    pub(crate) delta: Option<ChatDelta>,
    #[serde(default)]
    pub(crate) finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct ChatDelta {
    #[serde(default)]
    pub(crate) content: Option<String>,
    /// The model says that it will not; said aloud like any text.
    #[serde(default)]
    pub(crate) refusal: Option<String>,
    /// vLLM, DeepSeek and others; OpenAI itself does not show it.
    #[serde(default, alias = "reasoning")]
    pub(crate) reasoning_content: Option<String>,
    #[serde(default)]
    pub(crate) tool_calls: Option<Vec<CallDelta>>,
}

/// A piece of a tool call.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct CallDelta {
    /// Which call; some servers leave it out.
    #[serde(default)]
    pub(crate) index: Option<u32>,
    #[serde(default)]
    pub(crate) id: Option<String>,
    #[serde(default)]
    pub(crate) function: Option<FunctionDelta>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct FunctionDelta {
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) arguments: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) struct TokenUsage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

impl From<TokenUsage> for Usage {
    fn from(tokens: TokenUsage) -> Self {
        let cached_tokens =
            tokens.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or_default();
        Self {
            input_tokens: tokens.prompt_tokens,
            cached_tokens,
            output_tokens: tokens.completion_tokens,
            ..Self::default()
        }
    }
}

/// What the API, or a server that speaks it, calls the end of an answer; `None` for any other word.
pub(crate) fn finish_reason(word: &str) -> Option<FinishReason> {
    Some(match word {
        "stop" | "eos" | "eos_token" | "stop_sequence" | "end_turn" => FinishReason::Stop,
        "tool_calls" | "function_call" => FinishReason::Calls,
        "length" | "max_tokens" => FinishReason::Length,
        "content_filter" => FinishReason::ContentFilter,
        _ => return None,
    })
}

/// The answer of `POST audio/transcriptions`, `json` or `verbose_json`.
#[derive(Debug, Deserialize)]
pub(crate) struct TranscriptionAnswer {
    text: String,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    words: Option<Vec<TimedWord>>,
    #[serde(default)]
    usage: Option<TranscriptionUsage>,
}

#[derive(Debug, Deserialize)]
struct TimedWord {
    word: String,
    start: f64,
    end: f64,
}

#[derive(Debug, Default, Deserialize)]
struct TranscriptionUsage {
    #[serde(default)]
    input_tokens: u64,
    #[serde(default)]
    output_tokens: u64,
}

impl TranscriptionAnswer {
    pub(crate) fn into_parts(self) -> (Transcript, Usage) {
        let seconds = |seconds: f64| std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let words = self.words.unwrap_or_default().into_iter().map(|word| Word {
            text: word.word.trim().to_owned(),
            start: seconds(word.start),
            end: seconds(word.end),
            confidence: None,
        });
        let tokens = self.usage.unwrap_or_default();
        let transcript = Transcript {
            text: self.text.trim().to_owned(),
            // Some models answer `english`: a name, which is no tag.
            language: self.language.filter(|language| is_tag(language)),
            confidence: None,
            words: words.collect(),
        };
        let usage = Usage {
            input_tokens: tokens.input_tokens,
            output_tokens: tokens.output_tokens,
            ..Usage::default()
        };
        (transcript, usage)
    }
}

fn is_tag(language: &str) -> bool {
    let main = language.split('-').next().unwrap_or_default();
    matches!(main.len(), 2 | 3) && main.bytes().all(|b| b.is_ascii_alphabetic())
}

/// The body of `POST audio/speech`.
#[derive(Debug, Serialize)]
pub(crate) struct SpeechBody<'a> {
    pub(crate) model: &'a str,
    pub(crate) input: &'a str,
    pub(crate) voice: &'a str,
    /// 16-bit little endian samples, mono, without a head.
    pub(crate) response_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instructions: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) speed: Option<f32>,
}

/// A WAV file of 16-bit mono samples.
pub(crate) fn wav(rate: SampleRate, samples: &[i16]) -> Vec<u8> {
    let data = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(44 + samples.len() * 2);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&data.saturating_add(36).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes()); // PCM
    file.extend_from_slice(&1_u16.to_le_bytes()); // mono
    file.extend_from_slice(&rate.hertz().to_le_bytes());
    file.extend_from_slice(&(rate.hertz() * 2).to_le_bytes()); // bytes a second
    file.extend_from_slice(&2_u16.to_le_bytes()); // bytes a sample
    file.extend_from_slice(&16_u16.to_le_bytes()); // bits a sample
    file.extend_from_slice(b"data");
    file.extend_from_slice(&data.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use providers_core::{
        ChatMessage, ChatRequest, GenerationOptions, SampleRate, ToolCall, ToolChoice, ToolSpec, Usage,
    };
    use serde_json::json;

    use super::{ChatBody, TranscriptionAnswer, wav};
    use crate::llm::{MindConfig, TokenLimit};

    #[test]
    fn a_request_is_written_as_the_api_wants_it() {
        let call = ToolCall { id: "c1".into(), name: "weather".into(), arguments: "{}".into() };
        let tool = ToolSpec {
            name: "weather".into(),
            description: "d".into(),
            parameters: json!({"type": "object"}),
        };
        let request = ChatRequest {
            messages: vec![
                ChatMessage::System { text: "be kind".into() },
                ChatMessage::User { text: "hi".into() },
                ChatMessage::Assistant { text: String::new(), calls: vec![call] },
                ChatMessage::Tool {
                    call_id: "c1".into(),
                    name: "weather".into(),
                    output: "sunny".into(),
                    is_error: false,
                },
                ChatMessage::Assistant { text: "sunny".into(), calls: vec![] },
            ],
            tools: vec![tool],
            tool_choice: ToolChoice::Named("weather".into()),
            options: GenerationOptions {
                max_output_tokens: Some(9),
                seed: Some(1),
                ..GenerationOptions::default()
            },
        };
        let mut config = config();
        let written = serde_json::to_value(ChatBody::new(&config, &request)).unwrap();
        let expected = json!({
            "model": "m",
            "messages": [
                {"role": "system", "content": "be kind"},
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
                {"role": "assistant", "content": "sunny"},
            ],
            "stream": true,
            "stream_options": {"include_usage": true},
            "tools": [{"type": "function", "function":
                {"name": "weather", "description": "d", "parameters": {"type": "object"}}}],
            "tool_choice": {"type": "function", "function": {"name": "weather"}},
            "max_completion_tokens": 9,
            "seed": 1,
        });
        assert_eq!(written, expected);

        config.token_limit = TokenLimit::MaxTokens;
        config.usage = false;
        let plain = ChatRequest { tools: vec![], tool_choice: ToolChoice::Required, ..request };
        let written = serde_json::to_value(ChatBody::new(&config, &plain)).unwrap();
        assert_eq!((&written["max_tokens"], &written["tool_choice"]), (&json!(9), &json!(null)));
        assert!(written.get("stream_options").is_none() && written.get("tools").is_none());
    }

    #[test]
    fn a_transcription_is_read_in_both_its_forms() {
        let read = |text: &str| serde_json::from_str::<TranscriptionAnswer>(text).unwrap().into_parts();
        let (plain, usage) =
            read(r#"{"text":" Hello. ","usage":{"type":"tokens","input_tokens":14,"output_tokens":3}}"#);
        assert_eq!((plain.text.as_str(), plain.language), ("Hello.", None));
        assert_eq!(usage, Usage { input_tokens: 14, output_tokens: 3, ..Usage::default() });
        let (verbose, _) = read(
            r#"{"text":"Hi","language":"english","duration":1.5,"words":[{"word":"Hi","start":0.25,"end":0.5}],
                "usage":{"type":"duration","seconds":2}}"#,
        );
        assert_eq!(verbose.words[0].start.as_millis(), 250);
        assert_eq!(verbose.language, None, "a name is no tag");
        assert!(serde_json::from_str::<TranscriptionAnswer>(r#"{"words":[]}"#).is_err());
    }

    #[test]
    fn a_wav_file_has_its_head_and_all_samples() {
        let file = wav(SampleRate::HEARING, &[1, -2, 3]);
        assert_eq!(file.len(), 50);
        assert_eq!(&file[..4], b"RIFF");
        assert_eq!(u32::from_le_bytes(file[4..8].try_into().unwrap()), 42);
        assert_eq!(u32::from_le_bytes(file[24..28].try_into().unwrap()), 16_000);
        assert_eq!(u32::from_le_bytes(file[40..44].try_into().unwrap()), 6);
        assert_eq!(&file[44..], [1, 0, 254, 255, 3, 0]);
    }

    #[test]
    fn what_a_request_leaves_open_is_as_the_mind_is_configured() {
        let config = MindConfig { temperature: Some(0.5), max_output_tokens: Some(200), ..config() };
        let written = |options| {
            let request = ChatRequest { options, ..ChatRequest::default() };
            let body = serde_json::to_value(ChatBody::new(&config, &request)).unwrap();
            (body["temperature"].clone(), body["max_completion_tokens"].clone())
        };
        assert_eq!(written(GenerationOptions::default()), (json!(0.5), json!(200)));
        let own = GenerationOptions {
            temperature: Some(0.25),
            max_output_tokens: Some(9),
            ..GenerationOptions::default()
        };
        assert_eq!(written(own), (json!(0.25), json!(9)));
    }

    fn config() -> MindConfig {
        MindConfig {
            model: "m".into(),
            usage: true,
            token_limit: TokenLimit::MaxCompletionTokens,
            temperature: None,
            max_output_tokens: None,
            reasoning_effort: None,
        }
    }
}
