//! The beginning of a conversation, told in short by a mind while nobody waits for it.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use providers_core::{
    ChatMessage, ChatRequest, GenerationOptions, LanguageModel, LlmEvent, LlmStream, ToolChoice, Usage,
};
use tokio::time::{Sleep, sleep};

use crate::SummaryPolicy;

/// A summary that is being made.
pub(crate) struct Summary {
    answer: LlmStream,
    deadline: Pin<Box<Sleep>>,
    text: String,
    used: Usage,
    /// Up to which entry of the history it tells.
    until: usize,
}

/// A summary that was made, or not.
pub(crate) struct Summarised {
    /// The text; `None` when the mind failed, was late, or had nothing to say.
    pub(crate) text: Option<String>,
    pub(crate) until: usize,
    pub(crate) used: Usage,
}

impl Summary {
    /// Has the mind tell these messages, which end before the entry `until`, in short.
    pub(crate) fn of(
        messages: &[ChatMessage],
        until: usize,
        mind: &dyn LanguageModel,
        policy: &SummaryPolicy,
        deadline: Duration,
    ) -> Self {
        let request = ChatRequest {
            messages: vec![
                ChatMessage::System { text: policy.instructions.clone() },
                ChatMessage::User { text: transcript(messages) },
            ],
            tools: Vec::new(),
            tool_choice: ToolChoice::None,
            options: GenerationOptions::default(),
        };
        Self {
            answer: mind.answer(request),
            deadline: Box::pin(sleep(deadline)),
            text: String::new(),
            used: Usage::default(),
            until,
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Summarised> {
        loop {
            if self.deadline.as_mut().poll(cx).is_ready() {
                return Poll::Ready(self.end(false));
            }
            match std::task::ready!(self.answer.as_mut().poll_next(cx)) {
                Some(Ok(LlmEvent::Text(text))) => self.text.push_str(&text),
                Some(Ok(LlmEvent::Usage(usage))) => self.used += usage,
                Some(Ok(LlmEvent::Reasoning(_) | LlmEvent::Call(_))) => {}
                Some(Ok(LlmEvent::Finished(_))) => return Poll::Ready(self.end(true)),
                Some(Err(_)) | None => return Poll::Ready(self.end(false)),
            }
        }
    }

    fn end(&mut self, is_whole: bool) -> Summarised {
        let text = std::mem::take(&mut self.text);
        let text = (is_whole && !text.trim().is_empty()).then(|| text.trim().to_owned());
        Summarised { text, until: self.until, used: self.used }
    }
}

/// The conversation as one text, for a mind that is to read about it, not to take part in it.
fn transcript(messages: &[ChatMessage]) -> String {
    let mut lines = String::new();
    for message in messages {
        let (who, text) = match message {
            ChatMessage::System { text } => ("Note", text),
            ChatMessage::User { text } => ("User", text),
            ChatMessage::Assistant { text, .. } if text.is_empty() => continue,
            ChatMessage::Assistant { text, .. } => ("Agent", text),
            ChatMessage::Tool { name, output, .. } => {
                lines.extend(["Function ", name, ": ", output, "\n"]);
                continue;
            }
        };
        lines.extend([who, ": ", text, "\n"]);
    }
    lines
}
