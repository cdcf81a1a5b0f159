//! What a program may have said: given words, given audio, or what the mind makes of instructions; and what became of it.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use agent_turn::{Priority, RequestId};
use futures_core::Stream;
use providers_core::{SampleRate, ToolChoice};
use tokio::sync::watch;

use crate::{Handle, handle::Command};

/// Text that comes piece by piece.
pub(crate) type TextStream = Pin<Box<dyn Stream<Item = String> + Send>>;

/// How a speech behaves among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Whether the user may interrupt it; `None`: as replies to turns.
    pub(crate) interruptible: Option<bool>,
    pub(crate) priority: Priority,
    /// How long speech over it must last, and how many words it must have; `None`: as over replies to turns.
    pub(crate) min_duration: Option<Duration>,
    pub(crate) min_words: Option<u32>,
    /// Whether it stays out of the history.
    pub(crate) is_forgotten: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            interruptible: None,
            priority: Priority::Normal,
            min_duration: None,
            min_words: None,
            is_forgotten: false,
        }
    }
}

/// Given words.
pub struct Say {
    pub(crate) text: SayText,
    pub(crate) audio: Option<(SampleRate, Vec<i16>)>,
    pub(crate) manner: Manner,
}

pub(crate) enum SayText {
    Whole(String),
    Coming(TextStream),
}

impl Say {
    /// These words.
    #[must_use]
    pub fn words(words: impl Into<String>) -> Self {
        Self { text: SayText::Whole(words.into()), audio: None, manner: Manner::default() }
    }

    /// Words that come piece by piece; they are said as they come.
    #[must_use]
    pub fn stream(words: impl Stream<Item = String> + Send + 'static) -> Self {
        Self { text: SayText::Coming(Box::pin(words)), audio: None, manner: Manner::default() }
    }

    /// These words as this audio (mono) has them; the voice is not asked.
    #[must_use]
    pub fn with_audio(mut self, rate: SampleRate, samples: Vec<i16>) -> Self {
        self.audio = Some((rate, samples));
        self
    }

    /// Whether the user may interrupt it.
    #[must_use]
    pub const fn interruptible(mut self, may: bool) -> Self {
        self.manner.interruptible = Some(may);
        self
    }

    /// When its turn comes.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.manner.priority = priority;
        self
    }

    /// How long speech over it must last, and how many words it must have, to interrupt it.
    #[must_use]
    pub const fn interrupted_by(mut self, min_duration: Duration, min_words: u32) -> Self {
        (self.manner.min_duration, self.manner.min_words) = (Some(min_duration), Some(min_words));
        self
    }

    /// The mind will not know that it was said.
    #[must_use]
    pub const fn forgotten(mut self) -> Self {
        self.manner.is_forgotten = true;
        self
    }
}

impl From<&str> for Say {
    fn from(words: &str) -> Self {
        Self::words(words)
    }
}

impl From<String> for Say {
    fn from(words: String) -> Self {
        Self::words(words)
    }
}

impl fmt::Debug for Say {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Say").field("manner", &self.manner).finish_non_exhaustive()
    }
}

/// Something that the mind is to think of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generate {
    pub(crate) instructions: Option<String>,
    pub(crate) user_text: Option<String>,
    pub(crate) tools: Option<Vec<String>>,
    pub(crate) tool_choice: ToolChoice,
    pub(crate) manner: Manner,
}

impl Generate {
    /// What follows from the conversation as it is.
    #[must_use]
    pub fn reply() -> Self {
        Self::default()
    }

    /// What follows from these instructions, which hold for this reply only.
    #[must_use]
    pub fn instructed(instructions: impl Into<String>) -> Self {
        Self { instructions: Some(instructions.into()), ..Self::default() }
    }

    /// As if the user had said this; it enters the history.
    #[must_use]
    pub fn user_text(mut self, text: impl Into<String>) -> Self {
        self.user_text = Some(text.into());
        self
    }

    /// Of the agent's tools only those with these names.
    #[must_use]
    pub fn tools(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tools = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Whether it may, must or must not use tools.
    #[must_use]
    pub fn tool_choice(mut self, choice: ToolChoice) -> Self {
        self.tool_choice = choice;
        self
    }

    /// Whether the user may interrupt it.
    #[must_use]
    pub const fn interruptible(mut self, may: bool) -> Self {
        self.manner.interruptible = Some(may);
        self
    }

    /// When its turn comes.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.manner.priority = priority;
        self
    }
}

/// What became of a speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpeechEnd {
    /// It was heard to its end, with all that its tools led to; or there was nothing to hear.
    Played,
    /// It was stopped before its end, by the user or by the program.
    Interrupted,
    /// It could not be made.
    Failed,
    /// It was never begun: refused, withdrawn, or the call is over.
    Dropped,
}

/// A speech that was asked for.
#[derive(Clone, Debug)]
pub struct SpeechHandle {
    request: RequestId,
    end: watch::Receiver<Option<SpeechEnd>>,
    call: Handle,
}

impl SpeechHandle {
    pub(crate) const fn new(
        request: RequestId,
        end: watch::Receiver<Option<SpeechEnd>>,
        call: Handle,
    ) -> Self {
        Self { request, end, call }
    }

    /// Its number within the call.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        self.request
    }

    /// What became of it; `None` while it waits, is made or is heard.
    #[must_use]
    pub fn end(&self) -> Option<SpeechEnd> {
        let end = *self.end.borrow();
        end.or_else(|| self.end.has_changed().is_err().then_some(SpeechEnd::Dropped))
    }

    /// Waits until it is over.
    pub async fn ended(&mut self) -> SpeechEnd {
        match self.end.wait_for(Option::is_some).await {
            Ok(end) => end.unwrap_or(SpeechEnd::Dropped),
            Err(_) => SpeechEnd::Dropped,
        }
    }

    /// Stops it, or takes it back if it waits; with `force`, also if it is not interruptible. False when the call
    /// cannot be told.
    pub fn interrupt(&self, force: bool) -> bool {
        self.call.send(Command::Withdraw { request: self.request, force }).is_ok()
    }
}

impl IntoFuture for SpeechHandle {
    type Output = SpeechEnd;
    type IntoFuture = Pin<Box<dyn Future<Output = SpeechEnd> + Send>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move { self.ended().await })
    }
}

/// Text of a program as pieces of a mind's answer.
pub(crate) struct AsAnswer(pub(crate) Option<TextStream>);

impl Stream for AsAnswer {
    type Item = Result<providers_core::LlmEvent, providers_core::ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        use providers_core::{FinishReason, LlmEvent};
        let Some(text) = &mut self.0 else { return Poll::Ready(None) };
        Poll::Ready(Some(Ok(match std::task::ready!(text.as_mut().poll_next(cx)) {
            Some(piece) => LlmEvent::Text(piece),
            None => {
                self.0 = None;
                LlmEvent::Finished(FinishReason::Stop)
            }
        })))
    }
}
