//! One attempt at an answer: until its first piece it can be taken back, from then on it is given as it comes.

use std::task::{Context, Poll, ready};

use providers_core::{ErrorKind, LlmEvent, LlmStream, ProviderError, Usage};

/// An answer that is tried.
pub(crate) struct Trial {
    stream: LlmStream,
    stage: Stage,
}

enum Stage {
    /// Nothing was given yet; so much was used.
    Untold(Usage),
    /// The rest goes through, after the piece that is held: usage that came before it goes before it.
    Told { held: Option<LlmEvent> },
}

/// What comes of an attempt.
pub(crate) enum Tried {
    /// The first event of an answer that cannot be taken back any more.
    Begun(LlmEvent),
    /// What follows it.
    Goes(Option<Result<LlmEvent, ProviderError>>),
    /// It failed before its first piece.
    Failed {
        /// Why.
        error: ProviderError,
        /// What it used: paid for, part of no answer's usage.
        wasted: Usage,
    },
}

impl Trial {
    pub(crate) fn new(stream: LlmStream) -> Self {
        Self { stream, stage: Stage::Untold(Usage::default()) }
    }

    /// `provider` is who an answer without an end mark is blamed on.
    pub(crate) fn poll(&mut self, provider: &'static str, cx: &mut Context<'_>) -> Poll<Tried> {
        loop {
            let used = match &mut self.stage {
                Stage::Untold(used) => used,
                Stage::Told { held } => {
                    return match held.take() {
                        Some(event) => Poll::Ready(Tried::Goes(Some(Ok(event)))),
                        None => self.stream.as_mut().poll_next(cx).map(Tried::Goes),
                    };
                }
            };
            let error = match ready!(self.stream.as_mut().poll_next(cx)) {
                Some(Ok(LlmEvent::Usage(more))) => {
                    *used += more;
                    continue;
                }
                Some(Ok(first)) => {
                    let (event, held) = match *used {
                        nothing if nothing == Usage::default() => (first, None),
                        used => (LlmEvent::Usage(used), Some(first)),
                    };
                    self.stage = Stage::Told { held };
                    return Poll::Ready(Tried::Begun(event));
                }
                Some(Err(error)) => error,
                None => ProviderError::new(provider, ErrorKind::StreamCut, "ended without its end mark"),
            };
            return Poll::Ready(Tried::Failed { error, wasted: std::mem::take(used) });
        }
    }
}
