//! Chat completions, streamed.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use providers_core::{
    BoxFuture, ChatRequest, FinishReason, LanguageModel, LlmEvent, LlmStream, ProviderError, ProviderInfo,
    ToolCall, Usage,
};
use providers_http::{Endpoint, EventStream, classify};

use crate::{
    account::PROVIDER,
    error::{cut, malformed, not_the_json},
    wire::{CallDelta, ChatBody, ChatChoice, ChatChunk, finish_reason},
};

/// Bytes that the tool calls of one answer may have.
const CALLS: usize = 256 * 1024;

/// Tool calls that one answer may have.
const CALL_COUNT: usize = 128;

/// Which model answers, and what its server understands.
#[derive(Clone, Debug, PartialEq)]
pub struct MindConfig {
    /// The model as the server spells it.
    pub model: String,
    /// Ask for the tokens used. Old servers refuse the question.
    pub usage: bool,
    /// How a limit of tokens is written.
    pub token_limit: TokenLimit,
    /// How freely it chooses its words, where a request does not say.
    pub temperature: Option<f32>,
    /// How long an answer may be, in tokens, where a request does not say.
    pub max_output_tokens: Option<u32>,
    /// How long a reasoning model may think, as the server spells it (`minimal`, `low` …).
    pub reasoning_effort: Option<String>,
}

/// How a limit of tokens is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenLimit {
    /// `max_completion_tokens`: OpenAI.
    MaxCompletionTokens,
    /// `max_tokens`: most other servers.
    MaxTokens,
}

/// A mind behind `chat/completions`.
#[derive(Clone, Debug)]
pub struct OpenAiMind {
    endpoint: Endpoint,
    config: MindConfig,
    info: ProviderInfo,
}

impl OpenAiMind {
    pub(crate) fn new(endpoint: Endpoint, config: MindConfig) -> Self {
        let info = ProviderInfo { provider: PROVIDER, model: config.model.clone() };
        Self { endpoint, config, info }
    }
}

impl LanguageModel for OpenAiMind {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn answer(&self, request: ChatRequest) -> LlmStream {
        let body = ChatBody::new(&self.config, &request);
        let post = self.endpoint.post("chat/completions").json(&body);
        let endpoint = self.endpoint.clone();
        let opening = async move { EventStream::new(PROVIDER, endpoint.send(post).await?) };
        Box::pin(Answering { state: State::Opening(Box::pin(opening)), assembly: Assembly::default() })
    }

    fn prewarm(&self) {
        self.endpoint.prewarm();
    }
}

/// One answer on its way.
struct Answering {
    state: State,
    assembly: Assembly,
}

