//! A mind with canned answers, chosen by what was said last.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use providers_core::{
    ChatMessage, ChatRequest, FinishReason, LanguageModel, LlmEvent, LlmStream, ProviderError, ProviderInfo,
    ToolCall, ToolChoice, Usage,
};
use tokio::time::Instant;

use crate::{
    Faults,
    fault::{Mishaps, Step},
    record::{Open, PROVIDER, Record},
    timeline::{Alarm, When},
};

/// Characters in a piece of text.
const PIECE: usize = 3;

/// One canned answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The last user text, tool output or instructions that it answers.
    pub when: When,
    /// What it says, in pieces of three characters.
    pub text: String,
    /// The tools it calls, after the text.
    pub calls: Vec<ToolCall>,
    /// From the request to the first piece.
    pub ttft: Duration,
    /// From the request to the end; not before `ttft`.
    pub duration: Duration,
}

/// A mind with canned answers.
///
/// The answer is chosen by the last message that is not the mind's own: what the user said, instructions, or what a
/// tool returned (of several tools in a row, the last for whose output there is an answer). An answer made for [`When::Any`] is taken when none is made
/// for it. Without an answer the mind says nothing and finishes at once. Where tools are forbidden it calls none.
pub struct FakeMind {
    info: ProviderInfo,
    answers: Arc<[Answer]>,
    faults: Faults,
    record: Arc<Record<ChatRequest>>,
    follows_instructions: bool,
}

impl FakeMind {
    /// A mind that has these answers; of two for the same text the first is taken.
    #[must_use]
    pub fn new(answers: Vec<Answer>) -> Self {
        Self {
            info: ProviderInfo { provider: PROVIDER, model: "canned".to_owned() },
            answers: answers.into(),
            faults: Faults::none(),
            record: Record::new(false),
            follows_instructions: true,
        }
    }

    /// The same mind, which is a rule engine: it does not do what a system message tells it.
    #[must_use]
    pub fn by_rules(mut self) -> Self {
        self.follows_instructions = false;
        self
    }

    /// The same mind with failures.
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The same mind, which keeps the requests made of it (4096 at most).
    #[must_use]
    pub fn recording(mut self) -> Self {
        self.record = Record::new(true);
        self
    }

    /// How many answers were asked for.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.record.opened()
    }

    /// How many answers are neither finished and dropped nor cancelled.
    #[must_use]
    pub fn open_now(&self) -> u64 {
        self.record.open()
    }

    /// What was asked, oldest first; empty unless [`FakeMind::recording`].
    #[must_use]
    pub fn requests(&self) -> Vec<ChatRequest> {
        self.record.requests()
    }
}

impl LanguageModel for FakeMind {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn answer(&self, request: ChatRequest) -> LlmStream {
        let (open, number) = Open::count(&self.record);
        let chosen = choose(&self.answers, &request.messages);
        let usage = Usage {
            input_tokens: tokens(request.messages.iter().map(text_of)),
            output_tokens: tokens(chosen.iter().map(|n| self.answers[*n].text.as_str())),
            ..Usage::default()
        };
        let may_call = request.tool_choice != ToolChoice::None;
        open.record().keep(|| request);
        Box::pin(Answering {
            may_call,
            answers: Arc::clone(&self.answers),
            chosen,
            usage,
            asked: Instant::now(),
            next: Next::Text { piece: 0, from: 0 },
            mishaps: Mishaps::new(self.faults.of_request(number)),
            alarm: Alarm::default(),
            _open: open,
        })
    }

    fn follows_instructions(&self) -> bool {
        self.follows_instructions
    }
}

/// The index of the answer to these messages.
fn choose(answers: &[Answer], messages: &[ChatMessage]) -> Option<usize> {
    let is_own = |message: &&ChatMessage| matches!(message, ChatMessage::Assistant { .. });
    let is_output = |message: &&ChatMessage| matches!(message, ChatMessage::Tool { .. });
    let mut latest = messages.iter().rev().skip_while(is_own);
    let outputs = latest.clone().take_while(is_output).count();
    let exact = latest.by_ref().take(outputs.max(1)).find_map(|message| {
        answers.iter().position(|answer| matches!(&answer.when, When::Text(text) if text == text_of(message)))
    });
    exact.or_else(|| answers.iter().position(|answer| answer.when == When::Any))
}