enum State {
    Opening(BoxFuture<'static, Result<EventStream, ProviderError>>),
    Reading(EventStream),
    /// The end mark came; what was assembled is still given.
    Ended,
    Over,
}

impl Answering {
    /// Reads until something can be given.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ProviderError>> {
        match &mut self.state {
            State::Opening(opening) => {
                let events = ready!(opening.as_mut().poll(cx))?;
                self.state = State::Reading(events);
                Poll::Ready(Ok(()))
            }
            State::Reading(events) => match ready!(events.poll_event(cx)) {
                None => Poll::Ready(Err(cut("the answer ended without its end mark"))),
                Some(event) => {
                    if self.assembly.take(&event?.data)? == Progress::EndMark {
                        self.assembly.finish()?;
                        if let State::Reading(events) = std::mem::replace(&mut self.state, State::Ended) {
                            events.finish(cx);
                        }
                    }
                    Poll::Ready(Ok(()))
                }
            },
            State::Ended | State::Over => {
                self.state = State::Over;
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl Stream for Answering {
    type Item = Result<LlmEvent, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.assembly.ready.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            if matches!(this.state, State::Over) {
                return Poll::Ready(None);
            }
            if let Err(error) = ready!(this.poll_read(cx)) {
                this.state = State::Over;
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

/// An answer put together from its pieces. Pure.
#[derive(Debug, Default)]
struct Assembly {
    ready: VecDeque<LlmEvent>,
    calls: Vec<PartialCall>,
    call_bytes: usize,
    /// Servers that report usage with every piece report the sum so far: the last one counts.
    usage: Option<Usage>,
    finish: Option<FinishReason>,
}

#[derive(Debug)]
struct PartialCall {
    index: Option<u32>,
    call: ToolCall,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    GoesOn,
    EndMark,
}

impl Assembly {
    fn take(&mut self, data: &str) -> Result<Progress, ProviderError> {
        let data = data.trim();
        if data == "[DONE]" {
            return Ok(Progress::EndMark);
        }
        let chunk: ChatChunk = serde_json::from_str(data)
            .map_err(|error| not_the_json("a piece of the answer is malformed", &error))?;
        if chunk.error.is_some() {
            return Err(classify(PROVIDER, None, data.as_bytes()));
        }
        if let Some(usage) = chunk.usage {
            self.usage = Some(usage.into());
        }
        for choice in chunk.choices.into_iter().filter(|choice| choice.index == 0) {
            self.take_choice(choice)?;
        }
        Ok(Progress::GoesOn)
    }

    fn take_choice(&mut self, choice: ChatChoice) -> Result<(), ProviderError> {
        let delta = choice.delta.unwrap_or_default();
        let mut give = |text: Option<String>, event: fn(String) -> LlmEvent| {
            self.ready.extend(text.filter(|text| !text.is_empty()).map(event));
        };
        give(delta.reasoning_content, LlmEvent::Reasoning);
        give(delta.content, LlmEvent::Text);
        give(delta.refusal, LlmEvent::Text);
        for piece in delta.tool_calls.unwrap_or_default() {
            self.take_call(piece)?;
        }
        if let Some(word) = choice.finish_reason.filter(|word| !word.is_empty()) {
            let reason =
                finish_reason(&word).ok_or_else(|| malformed("the answer ends for an unknown reason"))?;
            self.finish = Some(reason);
        }
        Ok(())
    }

    /// A piece belongs to the call with its index; without one, to the last call, unless it brings another id.
    fn take_call(&mut self, piece: CallDelta) -> Result<(), ProviderError> {
        let id = piece.id.unwrap_or_default();
        let known = match piece.index {
            Some(_) => self.calls.iter().position(|known| known.index == piece.index),
            None => {
                let last = self.calls.len().checked_sub(1);
                last.filter(|last| id.is_empty() || self.calls[*last].call.id == id)
            }
        };
        let function = piece.function.unwrap_or_default();
        let (name, arguments) = (function.name.unwrap_or_default(), function.arguments.unwrap_or_default());
        self.call_bytes += id.len() + name.len() + arguments.len();
        if self.call_bytes > CALLS || self.calls.len() > CALL_COUNT {
            return Err(malformed("the answer's tool calls have no end"));
        }
        match known {
            Some(n) => {
                let call = &mut self.calls[n].call;
                if call.id.is_empty() {
                    call.id = id;
                }
                if call.name.is_empty() {
                    call.name = name;
                }
                call.arguments.push_str(&arguments);
            }
            None => {
                self.calls.push(PartialCall { index: piece.index, call: ToolCall { id, name, arguments } });
            }
        }
        Ok(())
    }

    /// The end mark came: the calls, the usage and the end can be given.
    fn finish(&mut self) -> Result<(), ProviderError> {
        let Some(reason) = self.finish else {
            return Err(malformed("the answer has an end mark but no finish reason"));
        };
        let mut calls: Vec<ToolCall> =
            std::mem::take(&mut self.calls).into_iter().map(|partial| partial.call).collect();
        let reason = match reason {
            // Some servers end with `stop` after calls.
            FinishReason::Stop | FinishReason::Calls if !calls.is_empty() => FinishReason::Calls,
            FinishReason::Calls => return Err(malformed("the answer ends for calls but has none")),
            // The last call may be cut off within its arguments.
            FinishReason::Length | FinishReason::ContentFilter => {
                calls.clear();
                reason
            }
            FinishReason::Stop => reason,
        };
        if calls.iter().any(|call| call.name.is_empty()) {
            return Err(malformed("a tool call has no name"));
        }
        for (n, call) in calls.iter_mut().enumerate().filter(|(_, call)| call.id.is_empty()) {
            call.id = format!("call_{n}");
        }
        self.ready.extend(calls.into_iter().map(LlmEvent::Call));
        self.ready.extend(self.usage.take().map(LlmEvent::Usage));
        self.ready.push_back(LlmEvent::Finished(reason));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use providers_core::{ErrorKind, FinishReason, LlmEvent, ToolCall, Usage};

    use super::{Assembly, Progress};

    #[test]
    fn calls_are_put_together_from_their_pieces() {
        let weather = |city: &str, id: &str| ToolCall {
            id: id.to_owned(),
            name: "weather".to_owned(),
            arguments: format!(r#"{{"city":"{city}"}}"#),
        };
        let indexed = [
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"weather","arguments":""}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"Rome\"}"}}]}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
        ];
        let without_index = [
            r#"{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"weather","arguments":"{\"city\":\"Ro"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"me\"}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"id":"b","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}]},"finish_reason":"stop"}]}"#,
        ];
        for pieces in [&indexed[..], &without_index] {
            let expected = [
                LlmEvent::Call(weather("Rome", "a")),
                LlmEvent::Call(weather("Oslo", "b")),
                LlmEvent::Finished(FinishReason::Calls),
            ];
            assert_eq!(assemble(pieces).unwrap(), expected);
        }
    }

    #[test]
    fn text_reasoning_refusals_and_usage_come_in_order_and_usage_once() {
        let events = assemble(&[
            r#"{"choices":[{"delta":{"role":"assistant","content":""}}],"usage":{"prompt_tokens":5,"completion_tokens":0}}"#,
            r#"{"choices":[{"delta":{"reasoning":"hm"}}]}"#,
            r#"{"choices":[{"delta":{"content":"Hé"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}"#,
            r#"{"choices":[{"index":1,"delta":{"content":"another choice"}}]}"#,
            r#"{"choices":[{"delta":{"refusal":"I cannot."},"finish_reason":"stop"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}"#,
        ])
        .unwrap();
        let usage = Usage { input_tokens: 5, cached_tokens: 4, output_tokens: 2, ..Usage::default() };
        assert_eq!(
            events,
            [
                LlmEvent::Reasoning("hm".into()),
                LlmEvent::Text("Hé".into()),
                LlmEvent::Text("I cannot.".into()),
                LlmEvent::Usage(usage),
                LlmEvent::Finished(FinishReason::Stop),
            ]
        );
    }

    #[test]
    fn what_the_api_does_not_allow_is_told_and_shows_nothing_that_was_said() {
        for (pieces, kind) in [
            (&["{secret words"][..], ErrorKind::ProtocolBroken),
            (&[r#"{"choices":"secret words"}"#], ErrorKind::ProtocolBroken),
            (&[r#"{"choices":[{"delta":{"content":"secret words"}}]}"#], ErrorKind::ProtocolBroken),
            (&[r#"{"choices":[{"delta":{},"finish_reason":"secret words"}]}"#], ErrorKind::ProtocolBroken),
            (&[r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#], ErrorKind::ProtocolBroken),
            (&[r#"{"error":{"message":"secret words","type":"server_error"}}"#], ErrorKind::Overloaded),
            (
                &[r#"{"error":{"message":"secret words","code":"context_length_exceeded"}}"#],
                ErrorKind::ContextTooLong,
            ),
        ] {
            let error = assemble(pieces).unwrap_err();
            assert_eq!(error.kind, kind, "{error}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn a_call_cut_off_by_the_token_limit_is_not_made() {
        let events = assemble(&[
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"pay","arguments":"{\"sum\": 1"}}]}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#,
        ]);
        assert_eq!(events.unwrap(), [LlmEvent::Finished(FinishReason::Length)]);
    }

    #[test]
    fn calls_without_end_do_not_fill_the_memory() {
        let endless = format!(
            r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":0,"function":{{"arguments":"{}"}}}}]}}}}]}}"#,
            "x".repeat(1000)
        );
        let mut assembly = Assembly::default();
        let failed = (0..1000).find_map(|_| assembly.take(&endless).err());
        assert_eq!(failed.unwrap().kind, ErrorKind::ProtocolBroken);
    }

    fn assemble(pieces: &[&str]) -> Result<Vec<LlmEvent>, providers_core::ProviderError> {
        let mut assembly = Assembly::default();
        for piece in pieces {
            assert_eq!(assembly.take(piece)?, Progress::GoesOn);
        }
        assert_eq!(assembly.take(" [DONE]")?, Progress::EndMark);
        assembly.finish()?;
        Ok(assembly.ready.into())
    }
}