fn text_of(message: &ChatMessage) -> &str {
    match message {
        ChatMessage::System { text } | ChatMessage::User { text } | ChatMessage::Assistant { text, .. } => {
            text
        }
        ChatMessage::Tool { output, .. } => output,
    }
}

/// One token for four characters, rounded up.
fn tokens<'a>(texts: impl Iterator<Item = &'a str>) -> u64 {
    texts.map(|text| text.chars().count().div_ceil(4) as u64).sum()
}

/// An answer on its way.
struct Answering {
    answers: Arc<[Answer]>,
    chosen: Option<usize>,
    may_call: bool,
    usage: Usage,
    asked: Instant,
    next: Next,
    mishaps: Mishaps,
    alarm: Alarm,
    _open: Open<ChatRequest>,
}

/// The piece that comes next.
#[derive(Clone, Copy)]
enum Next {
    /// Text, beginning at this byte.
    Text {
        piece: u32,
        from: usize,
    },
    /// The call with this index.
    Call(usize),
    Usage,
    Finished,
    Over,
}

impl Answering {
    /// When the piece with this number is due: they are spread evenly from `ttft` to `duration`.
    fn due(&self, answer: &Answer, next: Next) -> Instant {
        let Next::Text { piece, .. } = next else { return self.asked + answer.duration.max(answer.ttft) };
        let pieces = answer.text.chars().count() / PIECE + 1;
        let spread = answer.duration.saturating_sub(answer.ttft);
        self.asked + answer.ttft + spread * piece / u32::try_from(pieces).unwrap_or(u32::MAX)
    }

    /// The piece, and what comes after it.
    fn give(&self, answer: &Answer) -> (Option<LlmEvent>, Next) {
        match self.next {
            Next::Text { piece, from } => {
                let rest = &answer.text[from..];
                let length = rest.char_indices().nth(PIECE).map_or(rest.len(), |(n, _)| n);
                let text = rest[..length].to_owned();
                (Some(LlmEvent::Text(text)), Next::Text { piece: piece + 1, from: from + length })
            }
            Next::Call(n) => (Some(LlmEvent::Call(answer.calls[n].clone())), Next::Call(n + 1)),
            Next::Usage => (Some(LlmEvent::Usage(self.usage)), Next::Finished),
            Next::Finished => {
                let has_called = self.may_call && !answer.calls.is_empty();
                let reason = if has_called { FinishReason::Calls } else { FinishReason::Stop };
                (Some(LlmEvent::Finished(reason)), Next::Over)
            }
            Next::Over => (None, Next::Over),
        }
    }

    fn skip_empty(&mut self, answer: &Answer) {
        if matches!(self.next, Next::Text { from, .. } if from == answer.text.len()) {
            self.next = Next::Call(0);
        }
        if matches!(self.next, Next::Call(n) if n == answer.calls.len() || !self.may_call) {
            self.next = Next::Usage;
        }
    }
}

impl Stream for Answering {
    type Item = Result<LlmEvent, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if matches!(this.next, Next::Over) {
            return Poll::Ready(None);
        }
        let answers = Arc::clone(&this.answers);
        let silent = Answer {
            when: When::Any,
            text: String::new(),
            calls: Vec::new(),
            ttft: Duration::ZERO,
            duration: Duration::ZERO,
        };
        let answer = this.chosen.map_or(&silent, |n| &answers[n]);
        this.skip_empty(answer);
        let due = this.due(answer, this.next);
        std::task::ready!(this.alarm.poll_until(cx, due));
        match std::task::ready!(this.mishaps.poll_step(cx, &mut this.alarm)) {
            Step::Go => {
                let (event, next) = this.give(answer);
                this.next = next;
                Poll::Ready(event.map(Ok))
            }
            Step::Fail(error) => {
                this.next = Next::Over;
                Poll::Ready(Some(Err(error)))
            }
            Step::End => {
                this.next = Next::Over;
                Poll::Ready(None)
            }
        }
    }
}
